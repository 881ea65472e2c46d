"""The message of a refused change stays over automatic reruns, and goes with the next action of the user."""

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from pages.parts.page import state
    from pages.parts.page.refusals import accept, refusal, refuse

    state.load("some", {})
    st.button(
        "Wrong", key="Wrong", on_click=lambda: refuse("some", "Bias variance must be a positive number.")
    )
    st.button("Right", key="Right", on_click=lambda: accept("some"))
    st.button("Other", key="Other")
    refusal("some")
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    if st.session_state.pop("arrives", 0):
        state.run_again()


def press(app: AppTest, name: str, reruns: int = 0) -> int:
    """Press a button, after which something may arrive that runs the page again; return the number of messages."""
    app.session_state["arrives"] = reruns
    before = app.session_state["runs"]
    app.button(key=name).click().run()
    assert not app.exception
    assert app.session_state["runs"] == before + 1 + reruns
    return len(app.error)


@pytest.mark.parametrize("reruns", [0, 1])
def test_message_stays_until_the_next_action(reruns: int) -> None:
    app = AppTest.from_function(page, default_timeout=30).run()
    presses = ("Other", "Wrong", "Wrong", "Other", "Wrong", "Right", "Other", "Wrong")
    assert [press(app, name, reruns) for name in presses] == [0, 1, 1, 0, 1, 0, 0, 1]
