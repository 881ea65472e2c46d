"""The effect of an initializer on the signal in a network, as one number for each thing that should be kept.

The score of an option is how much a signal changes on its way through the hidden layers, in natural logarithms: its
variance forward, its squared gradient backward, and the separation of two typical images.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inits.data.datasets import DEFAULT
from inits.errors import SpecError
from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.text import shown
from inits.theory.meanfield import variance_map
from inits.theory.normalization import gradient_growth
from inits.theory.signal_regime import Severity, SignalRegime, trend
from inits.theory.signal_theory import TYPICAL_INPUTS, gains, predict, predicted_regime

STEP = 1.05
"""Factor of a larger scale, by which options are asked how steep they are."""
STEEP = 3.0  # times what the larger scale does in a linear network: above it drawn networks differ from the theory
SENSITIVE = "the signal is sensitive to the scale"
NORMALIZATIONS = {"none": "none", "batch": "batch", "layer": "layer"}
OPTIMIZERS: Mapping[str, OptimizerSpec] = {
    "SGD": OptimizerSpec("SGD", (("learning_rate", 0.05),)),
    "Adam": OptimizerSpec("Adam", (("learning_rate", 0.001),)),
}


@dataclass(frozen=True)
class Task:
    """A network to train: `depth` hidden layers of `width` units.

    `weights` is True if pretrained weights are available.

    Raises:
        SpecError: for an activation that theory does not cover, and for sizes out of bounds.
    """

    activation: str = "relu"
    depth: int = 6
    width: int = 128
    normalization: str = "none"
    optimizer: str = "SGD"
    weights: bool = False

    def __post_init__(self) -> None:
        if self.activation == "softmax":
            raise SpecError("activation must be elementwise, but got 'softmax'. Use softmax for the output.")
        for name, value, known in (
            ("normalization", self.normalization, NORMALIZATIONS),
            ("optimizer", self.optimizer, OPTIMIZERS),
        ):
            if value not in known:
                raise SpecError(f"{name} must be one of {', '.join(known)}, but got {shown(value)}.")
        if self.depth < 1:
            raise SpecError(f"depth must be at least 1, but got {self.depth}.")
        _ = self.network  # checks the rest

    @property
    def network(self) -> Network:
        """Network of the task."""
        return Network((self.width,) * self.depth, self.activation)

    @property
    def kernel_shape(self) -> tuple[int, int]:
        """Shape of the kernels between hidden layers; of the one kernel before a single hidden layer."""
        shapes = self.network.kernel_shapes
        return shapes[1] if self.depth > 1 else shapes[0]


@dataclass(frozen=True)
class Option:
    """An initializer for a task and its effect on the signal from the first to the last hidden layer.

    Attributes:
        kernel: the initializer.
        sigma_w2: fan_in times the variance of its weights, in kernels of `Task.kernel_shape`.
        chi: growth of the squared gradient per layer, geometric mean over the hidden layers.
        forward, backward: factors by which the pre-activations' second moment and the squared gradient change; inf
            where they overflow.
        separation: factor by which 1 - cosine of two typical images changes; 1 with normalization, where it is not
            predicted.
        score: sum of the absolute logarithms of the last three; 0 is ideal.
        regime: what becomes of the signal, as on the Signal page.
        first: as sigma_w2, in the first kernel.
        steepness: factor by which `forward` rises with a scale 5% larger; 1 with normalization.
        sensitive: True if that is much more than in a linear network. The drawn weights of one network have a scale
            that is by chance larger or smaller too, so it differs much from these numbers.
    """

    kernel: InitializerSpec
    sigma_w2: float
    chi: float
    forward: float
    backward: float
    separation: float
    score: float
    regime: SignalRegime
    first: float = 1.0
    steepness: float = 1.0
    sensitive: bool = False

    @property
    def changes(self) -> tuple[str, ...]:
        """Return what is not kept, and for a signal that survives that it is sensitive; empty if all is well."""
        unsafe = self.sensitive and self.regime.severity != "lost"
        return (*self.regime.changes, *([SENSITIVE] if unsafe else []))

    @property
    def severity(self) -> Severity:
        """Return the severity of the regime; changed for a signal that is kept in theory but sensitive."""
        return "changed" if self.changes and self.regime.severity == "kept" else self.regime.severity

    @property
    def name(self) -> str:
        """Name to show: HeNormal, or VarianceScaling(scale=2.8)."""
        spec = self.kernel
        return f"{spec.name}(scale={spec.get('scale'):g})" if spec.name == "VarianceScaling" else spec.name


def evaluate_option(task: Task, kernel: InitializerSpec) -> Option:
    """Return the effect of an initializer on the signal in a task's network; the optimizer does not change it."""
    return _evaluate(task.activation, task.depth, task.width, task.normalization, kernel)


