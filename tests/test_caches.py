"""What is remembered in a process has a limit: every cache of ours."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BOUNDS = {"cache_data": "max_entries", "cache_resource": "max_entries", "lru_cache": "maxsize"}
USUALLY = {"lru_cache": 128}  # without a word of its own


def caches(tree: ast.AST) -> Iterator[tuple[ast.FunctionDef, str, dict[str, object]]]:
    """Every function that is remembered, by what, and with which options."""
    for function in ast.walk(tree):
        for decorator in function.decorator_list if isinstance(function, ast.FunctionDef) else ():
            call = decorator if isinstance(decorator, ast.Call) else None
            name = ast.unparse(call.func if call else decorator).rpartition(".")[2]
            if name in {*BOUNDS, "cache"}:
                options = (
                    {one.arg: getattr(one.value, "value", one.value) for one in call.keywords} if call else {}
                )
                yield function, name, {str(arg): value for arg, value in options.items()}


def test_the_reader_sees_what_has_no_limit() -> None:
    tree = ast.parse("@st.cache_data(show_spinner=False)\ndef f(x): ...\n@cache\ndef g(): ...")
    assert [(function.name, name) for function, name, _ in caches(tree)] == [
        ("f", "cache_data"),
        ("g", "cache"),
    ]


@pytest.mark.parametrize(
    "path",
    sorted({*ROOT.glob("*.py"), *ROOT.glob("inits/**/*.py"), *ROOT.glob("pages/**/*.py")}),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_what_is_remembered_by_its_arguments_has_a_limit(path: Path) -> None:
    for function, name, options in caches(ast.parse(path.read_text(encoding="utf-8"))):
        arguments = [*function.args.args, *function.args.kwonlyargs]
        if arguments:
            bound = options.get(BOUNDS.get(name, ""), USUALLY.get(name))
            assert bound is not None, f"{function.name} in {path.name}"
