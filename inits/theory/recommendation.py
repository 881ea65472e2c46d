"""Recommend an initializer for a network by what mean-field theory predicts for the signal.

The score of an option is how much a signal changes on its way through the hidden layers, in natural logarithms: its
variance forward, its squared gradient backward, and the separation of two typical images. A named initializer is
recommended unless a variance scale fitted to the depth is clearly better.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inits.data.datasets import DEFAULT
from inits.errors import SpecError
from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.text import counted, number, shown, times
from inits.theory.meanfield import chi, chi1, variance_map
from inits.theory.normalization import gradient_growth
from inits.theory.signal_regime import FADED, GROWN
from inits.theory.signal_theory import TYPICAL_INPUTS, Prediction, gains, predict

Level = Literal["keeps", "keeps part", "loses"]
NORMALIZATIONS = {"none": "none", "batch": "batch", "layer": "layer"}
OPTIMIZERS: Mapping[str, OptimizerSpec] = {
    "SGD": OptimizerSpec("SGD", (("learning_rate", 0.05),)),
    "Adam": OptimizerSpec("Adam", (("learning_rate", 0.001),)),
}
NAMED = ("HeNormal", "HeUniform", "GlorotUniform", "GlorotNormal", "LecunNormal", "Orthogonal")
PREFERRED: Mapping[str, tuple[str, ...]] = {  # first among initializers with about equal scores
    "relu": ("HeNormal",),
    "leaky_relu": ("HeNormal",),
    "selu": ("LecunNormal",),
    "tanh": ("GlorotUniform",),
}
SCALES = np.geomspace(0.25, 256.0, 61)
MAX_NAMED_PENALTY = 1.0  # of a named initializer over a fitted scale: the factor e in all
MAX_PREFERRED_PENALTY = 5.0  # of a preferred initializer over a fitted scale: a factor of 150 in all
KEPT, LOST = 3.0, 6.0  # scores below which the signal survives, and from which on it is lost
MAX_TIE = 0.1  # difference of scores below which the order of preference decides
ORTHOGONAL_DEPTH = 20  # hidden layers from which on orthonormal kernels are worth their cost
# Activations close to linear near 0: Pennington et al. 2017.
NEAR_LINEAR = ("tanh", "linear", "hard_tanh", "softsign", "erf")


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


@dataclass(frozen=True)
class Option:
    """An initializer for a task and its effect on the signal from the first to the last hidden layer.

    Attributes:
        kernel: the initializer.
        sigma_w2: fan_in times the variance of its weights in the hidden layers.
        chi: growth of the squared gradient per layer, geometric mean over the hidden layers.
        forward, backward: factors by which the pre-activations' second moment and the squared gradient change.
        separation: factor by which 1 - cosine of two typical images changes; 1 with normalization, where it is not
            predicted.
        score: sum of the absolute logarithms of the last three; 0 is ideal.
    """

    kernel: InitializerSpec
    sigma_w2: float
    chi: float
    forward: float
    backward: float
    separation: float
    score: float

    @property
    def level(self) -> Level:
        """Return how much of the signal and its gradient survives."""
        if self.score >= LOST:
            return "loses"
        level = FADED <= self.forward <= GROWN and 1 / GROWN <= self.backward <= GROWN
        return "keeps" if self.score < KEPT and level else "keeps part"


@dataclass(frozen=True)
class Recommendation:
    """The best option followed by two others, the reason with its numbers, and further remarks."""

    options: tuple[Option, ...]
    reason: str
    remarks: tuple[str, ...]

    @property
    def best(self) -> Option:
        """Recommended option."""
        return self.options[0]


@lru_cache(maxsize=256)
def recommend(task: Task) -> Recommendation:
    """Return the recommendation for a task. Takes some milliseconds for each of about 70 scales."""
    named = [evaluate_option(task, InitializerSpec(name)) for name in NAMED]
    fitted = evaluate_option(task, _scaled(_fitted(task.activation, task.depth)))
    least = min(one.score for one in named)
    ordered = sorted(named, key=lambda one: _rank(task, one, least))
    usual = PREFERRED.get(task.activation, ())
    if task.normalization != "none":
        ordered.sort(key=lambda one: one.kernel.name != "GlorotUniform")
    elif any(one.kernel.name in usual and one.score < fitted.score + MAX_PREFERRED_PENALTY for one in named):
        ordered.sort(key=lambda one: one.kernel.name not in usual)
    elif fitted.score + MAX_NAMED_PENALTY < least:
        ordered.insert(0, fitted)
    best, *others = ordered
    chosen = (best, *_alternatives(best, others))
    return Recommendation(
        chosen,
        _reason(task, best, evaluate_option(task, InitializerSpec("GlorotUniform"))),
        tuple(_remarks(task, best)),
    )


def _scaled(scale: float) -> InitializerSpec:
    return InitializerSpec("VarianceScaling", (("scale", float(f"{scale:.2g}")),))


@lru_cache(maxsize=256)
def _fitted(phi: str, depth: int) -> float:
    """Return the scale with the least change forward and backward for an image of mean strength, all at once."""
    q = SCALES * np.mean(TYPICAL_INPUTS[DEFAULT].squares)
    growth, first = np.zeros(len(SCALES)), q
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(depth - 1):
            growth += np.log(SCALES * chi(phi, q, 1.0))
            q = SCALES * variance_map(phi, q, 1.0, 0.0)
        score = np.abs(np.log(q / first)) + np.abs(growth)
    return float(SCALES[np.argmin(np.where(np.isfinite(score), score, np.inf))])


def _alternatives(best: Option, others: Sequence[Option]) -> list[Option]:
    """Return two options of other gains, as far as there are any, then those next in order."""
    gains, found = [best.sigma_w2], []
    for one in others:
        if all(abs(one.sigma_w2 - gain) > 0.01 for gain in gains):
            gains.append(one.sigma_w2)
            found.append(one)
    return [*found, *(one for one in others if one not in found)][:2]


def _rank(task: Task, one: Option, least: float) -> tuple[float, bool, bool, int]:
    """Return the sort key: near-ties by preference, the others by score."""
    name = one.kernel.name
    near = one.score - least < MAX_TIE
    isometric = task.depth >= ORTHOGONAL_DEPTH and task.activation in NEAR_LINEAR and name == "Orthogonal"
    return (
        0.0 if near else round(min(one.score, 1e6)),
        not (near and isometric),
        name not in PREFERRED.get(task.activation, ()),
        NAMED.index(name),
    )


def evaluate_option(task: Task, kernel: InitializerSpec) -> Option:
    """Return the effect of an initializer on the signal in a task's network; the optimizer does not change it."""
    return _evaluate(task.network, task.normalization, kernel)


