"""Which initializer for which network: what theory says each does to the signal, the best first, with its reason.

An option is scored by how much a signal changes on its way through the hidden layers, in natural logarithms: its
length forward, its squared gradient backward, and how far apart two typical images stay. An initializer that has a
name wins unless a scale of its own, fitted to this depth, does clearly better.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inits.data.datasets import DEFAULT
from inits.errors import SpecError
from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.text import counted, number
from inits.theory.meanfield import chi, chi1, length_map
from inits.theory.signal_theory import TYPICAL, Prediction, gains, predict

NORMALIZATIONS = {"none": "none", "batch": "batch", "layer": "layer"}
OPTIMIZERS: Mapping[str, OptimizerSpec] = {
    "SGD": OptimizerSpec("SGD", (("learning_rate", 0.05),)),
    "Adam": OptimizerSpec("Adam", (("learning_rate", 0.001),)),
}
NAMED = ("HeNormal", "HeUniform", "GlorotUniform", "GlorotNormal", "LecunNormal", "Orthogonal")
USUAL: Mapping[str, tuple[str, ...]] = {  # what comes first when several do the same to the signal
    "relu": ("HeNormal",),
    "leaky_relu": ("HeNormal",),
    "selu": ("LecunNormal",),
    "tanh": ("GlorotUniform",),
}
SCALES = np.geomspace(0.25, 256.0, 61)
CLEARLY, BY_FAR = (
    1.0,
    5.0,
)  # so much worse than a fitted scale may a named one be, and the usual one: e, and 150 in all
ALIKE = 0.1  # scores that differ by less are a matter of taste
DEEP = 20  # hidden layers from which on orthonormal kernels are worth their price
ISOMETRIC = (
    "tanh",
    "linear",
    "hard_tanh",
    "softsign",
    "erf",
)  # close to linear near 0: Pennington et al. 2017


@dataclass(frozen=True)
class Task:
    """What somebody wants to train: `depth` hidden layers of `width` units.

    Raises SpecError for an activation that theory has nothing to say of, and for sizes out of bounds.
    """

    activation: str = "relu"
    depth: int = 6
    width: int = 128
    normalization: str = "none"
    optimizer: str = "SGD"
    weights: bool = False

    def __post_init__(self) -> None:
        if self.activation == "softmax":
            raise SpecError(
                "activation must act on each unit alone. Received 'softmax': use it for the output."
            )
        for name, value, known in (
            ("normalization", self.normalization, NORMALIZATIONS),
            ("optimizer", self.optimizer, OPTIMIZERS),
        ):
            if value not in known:
                raise SpecError(f"{name} must be one of {', '.join(known)}. Received {value!r}.")
        if self.depth < 1:
            raise SpecError(f"depth must be at least 1. Received {self.depth}.")
        _ = self.network  # checks the rest

    @property
    def network(self) -> Network:
        return Network((self.width,) * self.depth, self.activation)


@dataclass(frozen=True)
class Option:
    """An initializer for a task, and what is left after the last hidden layer.

    Attributes:
        kernel: the initializer.
        sigma_w2: fan_in times the variance of its weights in the hidden layers.
        chi: growth of the squared gradient over one layer, mean over the hidden layers (geometric).
        forward, backward: factors by which the signal's second moment and the squared gradient change on their way.
        apart: what is left of 1 - cosine of two typical images.
        score: the sum of the absolute logarithms of these three; 0 is perfect.
    """

    kernel: InitializerSpec
    sigma_w2: float
    chi: float
    forward: float
    backward: float
    apart: float
    score: float


@dataclass(frozen=True)
class Advice:
    """The best option first, then two others; why, in sentences with the numbers; and what else to know."""

    options: tuple[Option, ...]
    reason: str
    remarks: tuple[str, ...]

    @property
    def best(self) -> Option:
        return self.options[0]


@lru_cache(maxsize=256)
def advise(task: Task) -> Advice:
    """What to use for a task. Theory alone: takes some milliseconds for each of about 70 scales."""
    named = [option(task, InitializerSpec(name)) for name in NAMED]
    fitted = option(task, _scaled(_fitted(task)))
    least = min(one.score for one in named)
    ordered = sorted(named, key=lambda one: _rank(task, one, least))
    usual = USUAL.get(task.activation, ())
    if task.normalization != "none":
        ordered.sort(key=lambda one: one.kernel.name != "GlorotUniform")
    elif any(one.kernel.name in usual and one.score < fitted.score + BY_FAR for one in named):
        ordered.sort(key=lambda one: one.kernel.name not in usual)
    elif fitted.score + CLEARLY < least:
        ordered.insert(0, fitted)
    best, *others = ordered
    chosen = (best, *_unlike(best, others))
    return Advice(
        chosen,
        _reason(task, best, option(task, InitializerSpec("GlorotUniform"))),
        tuple(_remarks(task, best)),
    )


def _scaled(scale: float) -> InitializerSpec:
    return InitializerSpec("VarianceScaling", (("scale", float(f"{scale:.2g}")),))


def _fitted(task: Task) -> float:
    """The scale with the least change forward and backward, of the mean image; all scales go through at once."""
    phi, q = task.activation, SCALES * np.mean(TYPICAL[DEFAULT].squares)
    growth, first = np.zeros(len(SCALES)), q
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(task.depth - 1):
            growth += np.log(SCALES * chi(phi, q, 1.0))
            q = SCALES * length_map(phi, q, 1.0, 0.0)
        score = np.abs(np.log(q / first)) + np.abs(growth)
    return float(SCALES[np.argmin(np.where(np.isfinite(score), score, np.inf))])


def _unlike(best: Option, others: Sequence[Option]) -> list[Option]:
    """Two that do other things to a signal, as far as there are; else those that follow."""
    gains, found = [best.sigma_w2], []
    for one in others:
        if all(abs(one.sigma_w2 - gain) > 0.01 for gain in gains):
            gains.append(one.sigma_w2)
            found.append(one)
    return [*found, *(one for one in others if one not in found)][:2]


def _rank(task: Task, one: Option, least: float) -> tuple[float, bool, bool, int]:
    """Those that are as good as the best by taste, the others by score."""
    name = one.kernel.name
    near = one.score - least < ALIKE
    isometric = task.depth >= DEEP and task.activation in ISOMETRIC and name == "Orthogonal"
    return (
        0.0 if near else round(min(one.score, 1e6)),
        not (near and isometric),
        name not in USUAL.get(task.activation, ()),
        NAMED.index(name),
    )


def option(task: Task, kernel: InitializerSpec) -> Option:
    """What an initializer does in a task's network."""
    net = task.network
    promised = gains(Start(kernel), net)
    assert promised is not None, "initializers with a law"
    found = predict(net, promised, TYPICAL[DEFAULT])
    inner = promised.weights[1] if task.depth > 1 else promised.weights[-1]
    return Option(kernel, inner, *_way(found))


