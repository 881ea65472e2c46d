"""The cheat sheet: complete, used, and beside every picture."""

import ast
import re
from pathlib import Path

import pytest

from pages.parts.page.cheatsheet import SHEETS

PAGES = sorted(Path(__file__).parents[2].glob("pages/**/*.py"))
MOST = 160  # characters of a sentence
TREES = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in PAGES}


def called(node: ast.AST, name: str) -> list[ast.Call]:
    return [
        one
        for one in ast.walk(node)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == name
    ]


def sheet_of(call: ast.Call) -> str | None:
    """The key of a heading's sheet; "" for one that is called like the picture that it belongs to."""
    given = [*call.args[2:], *(word.value for word in call.keywords if word.arg == "sheet")]
    if given and isinstance(given[0], ast.Attribute):
        return ""
    return given[0].value if given and isinstance(given[0], ast.Constant) else None


def headed(tree: ast.Module) -> set[str]:
    """Functions with a heading that has a sheet, and those that they call, all the way down."""
    functions = {one.name: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    found = {
        name
        for name, one in functions.items()
        if any(sheet_of(call) is not None for call in called(one, "heading"))
    }
    while True:
        names = {
            call.func.id
            for name in found
            for call in ast.walk(functions[name])
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in functions
        }
        if names <= found:
            return found
        found |= names


@pytest.mark.parametrize("key", SHEETS)
def test_every_sheet_has_three_sentences(key):
    sheet = SHEETS[key]
    for words in (sheet.see, sheet.good, sheet.change):
        assert words.endswith(".")
        assert len(words) <= MOST
        assert words == words.strip()
        assert "!" not in words
        assert not re.search(r"[$*`_]{2}|\$", words)
    assert sheet.markdown.count("**") == 6


def test_every_sheet_is_beside_a_picture():
    used = {sheet_of(call) for tree in TREES.values() for call in called(tree, "heading")} - {None, ""}
    pictures = {call.args[0].value for tree in TREES.values() for call in called(tree, "Picture")}
    assert pictures
    assert used | pictures == set(SHEETS)


@pytest.mark.parametrize("name", [name for name, tree in TREES.items() if called(tree, "chart")])
def test_every_picture_stands_under_a_heading_with_a_sheet(name):
    tree = TREES[name]
    drawing = {
        one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and called(one, "chart")
    }
    assert drawing - headed(tree) == set()


BARE = """
def a():
    heading('x', 'y')
    chart(fig)
def b():
    heading('x', 'y', 'loss')
    c()
def c():
    chart(fig)
"""


def test_a_picture_without_one_would_be_seen():
    assert headed(ast.parse(BARE)) == {"b", "c"}
