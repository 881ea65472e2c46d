"""Recommend an initializer for a network by what mean-field theory predicts for the signal.

A named initializer is recommended unless a variance scale fitted to the depth is clearly better. Where that is better
than the usual initializer of an activation, it is the next option.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from inits.data.datasets import DEFAULT
from inits.initializers.spec import InitializerSpec
from inits.theory.meanfield import chi, critical_sigma_w2, variance_map
from inits.theory.options import Option, Task, evaluate_option
from inits.theory.reasons import MAX_TIE, PREFERRED, reason, remarks
from inits.theory.signal_theory import TYPICAL_INPUTS

NAMED = ("HeNormal", "HeUniform", "GlorotUniform", "GlorotNormal", "LecunNormal", "Orthogonal")
SCALES = np.array([float(f"{one:.2g}") for one in np.geomspace(0.25, 256.0, 61)])
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
    """Return the recommendation for a task. Takes some milliseconds for each of about 70 scales."""
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
    """Return the scale with the least change forward and backward for an image of mean strength, all at once."""
    critical = critical_sigma_w2(phi)
    scales = SCALES if critical is None else np.append(SCALES, float(f"{critical:.4g}"))
    q = scales * np.mean(TYPICAL_INPUTS[DEFAULT].squares)
    growth, first = np.zeros(len(scales)), q
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(depth - 1):
            growth += np.log(scales * chi(phi, q, 1.0))
            q = scales * variance_map(phi, q, 1.0, 0.0)
        score = np.abs(np.log(q / first)) + np.abs(growth)
    return float(scales[np.argmin(np.where(np.isfinite(score), score, np.inf))])


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
