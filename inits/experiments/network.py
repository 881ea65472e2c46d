"""The network that is trained: a stack of Dense layers, and the short text that people type for it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Self

from inits.errors import SpecError
from inits.initializers.activations import ACTIVATIONS
from inits.text import counted, shown
from inits.typed import split_list

MAX_LAYERS, MAX_UNITS = 50, 1024
_TIMES = str.maketrans("×*", "xx")
_REPEATED = re.compile(r"[\[(]\s*(\d+)\s*,?\s*[\])]\s*x\s*(\d+)")  # [128] * 6, as in Python
_UNITS = re.compile(r"-?(0|[1-9]\d{0,8})")  # 1,024 is not read as 1, 24


@dataclass(frozen=True)
class Network:
    """A stack of Dense layers: `hidden` units each with `activation`, then `outputs` logits.

    Raises SpecError for more than 50 hidden layers, units outside 1 to 1,024 or an unknown activation.
    """

    hidden: tuple[int, ...] = (128,)
    activation: str = "relu"
    inputs: int = 784
    outputs: int = 10

    def __post_init__(self) -> None:
        _check_layers(len(self.hidden), 0)
        for units in self.hidden:
            if type(units) is not int or not 1 <= units <= MAX_UNITS:
                raise SpecError(
                    f"Hidden layers must have 1 to {MAX_UNITS:,} units each, but got {shown(units)}."
                )
        if self.activation not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise SpecError(f"activation must be one of {known}, but got {shown(self.activation)}.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the network of a text such as "6 × 128 tanh", "256, 128, 64" or "none".

        The default activation is relu. Raises SpecError for any other text.
        """
        hidden, _, last = text.strip().rpartition(" ")
        if hidden and last in ACTIVATIONS:
            return cls(parse_hidden(hidden), last)
        return cls(parse_hidden(text))

    def __str__(self) -> str:
        return f"{format_hidden(self.hidden)} {self.activation}"

    @property
    def kernel_shapes(self) -> tuple[tuple[int, int], ...]:
        """(fan_in, fan_out) of each Dense kernel, from the first hidden layer to the output."""
        return tuple(pairwise((self.inputs, *self.hidden, self.outputs)))

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Names of the Dense layers: "layer 1", "layer 2", ..., "output"."""
        return (*(f"layer {i}" for i in range(1, len(self.hidden) + 1)), "output")

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in self.kernel_shapes)


def parse_hidden(text: str) -> tuple[int, ...]:
    """Return the units of each hidden layer from a text such as "6 x 128", "256, 128, 64", "256-128-64" or "none".

    `n x m` means n layers of m units; if n is more than the number of layers can be, two layers of n and m units.
    Raises SpecError for any other text, and for a number that is out of bounds.
    """
    words = _REPEATED.sub(r"\2 x \1", " ".join(text.translate(_TIMES).lower().split()))
    words = " ".join(re.sub(r"[][(){}]", " ", words).split())
    if words in ("0", "none"):
        return ()
    units: list[int] = []
    for part in split_list(re.sub(r" ?x ?", "x", words)):
        sizes = part.split("x")
        if not all(_UNITS.fullmatch(size) for size in sizes[not sizes[0] :]):
            raise SpecError(
                f"Hidden layers must be like 6 x 128, 256, 128, 64 or none, but got {shown(text)}."
            )
        first, *others = (int(size) for size in sizes if size)
        if len(others) == 1 and first <= MAX_LAYERS:
            _check_layers(first, 1)
            units += others * first
        else:
            units += [first, *others]
    return Network(tuple(units)).hidden


def _check_layers(number: int, low: int) -> None:
    if not low <= number <= MAX_LAYERS:
        raise SpecError(f"Hidden layers must be none or 1 to {MAX_LAYERS}, but got {number}.")


def hidden_in_words(hidden: Sequence[int]) -> str:
    """Return hidden layers in words: "6 hidden layers of 128 units" or "3 hidden layers: 2 × 128, 64 units"."""
    if not hidden:
        return "no hidden layer"
    sizes = (
        f" of {counted(hidden[0], 'unit')}" if len(set(hidden)) == 1 else f": {format_hidden(hidden)} units"
    )
    return counted(len(hidden), "hidden layer") + sizes


def format_hidden(hidden: Sequence[int]) -> str:
    """Return the shortest text that `parse_hidden` reads back: "6 × 128", "256, 128" or "none"."""
    groups = [(len(list(same)), units) for units, same in groupby(hidden)]
    return ", ".join(f"{n} × {units}" if n > 1 else str(units) for n, units in groups) or "none"
