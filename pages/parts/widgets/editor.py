"""A Python code editor in the page.

`editor` shows CodeMirror (`browser/editor.js`) with syntax colours, line numbers, undo and marks on wrong lines, in
the colours of the live theme. The browser holds the text and sends it when typing pauses, when the editor loses
focus, and on Ctrl+Enter; docs/editor.md says why it is not one of the packages for this.

Python and the browser may both have a newer text. `revision` settles it: within one revision the browser's text
counts, and another revision replaces it. What was typed is kept in the session, also while no editor is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from streamlit.components.v2.types import ComponentRenderer

from pages.parts.page import session
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
    """Show an editor for Python code, full width and `height` pixels high, in its place on the page.

    Args:
        code: the text of this `revision`. Once there it is not looked at again, so the page may pass what this
            call returned.
        key: names this editor in the app; the same key keeps text, cursor and undo history in the browser.
        label: what is written here, for those who cannot see the page.
        height: pixels, reserved before anything has loaded.
        marks: what is wrong in a line, by line number from 1: {3: "NameError: name 'x' is not defined"}. A line
            past the end is the last one.
        ran: the text that `marks` are about, if the person may have typed since. A mark moves with its line, and
            goes when the line is changed. Without it `marks` are about the text that this call returns.
        revision: another value than in the run before replaces what was typed by `code`, which can be undone.
        readonly: show the text and let it be copied, nothing more.
        limit: the most characters. The browser takes no typing beyond them and says so.

    Returns:
        The text and whether to run it now. `run` is true once: a later rerun does not repeat it.

    Raises:
        ValueError: an empty `label`, a `code` beyond `limit`, a line below 1 or a mark without words.
    """
    code = _plain(code)
    _check(code, label, marks, limit)
    held = session.EDITOR_TEXT[key] = _held(session.EDITOR_TEXT.get(key), code, revision)
    result = _component()(
        key=key,
        data={
            "text": held.text,
            "revision": revision,
            "number": held.number,
            # No list: Streamlit would import pandas, 85 MB, to see whether it is a table.
            "marks": tuple(sorted(moved(marks, held.text if ran is None else ran, held.text).items())),
            "label": label,
            "readonly": readonly,
            "limit": limit,
        },
        height=height,
        # Called before the page runs, so a text is not lost if that run no longer shows the editor.
        on_typed_change=lambda: _receive(key, session.widget_value(key), limit),
        on_run_change=lambda: None,
    )
    _receive(key, result, limit)
    return Typed(session.EDITOR_TEXT[key].text, run=result.run == held.number)


def _held(held: EditorText | None, code: str, revision: int | str) -> EditorText:
    if held and held.revision == revision:
        return held
    return EditorText(code, revision, number=held.number + 1 if held else 1)


def _receive(key: str, state: Mapping[str, Any] | None, limit: int) -> None:
    """Keep what the browser sent, if it is about the present text. It can send anything: nothing is trusted."""
    held = session.EDITOR_TEXT[key]
    match state and state.get("typed"):
        case {"text": str(text), "number": held.number} if len(text) <= limit:
            session.EDITOR_TEXT[key] = replace(held, text=_plain(text))


def moved(marks: Mapping[int, str], before: str, after: str) -> dict[int, str]:
    """The marks on lines of the text `before`, by line of the text `after`.

    A line is found again before the first change, after the last one, or between them if it is there just once.
    The mark of any other line is left out: the line was changed, or cannot be told apart.
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
        raise ValueError(f"label must say what is written in the editor. Received label={label!r}.")
    if len(code) > limit:
        raise ValueError(f"code must have at most {limit:,} characters. Received {len(code):,}.")
    for line, message in marks.items():
        if line < 1:
            raise ValueError(f"marks must name lines from 1 on. Received line {line}.")
        if not message.strip():
            raise ValueError(f"marks must say what is wrong. Received {message!r} for line {line}.")


def _plain(text: str) -> str:
    r"""`text` with "\n" as the only line break, as in the browser, and without halves of characters."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\r\n", "\n").replace("\r", "\n")


def _component() -> ComponentRenderer:
    """The component, registered with the server that runs this page, as `chart` does."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(_NAME) is None:
        folder = ComponentConfig(name="editor", asset_dir=BROWSER.name)
        manager.register_from_manifest(
            ComponentManifest("inits", CODEMIRROR_VERSION, [folder]), BROWSER.parent
        )
    return _renderer()


@cache
def _renderer() -> ComponentRenderer:
    return st.components.v2.component(_NAME, js="editor.js", html="<div></div>", isolate_styles=False)
