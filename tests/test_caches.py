"""Every cache that remembers answers by their arguments has a size limit, and none keeps a failure."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMITS = {"cache_data": "max_entries", "cache_resource": "max_entries", "lru_cache": "maxsize"}
DEFAULTS = {"lru_cache": 128}


@cache
def trees() -> dict[str, ast.Module]:
    """Return the syntax trees of the app by path."""
    files = [*ROOT.glob("*.py"), *ROOT.glob("inits/**/*.py"), *ROOT.glob("pages/**/*.py")]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in files}


def unlimited(tree: ast.AST) -> Iterator[str]:
    """Yield the names of cached functions with arguments and without a limit."""
    for function in ast.walk(tree):
        for decorator in function.decorator_list if isinstance(function, ast.FunctionDef) else ():
            call = decorator if isinstance(decorator, ast.Call) else None
            name = ast.unparse(call.func if call else decorator).rpartition(".")[2]
            if name not in {*LIMITS, "cache"} or not (function.args.args or function.args.kwonlyargs):
                continue
            keywords = call.keywords if call else ()
            options = {one.arg: getattr(one.value, "value", one.value) for one in keywords}
            if options.get(LIMITS.get(name, ""), DEFAULTS.get(name)) is None:
                yield function.name


SOURCE = """
@st.cache_data(show_spinner=False)
def f(x): ...
@cache
def g(*, x): ...
@functools.lru_cache(maxsize=None)
def h(x): ...
@functools.lru_cache
def limited(x): ...
@st.cache_resource(max_entries=3)
def limited_too(x): ...
@cache
def without_arguments(): ...
"""


def test_caches_without_a_limit_are_found() -> None:
    assert list(unlimited(ast.parse(SOURCE))) == ["f", "g", "h"]


def test_every_cache_has_a_limit() -> None:
    assert len(trees()) > 100
    found = {name: list(unlimited(tree)) for name, tree in trees().items()}
    assert {name: functions for name, functions in found.items() if functions} == {}


def keeps_failures(tree: ast.AST) -> Iterator[str]:
    """Yield the names of cached functions that show a failure, or turn it into an answer, and so keep it."""
    for function in ast.walk(tree):
        for decorator in function.decorator_list if isinstance(function, ast.FunctionDef) else ():
            if "cache" in ast.unparse(decorator):
                used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
                catches = any(isinstance(node, ast.Try) for node in ast.walk(function))
                if used & {"attempt", "problem", "suppress", "can_draw", "wait_for"} or catches:
                    yield function.name


FAILING = """
@st.cache_data(max_entries=9)
def f(x): return attempt(g, x)
@lru_cache
def g(x):
    try: return h(x)
    except OSError: return None
@st.cache_data(max_entries=9)
def h(x): return compute(x)
"""


def test_failures_that_a_cache_would_keep_are_found() -> None:
    assert list(keeps_failures(ast.parse(FAILING))) == ["f", "g"]


def test_no_cache_keeps_a_failure() -> None:
    found = {name: list(keeps_failures(tree)) for name, tree in trees().items() if "theory" not in name}
    assert {name: functions for name, functions in found.items() if functions} == {}
