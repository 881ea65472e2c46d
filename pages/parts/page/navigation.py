"""Go from one page to another by a button, with one new entry in the browser's history, as a link does.

`st.switch_page` writes the query of the new page into the address of the old one first, which adds an entry: Back would
lead to the old page with the settings of the new one.
"""

from collections.abc import Mapping
from html import escape
from time import monotonic, sleep
from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st

from pages.parts.page import session
from pages.parts.page.catalog import path_of
from pages.parts.page.gate import gate
from pages.parts.page.session import ALL_PAGES

PATIENCE = 5.0  # seconds for the browser to request the page

# Always the same text: the server's policy allows it by its digest. The browser then requests the page as after Back.
GO = (
    "{ const {from, to} = [...document.querySelectorAll('[data-from]')].pop().dataset;"
    " const path = location.pathname.replace(/[/]$/, '');"
    " const base = path.endsWith('/' + from) ? path.slice(0, -from.length - 1) : path;"
    " history.pushState({}, '', base + '/' + to);"
    " dispatchEvent(new PopStateEvent('popstate')); }"
)


def go(page: str, settings: Mapping[str, str] | None = None) -> NoReturn:
    """Open a page by a new entry in the browser's history.

    Args:
        page: its name in `catalog.PAGES`.
        settings: the fields of its address; None to show what it shows in this session.
    """
    here, path = session.CURRENT_PAGE.get(ALL_PAGES, ""), path_of(page)
    query = f"?{urlencode(settings)}" if settings else ""
    place = f'<span data-from="{escape(here)}" data-to="{escape(path + query)}"></span>'
    st.html(f"{place}<script>{GO}</script>", unsafe_allow_javascript=True)
    _wait_to_be_left()


def _wait_to_be_left() -> NoReturn:
    """Wait for the request of the new page, which ends this run.

    If the run ended at that moment for another reason, the browser would drop messages that the server does not send
    again, and show "Cached ForwardMsg MISS".
    """
    place, until = st.empty(), monotonic() + PATIENCE
    with gate.aside():
        while monotonic() < until:
            sleep(0.02)
            place.empty()  # ends the run once there is a request
    st.stop()
