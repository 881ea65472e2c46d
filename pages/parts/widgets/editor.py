"""A Python code editor in the page.

`editor` shows CodeMirror (`browser/editor.js`) with syntax colours, line numbers, undo and marks on wrong lines, in
the colours of the present theme. The browser has the text and sends it when typing pauses, when the editor loses
focus, and on Ctrl+Enter; docs/BUNDLES.md explains why the app does not use one of the existing packages.

Both Python and the browser may have a newer text. `revision` decides: within one revision the text of the browser is
valid, and a new revision replaces it, unless the user has changed the text since. The session keeps the text also while
no editor is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from pages.parts.page import session
from pages.parts.page.browser_files import serve
from pages.parts.page.session import EditorText

CODEMIRROR_VERSION = "6.43.15"
BROWSER = Path(__file__).parent / "browser"
BUNDLE = BROWSER / f"codemirror-{CODEMIRROR_VERSION}.min.js"
LIMIT = 60_000

_NAME = "inits.editor"


@dataclass(frozen=True)
class Typed:
    """The text of an editor, with "\\n" between lines, and whether Ctrl+Enter was pressed just now."""

    text: str
    run: bool


def editor(
    code: str,
    *,
    key: str,
    label: str,
    height: int = 360,
    marks: Mapping[int, str] = MappingProxyType({}),
    ran: str | None = None,
    revision: int | str = 0,
    readonly: bool = False,
    limit: int = LIMIT,
) -> Typed:
    """Draw an editor for Python code, full width and `height` pixels high.

    Args:
        code: the text of this `revision`. It is read once, so the page may pass what this call has returned.
        key: the name of this editor in the app; under the same key the browser keeps text, cursor and undo history.
        label: what is written here, for screen readers.
        height: pixels, reserved before anything has loaded.
        marks: messages about lines, by line number from 1: {3: "NameError: name 'x' is not defined"}. A line number
            past the end means the last line.
        ran: the text that `marks` belong to, if the user may have typed since. A mark moves with its line, and
            disappears when the line changes. By default `marks` belong to the text that this call returns.
        revision: a new value replaces the text in the editor with `code`; the user can undo that.
        readonly: True to let the text only be read and copied.
        limit: maximum number of characters. The browser refuses changes beyond it with a message.

    Returns:
        The text, and whether to run it now. `run` is True once: a later rerun does not repeat it.

    Raises:
        ValueError: for an empty `label`, a `code` longer than `limit`, a line below 1 or an empty mark.
    """
    code = _plain(code)
    _check(code, label, marks, limit)
    present = session.EDITOR_TEXT[key] = _present_text(session.EDITOR_TEXT.get(key), code, revision)
    result = _component()(
        key=key,
        data={
            "text": present.text,
            "revision": revision,
            "number": present.number,
            "received": present.received,
            # A tuple, because for a list Streamlit would import pandas, 85 MB, to check for a table.
            "marks": tuple(sorted(moved(marks, present.text if ran is None else ran, present.text).items())),
            "label": label,
            "readonly": readonly,
            "limit": limit,
        },
        height=height,
        # Called before the page runs, so that a text is kept even if that run does not show the editor.
        on_typed_change=lambda: _receive(key, session.widget_value(key), limit),
        on_run_change=lambda: None,
    )
    _receive(key, result, limit)
    return Typed(session.EDITOR_TEXT[key].text, run=result.run == present.number)


def _present_text(old: EditorText | None, code: str, revision: int | str) -> EditorText:
    if old and old.revision == revision:
        return old
    return EditorText(code, revision, old.number + 1, old.received) if old else EditorText(code, revision, 1)


def _receive(key: str, state: Mapping[str, Any] | None, limit: int) -> None:
    """Keep what the browser has sent, if it belongs to the present text. The browser can send anything."""
    present = session.EDITOR_TEXT[key]
    match state and state.get("typed"):
        case {"text": str(text), "number": present.number, "count": int(count)} if len(text) <= limit:
            session.EDITOR_TEXT[key] = replace(present, text=_plain(text), received=count)


def moved(marks: Mapping[int, str], before: str, after: str) -> dict[int, str]:
    """Return the marks on lines of the text `before` by the lines of the text `after`.

    A line is found again before the first change, after the last change, or between them if it occurs only once. The
    mark of any other line is dropped: the line was changed, or is not unique.
    """
    old, new = _plain(before).split("\n"), _plain(after).split("\n")
    shared = min(len(old), len(new))
    head = next((i for i in range(shared) if old[i] != new[i]), shared)
    tail = next((i for i in range(shared - head) if old[-1 - i] != new[-1 - i]), shared - head)
    found = {}
    for number, message in marks.items():
        line = min(number, len(old))
        text = old[line - 1]
        if line <= head:
            found[line] = message
        elif line > len(old) - tail:
            found[line + len(new) - len(old)] = message
        elif old.count(text) == new.count(text) == 1:
            found[new.index(text) + 1] = message
    return found


def _check(code: str, label: str, marks: Mapping[int, str], limit: int) -> None:
    if not label.strip():
        raise ValueError(f"label must describe the text in the editor, but got {label!r}.")
    if len(code) > limit:
        raise ValueError(f"code must have at most {limit:,} characters, but got {len(code):,}.")
    for line, message in marks.items():
        if line < 1:
            raise ValueError(f"marks must have lines from 1 on, but got line {line}.")
        if not message.strip():
            raise ValueError(f"marks must have a message, but got {message!r} for line {line}.")


def _plain(text: str) -> str:
    r"""Return a text with "\n" as the only line break, as in the browser, and without lone surrogates."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\r\n", "\n").replace("\r", "\n")


def _component() -> ComponentRenderer:
    serve(_NAME, BROWSER)
    return _renderer()


@cache
def _renderer() -> ComponentRenderer:
    return st.components.v2.component(_NAME, js="editor.js", html="<div></div>", isolate_styles=False)