def power(task: Task, kernel: InitializerSpec) -> NDArray[np.float64]:
    """(depth,) second moment of the pre-activations of each hidden layer over that of the first."""
    promised = gains(Start(kernel), task.network)
    assert promised is not None, "initializers with a law"
    lengths = [promised.weights[0] * np.array(TYPICAL[DEFAULT].squares)]
    for weight in promised.weights[1:-1]:
        lengths.append(length_map(task.activation, lengths[-1], weight, 0.0))
    means = np.array([one.mean() for one in lengths], np.float64)
    return np.asarray(means / means[0], np.float64)


def _way(found: Prediction) -> tuple[float, float, float, float, float]:
    """chi, forward, backward, apart and score of a prediction; the output layer is left out."""
    lengths, gradients, cosines = found.lengths[:-1], found.gradients[:-1], found.cosines[:-1]
    steps = max(1, len(lengths) - 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        forward = float(lengths[-1] / lengths[0])
        backward = float(gradients[0] / gradients[-1])
        apart = float((1.0 - cosines[-1]) / (1.0 - cosines[0]))
        score = float(np.abs(np.log([forward, backward, apart])).sum())
    return backward ** (1.0 / steps), forward, backward, apart, score if math.isfinite(score) else math.inf


def _reason(task: Task, best: Option, default: Option) -> str:
    """Why, with the numbers: of the recommended one, and of what Keras does by default."""
    name = ACTIVATIONS[task.activation]
    if task.normalization != "none":
        return (
            f"{task.normalization.capitalize()} normalization divides the scale of the weights out again, so the "
            "choice hardly matters for the signal: keep what Keras does by default."
        )
    layers = counted(task.depth, f"{name} layer")
    words = (
        f"Its σ_w² is **{number(best.sigma_w2, 3)}** in the hidden layers. Through {layers} the signal's power changes "
        f"by the factor **{number(best.forward, 2)}** and the squared gradient by **{number(best.backward, 2)}**."
    )
    if default.kernel != best.kernel and abs(default.score - best.score) > ALIKE:
        words += (
            f" GlorotUniform, Keras’ default, has σ_w² = {number(default.sigma_w2, 3)}: factors "
            f"{number(default.forward, 2)} and {number(default.backward, 2)}."
        )
    return words


def _remarks(task: Task, best: Option) -> Iterable[str]:
    """What else to know: what no initializer mends, and what the optimizer or a normalization changes."""
    name = ACTIVATIONS[task.activation]
    if task.weights:
        yield "With weights at hand start from them: they beat every random start, and nothing needs to be chosen."
    if task.normalization != "none":
        yield "The Train page has no normalization: the test there shows what it saves you from."
    elif best.score > 6.0:
        words = f"No start carries a signal well through {counted(task.depth, f'{name} layer')}"
        yield f"{words}: take fewer layers, another activation, normalization or skip connections."
    if task.optimizer == "Adam" and not 0.1 < best.backward < 10.0:
        yield "Adam divides each gradient by its own size, so what is lost on the way back costs less than with SGD."
    if best.kernel.name == "Orthogonal":
        yield "Orthonormal kernels keep every direction's length, not only the mean: that pays in deep networks."
    if task.activation == "selu":
        yield (
            "LecunNormal keeps SELU's variance at 1, as its authors mean it, but is not critical: "
            f"χ₁ = {number(chi1('selu', 1.0, 0.0), 3)} there, so gradients grow slowly with depth."
        )
