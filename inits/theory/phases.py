"""Ordered and chaotic phases of deep networks of one activation, over a plane of weight and bias variances.

At every (sigma_w^2, sigma_b^2): chi1 at the fixed point q* that variances reach from 1. Below 1 inputs become equal and
gradients vanish (ordered), above 1 inputs separate and gradients explode (chaotic); chi1 = 1 is the critical line.
Schoenholz et al. 2017, arXiv:1611.01232. The whole plane is computed at once, about 100 times as fast as point by
point.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inits.theory.meanfield import chi, critical_sigma_w2, depth_scale, variance_map

Array = NDArray[np.float64]

COLUMNS, ROWS, POINTS = 60, 41, 41
MIN_SIGMA_W2, MAX_SIGMA_B2 = 4.0, 0.5
CRITICAL_MARGIN = 1.5  # range of sigma_w^2 over the largest critical value
# Logarithms of variances 5% apart; below the first a signal has vanished, above the last it explodes.
_LOGS = np.arange(-600, 601) / 50 * np.log(10.0)
_ONE = 600
_STEPS = 4  # of the secant method: from 5% to 10 digits


@dataclass(frozen=True, eq=False)
class PhasePlane:
    """Phases of one activation, float64.

    Attributes:
        sigma_w2: (COLUMNS,) rising, from above 0.
        sigma_b2: (ROWS,) rising from 0.
        variance: (ROWS, COLUMNS) q*; 0 where the signal vanishes, inf where it explodes.
        chi1: (ROWS, COLUMNS) chi at q*.
        critical: (2, POINTS) sigma_w^2 and sigma_b^2 along the critical line; sigma_w^2 is NaN where there is none.
    """

    sigma_w2: Array
    sigma_b2: Array
    variance: Array
    chi1: Array
    critical: Array

    @property
    def depth_scale(self) -> Array:
        """Depth scale xi in layers, (ROWS, COLUMNS)."""
        return np.reshape([depth_scale(one) for one in self.chi1.flat], self.chi1.shape)


def phase_plane(activation: str) -> PhasePlane:
    """Return the plane of an activation: sigma_b^2 up to 0.5, sigma_w^2 up to 4 or well beyond the critical line.

    Raises:
        SpecError: for an unknown activation and for softmax.
    """
    critical = critical_line(activation)
    most = max(MIN_SIGMA_W2, CRITICAL_MARGIN * float(np.nanmax(critical[0], initial=0.0)))
    sigma_b2 = np.linspace(0.0, MAX_SIGMA_B2, ROWS)
    sigma_w2 = np.linspace(0.0, most, COLUMNS + 1)[1:]
    w, b = (plane.ravel() for plane in np.meshgrid(sigma_w2, sigma_b2))
    variance = fixed_points(activation, w, b)
    chi1 = w * chi(activation, variance, 1.0)
    shape = (ROWS, COLUMNS)
    return PhasePlane(sigma_w2, sigma_b2, variance.reshape(shape), chi1.reshape(shape), critical)


def critical_line(activation: str) -> Array:
    """Return `PhasePlane.critical`, with many points at small sigma_b^2, where tanh's line leaves its axis steeply."""
    sigma_b2 = MAX_SIGMA_B2 * np.linspace(0.0, 1.0, POINTS) ** 3
    found = [critical_sigma_w2(activation, float(b)) for b in sigma_b2]
    return np.array([[np.nan if one is None else one for one in found], sigma_b2], np.float64)


def fixed_points(activation: str, w: Array, b: Array) -> Array:
    """Return q* of each pair of sigma_w^2 > 0 and sigma_b^2 >= 0, float64 (n,), as `meanfield.fixed_point`."""
    variances = np.exp(_LOGS)
    squares = variance_map(activation, variances, 1.0, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        growth = np.outer(w, squares / variances) + np.outer(b, 1.0 / variances) - 1.0
    signs = np.where(np.abs(growth) > 1e-13, np.sign(np.nan_to_num(growth, nan=1.0)), 0.0)
    up = signs[:, _ONE] > 0.0
    # The first grid point above 1 where the variance falls, or below 1 where it rises.
    above, below = signs[:, _ONE:] < 0.0, signs[:, _ONE::-1] > 0.0
    steps = np.where(up, above.argmax(axis=1), below.argmax(axis=1))
    there = np.where(up, above.any(axis=1), below.any(axis=1))
    found = np.where(signs[:, _ONE] == 0.0, 1.0, np.where(up, np.inf, 0.0))
    cells = np.flatnonzero(there)
    inner = _ONE + np.where(up, steps, -steps)[cells]
    outer = inner - np.where(up, 1, -1)[cells]
    found[cells] = np.exp(
        _refined(
            activation,
            w[cells],
            b[cells],
            (_LOGS[outer], _LOGS[inner]),
            growth[cells, outer],
            growth[cells, inner],
        )
    )
    return found


def _refined(
    activation: str, w: Array, b: Array, ends: tuple[Array, Array], before: Array, now: Array
) -> Array:
    """Return the logarithms of the fixed points between two `ends`, by the secant method on the growth."""
    first, last = ends
    low, high = np.minimum(first, last), np.maximum(first, last)
    for _ in range(_STEPS):
        with np.errstate(divide="ignore", invalid="ignore"):
            step = now * (last - first) / (now - before)
        # The secant is flat where the root has converged.
        first, last = last, np.clip(last - np.where(np.isfinite(step), step, 0.0), low, high)
        q = np.exp(last)
        before, now = now, (w * variance_map(activation, q, 1.0, 0.0) + b) / q - 1.0
    return last
