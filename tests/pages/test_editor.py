"""The Python side of the editor: what it sends, which texts it accepts, and how marks follow the text."""

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.widgets.editor import Typed, editor, moved

TEXT = "a\nb\nc\nb\n"
ARGUMENTS = {"code": "x = 1\n", "key": "code", "label": "Your code"}


def page() -> None:
    import streamlit as st

    from pages.parts.widgets.editor import editor

    st.session_state.typed = editor(**st.session_state.arguments)


def run(app: AppTest | None = None, browser: object = None, **arguments: object) -> AppTest:
    """Run the page with arguments of `editor` and a state of the component as a browser sends it."""
    app = app or AppTest.from_function(page, default_timeout=30)
    app.session_state["arguments"] = ARGUMENTS | arguments
    if browser is not None:
        app.session_state["code"] = browser
    assert not app.run().exception
    return app


def text(app: AppTest) -> str:
    return app.session_state.typed.text


def sent(app: AppTest) -> dict:
    return json.loads(app.get("bidi_component")[0].proto.json)


def written(typed: object, number: object = 1, count: object = 1) -> dict:
    return {"typed": {"text": typed, "number": number, "count": count}}


def test_editor_begins_with_the_code_and_sends_the_address_of_the_script() -> None:
    app = run(revision="first", marks={1: "Wrong."}, limit=100)
    assert app.session_state.typed == Typed("x = 1\n", run=False)
    expected = {"text": "x = 1\n", "revision": "first", "number": 1, "received": 0, "marks": [[1, "Wrong."]]}
    assert sent(app) == expected | {"label": "Your code", "readonly": False, "limit": 100}
    proto = app.get("bidi_component")[0].proto
    assert (proto.js_source_path, proto.js_content) == ("editor.js", "")


def test_another_revision_replaces_the_text_of_the_browser_and_late_texts_are_dropped() -> None:
    app = run(browser=written("y = 2"))
    for new in ({}, {"code": "x = 3"}):  # without another revision the browser's text stays
        app = run(app, **new)
        assert text(app) == sent(app)["text"] == "y = 2"
    app = run(app, code="z = 3", revision=1)
    assert (text(app), sent(app)["text"], sent(app)["number"]) == ("z = 3", "z = 3", 2)
    for browser, shown in ((written("late", 1), "z = 3"), (written("y = 4", 2), "y = 4")):
        assert text(run(app, browser, code="z = 3", revision=1)) == shown
    app = run(app, written("y = 5", 2, 3), code="z = 3", revision=1)
    app = run(app, revision=0)  # an earlier revision again is a new text
    assert sent(app)["received"] == 3  # of the text that it replaces
    assert (text(app), sent(app)["number"]) == ("x = 1\n", 3)


@pytest.mark.parametrize(
    "state",
    [
        {"typed": None},
        {"typed": "text"},
        {"typed": {"text": "without a number"}},
        written(7),
        written(["a"]),
        written("late", number=0),
        written("uncounted", count="1"),
        written("x" * 101),
    ],
)
def test_states_that_the_editor_never_sends_are_ignored(state: dict) -> None:
    assert text(run(browser=state, limit=100)) == "x = 1\n"


@pytest.mark.parametrize(
    ("typed", "plain"),
    [("a\r\nb\rc\n", "a\nb\nc\n"), ("\ud800 half", "\ufffd half"), ("\U0001f600", "\U0001f600")],
)
def test_a_text_has_one_kind_of_line_break_and_whole_characters(typed: str, plain: str) -> None:
    assert text(run(code=typed)) == text(run(browser=written(typed))) == plain


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label": " "}, "label must describe the text in the editor, but got ' '."),
        ({"limit": 5}, "code must have at most 5 characters, but got 6."),
        ({"marks": {0: "Wrong."}}, "marks must have lines from 1 on, but got line 0."),
        ({"marks": {3: ""}}, "marks must have a message, but got '' for line 3."),
    ],
)
def test_arguments_that_are_not_valid_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        editor(**ARGUMENTS | arguments)


@pytest.mark.parametrize(
    ("after", "marks"),
    [
        (TEXT, {1: "A", 2: "B", 4: "D"}),
        ("new\n" + TEXT, {2: "A", 3: "B", 5: "D"}),
        ("a\nnew\nb\nc\nb\n", {1: "A", 3: "B", 5: "D"}),
        ("a\nB\nc\nb\n", {1: "A", 4: "D"}),
        ("a\nb\nc\nD\n", {1: "A", 2: "B"}),
        ("new\na\nb\nc\nchanged\n", {2: "A"}),  # and which b is it?
        ("b\n", {1: "D"}),
        ("", {}),
        (TEXT.replace("\n", "\r\n"), {1: "A", 2: "B", 4: "D"}),
    ],
)
def test_marks_follow_their_lines(after: str, marks: dict) -> None:
    assert moved({1: "A", 2: "B", 4: "D"}, TEXT, after) == marks


def test_a_mark_past_the_end_is_on_the_last_line() -> None:
    assert moved({9: "unexpected end"}, "def f():", "def f():") == {1: "unexpected end"}


def test_marks_are_about_the_text_that_ran() -> None:
    app = run(browser=written("# new\nx = 1\n"))
    assert sent(run(app, marks={1: "Wrong."}, ran="x = 1\n"))["marks"] == [[2, "Wrong."]]
    assert sent(run(app, marks={1: "Wrong."}))["marks"] == [[1, "Wrong."]]
