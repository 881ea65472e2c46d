"""What is trained: a network, how it starts, how it learns. Frozen values with one canonical JSON and key."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from inits.errors import SpecError
from inits.experiments.weight_source import Kernel, parse_kernel
from inits.initializers.spec import InitializerSpec, OptimizerSpec

ACTIVATIONS: Mapping[str, str] = {
    "relu": "ReLU",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "linear": "linear",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "softplus": "softplus",
    "softsign": "softsign",
    "relu6": "ReLU6",
    "celu": "CELU",
    "hard_sigmoid": "hard sigmoid",
    "hard_silu": "hard SiLU",
    "hard_tanh": "hard tanh",
    "exponential": "exponential",
    "softmax": "softmax",
}
"""Keras name -> how people write it. https://keras.io/api/layers/activations/"""

ZEROS = InitializerSpec("Zeros")
SGD = OptimizerSpec("SGD", (("learning_rate", 0.05),))
DATASETS = ("mnist", "digits")
MAX_LAYERS, MAX_UNITS, MAX_BATCH, MAX_STARTS, MAX_SEEDS = 50, 1024, 4096, 8, 20


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SpecError(f"{name} must be a whole number from {low} to {high:,}. Received {value!r}.")
    return value


@dataclass(frozen=True)
class Architecture:
    """A stack of Dense layers: `hidden` units each with `activation`, then `outputs` logits.

    Raises SpecError for more than 50 hidden layers, units outside 1 to 1,024 or an unknown activation.
    """

    hidden: tuple[int, ...] = (128,)
    activation: str = "relu"
    inputs: int = 784
    outputs: int = 10

    def __post_init__(self) -> None:
        if len(self.hidden) > MAX_LAYERS:
            raise SpecError(f"hidden must have at most {MAX_LAYERS} layers. Received {len(self.hidden)}.")
        for units in self.hidden:
            _whole("units", units, 1, MAX_UNITS)
        if self.activation not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise SpecError(f"activation must be one of {known}. Received {self.activation!r}.")

    @property
    def kernel_shapes(self) -> tuple[tuple[int, int], ...]:
        """(fan_in, fan_out) of each Dense kernel, from the first hidden layer to the output."""
        return tuple(pairwise((self.inputs, *self.hidden, self.outputs)))

    @property
    def layer_names(self) -> tuple[str, ...]:
        return (*(f"layer {i}" for i in range(1, len(self.hidden) + 1)), "output")

    @property
    def parameters(self) -> int:
        """Weights and biases together."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in self.kernel_shapes)


@dataclass(frozen=True)
class Start:
    """Where the weights begin: one initializer for the kernels, or code, and one initializer for the biases."""

    kernel: Kernel
    bias: InitializerSpec = ZEROS

    def check(self, architecture: Architecture) -> None:
        """Raise ShapeError when an initializer cannot fill a layer of this network."""
        for shape in architecture.kernel_shapes:
            self.kernel.check_shape(shape)
            self.bias.check_shape(shape[1:])


@dataclass(frozen=True)
class Experiment:
    """One first epoch for each start and seed, on the same batches in the same order.

    `key` is the SHA-256 of the canonical JSON: same key, same result.
    """

    starts: tuple[Start, ...]
    architecture: Architecture = Architecture()
    optimizer: OptimizerSpec = SGD
    batch_size: int = 32
    seeds: tuple[int, ...] = (0,)
    dataset: str = "mnist"

    def __post_init__(self) -> None:
        _whole("number of starts", len(self.starts), 1, MAX_STARTS)
        _whole("number of seeds", len(self.seeds), 1, MAX_SEEDS)
        for seed in self.seeds:
            _whole("seed", seed, 0, 2**31 - 1)
        _whole("batch_size", self.batch_size, 1, MAX_BATCH)
        if self.dataset not in DATASETS:
            raise SpecError(f"dataset must be one of {', '.join(DATASETS)}. Received {self.dataset!r}.")
        for start in self.starts:
            start.check(self.architecture)

    @property
    def runs(self) -> tuple["Run", ...]:
        """All starts with the first seed, then all with the next: the run of a start and a seed index is at
        seed index * number of starts + start."""
        settings = (self.architecture, self.optimizer, self.batch_size)
        return tuple(
            Run(start, *settings, seed, self.dataset) for seed in self.seeds for start in self.starts
        )

    def of_start(self, start: int) -> range:
        """The indices into `runs` of one start, seed by seed."""
        return range(start, len(self.starts) * len(self.seeds), len(self.starts))

    @property
    def live(self) -> bool:
        """Curves grow while it runs."""
        return True

    @property
    def at_once(self) -> int:
        """How many runs learn side by side: all starts of a seed."""
        return len(self.starts)

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces."""
        net = self.architecture
        value = {
            "architecture": {
                "activation": net.activation,
                "hidden": list(net.hidden),
                "inputs": net.inputs,
                "outputs": net.outputs,
            },
            "batch_size": self.batch_size,
            "dataset": self.dataset,
            "optimizer": str(self.optimizer),
            "seeds": list(self.seeds),
            "starts": [{"bias": str(s.bias), "kernel": str(s.kernel)} for s in self.starts],
        }
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    @property
    def key(self) -> str:
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> "Experiment":
        """The experiment of a canonical JSON text; raises SpecError when it is not one."""
        try:
            value = json.loads(text)
            return cls._from_dict(value)
        except SpecError:
            raise
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise SpecError(f"This is not an experiment: {error}. Copy it again from the page.") from error

    @classmethod
    def _from_dict(cls, value: Mapping[str, Any]) -> "Experiment":
        net = value["architecture"]
        return cls(
            starts=tuple(
                Start(parse_kernel(s["kernel"]), InitializerSpec.parse(s["bias"])) for s in value["starts"]
            ),
            architecture=Architecture(tuple(net["hidden"]), net["activation"], net["inputs"], net["outputs"]),
            optimizer=OptimizerSpec.parse(value["optimizer"]),
            batch_size=value["batch_size"],
            seeds=tuple(value["seeds"]),
            dataset=value["dataset"],
        )


