"""A page for the browser tests of `editor`: examples to choose, a Run button, marks, and much that reruns it."""

import time

import streamlit as st

from pages.parts.widgets.editor import editor

EXAMPLES = {
    "one": 'import numpy as np\n\n\ndef double(x):\n    """Twice `x`."""  # said twice\n    return 2 * x\n',
    "two": "answer = 42\n",
    "long": "\n".join(f"line_{number} = {number}" for number in range(1, 201)),
}
WRONG = {6: "TypeError: x is <b>None</b>"}


def editing() -> None:
    state = st.session_state
    state.runs = state.get("runs", 0) + 1
    state.setdefault("times", 0)

    if st.toggle("above", key="above"):
        st.info("Something above the editor.")
    name = st.selectbox("example", EXAMPLES, key="example")
    readonly = st.toggle("read only", key="readonly")
    if st.toggle("slow", key="slow"):
        time.sleep(0.3)  # a page that has much to do before it comes to the editor
    if st.toggle("shown", value=True, key="shown"):
        typed = editor(
            EXAMPLES[name],
            key="code",
            label="Your initializer",
            marks=WRONG if "wrong" in state else {},
            ran=state.get("wrong"),
            revision=name,
            readonly=readonly,
            limit=5_000,
        )
        st.text(f"knows {typed.text!r}")
        if st.button("Run", key="run") or typed.run:
            state.ran = typed.text
            state.times += 1
        if st.button("Complain", key="complain"):
            state.wrong = typed.text
            st.rerun()
        if st.button("Forget", key="forget"):
            del state["code.held"]  # as in a new session of the same browser window
            st.rerun()
    st.text(f"ran {state.get('ran')!r}")
    st.text(f"{state.times} times")
    st.text(f"page runs {state.runs}")


def elsewhere() -> None:
    st.text("another page")


st.set_page_config(layout="wide")
pages = [st.Page(editing, default=True), st.Page(elsewhere, title="Elsewhere")]
st.navigation(pages, position="top").run()
