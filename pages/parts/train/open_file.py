"""Opening an experiment that was saved as JSON: the page becomes what the file says."""

import streamlit as st

from inits.errors import InitsError
from inits.export.experiment_json import MOST, read
from pages.parts.experiment.builder import READERS, Choices
from pages.parts.page import state
from pages.parts.page.notes import literal, problem

MOST_TOLD = 5  # problems of one file


def open_experiment(page: str, choices: Choices) -> None:
    """A place for a file. What is understood of it replaces what the page says, and nothing else changes."""
    dealt = f"{page}:dealt"  # in the key of the popover around this: it closes when the file is open
    file = st.file_uploader(
        "Open an experiment", "json", key=f"{page}.open", max_upload_size=max(1, MOST // 1_000_000),
        help="A file that “Take it with you” has written. Its settings replace those on the page.",
    )  # fmt: skip
    if file is None:
        return
    try:
        opened = read(file.getvalue(), READERS)
    except InitsError as error:
        problem(str(error))
        return
    texts = {**choices.texts(), **opened.settings}
    state.forget(page)
    st.session_state[f"{page}:state"] = texts
    st.session_state[f"{page}:file_odd"] = opened.problems
    st.session_state[dealt] = st.session_state.get(dealt, 0) + 1
    st.rerun()


def refused_settings(page: str, choices: Choices) -> None:
    """What a file held beside, until the settings change."""
    odd: tuple[str, ...] = st.session_state.get(f"{page}:file_odd", ())
    if not odd:
        return
    kept = st.session_state.setdefault(f"{page}:file_odd_in", choices.texts())
    if kept != choices.texts():
        del st.session_state[f"{page}:file_odd"], st.session_state[f"{page}:file_odd_in"]
        return
    more = f" And {len(odd) - MOST_TOLD} more." if len(odd) > MOST_TOLD else ""
    st.warning(
        f"A part of the file was not understood and is left as it was. {literal(' '.join(odd[:MOST_TOLD]))}{more}",
        icon=":material/file_open:",
    )
