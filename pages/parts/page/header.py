"""Page set-up: the first call of every page."""

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.parts.page.catalog import PAGES
from pages.parts.page.toolbar import tools

NAME = "Initializers"
ABOUT = "What Keras weight initializers draw, what theory promises, and how a network learns from there."
# Its text: given its path, Streamlit would look for the file in every run.
LOGO = Path(__file__).with_name("logo.svg").read_text("utf-8")
# What Streamlit's colours lack in contrast. It writes white on the primary colour, and that colour on a tint of itself:
# on a dark ground no colour is far enough from both, so the words on a primary button have the colour of the page.
# Its colours for code are too pale on light.
CONTRAST = """<style>
[data-testid="stBaseButton-primary"]:enabled {{ color: light-dark({}, {}) }}
[data-testid="stCode"] .token.token {{ color: inherit }}
[data-testid="stCode"] .token.number {{ color: light-dark(#0b6b5f, #4fd1bd) }}
[data-testid="stCode"] .token.string {{ color: light-dark(#1a6b34, #7ed6a0) }}
[data-testid="stCode"] .token.keyword {{ color: light-dark(#2453b8, #8fb8ff) }}
</style>"""


def setup(page: str) -> None:
    """Set the title, icon, width, logo, menu and contrast of a page, by its name in `catalog.PAGES`."""
    _go_through_the_router()
    page_config(f"{PAGES[page].title} · {NAME}")
    st.logo(LOGO, size="medium")
    tools(page)
    grounds = [st.get_option(f"theme.{kind}.backgroundColor") for kind in ("light", "dark")]
    st.html(CONTRAST.format(*grounds))


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
