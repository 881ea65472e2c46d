"""The message of a refused change stays over automatic reruns, and goes with the next action of the user."""

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from pages.parts.page import state
    from pages.parts.page.refusals import accept, refusal, refuse

    state.load("some", {})
    st.button("Wrong", on_click=lambda: refuse("some", "Bias variance must be a positive number."))
    st.button("Right", on_click=lambda: accept("some"))
    st.button("Other")
    refusal("some")
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    if st.session_state.pop("come", 0):  # as if a measurement had arrived
        state.run_again()


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(page).run()


def press(app: AppTest, name: str) -> list[str]:
    """Return the messages of the page after a button was pressed."""
    next(button for button in app.button if button.label == name).click()
    return messages(app.run())


def messages(app: AppTest) -> list[str]:
    assert not app.exception
    return [element.value for element in app.error]


def wrong_and_come(app: AppTest) -> list[str]:
    """Return the messages after a mistake and an automatic rerun right after it."""
    app.session_state["come"] = 1
    runs = app.session_state["runs"]
    next(button for button in app.button if button.label == "Wrong").click()
    app.run()
    assert app.session_state["runs"] == runs + 2
    return messages(app)


def test_message_stays_over_an_automatic_rerun(app: AppTest) -> None:
    assert len(wrong_and_come(app)) == 1


def test_message_goes_with_the_next_action(app: AppTest) -> None:
    assert not press(app, "Other")
    assert len(press(app, "Wrong")) == 1
    assert not press(app, "Other")
    assert len(wrong_and_come(app)) == 1
    assert not press(app, "Other")


def test_an_accepted_change_removes_the_message(app: AppTest) -> None:
    assert len(press(app, "Wrong")) == 1
    assert not press(app, "Right")


def test_the_same_mistake_shows_the_message_again(app: AppTest) -> None:
    assert len(press(app, "Wrong")) == 1
    assert len(press(app, "Wrong")) == 1
