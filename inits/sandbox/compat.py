"""Pasted code: run once, as a notebook of its own Keras version would run it, and searched for its initializer.

Imports Keras and changes shared modules: for the zygote and its children alone.
"""

import ast
import functools
import importlib
import inspect
import linecache
import math
import random
import re
import sys
import textwrap
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src import initializers as source
from numpy.typing import NDArray

from inits.errors import InitsError

FILENAME = "<your code>"
"""What tracebacks and syntax errors call the pasted code."""


class CodeProblem(InitsError):
    """Code that runs, and yet gives no weights: it has no initializer, or one that a shape is not enough for."""


_PROMPT = re.compile(r"\s*(?:>>>|\.{3,}:?|In \[\d+\]:) ?")
_MAGIC = re.compile(r"^([ \t]*)(?:%%?[a-zA-Z]|!(?!=)).*$", re.MULTILINE)
_ODD = {0xA0: " ", 0x2007: " ", 0x202F: " ", 0x200B: None, 0xFEFF: None, 0: None}


def clean(code: str) -> str:
    """Pasted text without what pasting adds: prompts and printed results, common indentation, odd spaces."""
    lines = code.translate(_ODD).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if _PROMPT.match(next(filter(str.strip, lines), "")):
        lines = [_PROMPT.sub("", line, count=1) if _PROMPT.match(line) else "" for line in lines]
    return textwrap.dedent("\n".join(lines))


def _parse(text: str) -> ast.Module:
    """The program of a cleaned text: without a notebook's % and ! lines, if it is none with them."""
    with suppress(SyntaxError):
        return ast.parse(text, FILENAME)
    return ast.parse(_MAGIC.sub(lambda line: line[1] and line[1] + "pass", text), FILENAME)


def _names() -> dict[str, Any]:
    """What pasted code may name without importing it."""
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
    """Run pasted code once, in names of its own, and pick its initializer.

    Raises what the code raises, SyntaxError among it, with the line numbers of the pasted text; CodeProblem when
    nothing in it can be called for weights.
    """
    text = clean(code)
    linecache.cache[FILENAME] = (len(text), None, [line + "\n" for line in text.split("\n")], FILENAME)
    program, names = _parse(text), _names()
    exec(compile(program, FILENAME, "exec", dont_inherit=True), names)
    return _pick(program, names)


@dataclass(frozen=True)
class Picked:
    """The initializer of pasted code: its name or expression, its kind, and what else looked like one.

    The kind is "class", "instance" or "function".
    """

    name: str
    kind: str
    others: tuple[str, ...]
    target: Any = field(repr=False)

    def create(self) -> Callable[..., object]:
        """The initializer of one layer, called with a shape: a class is made anew, all else is as it is."""
        return _of_shape(self.target() if self.kind == "class" else self.target)


_SHAPE = re.compile(r".*shape.*|shp|size|dims?", re.IGNORECASE)
_SAYS_SO = ("initializer", "init")
_PASSED = {"dtype": "float32", "name": None, "partition_info": None, "dim_ordering": "tf"}
"""What one Keras or another gives beside the shape; all but the dtype only to those who insist."""

_Parameters = list[inspect.Parameter]


def _of_shape(initializer: Any) -> Callable[..., object]:
    values, named = _passed(initializer)
    return lambda shape, dtype=None: initializer(shape, *values, **named)


def _passed(initializer: Any) -> tuple[list[Any], dict[str, Any]]:
    """What to give an initializer after the shape: by position, by name."""
    values, named = [], {}
    for one in _parameters(initializer)[1:]:
        if one.kind is one.VAR_KEYWORD:
            named["dtype"] = _PASSED["dtype"]
        elif one.name == "dtype" or (one.name in _PASSED and _required([one])):
            if one.kind is one.POSITIONAL_ONLY:
                values.append(_PASSED[one.name])
            else:
                named[one.name] = _PASSED[one.name]
    return values, named


