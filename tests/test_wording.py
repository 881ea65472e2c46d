"""Words that the app does not use, because a student would not understand them."""

import ast
import re

from support import ROOT

UNUSED = {
    r"\blaws?\b": "distribution",
    r"chance level|(stays?|stayed|left|leaves?|better than) (at )?chance": "still guessing",
    r"\bpower\b": "strength",
    r"Loss area": "Mean training loss",
    r"already stored": "already computed",
    r"[Ss]hown below": "These results are for the previous settings",
    r"[Tt]oo weak|steps too large": "signal too small, learning rate too high",
    r"cards stand": "Card order",
}


def texts(tree: ast.Module) -> list[str]:
    """Return the strings with a space, which are texts, without docstrings."""
    nodes = list(ast.walk(tree))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    strings = (node for node in nodes if isinstance(node, ast.Constant) and id(node) not in docstrings)
    return [node.value for node in strings if isinstance(node.value, str) and " " in node.value]


def test_texts_use_words_that_a_student_knows() -> None:
    found = [
        f"{path.relative_to(ROOT)} {text!r}: write {better}"
        for part in ("pages", "inits")
        for path in sorted((ROOT / part).rglob("*.py"))
        for text in texts(ast.parse(path.read_text(encoding="utf-8")))
        for unused, better in UNUSED.items()
        if re.search(unused, text)
    ]
    assert not found, "\n".join(found)
