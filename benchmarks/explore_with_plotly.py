"""The Explore page as it is, with st.plotly_chart in the place of our chart."""

from pathlib import Path

import streamlit as st

from pages.parts.widgets import chart as door


def with_plotly(fig, *, key, height, alt, on_click=None):
    st.plotly_chart(fig, key=key, height=height, width="stretch", theme="streamlit")


door.chart = with_plotly  # before a page imports it by name
st.navigation([st.Page(Path(__file__).parents[1] / "pages" / "explore.py")], position="top").run()