@lru_cache(maxsize=1024)
def _evaluate(activation: str, depth: int, width: int, normalization: str, kernel: InitializerSpec) -> Option:
    task = Task(activation, depth, width)
    law = kernel.law(task.kernel_shape)
    assert law is not None, "initializers with a distribution"
    sigma_w2 = task.kernel_shape[0] * law.std**2
    if normalization == "none":
        return Option(kernel, sigma_w2, *_changes(task.network, kernel), *_sensitivity(task, kernel))
    growth = gradient_growth(activation, normalization)
    squares = np.array([growth**layer for layer in range(depth)], np.float64)
    kept = trend(np.ones(depth), 1.0)
    regime = SignalRegime(forward=kept, backward=trend(squares, 1.0), correlated=None)
    backward = float(squares[-1])
    return Option(kernel, sigma_w2, growth, 1.0, backward, 1.0, abs(math.log(backward)), regime)


def _changes(
    network: Network, kernel: InitializerSpec
) -> tuple[float, float, float, float, float, SignalRegime]:
    """Return chi, forward, backward, separation, score and regime, without the output layer."""
    promised, inputs = gains(Start(kernel), network), TYPICAL_INPUTS[DEFAULT]
    assert promised is not None, "initializers with a distribution"
    found = predict(network, promised, inputs)
    lengths, gradients, cosines = found.preactivations[:-1], found.gradients[:-1], found.cosines[:-1]
    steps = max(1, len(lengths) - 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        forward = float(lengths[-1] / lengths[0])
        backward = float(gradients[0] / gradients[-1]) if np.isfinite(gradients).all() else math.inf
        separation = float((1.0 - cosines[-1]) / (1.0 - cosines[0]))
        score = float(np.abs(np.log([forward, backward, separation])).sum())
    return (
        backward ** (1.0 / steps),
        forward,
        backward,
        separation,
        score if math.isfinite(score) else math.inf,
        predicted_regime(network, found, inputs),
    )


def _sensitivity(task: Task, kernel: InitializerSpec) -> tuple[float, float, bool]:
    """Return first, steepness and sensitive of an option."""
    promised = gains(Start(kernel), task.network)
    assert promised is not None, "initializers with a distribution"
    less, more = (_power(task, np.array(promised.weights) * scale)[-1] for scale in (1.0, STEP))
    with np.errstate(divide="ignore", invalid="ignore"):
        steepness = float(more / less)
    return promised.weights[0], steepness, steepness > STEEP * STEP ** (task.depth - 1)


def signal_power(task: Task, kernel: InitializerSpec) -> NDArray[np.float64]:
    """Return the second moment of the pre-activations of each hidden layer over that of the first, (depth,).

    With normalization these are the normalized pre-activations.
    """
    if task.normalization != "none":
        return np.ones(task.depth)
    promised = gains(Start(kernel), task.network)
    assert promised is not None, "initializers with a distribution"
    return _power(task, np.array(promised.weights))


def _power(task: Task, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `signal_power` for the gains of all layers, the output last."""
    lengths = [weights[0] * np.array(TYPICAL_INPUTS[DEFAULT].squares)]
    for weight in weights[1:-1]:
        lengths.append(variance_map(task.activation, lengths[-1], weight, 0.0))
    means = np.array([one.mean() for one in lengths], np.float64)
    return np.asarray(means / means[0], np.float64)
