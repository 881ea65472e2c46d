"""An app for the browser tests of `chart` and `editor`: one page for each, another page, and one that resets both."""

import time

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from inits.figures import style
from pages.parts.widgets.chart import Point, chart
from pages.parts.widgets.editor import editor

EXAMPLES = {
    "one": 'import numpy as np\n\n\ndef double(x):\n    """Twice `x`."""  # said twice\n    return 2 * x\n',
    "two": "answer = 42\n",
    "long": "\n".join(f"line_{number} = {number}" for number in range(1, 201)),
}
WRONG = {6: "TypeError: x is <b>None</b>"}


@st.fragment(run_every=0.5)
def live_chart() -> None:
    state = st.session_state
    state.updates = state.get("updates", 0) + 1
    steps = 50 + 5 * state.updates
    fig = style.figure(hovermode="x unified", meta=f"live {state.updates}", showlegend=True)
    for index, name in enumerate(("HeNormal", "GlorotUniform")):
        y = np.exp(-np.arange(steps) / (60 + 90 * index))
        fig.add_scatter(y=y, name=name, mode="lines", line=style.start_line(index))
    chart(fig, key="live", height=260, alt="Two losses that fall.")


def bar_chart() -> None:
    top = st.slider("top", 1, 9, 3, key="top")
    fig = style.figure(meta=f"bars {top}")
    fig.add_trace(go.Bar(x=["a", "b", "c"], y=[1, 2, top], name="bars", customdata=["A", "B", "C"]))
    fig.update_traces(marker_color=style.START[1])
    on = {"color": [0, 1], "colorscale": style.SEQUENTIAL}
    ink = {"color": style.ON_MARKERS}
    fig.add_scatter(x=["a", "b"], y=[0.5, 0.5], mode="text", text=["first", "last"], textfont=ink, marker=on)
    fig.data[-1].hoverinfo = "skip"
    point = chart(fig, key="bars", height=260, alt="Three bars.", on_click=remember)
    st.text(f"returned {point.x if point else 'nothing'}")
    st.text(f"clicked {st.session_state.get('clicked', 'nothing')}")


def remember(point: Point) -> None:
    st.session_state.clicked = f"{point.name} {point.index} {point.x} {point.y} {point.customdata}"


def charts() -> None:
    live_chart()
    bar_chart()
    if st.toggle("third", key="third"):
        extra = style.figure(meta="third")
        extra.add_heatmap(z=np.arange(12.0).reshape(3, 4), colorscale=style.DIVERGING)
        chart(extra, key="third_chart", height=200, alt="A small heatmap.")


def editing() -> None:
    state = st.session_state
    state.runs = state.get("runs", 0) + 1
    state.setdefault("times", 0)

    if st.toggle("above", key="above"):
        st.info("Something above the editor.")
    name = st.selectbox("example", EXAMPLES, key="example")
    readonly = st.toggle("read only", key="readonly")
    if st.toggle("slow", key="slow"):
        time.sleep(0.3)  # a page that does much before it comes to the editor
    if st.toggle("shown", value=True, key="shown"):
        typed = editor(
            EXAMPLES[name],
            key="code",
            label="Your initializer",
            marks=WRONG if "wrong" in state else {},
            ran=state.get("wrong"),
            revision=f"{name} {state.setdefault('restored', 0)}",
            readonly=readonly,
            limit=5_000,
        )
        st.text(f"received {typed.text!r}")
        if st.button("Run", key="run") or typed.run:
            state.ran = typed.text
            state.times += 1
        if st.button("Complain", key="complain"):
            state.wrong = typed.text
            st.rerun()
        with st.container(horizontal=True):
            if st.button("Restore", key="restore"):
                state.restored += 1
                st.rerun()
            if st.button("Forget", key="forget"):
                del state["code.text"]  # as in a new session of the same browser window
                st.rerun()
    st.text(f"ran {state.get('ran')!r}")
    st.text(f"{state.times} times")
    st.text(f"page runs {state.runs}")


def other() -> None:
    st.text("another page")


def reset() -> None:
    st.session_state.clear()
    st.text("All state is cleared.")


st.set_page_config(layout="wide")
pages = [
    st.Page(charts, title="Charts", default=True),
    st.Page(editing, title="Editing", url_path="editing"),
    st.Page(other, title="Other"),
    st.Page(reset, title="Reset"),
]
st.navigation(pages, position="top").run()
