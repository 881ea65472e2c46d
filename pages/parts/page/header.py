"""The set-up of a page: the first call of every page."""

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.parts.page.catalog import PAGES
from pages.parts.page.toolbar import page_buttons

NAME = "Initializers"
ABOUT = "What Keras weight initializers draw, what theory predicts, and how a network learns from there."
# The text, because with a path Streamlit would look for the file in every run.
LOGO = Path(__file__).with_name("logo.svg").read_text("utf-8")
LAYOUT = Path(__file__).with_name("layout.css").read_text("utf-8")
# Corrections for the contrast of Streamlit's colours. It writes white on the primary colour, and that colour on a tint
# of itself. On a dark background no colour has enough contrast in both cases, so the text of a primary button has the
# colour of the page. The colours of code are too pale on a light background.
# Before them: what only the presenter view shows is hidden from the first moment on.
STYLE = """
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-say-"]) {{ display: none }}
:root {{ --ground: light-dark({0}, {1}); --primary: light-dark({2}, {3}) }}
[data-testid="stBaseButton-primary"]:enabled {{ color: var(--ground) }}
[data-testid="stCode"] .token.token {{ color: inherit }}
[data-testid="stCode"] .token.number {{ color: light-dark(#0b6b5f, #4fd1bd) }}
[data-testid="stCode"] .token.string {{ color: light-dark(#1a6b34, #7ed6a0) }}
[data-testid="stCode"] .token.keyword {{ color: light-dark(#2453b8, #8fb8ff) }}
"""


def setup(page: str) -> None:
    """Set the title, icon, width, logo, menu, contrast and layout of a page, by its name in `catalog.PAGES`."""
    _go_through_the_router()
    page_config(f"{PAGES[page].title} · {NAME}")
    st.logo(LOGO, size="medium")
    page_buttons(page)
    colours = [
        st.get_option(f"theme.{kind}.{name}")
        for name in ("backgroundColor", "primaryColor")
        for kind in ("light", "dark")
    ]
    st.html(f"<style>{STYLE.format(*colours)}{LAYOUT}</style>")


def page_config(title: str = NAME) -> None:
    """Set what the browser's tab and the menu show.

    The router calls it too, before the navigation: for a page without an icon the browser would fetch the icon of its
    menu entry from a font server.
    """
    # Without an entry the menu is hidden, and with it the choice of the theme.
    st.set_page_config(page_title=title, page_icon=LOGO, layout="wide", menu_items={"About": ABOUT})


def _go_through_the_router() -> None:
    """Run again through app.py if the server has run this page directly.

    Because of the folder named `pages`, Streamlit assumes an app without a router until the run of some session has
    reached `st.navigation`. On a new server a deep link such as /train therefore runs the page directly.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
