"""The cheat sheets: complete, used, and beside every picture."""

import ast
import re
from pathlib import Path

import pytest

from pages.parts.page.cheatsheet import SHEETS

ROOT = Path(__file__).parents[2]
MAX_LENGTH = 160  # characters of a sentence
TREES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(ROOT.glob("pages/**/*.py"))
}


def calls(node: ast.AST, *names: str) -> list[ast.Call]:
    return [
        one
        for one in ast.walk(node)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in names
    ]


HEADINGS = {
    "heading": 2,
    "picture": 3,
}  # the functions that draw one, and the place of the sheet in their arguments


def sheet_of(call: ast.Call) -> str | None:
    """Return the key of the sheet of a heading; "" if the heading takes the key of its picture."""
    given = [
        *call.args[HEADINGS[call.func.id] :],
        *(word.value for word in call.keywords if word.arg == "sheet"),
    ]
    if given and isinstance(given[0], ast.Attribute):
        return ""
    return given[0].value if given and isinstance(given[0], ast.Constant) else None


def headed(tree: ast.Module) -> set[str]:
    """Return the functions with a heading that has a sheet, and all functions that they call."""
    functions = {one.name: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    found: set[str] = set()
    more = {
        name
        for name, one in functions.items()
        if any(sheet_of(call) is not None for call in calls(one, *HEADINGS))
    }
    while more - found:
        found |= more
        more = {call.func.id for name in found for call in calls(functions[name], *functions)}
    return found


@pytest.mark.parametrize("key", SHEETS)
def test_sheet_has_three_short_sentences(key):
    sheet = SHEETS[key]
    for words in (sheet.see, sheet.good, sheet.change):
        assert words.endswith(".")
        assert len(words) <= MAX_LENGTH
        assert words == words.strip()
        assert "!" not in words
        assert not re.search(r"[$*`_]{2}|\$", words)
    assert sheet.markdown.count("**") == 6


def test_sheets_are_those_of_the_pictures():
    used = {sheet_of(call) for tree in TREES.values() for call in calls(tree, *HEADINGS)} - {None, ""}
    pictures = {call.args[0].value for tree in TREES.values() for call in calls(tree, "Picture")}
    assert pictures
    assert used | pictures == set(SHEETS)


DRAW = "chart", "shared_chart"


@pytest.mark.parametrize(
    "name", [name for name, tree in TREES.items() if calls(tree, *DRAW) and "widgets/" not in name]
)
def test_every_picture_has_a_heading_with_a_sheet(name):
    tree = TREES[name]
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    assert {one.name for one in functions if calls(one, *DRAW)} - headed(tree) == set()


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


def test_a_picture_without_a_sheet_is_found():
    assert headed(ast.parse(BARE)) == {"b", "c"}
