"""Run pasted code once as it is, and find its initializer.

Imports Keras: only for the zygote and its children.
"""

import ast
import functools
import inspect
import linecache
import math
import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from inits.errors import InitsError
from inits.experiments.pasted import clean
from inits.sandbox.calling import PASSED, call_parameters, of_shape, required

FILENAME = "<your code>"
"""The name of the pasted code in tracebacks and syntax errors."""


class CodeProblem(InitsError):
    """Code that runs but gives no weights: it has no initializer, or one that needs more than a shape."""


_MAGIC = re.compile(r"^([ \t]*)(?:%%?[a-zA-Z]|!(?!=)).*$", re.MULTILINE)


def _parse(text: str) -> ast.Module:
    """Parse a cleaned text, without the % and ! lines of a notebook if it is no program with them."""
    with suppress(SyntaxError):
        return ast.parse(text, FILENAME)
    return ast.parse(_MAGIC.sub(lambda line: line[1] and line[1] + "pass", text), FILENAME)


def _names() -> dict[str, Any]:
    """Return the names that pasted code can use without an import."""
    names = {"__name__": "__main__", "np": np, "numpy": np, "keras": keras, "tf": tf, "tensorflow": tf}
    names |= {
        "K": keras.backend,
        "math": math,
        "random": random,
        "Model": keras.Model,
        "Sequential": keras.Sequential,
    }
    names |= {
        name: getattr(keras, name) for name in ("backend", "initializers", "layers", "models", "ops", "utils")
    }
    names |= {
        name: getattr(keras.layers, name) for name in ("Activation", "Dense", "Dropout", "Flatten", "Input")
    }
    return names | {name: value for name, value in vars(keras.initializers).items() if name[0].isupper()}


def execute(code: str) -> "Picked":
    """Run pasted code once in a new namespace, and pick its initializer.

    Raises what the code raises, or SyntaxError, with the line numbers of the pasted text; CodeProblem if nothing in it
    can draw weights.
    """
    text = clean(code)
    linecache.cache[FILENAME] = (len(text), None, [line + "\n" for line in text.split("\n")], FILENAME)
    program, names = _parse(text), _names()
    exec(compile(program, FILENAME, "exec", dont_inherit=True), names)
    return _pick(program, names)


@dataclass(frozen=True)
class Picked:
    """The initializer of pasted code.

    Attributes:
        name: its name, or the expression that creates it.
        kind: "class", "instance" or "function".
        others: the names of the other candidates.
        target: the object itself.
    """

    name: str
    kind: str
    others: tuple[str, ...]
    target: Any = field(repr=False)

    def create(self) -> Callable[..., object]:
        """Return the initializer of one layer, to be called with a shape; of a class, a new instance."""
        return of_shape(self.target() if self.kind == "class" else self.target)


_SHAPE = re.compile(r".*shape.*|shp|size|dims?", re.IGNORECASE)
_EXPLICIT = ("initializer", "init")  # names that declare an initializer


def _kind(value: object) -> str:
    if isinstance(value, type):
        return "class"
    function = (
        inspect.isroutine(value) or isinstance(value, functools.partial) or hasattr(value, "__wrapped__")
    )
    return "function" if function else "instance"


def _tier(value: Any, declared: bool = False) -> int | None:
    """Rank how much a value looks like an initializer, 0 for most; None if it is none.

    0: a class or object that is called with a shape. 1: a function of a shape. 2: any other callable with one argument,
    if the pasted code defines it or declares it (`declared`) as the initializer.
    """
    base = keras.initializers.Initializer
    cls = value if isinstance(value, type) else type(value)
    if not any("__call__" in vars(one) for one in cls.__mro__) or cls.__call__ is base.__call__:
        return None
    parameters = call_parameters(value)
    first = parameters[0] if parameters else inspect.Parameter("_", inspect.Parameter.VAR_KEYWORD)
    if _SHAPE.fullmatch(first.name) or issubclass(cls, base):
        return int(_kind(value) == "function")
    needed = [name for name in required(parameters) if name not in PASSED]
    one = needed == [first.name] or (not needed and first.kind is first.VAR_POSITIONAL)
    return 2 if one and (declared or _own(value)) else None


def _own(value: Any) -> bool:
    """Return True if pasted code defines this function, this class, or the class of this object."""
    if isinstance(value, functools.partial):
        return True
    code = getattr(inspect.unwrap(value), "__code__", None)
    cls = value if isinstance(value, type) else type(value)
    return bool(code.co_filename == FILENAME if code else cls.__module__ == "__main__")


