"""Opening an experiment that was saved as JSON: the page becomes what the file says."""

import streamlit as st

from inits.errors import InitsError
from inits.export.experiment_json import MOST, read
from pages.parts.experiment.builder import DEFAULTS, READERS, Choices
from pages.parts.experiment.start_cards import close_presets
from pages.parts.page import session, state
from pages.parts.page.notes import literal, problem
from pages.parts.page.session import widget_key

MOST_TOLD = 5  # problems of one file


def open_experiment(page: str, choices: Choices) -> None:
    """A place for a file. What is understood of it replaces what the page says, and nothing else changes."""
    file = st.file_uploader(
        "Open an experiment", "json", key=widget_key(page, "open"), max_upload_size=max(1, MOST // 1_000_000),
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
    state.replace(page, texts, DEFAULTS)
    session.UNREAD_SETTINGS[page] = opened.problems
    close_presets(page)  # the popover around this
    st.rerun()


def refused_settings(page: str, choices: Choices) -> None:
    """What a file held beside, until the settings change."""
    odd = session.UNREAD_SETTINGS.get(page)
    if not odd:
        return
    kept = session.UNREAD_SETTINGS_OF.setdefault(page, choices.texts())
    if kept != choices.texts():
        del session.UNREAD_SETTINGS[page], session.UNREAD_SETTINGS_OF[page]
        return
    more = f" And {len(odd) - MOST_TOLD} more." if len(odd) > MOST_TOLD else ""
    st.warning(
        f"A part of the file was not understood and is left as it was. {literal(' '.join(odd[:MOST_TOLD]))}{more}",
        icon=":material/file_open:",
    )
