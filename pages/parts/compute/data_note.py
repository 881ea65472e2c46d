"""The note about the data set that networks learn."""

import streamlit as st

from inits.data.datasets import DATASETS
from pages.parts.compute.engine_access import engine
from pages.parts.page.session import widget_key
from pages.parts.page.state import rerun


def data_note(page: str, wanted: str) -> None:
    """Show a note if the data set is a stand-in, with the reason and a button that loads the data set again."""
    status, entry = engine().status, DATASETS[wanted]
    if entry.fallback and status.dataset == entry.fallback:
        st.warning(
            f"**These are not {entry.title} digits.** A stand-in of 1,797 real handwritten digits replaces them. "
            f"{status.why}",
            icon=":material/info:",
        )
        if st.button(f"Load {entry.title} again", key=widget_key(page, "retry"), icon=":material/refresh:"):
            engine().connection.find_data()
            rerun()
    elif entry.note:
        st.markdown(f":small[:gray[:material/info: {entry.note}]]")
