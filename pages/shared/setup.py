"""Page set-up: the first call of every page."""

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.shared.tools import tools

NAME = "Initializers"
ABOUT = "What Keras weight initializers draw, what theory promises, and how a network learns from there."
LOGO = Path(__file__).with_name("logo.svg")


def setup(title: str) -> None:
    """Title, icon, width, logo and menu of the page called `title`."""
    _go_through_the_router()
    page_config(f"{title} · {NAME}")
    st.logo(LOGO, size="medium")
    tools(title)


def page_config(title: str = NAME) -> None:
    """What the browser's tab and the menu show.

    The router sets it too, before the navigation: a page without an icon of its own would have the browser
    fetch the one of its menu entry from a font server.
    """
    # Without an entry the menu is hidden, and with it the choice of light or dark.
    st.set_page_config(page_title=title, page_icon=LOGO, layout="wide", menu_items={"About": ABOUT})


def _go_through_the_router() -> None:
    """Run again through app.py if the server has run this page by itself.

    A folder named `pages` makes Streamlit take the app for one without a router, until some visitor's run has
    reached `st.navigation`. On a fresh server a deep link such as /train therefore comes straight here.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
