"""The address of a page and its widgets: quick changes, late reports of the browser, and Back."""

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


def choose(app: AppTest, name: str, value: str, reported: dict[str, str] | None = None) -> None:
    """Choose a value, while the browser reports the address `reported`, by default the present one."""
    address(app, reported)
    app.radio(key=f"some.{name}").set_value(value).run()
    assert not app.exception


def address(app: AppTest, reported: dict[str, str] | None) -> None:
    if reported is not None:
        app.query_params.clear()
        app.query_params.update(reported)


def shown(app: AppTest) -> tuple[dict[str, str], dict[str, str]]:
    """Return the values of the widgets, and the address."""
    widgets = {name: app.radio(key=f"some.{name}").value for name in ("what", "of")}
    return widgets, {name: value[-1] for name, value in app.query_params.items()}


def test_two_quick_changes_are_both_kept(app: AppTest) -> None:
    choose(app, "what", "b")
    assert shown(app) == ({"what": "b", "of": "x"}, {"what": "b"})
    choose(app, "of", "y", reported={})  # the browser still reports the address before
    assert shown(app) == ({"what": "b", "of": "y"}, {"what": "b", "of": "y"})
    choose(app, "of", "z", reported={"what": "b"})  # and again
    assert shown(app) == ({"what": "b", "of": "z"}, {"what": "b", "of": "z"})


def test_back_undoes_a_change(app: AppTest) -> None:
    choose(app, "what", "b")
    choose(app, "of", "y")
    app.button(key="some.press").click().run()
    address(app, {"what": "b"})
    assert shown(app.run()) == ({"what": "b", "of": "x"}, {"what": "b"})
    address(app, {})
    assert shown(app.run()) == ({"what": "a", "of": "x"}, {})


def test_an_address_reported_later_is_a_navigation(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(app, "what", "b")
    now = state.monotonic()
    monkeypatch.setattr(state, "monotonic", lambda: now + 10)
    choose(app, "of", "y", reported={})
    assert shown(app) == ({"what": "a", "of": "x"}, {})