_SCOPES: tuple[type[ast.AST], ...] = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def _bound(program: ast.Module) -> dict[str, ast.stmt]:
    """Return the statement that last bound each global name, in that order, without imported names."""
    found: dict[str, ast.stmt] = {}

    def walk(node: ast.AST, statement: ast.stmt) -> None:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                found.pop(name, None)
                found[name] = statement
            case ast.alias(name=name, asname=other):
                found.pop(other or name, None)
        for child in () if isinstance(node, _SCOPES) else ast.iter_child_nodes(node):
            walk(child, child if isinstance(child, ast.stmt) else statement)

    for statement in program.body:
        walk(statement, statement)
    return found


def _used(tree: ast.AST) -> set[str]:
    return {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _pick(program: ast.Module, names: dict[str, Any]) -> Picked:
    """Pick the initializer of a program that has run and left `names`.

    The order is: a declared one, the one that a layer gets, the last one.
    """
    bound = {name: statement for name, statement in _bound(program).items() if name in names}
    tiers = {name: tier for name in bound if (tier := _tier(names[name], name in _EXPLICIT)) is not None}
    parts = {  # a class that another one extends, a function that it calls
        part
        for name in tiers
        for part in _used(bound[name]) & tiers.keys() - {name}
        if tiers[name] <= tiers[part]
    }
    best = min(tiers.values(), default=0)
    whole = [name for name in tiers if name not in parts] or list(tiers)
    rivals = [name for name in reversed(whole) if tiers[name] < 2 or best == 2]
    declared = [name for name in _EXPLICIT if name in tiers]
    for name in [
        *declared,
        *_kernel_initializers(program, bound, names),
        *(one for one in rivals if tiers[one] == best),
    ]:
        value = names[name] if name in bound else _evaluated(name, names)
        if _tier(value, declared=True) is not None:
            _check(name, value)
            inside = {name} | _used(bound.get(name) or ast.parse(name))
            return Picked(name, _kind(value), tuple(one for one in rivals if one not in inside), value)
    raise CodeProblem(
        f"Nothing here looks like an initializer: the code defines {', '.join(bound) or 'no names'}. "
        "Paste a class with __call__(self, shape, dtype=None) or a function such as my_init(shape, dtype=None), "
        "or end with a line such as `initializer = keras.initializers.HeNormal()`."
    )


def _kernel_initializers(
    program: ast.Module, bound: dict[str, ast.stmt], names: dict[str, Any]
) -> Iterator[str]:
    """Yield the expressions of the code's own initializers that layers get for their kernels, the last one first."""
    keywords = [one for one in ast.walk(program) if isinstance(one, ast.keyword)]
    given = [one.value for one in keywords if one.arg in ("kernel_initializer", "init")]
    for one in sorted(given, key=lambda value: (value.lineno, value.col_offset), reverse=True):
        if isinstance(one, ast.Lambda) or any(callable(names[name]) for name in _used(one) & bound.keys()):
            # A call without arguments stands for its class: every layer gets another instance.
            bare = isinstance(one, ast.Call) and not (one.args or one.keywords) and ast.unparse(one.func)
            yield bare if bare and isinstance(_evaluated(bare, names), type) else ast.unparse(one)


def _evaluated(expression: str, names: dict[str, Any]) -> Any:
    """Evaluate an expression; return None if it has a value only inside its function."""
    with suppress(Exception):
        return eval(compile(expression, FILENAME, "eval", dont_inherit=True), names)
    return None


def _check(name: str, value: Any) -> None:
    """Raise CodeProblem if an initializer needs more arguments than Keras passes."""
    needs = []
    if isinstance(value, type):
        with suppress(TypeError, ValueError):
            needs = required(list(inspect.signature(value).parameters.values()))
    if needs:
        sample = ", ".join(f"{one}=0.1" for one in needs)
        raise CodeProblem(
            f"{name} cannot be created without a value for {' and '.join(needs)}. "
            f"Add a last line such as `initializer = {name}({sample})`."
        )
    needs = [one for one in required(call_parameters(value)[1:]) if one not in PASSED]
    if needs:
        raise CodeProblem(
            f"{name} needs {' and '.join(needs)} beside the shape, but Keras passes only a shape and a dtype. "
            f"Give {'each of them' if needs[1:] else needs[0]} a default value."
        )


def to_array(value: object) -> NDArray[np.generic]:
    """Convert what an initializer returned (array, tensor, variable, nested list or scalar) to an array.

    Shape and dtype stay as they are. Raises CodeProblem if the values are no real numbers.
    """
    try:
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except (TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError):
        array = np.asarray(None)
    if array.dtype.kind in "biuf" or array.dtype.name == "bfloat16":
        return array
    if value is None:
        received = "None: end the function with `return` and the array"
    elif callable(value):
        received = f"{getattr(value, '__name__', type(value).__name__)}: call that with the shape first"
    else:
        kind = type(value).__name__
        received = (
            f"a {kind} that holds no plain numbers" if array.dtype == object else f"a {kind} of {array.dtype}"
        )
    raise CodeProblem(f"The returned value must be an array of real numbers, but got {received}.")
