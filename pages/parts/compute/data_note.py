"""What the page says about the digits that networks learn."""

import streamlit as st

from pages.parts.compute.engine_access import engine
from pages.parts.page.session import widget_key


def data_note(page: str, wanted: str) -> None:
    """Say plainly when the digits are not MNIST, and how to get MNIST."""
    status = engine().status
    if wanted == "mnist" and status.dataset == "digits":
        st.warning(
            "**These are not MNIST digits.** A stand-in of 1,797 real handwritten digits takes its place. "
            f"{status.why}",
            icon=":material/info:",
        )
        if st.button("Try to get MNIST again", key=widget_key(page, "retry"), icon=":material/refresh:"):
            engine().connection.find_data()
            st.rerun()
    elif wanted == "digits":
        st.info(
            "The stand-in: 1,797 real handwritten digits, enlarged to 28 × 28; 1,500 of them, turned and shifted, make "
            "12,000 to learn, 297 to test. It is not MNIST.",
            icon=":material/info:",
        )
