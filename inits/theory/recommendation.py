"""Recommend an initializer for a network by what mean-field theory predicts for the signal.

A named initializer is recommended unless a variance scale fitted to the depth is clearly better. Where that is better
than the usual initializer of an activation, it is the next option.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inits.data.datasets import DATASETS, DEFAULT
from inits.initializers.spec import InitializerSpec
from inits.theory.logits import expected_squared_gradient
from inits.theory.meanfield import critical_sigma_w2, moments, tabulated_moments
from inits.theory.options import Option, Task, evaluate_option
from inits.theory.reasons import MAX_TIE, PREFERRED, reason, remarks
from inits.theory.signal_theory import TYPICAL_INPUTS

Array = NDArray[np.float64]

NAMED = ("HeNormal", "HeUniform", "GlorotUniform", "GlorotNormal", "LecunNormal", "Orthogonal")
SCALES = np.geomspace(1 / 32, 256.0, 79)
ROUNDS, POINTS = 4, 9  # of the search between two of them
MAX_DIGITS = 6  # of a fitted scale
MAX_ROUNDING = 0.03  # by which rounding a fitted scale may change the signal or its gradient
MAX_NAMED_PENALTY = 1.0  # of a named initializer over a fitted scale: the factor e in all
MAX_PREFERRED_PENALTY = 5.0  # of a preferred initializer over a fitted scale: a factor of 150 in all
ORTHOGONAL_DEPTH = 20  # hidden layers from which on orthonormal kernels are worth their cost
# Activations close to linear near 0: Pennington et al. 2017.
NEAR_LINEAR = ("tanh", "linear", "hard_tanh", "softsign", "erf")


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
    """Return the recommendation for a task. Takes up to a second for 50 layers."""
    named = [evaluate_option(task, InitializerSpec(name)) for name in NAMED]
    scale = ("scale", _fitted(task.activation, task.depth))
    fitted = evaluate_option(task, InitializerSpec("VarianceScaling", (scale,)))
    least = min(one.score for one in named)
    ordered = sorted(named, key=lambda one: _rank(task, one, least))
    usual = PREFERRED.get(task.activation, ())
    if task.normalization != "none":
        ordered.sort(key=lambda one: one.kernel.name != "GlorotUniform")
    elif any(one.kernel.name in usual and one.score < fitted.score + MAX_PREFERRED_PENALTY for one in named):
        ordered.sort(key=lambda one: one.kernel.name not in usual)
        if fitted.score + MAX_NAMED_PENALTY < ordered[0].score:
            ordered.insert(1, fitted)
    elif fitted.score + MAX_NAMED_PENALTY < least:
        ordered.insert(0, fitted)
    best, *others = ordered
    options = (best, *_alternatives(best, others))
    default = evaluate_option(task, InitializerSpec("GlorotUniform"))
    return Recommendation(options, reason(task, options, default), tuple(remarks(task, options)))


@lru_cache(maxsize=256)
def _fitted(phi: str, depth: int) -> float:
    """Return the scale with the least change forward and backward, with as few digits as keep that change.

    Images of different strengths fade and explode at different scales, so their means decide, as in `Option`: with
    the scale for an image of mean strength, the brightest images explode in a deep network.
    """
    squares = np.array(TYPICAL_INPUTS[DEFAULT].squares)
    scales, images = SCALES, squares.mean(keepdims=True)
    for _ in range(ROUNDS):
        place = int(np.argmin(_change(phi, depth, scales, images, tabulated_moments)))
        low, high = scales[max(place - 1, 0)], scales[min(place + 1, len(scales) - 1)]
        scales, images = np.geomspace(low, high, POINTS), squares
    critical = critical_sigma_w2(phi)
    scales = scales if critical is None else np.append(scales, critical)
    best = scales[np.argmin(_change(phi, depth, scales, squares, tabulated_moments))]
    least = _change(phi, depth, np.array([best]), squares)[0]
    rounded = np.array([float(f"{best:.{digits}g}") for digits in range(2, MAX_DIGITS + 1)])
    near = _change(phi, depth, rounded, squares) <= least + MAX_ROUNDING
    return float(rounded[int(np.argmax(near)) if near.any() else -1])


def _change(
    phi: str,
    depth: int,
    scales: Array,
    squares: Array,
    of: Callable[[str, Array], tuple[Array, Array]] = moments,
) -> Array:
    """Return the distance of `Option.forward` and `backward` from 1 by scale, in logarithms; inf where they overflow.

    A root of squares shares the change between both, where a sum would leave it all to one of them.

    Args:
        squares: mean square of each image.
        of: returns the moments of the activation.
    """
    weights = scales[:, None]
    q = weights * squares
    growth, first = np.zeros_like(q), q.mean(1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(depth - 1):
            following, slopes = of(phi, q)
            growth += np.log(weights * slopes)
            q = weights * following
        following, slopes = of(phi, q)
        logits = np.nan_to_num(weights * following, nan=np.inf)
        last = expected_squared_gradient(logits, DATASETS[DEFAULT].classes) * slopes
        backward = (np.exp(growth) * last).mean(1) / last.mean(1)
        changes = np.hypot(np.log(q.mean(1) / first), np.log(backward))
    return np.where(np.isfinite(changes), changes, np.inf)


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