@dataclass(frozen=True)
class Run:
    """One network with one start and one seed: what is trained, and what is kept of it under `key`."""

    start: Start
    architecture: Architecture
    optimizer: OptimizerSpec
    batch_size: int
    seed: int
    dataset: str

    @property
    def network(self) -> tuple[Architecture, OptimizerSpec, int, str]:
        """Runs of one network share a compiled slot: the learning rate is a variable in it."""
        return self.architecture, self.optimizer.replace(learning_rate=1e-3), self.batch_size, self.dataset

    @property
    def experiment(self) -> Experiment:
        """The experiment that is this run alone."""
        return Experiment(
            (self.start,), self.architecture, self.optimizer, self.batch_size, (self.seed,), self.dataset
        )

    @property
    def key(self) -> str:
        return self.experiment.key


def parse_hidden(text: str) -> tuple[int, ...]:
    """Units per hidden layer from what people type: "6 x 128", "256, 128, 64", "none".

    Raises SpecError when the text is neither, or a number is out of bounds.
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
                f"hidden layers must be like 6 x 128 or 256, 128, 64. Received {text!r}."
            ) from None
        units += [width] * _whole("layers", layers, 1, MAX_LAYERS)
    return Architecture(tuple(units)).hidden


def format_hidden(hidden: Sequence[int]) -> str:
    """The shortest text that `parse_hidden` reads back: "6 x 128", "256, 128", "none"."""
    groups: list[tuple[int, int]] = []
    for units in hidden:
        if groups and groups[-1][1] == units:
            groups[-1] = (groups[-1][0] + 1, units)
        else:
            groups.append((1, units))
    return ", ".join(f"{n} × {u}" if n > 1 else str(u) for n, u in groups) or "none"
