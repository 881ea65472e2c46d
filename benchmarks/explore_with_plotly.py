"""The Explore page with `st.plotly_chart` in place of the app's own chart: the rival in `browser`."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.page.gate import gate
from pages.parts.shell.warm_up import warm_up
from pages.parts.widgets import chart

EXPLORE = Path(__file__).parents[1] / "pages" / "explore.py"


def payload(fig: Any, **_: object) -> Any:
    """Return the figure itself: Streamlit serializes it."""
    return fig


def draw(fig: Any, *, key: str, height: int) -> None:
    st.plotly_chart(fig, key=key, height=height, width="stretch", theme="streamlit")


# `chart` and `shared_chart` look these up by name at each call, so pages that were imported before use them too.
vars(chart).update(payload=payload, draw=draw)

with gate.inside():
    warm_up()
    st.navigation([st.Page(EXPLORE)], position="top").run()
