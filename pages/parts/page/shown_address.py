"""Have the browser show the address of a page, by the script of the document (`pages/parts/shell/document.js`)."""

from collections.abc import Mapping
from html import escape
from typing import Literal
from urllib.parse import urlencode
from uuid import uuid4

import streamlit as st

from pages.parts.page.catalog import path_of

# Always the same text: the server's policy allows it by its digest.
SCRIPT = "showAddresses();"


def show_address(page: str, settings: Mapping[str, str], how: Literal["push", "replace"]) -> None:
    """Show the address of a page.

    Args:
        page: its name in `catalog.PAGES`.
        settings: the fields of the address.
        how: "push" to open the page by a new entry in the browser's history; "replace" to put the address in the
            place of that of the same page, unless that page has been left meanwhile.
    """
    address = f"./{path_of(page)}" + (f"?{urlencode(settings)}" if settings else "")
    # The browser runs a script again when it draws its element again, but shows each address once.
    place = f'<span data-{how}="{escape(address)}" data-once="{uuid4().hex}"></span>'
    st.html(f"{place}<script>{SCRIPT}</script>", unsafe_allow_javascript=True)