def _parameters(function: Any) -> _Parameters:
    """What a call takes; one unknown where code in C does not tell."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return [inspect.Parameter("_", inspect.Parameter.POSITIONAL_ONLY)]


def _called(value: Any) -> _Parameters:
    """What an initializer is called with, the objects of a class for a class."""
    return _parameters(value.__call__)[1:] if isinstance(value, type) else _parameters(value)


def _required(parameters: _Parameters) -> list[str]:
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [one.name for one in parameters if one.default is one.empty and one.kind not in optional]


def _kind(value: object) -> str:
    if isinstance(value, type):
        return "class"
    function = (
        inspect.isroutine(value) or isinstance(value, functools.partial) or hasattr(value, "__wrapped__")
    )
    return "function" if function else "instance"


def _tier(value: Any, said: bool = False) -> int | None:
    """How little a value looks like an initializer; None for not at all.

    0: a class or object called with a shape. 1: a function of a shape. 2: any other call with one argument, if the
    code defines it itself or has `said` that it is one.
    """
    base = keras.initializers.Initializer
    cls = value if isinstance(value, type) else type(value)
    if not any("__call__" in vars(one) for one in cls.__mro__) or cls.__call__ is base.__call__:
        return None
    parameters = _called(value)
    first = parameters[0] if parameters else inspect.Parameter("_", inspect.Parameter.VAR_KEYWORD)
    if _SHAPE.fullmatch(first.name) or issubclass(cls, base):
        return int(_kind(value) == "function")
    needed = [name for name in _required(parameters) if name not in _PASSED]
    one = needed == [first.name] or (not needed and first.kind is first.VAR_POSITIONAL)
    return 2 if one and (said or _own(value)) else None


def _own(value: Any) -> bool:
    """Whether pasted code defines this function, this class, or the class of this object."""
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
    """The statement that last bound each global name, in that order, without imported names."""
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
    """The initializer of a program that has run and left `names`: what it says, what its layers get, the last one."""
    bound = {name: statement for name, statement in _bound(program).items() if name in names}
    tiers = {name: tier for name in bound if (tier := _tier(names[name], name in _SAYS_SO)) is not None}
    parts = {  # the class that another one extends, the function that it calls
        part
        for name in tiers
        for part in _used(bound[name]) & tiers.keys() - {name}
        if tiers[name] <= tiers[part]
    }
    best = min(tiers.values(), default=0)
    whole = [name for name in tiers if name not in parts] or list(tiers)
    rivals = [name for name in reversed(whole) if tiers[name] < 2 or best == 2]
    said = [name for name in _SAYS_SO if name in tiers]
    for name in [*said, *_given(program, bound, names), *(one for one in rivals if tiers[one] == best)]:
        value = names[name] if name in bound else _evaluated(name, names)
        if _tier(value, said=True) is not None:
            _check(name, value)
            inside = {name} | _used(bound.get(name) or ast.parse(name))
            return Picked(name, _kind(value), tuple(one for one in rivals if one not in inside), value)
    raise CodeProblem(
        f"Nothing here looks like an initializer: the code defines {', '.join(bound) or 'no names'}. "
        "Paste a class with __call__(self, shape, dtype=None) or a function such as my_init(shape, dtype=None), "
        "or end with a line such as `initializer = keras.initializers.HeNormal()`."
    )


def _given(program: ast.Module, bound: dict[str, ast.stmt], names: dict[str, Any]) -> Iterator[str]:
    """What layers get for their kernels that is the code's own, as expressions, the last one first."""
    words = [one for one in ast.walk(program) if isinstance(one, ast.keyword)]
    given = [one.value for one in words if one.arg in ("kernel_initializer", "init")]
    for one in sorted(given, key=lambda value: (value.lineno, value.col_offset), reverse=True):
        if isinstance(one, ast.Lambda) or any(callable(names[name]) for name in _used(one) & bound.keys()):
            # Every layer makes an object of its own.
            bare = isinstance(one, ast.Call) and not (one.args or one.keywords) and ast.unparse(one.func)
            yield bare if bare and isinstance(_evaluated(bare, names), type) else ast.unparse(one)


def _evaluated(expression: str, names: dict[str, Any]) -> Any:
    """None for an expression that has a value only inside its function."""
    with suppress(Exception):
        return eval(compile(expression, FILENAME, "eval", dont_inherit=True), names)
    return None


