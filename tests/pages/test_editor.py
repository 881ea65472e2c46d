"""The Python side of the editor: what it sends, what it believes, how marks follow the text, and the bundle."""

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.widgets.editor import BROWSER, BUNDLE, CODEMIRROR_VERSION, Typed, editor, moved

DOC = BROWSER.parents[3] / "docs" / "editor.md"
TEXT = "a\nb\nc\nb\n"


def page() -> None:
    import streamlit as st

    from pages.parts.widgets.editor import editor

    arguments = {"code": "x = 1\n", "key": "code", "label": "Your code", **st.session_state.arguments}
    st.session_state.typed = editor(**arguments)


def shown(browser: object = None, **arguments: object) -> AppTest:
    """The page, for arguments of `editor` and a state of the component as a browser sends it."""
    return again(AppTest.from_function(page, default_timeout=30), browser, **arguments)


def again(app: AppTest, browser: object = None, **arguments: object) -> AppTest:
    app.session_state["arguments"] = arguments
    if browser is not None:
        app.session_state["code"] = browser
    return app.run()


def text(app: AppTest) -> str:
    assert not app.exception
    return app.session_state.typed.text


def sent(app: AppTest) -> dict:
    return json.loads(app.get("bidi_component")[0].proto.json)


def written(typed: object, number: object = 1) -> dict:
    return {"typed": {"text": typed, "number": number}}


def test_it_begins_with_the_code() -> None:
    app = shown(revision="first", marks={1: "Wrong."}, limit=100)
    assert app.session_state.typed == Typed("x = 1\n", run=False)
    assert sent(app) == {
        "text": "x = 1\n",
        "revision": "first",
        "number": 1,
        "marks": [[1, "Wrong."]],
        "label": "Your code",
        "readonly": False,
        "limit": 100,
    }


def test_the_script_travels_by_address() -> None:
    proto = shown().get("bidi_component")[0].proto
    assert proto.js_source_path == "editor.js"
    assert not proto.js_content


def test_the_text_of_the_browser_counts() -> None:
    app = shown(written("y = 2"))
    assert text(app) == "y = 2"
    app = again(app, code="x = 3")
    assert text(app) == "y = 2"
    assert sent(app)["text"] == "y = 2"


def test_another_revision_replaces_it_whatever_comes_later_for_the_old_one() -> None:
    app = again(shown(written("y = 2")), code="z = 3", revision=1)
    assert text(app) == "z = 3"
    assert (sent(app)["text"], sent(app)["number"]) == ("z = 3", 2)
    app = again(app, written("late", number=1), code="z = 3", revision=1)
    assert text(app) == "z = 3"
    app = again(app, written("y = 4", number=2), code="z = 3", revision=1)
    assert text(app) == "y = 4"


def test_an_earlier_revision_again_is_a_new_text() -> None:
    app = again(shown(written("y = 2")), code="z = 3", revision=1)
    app = again(app, revision=0)
    assert (text(app), sent(app)["number"]) == ("x = 1\n", 3)


@pytest.mark.parametrize(
    "state",
    [
        {"typed": None},
        {"typed": "text"},
        written(7),
        written(["a"]),
        written("late", number=0),
        written("x" * 101),
        {"typed": {"text": "no number"}},
    ],
)
def test_what_no_editor_of_ours_sends_is_left_out(state: dict) -> None:
    assert text(shown(state, limit=100)) == "x = 1\n"


@pytest.mark.parametrize(
    ("typed", "plain"),
    [("a\r\nb\rc\n", "a\nb\nc\n"), ("\ud800 half", "\ufffd half"), ("\U0001f600", "\U0001f600")],
)
def test_a_text_has_one_kind_of_line_break_and_whole_characters(typed: str, plain: str) -> None:
    assert text(shown(code=typed)) == plain
    assert text(shown(written(typed))) == plain


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label": " "}, "label must describe the text in the editor, but got ' '."),
        ({"limit": 5}, "code must have at most 5 characters, but got 6."),
        ({"marks": {0: "Wrong."}}, "marks must have lines from 1 on, but got line 0."),
        ({"marks": {3: ""}}, "marks must have a message, but got '' for line 3."),
    ],
)
def test_refuses(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        editor(**{"code": "x = 1\n", "key": "code", "label": "Your code", **arguments})


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
    app = shown(written("# new\nx = 1\n"))
    assert sent(again(app, marks={1: "Wrong."}, ran="x = 1\n"))["marks"] == [[2, "Wrong."]]
    assert sent(again(app, marks={1: "Wrong."}))["marks"] == [[1, "Wrong."]]


def test_the_browser_asks_for_this_bundle() -> None:
    assert f'"./{BUNDLE.name}"' in (BROWSER / "editor.js").read_text(encoding="utf-8")


def test_the_bundle_is_the_documented_one() -> None:
    with BUNDLE.open(encoding="utf-8") as file:
        banner = file.readline()
    packages = dict(re.findall(r"([@\w/-]+) (\d+\.\d+\.\d+)", banner))
    assert packages["@codemirror/view"] == CODEMIRROR_VERSION
    doc = DOC.read_text(encoding="utf-8")
    assert banner.strip() in doc
    assert len(packages) == 12
    for package, version in packages.items():
        assert f"{package}@{version}" in doc


def test_the_bundle_is_small_and_loads_nothing() -> None:
    code = BUNDLE.read_text(encoding="utf-8")
    assert len(code) < 400_000
    assert not re.search(r"\bimport\s*[\"'({]|\bfetch\(|\bXMLHttpRequest\b|\bfrom\s*\"", code)


def test_the_bundle_comes_with_its_licence() -> None:
    licence = (BROWSER / "codemirror-LICENSE").read_text(encoding="utf-8")
    assert licence.startswith("MIT License")
    with BUNDLE.open(encoding="utf-8") as file:
        for package in re.findall(r"([@\w/-]+) \d+\.\d+\.\d+", file.readline()):
            assert package in licence


@pytest.mark.parametrize("script", ["editor.js", "editor-look.js"])
def test_no_text_is_shown_as_html(script: str) -> None:
    code = (BROWSER / script).read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|insertAdjacentHTML|outerHTML|document\.write", code)
