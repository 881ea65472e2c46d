"""Go from one page to another by a button, with one new entry in the browser's history, as a link does.

`st.switch_page` writes the query of the new page into the address of the old one first, which adds an entry: Back would
lead to the old page with the settings of the new one.
"""

from collections.abc import Mapping
from time import monotonic, sleep
from typing import NoReturn

import streamlit as st

from pages.parts.page.gate import gate
from pages.parts.page.shown_address import show_address

PATIENCE = 5.0  # seconds for the browser to request the page


def go(page: str, settings: Mapping[str, str] | None = None) -> NoReturn:
    """Open a page by a new entry in the browser's history.

    Args:
        page: its name in `catalog.PAGES`.
        settings: the fields of its address; None to show what it shows in this session.
    """
    show_address(page, settings or {}, "push")  # the browser then requests the page as after Back
    _wait_to_be_left()


def _wait_to_be_left() -> NoReturn:
    """Wait for the request of the new page, which ends this run.

    If the run ended before, the browser would remove the rest of the page for a moment.
    """
    place, until = st.empty(), monotonic() + PATIENCE
    with gate.aside():
        while monotonic() < until:
            sleep(0.02)
            place.empty()  # ends the run once there is a request
    st.stop()
