"""The buttons beside the menu of each page: one copies the link, one presents the pictures."""

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from pages.parts.page.session import widget_key


def page_buttons(page: str) -> None:
    """Draw the buttons; they work in the browser only."""
    key = widget_key("page-tools", page)
    with st.container(key=key):
        _component()(key=widget_key(key, "buttons"), height="content")


@cache
def _component() -> ComponentRenderer:
    js, css = (Path(__file__).with_suffix(f".{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
    return st.components.v2.component("inits.tools", js=js, css=css, html="", isolate_styles=False)