def _check(name: str, value: Any) -> None:
    """Raise CodeProblem if an initializer needs more than Keras gives."""
    needs = []
    if isinstance(value, type):
        with suppress(TypeError, ValueError):
            needs = _required(list(inspect.signature(value).parameters.values()))
    if needs:
        sample = ", ".join(f"{one}=0.1" for one in needs)
        raise CodeProblem(
            f"{name} cannot be made without a value for {' and '.join(needs)}. "
            f"Add a last line such as `initializer = {name}({sample})`."
        )
    needs = [one for one in _required(_called(value)[1:]) if one not in _PASSED]
    if needs:
        raise CodeProblem(
            f"{name} wants {' and '.join(needs)} beside the shape, and Keras gives a shape and a dtype alone. "
            f"Give {'each of them' if needs[1:] else needs[0]} a default value."
        )


def to_array(value: object) -> NDArray[np.generic]:
    """The numbers of whatever an initializer returned: an array, tensor, variable, nested list or scalar.

    Shape and dtype stay as they are. Raises CodeProblem if there are no real numbers in it.
    """
    try:
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except (TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError):
        array = np.asarray(None)
    if array.dtype.kind in "biuf" or array.dtype.name == "bfloat16":
        return array
    if value is None:
        received = "None: end it with `return` and the array"
    elif callable(value):
        received = f"{getattr(value, '__name__', type(value).__name__)}: call that with the shape first"
    else:
        kind = type(value).__name__
        received = (
            f"a {kind} that holds no plain numbers" if array.dtype == object else f"a {kind} of {array.dtype}"
        )
    raise CodeProblem(f"An initializer must return an array of real numbers. Received {received}.")


COMMON = """
    __future__ abc bisect cmath collections.abc contextlib copy csv datetime decimal enum fractions hashlib heapq io
    itertools json logging numbers operator os pathlib pickle pprint secrets statistics string time timeit traceback
    tracemalloc typing typing_extensions unicodedata warnings
    numpy.ctypeslib numpy.fft numpy.linalg numpy.ma numpy.polynomial numpy.random numpy.testing numpy.typing
    scipy.fft scipy.linalg scipy.optimize scipy.sparse scipy.special scipy.stats
    tensorflow.python.keras.backend tensorflow.python.keras.initializers tensorflow.python.keras.layers
    tensorflow.python.keras.models tensorflow.python.ops.init_ops tensorflow.python.ops.init_ops_v2
"""
"""What pasted code imports, imported before the fork: after it, files may be out of reach."""

OLD_MODULES = {  # where names are: where they were
    "backend": "backend.tensorflow_backend",
    "initializers": "initializers.initializers_v1 initializers.initializers_v2",
    "layers": "engine engine.topology engine.base_layer layers.advanced_activations layers.convolutional layers.core",
    "models": "engine.training engine.sequential",
    "utils": "utils.generic_utils utils.np_utils",
}
OLD_NUMPY = {
    **{"float": float, "int": int, "object": object, "str": str, "complex": complex, "float_": np.float64},
    **{"product": np.prod, "cumproduct": np.cumprod, "alltrue": np.all, "sometrue": np.any, "in1d": np.isin},
    **{"NaN": np.nan, "Inf": np.inf, "infty": np.inf, "asfarray": np.asarray, "trapz": np.trapezoid},
}
OLD_WORDS = {  # Keras 1's words for arguments
    "random_normal": {"std": "stddev"},
    "truncated_normal": {"std": "stddev"},
    "random_uniform": {"low": "minval", "high": "maxval"},
}


def prepare() -> None:
    """Import what pasted code imports, and give back what NumPy, TensorFlow and Keras dropped.

    Once, in the zygote. Runs no TensorFlow op: a process that has run one cannot be forked.
    """
    warnings.filterwarnings("ignore", category=UserWarning, module="keras|tensorflow")  # about code's age
    tf.get_logger().setLevel("ERROR")
    for name in COMMON.split():
        with suppress(ModuleNotFoundError):
            importlib.import_module(name)
    for name, value in OLD_NUMPY.items():
        setattr(np, name, value)
    _old_tensorflow()
    _old_backend()
    _old_initializers()
    layer, words = (
        keras.layers.Dense,
        {"output_dim": "units", "init": "kernel_initializer", "bias": "use_bias"},
    )
    layer.__init__ = _renamed(layer.__init__, words)
    _old_modules()


