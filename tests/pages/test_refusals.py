"""A refusal stays to be read over runs that no person asked for, and goes with the next thing that a person does."""

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
    if st.session_state.pop("come", 0):  # as when a measurement has arrived
        state.run_again()


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(page).run()


def press(app: AppTest, name: str) -> list[str]:
    """The messages of the page after a person pressed a button."""
    next(button for button in app.button if button.label == name).click()
    return messages(app.run())


def messages(app: AppTest) -> list[str]:
    assert not app.exception
    return [element.value for element in app.error]


def wrong_and_come(app: AppTest) -> list[str]:
    """The messages after a mistake, and a run of the page by itself right behind it."""
    app.session_state["come"] = 1
    runs = app.session_state["runs"]
    next(button for button in app.button if button.label == "Wrong").click()
    app.run()
    assert app.session_state["runs"] == runs + 2
    return messages(app)


def test_a_refusal_outlives_a_page_that_runs_by_itself(app: AppTest) -> None:
    assert len(wrong_and_come(app)) == 1


def test_a_refusal_goes_with_the_next_thing_that_a_person_does(app: AppTest) -> None:
    assert not press(app, "Other")
    assert len(press(app, "Wrong")) == 1
    assert not press(app, "Other")
    assert len(wrong_and_come(app)) == 1
    assert not press(app, "Other")


def test_a_change_that_is_taken_takes_the_refusal_back(app: AppTest) -> None:
    assert len(press(app, "Wrong")) == 1
    assert not press(app, "Right")


def test_the_same_mistake_again_is_told_again(app: AppTest) -> None:
    assert len(press(app, "Wrong")) == 1
    assert len(press(app, "Wrong")) == 1
