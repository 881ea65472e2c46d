"""What the page says about the digits that networks learn."""

import streamlit as st

from inits.data.datasets import DATASETS
from pages.parts.compute.engine_access import engine
from pages.parts.page.session import widget_key


def data_note(page: str, wanted: str) -> None:
    """Say plainly when the digits are not MNIST, and how to get MNIST."""
    status, entry = engine().status, DATASETS[wanted]
    if entry.fallback and status.dataset == entry.fallback:
        st.warning(
            f"**These are not {entry.title} digits.** A stand-in of 1,797 real handwritten digits takes its place. "
            f"{status.why}",
            icon=":material/info:",
        )
        if st.button(
            f"Try to get {entry.title} again", key=widget_key(page, "retry"), icon=":material/refresh:"
        ):
            engine().connection.find_data()
            st.rerun()
    elif entry.note:
        st.info(entry.note, icon=":material/info:")
