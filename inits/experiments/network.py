"""The network that is trained: a stack of Dense layers, and the short text that people type for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Self

from inits.errors import SpecError
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.parameters import checked_whole
from inits.text import shown

MAX_LAYERS, MAX_UNITS = 50, 1024


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
        if len(self.hidden) > MAX_LAYERS:
            raise SpecError(f"hidden must have at most {MAX_LAYERS} layers, but got {len(self.hidden)}.")
        for units in self.hidden:
            checked_whole("units", units, 1, MAX_UNITS)
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
    """Return the units of each hidden layer from a text such as "6 x 128", "256, 128, 64" or "none".

    Raises SpecError for any other text, and for a number that is out of bounds.
    """
    words = text.replace("×", "x").replace("*", "x").lower().strip()
    if words in ("", "none", "0"):
        return ()
    units: list[int] = []
    for part in words.split(","):
        count, _, size = part.rpartition("x")
        try:
            layers, width = int(count or 1), int(size)
        except ValueError:
            raise SpecError(
                f"hidden layers must be like 6 x 128 or 256, 128, 64, but got {shown(text)}."
            ) from None
        units += [width] * checked_whole("layers", layers, 1, MAX_LAYERS)
    return Network(tuple(units)).hidden


def format_hidden(hidden: Sequence[int]) -> str:
    """Return the shortest text that `parse_hidden` reads back: "6 × 128", "256, 128" or "none"."""
    groups = [(len(list(same)), units) for units, same in groupby(hidden)]
    return ", ".join(f"{n} × {units}" if n > 1 else str(units) for n, units in groups) or "none"
