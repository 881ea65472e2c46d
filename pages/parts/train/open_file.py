"""Open an experiment that was exported as JSON."""

import streamlit as st

from inits.errors import InitsError
from inits.export.experiment_json import MOST, read
from pages.parts.compute.uploads import free, uploader
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.experiment.presets import close_presets
from pages.parts.page import session
from pages.parts.page.notes import literal, problem
from pages.parts.page.session import widget_key
from pages.parts.page.state import rerun

MAX_PROBLEMS = 5  # that are shown


def open_experiment(page: str, choices: Choices) -> None:
    """Draw an uploader; the valid settings of its file replace those on the page."""
    file = uploader(
        "Open an experiment", "json", widget_key(page, "open"), max_upload_size=max(1, MOST // 1_000_000),
        help="A file from Export, Experiment (JSON); its settings replace those on the page.",
    )  # fmt: skip
    if file is None:
        return
    try:
        opened = read(file.getvalue(), TRAIN.readers)
    except InitsError as error:
        problem(str(error))
        return
    free(file)
    texts = {**TRAIN.format(choices), **opened.settings}
    TRAIN.replace(texts)
    session.UNREAD_SETTINGS[page] = opened.problems
    close_presets(page)  # the popover around this
    rerun()


def refused_settings(page: str, choices: Choices) -> None:
    """Show which settings of a file were refused, until the settings on the page change."""
    odd = session.UNREAD_SETTINGS.get(page)
    if not odd:
        return
    kept = session.UNREAD_SETTINGS_OF.setdefault(page, TRAIN.format(choices))
    if kept != TRAIN.format(choices):
        del session.UNREAD_SETTINGS[page], session.UNREAD_SETTINGS_OF[page]
        return
    reasons = literal(" ".join(odd[:MAX_PROBLEMS]))
    more = f" And {len(odd) - MAX_PROBLEMS} more." if len(odd) > MAX_PROBLEMS else ""
    st.warning(
        f"Some settings of the file were not understood and keep their values. {reasons}{more}",
        icon=":material/file_open:",
    )
