"""The address of a page and its widgets, when the browser is behind, and when a person goes Back."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.page import state


def page() -> None:
    import streamlit as st

    from pages.parts.page import state
    from pages.parts.page.session import seeded

    defaults = {"what": "a", "of": "x"}
    kept = state.load("some", defaults)
    values = {
        name: st.radio(name, options, key=seeded(f"some.{name}", kept[name]))
        for name, options in (("what", ["a", "b", "c"]), ("of", ["x", "y", "z"]))
    }
    st.button("Press", key="some.press")
    state.save("some", values, defaults)


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(page).run()


def choose(app: AppTest, name: str, value: str, told: dict[str, str] | None = None) -> None:
    """A person chooses; the browser tells the address that it shows, unless it is still at another."""
    address(app, told)
    app.radio(key=f"some.{name}").set_value(value).run()
    assert not app.exception


def address(app: AppTest, told: dict[str, str] | None) -> None:
    if told is not None:
        app.query_params.clear()
        app.query_params.update(told)


def said(app: AppTest) -> tuple[dict[str, str], dict[str, str]]:
    """What the widgets say, and the address."""
    widgets = {name: app.radio(key=f"some.{name}").value for name in ("what", "of")}
    return widgets, {name: value[-1] for name, value in app.query_params.items()}


def test_a_second_change_before_the_browser_has_heard_of_the_first_costs_neither(app: AppTest) -> None:
    choose(app, "what", "b")
    assert said(app) == ({"what": "b", "of": "x"}, {"what": "b"})
    choose(app, "of", "y", told={})  # the browser is still at the address before
    assert said(app) == ({"what": "b", "of": "y"}, {"what": "b", "of": "y"})
    choose(app, "of", "z", told={"what": "b"})  # and again
    assert said(app) == ({"what": "b", "of": "z"}, {"what": "b", "of": "z"})


def test_back_at_once_undoes_a_change(app: AppTest) -> None:
    choose(app, "what", "b")
    choose(app, "of", "y")
    app.button(key="some.press").click().run()
    address(app, {"what": "b"})
    assert said(app.run()) == ({"what": "b", "of": "x"}, {"what": "b"})
    address(app, {})
    assert said(app.run()) == ({"what": "a", "of": "x"}, {})


def test_an_address_of_long_ago_is_meant(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(app, "what", "b")
    now = state.monotonic()
    monkeypatch.setattr(state, "monotonic", lambda: now + 10)
    choose(app, "of", "y", told={})
    assert said(app) == ({"what": "a", "of": "x"}, {})
