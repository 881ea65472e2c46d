"""Read the config of a model: JSON with the layers, their classes and their order. No object is created from it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from inits.errors import WeightFileError
from inits.weightfiles.formats.limits import MAX_DEPTH, MAX_ENTRIES, MAX_TEXT, MAX_VALUES, refusal, size

_PARTS = ("layer", "forward_layer", "backward_layer", "cell")  # where wrappers keep the wrapped layers


@dataclass(frozen=True)
class Node:
    """A layer or model of a config: its name, its class, the arguments that are False, and its layers."""

    name: str
    kind: str
    off: frozenset[str]
    layers: tuple["Node", ...] = ()
    parts: dict[str, "Node"] = field(default_factory=dict)

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all nodes in it."""
        yield self
        for node in (*self.layers, *self.parts.values()):
            yield from node.walk()


def parse(text: bytes, what: str, once: bool = False) -> Any:
    """Parse a JSON text; with `once`, refuse a key that comes twice. Raises WeightFileError."""
    if len(text) > MAX_TEXT:
        raise refusal(f"has {what} of {size(len(text))}, and at most {size(MAX_TEXT)} are read")
    if sum(map(text.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise refusal(f"has {what} with more than {MAX_VALUES:,} values")
    try:
        return json.loads(text.decode(), object_pairs_hook=_once if once else None)
    except WeightFileError:
        raise
    except RecursionError:
        raise refusal(f"has {what} that is nested too deeply") from None
    except ValueError:
        raise refusal(f"has {what} that is no JSON") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise refusal("has the same name twice in its JSON")
    return found


def model(text: bytes) -> Node:
    """Return the model that a config describes. Raises WeightFileError if it describes none."""
    found = _node(parse(text, "a config"), MAX_DEPTH)
    if found is None:
        raise refusal("has a config that describes no model")
    if sum(1 for _ in found.walk()) > MAX_ENTRIES:
        raise refusal(f"has a config of more than {MAX_ENTRIES:,} layers")
    return found


def _node(value: Any, depth: int) -> Node | None:
    """Return the node of a value that looks like a layer; None for any other value."""
    if depth == 0:
        raise refusal(f"has models in models, more than {MAX_DEPTH} deep")
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
        return None
    config = value.get("config")
    if isinstance(config, list):  # a Sequential of Keras 1 and 2.0
        config = {"layers": config}
    if not isinstance(config, dict):
        return None
    inner = config.get("layers")
    layers = [_node(one, depth - 1) for one in inner] if isinstance(inner, list) else []
    parts = {key: _node(config.get(key), depth - 1) for key in _PARTS}
    return Node(
        name=next((name for name in (config.get("name"), value.get("name")) if isinstance(name, str)), ""),
        kind=value["class_name"],
        off=frozenset(key for key, setting in config.items() if setting is False),
        layers=tuple(node for node in layers if node),
        parts={key: node for key, node in parts.items() if node},
    )
