"""The address of a page and its widgets: quick changes, late reports of the browser, and Back."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.page import state
from pages.parts.page.session import EditorText

ROOT = Path(__file__).parents[2]


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
    if st.button("Results arrive", key="some.arrive"):
        state.run_again()
    state.save("some", values, defaults)


@pytest.fixture
def app() -> AppTest:
    app = AppTest.from_function(page, default_timeout=30).run()
    choose(app, "what", "b")
    assert shown(app) == ("b", "x", {"what": "b"})
    return app


def choose(app: AppTest, name: str, value: str) -> None:
    app.radio(key=f"some.{name}").set_value(value).run()
    assert not app.exception


def report(app: AppTest, **address: str) -> AppTest:
    """Have the browser report an address with the next run."""
    app.query_params.clear()
    app.query_params.update(address)
    return app


def shown(app: AppTest) -> tuple[str, str, dict[str, str]]:
    """Return the values of the two widgets, and the address."""
    address = {name: value[-1] for name, value in app.query_params.items()}
    return app.radio(key="some.what").value, app.radio(key="some.of").value, address


def test_quick_changes_are_kept_while_the_browser_reports_an_earlier_address(app: AppTest) -> None:
    choose(report(app), "of", "y")
    assert shown(app) == ("b", "y", {"what": "b", "of": "y"})
    choose(report(app, what="b"), "of", "z")
    assert shown(app) == ("b", "z", {"what": "b", "of": "z"})


def test_a_paste_is_kept_while_the_browser_reports_an_earlier_address(app: AppTest) -> None:
    app.session_state["some.editor.text"] = EditorText("first", 0, 1)
    choose(app, "what", "c")
    app.session_state["some.editor.text"] = EditorText("pasted", 0, 1)
    assert shown(report(app, what="b").run())[:2] == ("c", "x")


def test_back_keeps_what_the_browser_has_of_an_editor(app: AppTest) -> None:
    """Otherwise the browser takes the session for a new one, and sends its text again instead of taking the old one."""
    app.session_state["some.editor.text"] = EditorText("typed", 0, 1, received=2)
    assert shown(report(app, what="c").run())[:2] == ("c", "x")
    assert app.session_state["some.editor.text"].received == 2


def test_results_that_arrive_while_the_browser_reports_an_earlier_address_change_no_setting(
    app: AppTest,
) -> None:
    report(app).button(key="some.arrive").click().run()
    assert shown(app)[:2] == ("b", "x")
    choose(app, "of", "y")
    assert shown(app) == ("b", "y", {"what": "b", "of": "y"})


def test_pages_run_again_by_the_function_that_keeps_their_settings() -> None:
    scripts = (ROOT / "pages").rglob("*.py")
    assert {path.name for path in scripts if "st.rerun(" in path.read_text("utf-8")} == {
        "state.py",
        "header.py",
    }


def test_pages_lead_to_others_by_the_function_that_adds_one_entry_to_the_history() -> None:
    for path in (ROOT / "pages").rglob("*.py"):
        assert "st.switch_page(" not in path.read_text("utf-8"), path


def test_back_undoes_a_change(app: AppTest) -> None:
    choose(app, "of", "y")
    app.button(key="some.press").click().run()
    assert shown(report(app, what="b").run()) == ("b", "x", {"what": "b"})
    assert shown(report(app).run()) == ("a", "x", {})


def test_an_address_reported_later_is_a_navigation(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    now = state.monotonic()
    monkeypatch.setattr(state, "monotonic", lambda: now + 10)
    choose(report(app), "of", "y")
    assert shown(app) == ("a", "x", {})
