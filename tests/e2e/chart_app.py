"""A page for the browser tests of `chart`: a live curve, a clickable bar chart and a slider."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from inits.figures import style
from pages.parts.widgets.chart import Point, chart

st.set_page_config(layout="wide")


@st.fragment(run_every=0.5)
def live() -> None:
    state = st.session_state
    state.updates = state.get("updates", 0) + 1
    steps = 50 + 5 * state.updates
    fig = style.figure(hovermode="x unified", meta=f"live {state.updates}", showlegend=True)
    for index, name in enumerate(("HeNormal", "GlorotUniform")):
        y = np.exp(-np.arange(steps) / (60 + 90 * index))
        fig.add_scatter(y=y, name=name, mode="lines", line=style.start_line(index))
    chart(fig, key="live", height=260, alt="Two losses that fall.")


def bars() -> None:
    top = st.slider("top", 1, 9, 3, key="top")
    fig = style.figure(meta=f"bars {top}")
    fig.add_trace(go.Bar(x=["a", "b", "c"], y=[1, 2, top], name="bars", customdata=["A", "B", "C"]))
    fig.update_traces(marker_color=style.START[1])
    point = chart(fig, key="bars", height=260, alt="Three bars.", on_click=remember)
    st.text(f"returned {point.x if point else 'nothing'}")
    st.text(f"clicked {st.session_state.get('clicked', 'nothing')}")


def remember(point: Point) -> None:
    st.session_state.clicked = f"{point.name} {point.index} {point.x} {point.y} {point.customdata}"


st.title("Charts")
live()
bars()
if st.toggle("third", key="third"):
    extra = style.figure(meta="third")
    extra.add_heatmap(z=np.arange(12.0).reshape(3, 4), colorscale=style.DIVERGING)
    chart(extra, key="third_chart", height=200, alt="A small heatmap.")