@lru_cache(maxsize=1024)
def _evaluate(net: Network, normalization: str, kernel: InitializerSpec) -> Option:
    promised = gains(Start(kernel), net)
    assert promised is not None, "initializers with a distribution"
    inner = promised.weights[1] if len(net.hidden) > 1 else promised.weights[-1]
    if normalization == "none":
        return Option(kernel, inner, *_changes(predict(net, promised, TYPICAL_INPUTS[DEFAULT])))
    growth = gradient_growth(net.activation, normalization)
    backward = growth ** (len(net.hidden) - 1)
    return Option(kernel, inner, growth, 1.0, backward, 1.0, abs(math.log(backward)))


def signal_power(task: Task, kernel: InitializerSpec) -> NDArray[np.float64]:
    """Return the second moment of the pre-activations of each hidden layer over that of the first, (depth,).

    With normalization these are the normalized pre-activations.
    """
    if task.normalization != "none":
        return np.ones(task.depth)
    promised = gains(Start(kernel), task.network)
    assert promised is not None, "initializers with a distribution"
    lengths = [promised.weights[0] * np.array(TYPICAL_INPUTS[DEFAULT].squares)]
    for weight in promised.weights[1:-1]:
        lengths.append(variance_map(task.activation, lengths[-1], weight, 0.0))
    means = np.array([one.mean() for one in lengths], np.float64)
    return np.asarray(means / means[0], np.float64)


def _changes(found: Prediction) -> tuple[float, float, float, float, float]:
    """Return chi, forward, backward, separation and score of a prediction, without the output layer."""
    lengths, gradients, cosines = found.preactivations[:-1], found.gradients[:-1], found.cosines[:-1]
    steps = max(1, len(lengths) - 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        forward = float(lengths[-1] / lengths[0])
        backward = float(gradients[0] / gradients[-1])
        separation = float((1.0 - cosines[-1]) / (1.0 - cosines[0]))
        score = float(np.abs(np.log([forward, backward, separation])).sum())
    return (
        backward ** (1.0 / steps),
        forward,
        backward,
        separation,
        score if math.isfinite(score) else math.inf,
    )


def _reason(task: Task, best: Option, default: Option) -> str:
    """Return the reason with the numbers of the best option and of Keras' default."""
    name = ACTIVATIONS[task.activation]
    if task.normalization != "none":
        return (
            f"{task.normalization.capitalize()} normalization removes the scale of the weights: the pre-activations of "
            "every layer have variance 1 after it. The squared gradient is multiplied by "
            f"**{_factor(best.chi)}** per layer. Both are the same for every initializer, so keep Keras' default."
        )
    layers = counted(task.depth, f"{name} layer")
    words = (
        f"Its σ_w² is **{number(best.sigma_w2, 3)}** in the hidden layers. Through {layers}, the strength of the "
        f"signal is multiplied by **{_factor(best.forward)}** and the squared gradient by **{_factor(best.backward)}**."
    )
    if default.kernel != best.kernel and abs(default.score - best.score) > MAX_TIE:
        words += (
            f" With GlorotUniform, Keras' default, σ_w² is {number(default.sigma_w2, 3)}, and the factors are "
            f"{_factor(default.forward)} and {_factor(default.backward)}."
        )
    return words


def _factor(factor: float) -> str:
    return times(factor).removeprefix("×")


def _remarks(task: Task, best: Option) -> Iterable[str]:
    """Yield remarks on the limits of any initializer and on the effects of optimizer and normalization."""
    name = ACTIVATIONS[task.activation]
    if task.weights:
        yield "Start from your pretrained weights: they are better than every random start."
    if task.normalization != "none":
        yield "Train and Signal have no normalization: there you see the network without it."
    layers = counted(task.depth, f"{name} layer")
    if best.level == "loses" and task.normalization != "none":
        yield f"Through {layers}, this normalization does not keep the gradient. Use fewer layers or skip connections."
    elif best.level == "loses":
        words = f"No initializer preserves a signal well through {layers}"
        yield f"{words}. Use fewer layers, another activation, normalization or skip connections."
    if task.optimizer == "Adam" and not 0.1 < best.backward < 10.0:
        yield "Adam divides each gradient by its own size, so a large or small gradient matters less than with SGD."
    if best.kernel.name == "Orthogonal":
        yield "Orthonormal kernels preserve norms in every direction, not only on average: this helps deep networks."
    if task.activation == "selu" and best.kernel.name == "LecunNormal":
        yield (
            "LecunNormal keeps SELU's variance at 1, as its authors intend, but is not critical: "
            f"χ₁ = {number(chi1('selu', 1.0, 0.0), 3)} there, so gradients grow slowly with depth."
        )
