"""Sweeps: one parameter of an initializer over a grid, by depth or by activation. Every cell is one run."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from inits.data.datasets import DEFAULT
from inits.errors import SpecError
from inits.experiments.experiment import SGD, Experiment, Run, Start
from inits.experiments.network import MAX_LAYERS, Network
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.text import shown

MAX_CELLS = 400
ACROSS = ("depth", "activation")


@dataclass(frozen=True)
class Varied:
    """A parameter that a sweep can vary: `make(value)` is the initializer with that value.

    The standard deviation of a weight is proportional to value ** `power`. `low` and `high` are a usual range.
    """

    title: str
    parameter: str
    make: Callable[[float], InitializerSpec]
    power: float
    low: float
    high: float


def _argument(spec: InitializerSpec, name: str) -> Callable[[float], InitializerSpec]:
    return lambda value: spec.replace(**{name: value})


VARIED: Mapping[str, Varied] = {
    "stddev": Varied(
        "stddev of RandomNormal", "stddev", _argument(InitializerSpec("RandomNormal"), "stddev"), 1, 0.01, 1.0
    ),
    "truncated": Varied(
        *("stddev of TruncatedNormal", "stddev", _argument(InitializerSpec("TruncatedNormal"), "stddev")),
        *(1, 0.01, 1.0),
    ),
    "scale": Varied(
        *("scale of VarianceScaling", "scale", _argument(InitializerSpec("VarianceScaling"), "scale")),
        *(0.5, 0.05, 20.0),
    ),
    "gain": Varied(
        "gain of Orthogonal", "gain", _argument(InitializerSpec("Orthogonal"), "gain"), 1, 0.2, 5.0
    ),
    "limit": Varied(
        "limit of RandomUniform",
        "limit",
        lambda limit: InitializerSpec("RandomUniform", (("minval", -limit), ("maxval", limit))),
        *(1, 0.02, 2.0),
    ),
}


@dataclass(frozen=True)
class Sweep:
    """A grid of first epochs: a row for each value, a column for each depth or activation.

    Attributes:
        varied: a key of `VARIED`.
        values: of the parameter, rising.
        across: "depth" or "activation".
        columns: numbers of hidden layers, or activations.
        width: units of every hidden layer.
        depth: hidden layers when the columns are activations.
        activation: of the hidden layers when the columns are depths.

    Raises SpecError for a grid of more than 400 cells or none, and for what no network can have.
    """

    varied: str
    values: tuple[float, ...]
    across: str
    columns: tuple[int, ...] | tuple[str, ...]
    width: int = 64
    depth: int = 4
    activation: str = "tanh"
    optimizer: OptimizerSpec = SGD
    batch_size: int = 128
    seed: int = 0
    dataset: str = DEFAULT

    def __post_init__(self) -> None:
        if self.varied not in VARIED:
            raise SpecError(f"varied must be one of {', '.join(VARIED)}, but got {shown(self.varied)}.")
        if self.across not in ACROSS:
            raise SpecError(f"across must be one of {', '.join(ACROSS)}, but got {shown(self.across)}.")
        if not 0 < self.cells <= MAX_CELLS:
            raise SpecError(f"A sweep must have 1 to {MAX_CELLS} cells, but got {self.cells}.")
        if list(self.values) != sorted(set(self.values)) or len(set(self.columns)) != len(self.columns):
            raise SpecError(f"values must rise and columns differ, but got {shown(self.values)}.")
        _ = self.runs  # raises for a cell that no network can have

    @property
    def cells(self) -> int:
        return len(self.values) * len(self.columns)

    @property
    def live(self) -> bool:
        """Only finished cells are shown: no frames, which would cost as much as the cells."""
        return False

    @property
    def at_once(self) -> int:
        """Number of cells in turn on each core: 1, so that the map fills cell by cell."""
        return 1

    def network(self, column: int) -> Network:
        """Return the network of a column."""
        what = self.columns[column]
        if isinstance(what, str):
            return Network((self.width,) * self.depth, what)
        return Network((self.width,) * what, self.activation)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Column by column, each from the lowest value up: cell (row, column) is at column * rows + row."""
        make = VARIED[self.varied].make
        starts = [Start(make(value)) for value in self.values]
        settings = (self.optimizer, self.batch_size, (self.seed,), self.dataset)
        return tuple(
            run
            for column in range(len(self.columns))
            for start in starts
            for run in Experiment((start,), self.network(column), *settings).runs
        )

    def index(self, row: int, column: int) -> int:
        """Return the index of a cell in `runs`."""
        return column * len(self.values) + row

    @cached_property
    def key(self) -> str:
        """The SHA-256 of its runs' keys: the same key, the same results."""
        return hashlib.sha256(json.dumps([run.key for run in self.runs]).encode()).hexdigest()

    def critical(self, sigma_w2: Sequence[float | None]) -> list[float | None]:
        """Return for each column the value whose hidden layers have the given σ_w² = fan_in · Var(w).

        None where there is no such σ_w², and for a network without a kernel between hidden layers.
        """
        varied = VARIED[self.varied]
        law = varied.make(1.0).law((self.width, self.width))
        assert law is not None
        at_one = self.width * law.std**2
        return [
            None
            if wanted is None or len(self.network(column).hidden) < 2
            # std is proportional to value ** power, so σ_w² to value ** (2 * power)
            else (wanted / at_one) ** (0.5 / varied.power)
            for column, wanted in enumerate(sigma_w2)
        ]


def grid(low: float, high: float, count: int) -> tuple[float, ...]:
    """Return `count` values from low to high, evenly apart in the logarithm, those between with three digits.

    Raises SpecError unless 0 < low < high and the rounded values differ.
    """
    if not 0 < low < high < math.inf:
        raise SpecError(
            f"The range must begin above 0 and end at a larger, finite number, but got {low:g} to {high:g}."
        )
    if not 2 <= count <= MAX_CELLS:
        raise SpecError(f"The grid must have 2 to {MAX_CELLS} values, but got {count}.")
    step = math.log(high / low) / (count - 1)
    between = (float(f"{low * math.exp(i * step):.3g}") for i in range(1, count - 1))
    values = (low, *between, high)
    if any(first >= second for first, second in pairwise(values)):
        raise SpecError(
            f"{low:g} and {high:g} are too close for {count} values. Widen the range or take fewer."
        )
    return values


def depths(most: int) -> tuple[int, ...]:
    """Return 1 to `most` hidden layers. Raises SpecError above the limit of a network."""
    if not 1 <= most <= MAX_LAYERS:
        raise SpecError(f"depth must be a whole number from 1 to {MAX_LAYERS}, but got {most}.")
    return tuple(range(1, most + 1))


def activations(names: Sequence[str]) -> tuple[str, ...]:
    """Return activations as columns, in the order of the app. Raises SpecError for one that Keras does not have."""
    for name in names:
        if name not in ACTIVATIONS:
            raise SpecError(f"activation must be one of {', '.join(ACTIVATIONS)}, but got {shown(name)}.")
    return tuple(name for name in ACTIVATIONS if name in names)