def _old_tensorflow() -> None:
    """The names of TensorFlow 1. Graphs stay off: weights must be there at once, and tracing writes files."""
    old = tf.compat.v1
    tf.config.run_functions_eagerly(True)
    for switch in ("disable_eager_execution", "disable_v2_behavior", "enable_eager_execution"):
        setattr(old, switch, lambda: None)
    for name in dir(old):
        if not name.startswith("_") and not hasattr(tf, name):
            setattr(tf, name, getattr(old, name))
    sys.modules |= {"tensorflow.compat": tf.compat, "tensorflow.compat.v1": old}


def _old_backend() -> None:
    """The functions that `K` had before Keras 3; `tf.keras` still has them."""
    old = tf.keras.backend
    for name, words in OLD_WORDS.items():
        setattr(old, name, _renamed(getattr(old, name), words))
    old.image_dim_ordering, old.set_image_dim_ordering = lambda: "tf", lambda order: None
    for name in dir(old):
        if not hasattr(keras.backend, name):
            setattr(keras.backend, name, getattr(old, name))


def _renamed(function: Callable[..., Any], words: dict[str, str]) -> Callable[..., Any]:
    """The function, taking old words for its arguments as well."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{words.get(name, name): value for name, value in kwargs.items()})

    call.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]  # Keras reads it
    return call


def _old_initializers() -> None:
    """Names and arguments of Keras 1 and 2, and layers that call initializers without a dtype as those did."""
    now, get = keras.initializers, source.get
    for old, new in {
        "normal": "RandomNormal",
        "uniform": "RandomUniform",
        "zero": "Zeros",
        "one": "Ones",
    }.items():
        setattr(now, old, getattr(now, new))
    now._compute_fans = lambda shape, *data_format: source.random_initializers.compute_fans(shape)
    init = now.VarianceScaling.__init__

    @functools.wraps(init)
    def scaling(*args: Any, **kwargs: Any) -> None:
        given = inspect.signature(init).bind(*args, **kwargs)
        if given.arguments.get("distribution") == "normal":
            given.arguments["distribution"] = "truncated_normal"
        init(*given.args, **given.kwargs)

    def get_any(identifier: Any) -> Any:
        found = get(identifier)
        return found if found is None or "dtype" in _passed(found)[1] else _of_shape(found)

    now.VarianceScaling.__init__ = scaling
    now.get = source.get = get_any


def _old_modules() -> None:
    """Modules that were split, merged or renamed, and `tensorflow.keras` with the modules of `tf.keras`."""
    sys.modules["keras.initializations"] = keras.initializations = _keras1_initializations()
    for new, names in OLD_MODULES.items():
        for name in names.split():
            parent, _, last = f"keras.{name}".rpartition(".")
            sys.modules[f"keras.{name}"] = sys.modules[f"keras.{new}"]
            setattr(sys.modules[parent], last, sys.modules[f"keras.{new}"])
    tree = sys.modules["tensorflow.keras"] = sys.modules["keras._tf_keras.keras"]
    for name, module in vars(tree).items():
        if isinstance(
            module, types.ModuleType
        ):  # imported by path, it would be a second copy with no old names
            sys.modules |= {f"{tree.__name__}.{name}": module, f"tensorflow.keras.{name}": module}


def _keras1_initializations() -> types.ModuleType:
    """Keras 1's functions of (shape, [scale], name). Its normal laws were not truncated."""
    module, now = types.ModuleType("keras.initializations"), keras.initializers
    normal = functools.partial(now.VarianceScaling, distribution="untruncated_normal")
    scaled = {
        "uniform": (0.05, lambda scale: now.RandomUniform(-scale, scale)),
        "normal": (0.05, lambda scale: now.RandomNormal(0.0, scale)),
        "orthogonal": (1.1, now.Orthogonal),
        "identity": (1.0, now.Identity),
    }
    fixed = {
        name: getattr(now, name) for name in ("zero", "one", "lecun_uniform", "glorot_uniform", "he_uniform")
    }
    fixed |= {"glorot_normal": lambda: normal(1.0, "fan_avg"), "he_normal": lambda: normal(2.0, "fan_in")}
    for name, (usual, law) in scaled.items():
        setattr(module, name, lambda shape, scale=usual, name=None, law=law, **_: law(scale)(shape))
    for name, law in fixed.items():
        setattr(module, name, lambda shape, name=None, law=law, **_: law()(shape))
    vars(module).update(get_fans=now._compute_fans, get=now.get)
    return module
