"""The note about the data set that networks learn."""

import streamlit as st

from inits.data.datasets import DATASETS
from pages.parts.compute.engine_access import engine
from pages.parts.page.session import widget_key
from pages.parts.page.state import rerun


def data_note(page: str, wanted: str) -> None:
    """Show a note if the data set is not MNIST: `stand_in_note`, or `data_remark`."""
    if not stand_in_note(page, wanted):
        data_remark(wanted)


def stand_in_note(page: str, wanted: str) -> bool:
    """Return True after a note that a stand-in replaces the data set, with a button that loads the data set again."""
    status, entry = engine().status, DATASETS[wanted]
    if not entry.fallback or status.dataset != entry.fallback:
        return False
    st.warning(
        f"**These are not {entry.title} digits.** A stand-in of 1,797 real handwritten digits replaces them. "
        f"{status.why}",
        icon=":material/info:",
    )
    if st.button(f"Load {entry.title} again", key=widget_key(page, "retry"), icon=":material/refresh:"):
        engine().connection.find_data()
        rerun()
    return True


def data_remark(wanted: str) -> None:
    """Show what there is to know about a data set."""
    if remark := DATASETS[wanted].note:
        st.markdown(f":small[:gray[:material/info: {remark}]]")
