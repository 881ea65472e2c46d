"""The buttons beside the menu of each page: one copies the link, one presents the page slide by slide."""

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit import net_util
from streamlit.components.v2.types import ComponentRenderer

from pages.parts.page.browser_files import serve
from pages.parts.page.hosts import is_loopback
from pages.parts.page.session import widget_key

BROWSER = Path(__file__).parent / "browser"
_NAME = "inits.toolbar"


def page_buttons(page: str) -> None:
    """Draw the buttons; they work in the browser only."""
    serve(_NAME, BROWSER)
    key = widget_key("page-tools", page)
    with st.container(key=key):
        data = {"host": network_host(), "theme": st.context.theme.type}
        # A change of the theme runs the page again: the colours of its HTML are those of the theme.
        _renderer()(key=widget_key(key, "buttons"), data=data, height="content", on_theme_change=lambda: None)


def network_host() -> str:
    """Return the address of this machine for others in its network; "" if the server accepts this machine only."""
    bound = st.get_option("server.address") or ""
    if is_loopback(bound):
        return ""
    return bound if bound not in ("", "0.0.0.0", "::") else net_util.get_internal_ip() or ""


@cache
def _renderer() -> ComponentRenderer:
    css = "\n".join((BROWSER / name).read_text(encoding="utf-8") for name in ("toolbar.css", "presenter.css"))
    return st.components.v2.component(_NAME, js="toolbar.js", css=css, html="", isolate_styles=False)
