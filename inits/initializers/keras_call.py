"""The text that calls an initializer or an optimizer, read with `ast`; nothing in it is evaluated.

Names, numbers, strings, None, True, False and lists are read, and Keras configs in Python or JSON.
"""

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from inits.errors import SpecError
from inits.text import shown

LONGEST_TEXT = 1_000
DEEPEST_LITERAL = 4

_WORDS = {"null": None, "true": True, "false": False, "nan": math.nan, "inf": math.inf}
_CONFIG_KEYS = ("class_name", "config", "module", "registered_name", "shared_object_id")


@dataclass(frozen=True)
class Call:
    """A parsed call `prefix.name(*positional, **named)`; `bare` is True if the text has no argument list."""

    name: str
    prefix: str = ""
    positional: tuple[object, ...] = ()
    named: Mapping[str, object] = field(default_factory=dict)
    bare: bool = False


def read_call(source: object) -> Call:
    """Read a call, a bare or quoted name, or a Keras config given as text or as a dict.

    Raises:
        SpecError: if `source` is none of these.
    """
    if isinstance(source, Mapping):
        return _from_config(source)
    if not isinstance(source, str):
        raise SpecError(f"Expected a text such as HeNormal() or a Keras config, but got {shown(source)}.")
    node = _parsed(source)
    if isinstance(node, ast.Dict):
        config = _value(node)
        return _from_config(config if isinstance(config, dict) else {})
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return Call(node.value, bare=True)
    if not isinstance(node, ast.Call):
        return Call(*_dotted(node, source), bare=True)
    positional = tuple(_value(argument) for argument in node.args)
    named = {_keyword(keyword): _value(keyword.value, keyword.arg) for keyword in node.keywords}
    return Call(*_dotted(node.func, source), positional, named)


def _parsed(text: str) -> ast.expr:
    if not text.strip():
        raise SpecError("Expected a text such as HeNormal(), but got an empty text.")
    if len(text) > LONGEST_TEXT:
        raise SpecError(f"A call must have at most {LONGEST_TEXT:,} characters, but got {len(text):,}.")
    refused = SpecError(f"Expected one call such as HeNormal(), but got {shown(text)}.")
    if "\\" in text:
        raise refused
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError, Warning) as error:
        raise refused from error


def _dotted(node: ast.expr, source: str) -> tuple[str, str]:
    """Return the last name and the prefix: HeNormal, keras.initializers."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise SpecError(f"Expected one call such as HeNormal(), but got {shown(source)}.")
    first, *rest = [*parts, node.id]
    return first, ".".join(reversed(rest))


def _keyword(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise SpecError("Arguments must be written out, but got **.")
    return keyword.arg


def _value(node: ast.expr, name: str | None = None, depth: int = 0) -> object:
    """Return the value of a literal; `name` is its argument, for the message."""
    match node:
        case ast.Constant(value=int() | float() | str() | None):
            return node.value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            if not isinstance(number, bool):
                return -number
        case ast.Name(id=word) if word in _WORDS:
            return _WORDS[word]
        case ast.Tuple(elts=elements) | ast.List(elts=elements) if depth < DEEPEST_LITERAL:
            return tuple(_value(element, name, depth + 1) for element in elements)
        case ast.Dict(keys=keys, values=values) if depth < DEEPEST_LITERAL:
            return _dict(keys, values, depth + 1)
        case _:
            pass
    raise SpecError(
        f"{name or 'An argument'} must be written as a plain number, text or list, but got {_source(node)}."
    )


def _dict(keys: list[ast.expr | None], values: list[ast.expr], depth: int) -> dict[str, object]:
    names = [key.value if isinstance(key, ast.Constant) else None for key in keys]
    plain = [name for name in names if isinstance(name, str)]
    if len(plain) < len(keys) or len(set(plain)) < len(keys):
        raise SpecError("The keys of a config must be different texts. Write each argument once.")
    return {name: _value(value, name, depth) for name, value in zip(plain, values, strict=True)}


def _source(node: ast.expr) -> str:
    try:
        text = ast.unparse(node)
    except (RecursionError, ValueError):
        text = "a calculation"
    return text if len(text) <= 60 else text[:57] + "..."


def _from_config(config: Mapping[object, object]) -> Call:
    """Return the call of a config {"class_name": "HeNormal", "config": {"seed": None}}, with or without its module."""
    for key in config:
        if key not in _CONFIG_KEYS:
            raise SpecError(f"A Keras config has class_name and config, but got the key {shown(key)}.")
    name, named, module = config.get("class_name"), config.get("config", {}), config.get("module")
    if not isinstance(name, str):
        raise SpecError(f"class_name must be a text such as 'HeNormal', but got {shown(name)}.")
    if not isinstance(named, Mapping) or not all(isinstance(key, str) for key in named):
        raise SpecError(f"config must be a dict of arguments, but got {shown(named)}.")
    if config.get("registered_name") is not None:
        raise SpecError(f"{shown(name)} is a custom class. Paste its code instead.")
    return Call(name, module if isinstance(module, str) else "", (), dict(named), bare=not named)
