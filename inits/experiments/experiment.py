"""Experiments and runs: frozen values with one canonical JSON and key."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inits.data.datasets import DATASETS, DEFAULT
from inits.errors import SpecError
from inits.experiments.network import Network
from inits.experiments.weight_source import Kernel, parse_kernel
from inits.initializers.parameters import checked_whole
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.text import shown

ZEROS = InitializerSpec("Zeros")
NETWORK = Network()
SGD = OptimizerSpec("SGD", (("learning_rate", 0.05),))
MAX_BATCH, MAX_STARTS, MAX_SEEDS = 4096, 8, 20


@dataclass(frozen=True)
class Start:
    """The initial weights: an initializer, code or a file for the kernels, and an initializer for the biases."""

    kernel: Kernel
    bias: InitializerSpec = ZEROS

    def check(self, network: Network) -> None:
        """Raise ShapeError when an initializer cannot fill a layer of this network."""
        for shape in network.kernel_shapes:
            self.kernel.check_shape(shape)
            self.bias.check_shape(shape[1:])


@dataclass(frozen=True)
class Experiment:
    """The first epoch of each start and seed, on the same batches in the same order.

    `key` is the SHA-256 of the canonical JSON: same key, same result.
    """

    starts: tuple[Start, ...]
    network: Network = NETWORK
    optimizer: OptimizerSpec = SGD
    batch_size: int = 32
    seeds: tuple[int, ...] = (0,)
    dataset: str = DEFAULT

    def __post_init__(self) -> None:
        checked_whole("number of starts", len(self.starts), 1, MAX_STARTS)
        checked_whole("number of seeds", len(self.seeds), 1, MAX_SEEDS)
        for seed in self.seeds:
            checked_whole("seed", seed, 0, 2**31 - 1)
        checked_whole("batch_size", self.batch_size, 1, MAX_BATCH)
        if self.dataset not in DATASETS:
            raise SpecError(f"dataset must be one of {', '.join(DATASETS)}, but got {shown(self.dataset)}.")
        for start in self.starts:
            start.check(self.network)

    @property
    def runs(self) -> tuple["Run", ...]:
        """Runs of all starts with the first seed, then of all with the next.

        The run of a start and a seed index is at seed index * number of starts + start.
        """
        settings = (self.network, self.optimizer, self.batch_size)
        return tuple(
            Run(start, *settings, seed, self.dataset) for seed in self.seeds for start in self.starts
        )

    def of_start(self, start: int) -> range:
        """Return the indices into `runs` of one start, seed by seed."""
        return range(start, len(self.starts) * len(self.seeds), len(self.starts))

    @property
    def live(self) -> bool:
        """True: the page shows curves while it runs."""
        return True

    @property
    def at_once(self) -> int:
        """Number of runs that train in turns: all starts of a seed."""
        return len(self.starts)

    def to_json(self) -> str:
        """Return the canonical JSON: sorted keys, no spaces."""
        net = self.network
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
        """Return the experiment of a canonical JSON text. Raises SpecError for any other text."""
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
            network=Network(tuple(net["hidden"]), net["activation"], net["inputs"], net["outputs"]),
            optimizer=OptimizerSpec.parse(value["optimizer"]),
            batch_size=value["batch_size"],
            seeds=tuple(value["seeds"]),
            dataset=value["dataset"],
        )


@dataclass(frozen=True)
class Run:
    """Start with one seed. Its result is stored under `key`."""

    start: Start
    network: Network
    optimizer: OptimizerSpec
    batch_size: int
    seed: int
    dataset: str

    @property
    def slot_key(self) -> tuple[Network, OptimizerSpec, int, str]:
        """Runs with the same key share a compiled slot: the learning rate is a variable in it."""
        return self.network, self.optimizer.replace(learning_rate=1e-3), self.batch_size, self.dataset

    @property
    def experiment(self) -> Experiment:
        """The experiment that consists of this run."""
        return Experiment(
            (self.start,), self.network, self.optimizer, self.batch_size, (self.seed,), self.dataset
        )

    @property
    def key(self) -> str:
        return self.experiment.key
