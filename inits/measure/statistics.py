"""Compute statistics of weights and their distance from the law they were drawn from.

Everything is computed in float64. Standard errors come from the law's own moments (delta method).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from inits.errors import InitsError
from inits.initializers.laws import Atoms, Law

Array = NDArray[np.float64]
PIECE = 1 << 20  # values that are in float64 at a time


@dataclass(frozen=True)
class Summary:
    """Statistics of an array: the count of all values, the others of the finite ones (NaN if there are none).

    `std` divides by the count; `kurtosis` is the excess kurtosis, None when all values are equal.
    """

    count: int
    nan: int
    inf: int
    mean: float
    std: float
    min: float
    max: float
    kurtosis: float | None

    @classmethod
    def of(cls, values: ArrayLike) -> "Summary":
        """Return the summary of an array of any shape, computed in pieces to save memory."""
        flat = np.asarray(values).reshape(-1)
        pieces = [_finite(flat[first : first + PIECE]) for first in range(0, flat.size, PIECE)]
        finite = sum(piece.size for piece in pieces)
        nan = sum(int(np.count_nonzero(np.isnan(flat[i : i + PIECE]))) for i in range(0, flat.size, PIECE))
        inf = flat.size - finite - nan
        if not finite:
            return cls(flat.size, nan, inf, math.nan, math.nan, math.nan, math.nan, None)
        low = min(float(piece.min()) for piece in pieces if piece.size)
        high = max(float(piece.max()) for piece in pieces if piece.size)
        mean, std, kurtosis = _moments(pieces, finite, low, high)
        return cls(flat.size, nan, inf, mean, std, low, high, kurtosis)


def _finite(piece: NDArray[Any]) -> NDArray[Any]:
    """Return the finite values: the piece itself when all are."""
    good = np.isfinite(piece)
    return piece if good.all() else piece[good]


def _moments(
    pieces: Sequence[NDArray[Any]], count: int, low: float, high: float
) -> tuple[float, float, float | None]:
    """Return mean, std and excess kurtosis, computed in units of the range so that no power over- or underflows."""
    middle, reach = 0.5 * low + 0.5 * high, 0.5 * high - 0.5 * low
    if reach == 0.0:
        return low, 0.0, None

    def average(function: Callable[[Array], Array]) -> float:
        scaled = ((piece.astype(np.float64) - middle) / reach for piece in pieces)
        return math.fsum(float(function(one).sum()) for one in scaled) / count

    mean = average(lambda x: x)
    variance = average(lambda x: (x - mean) ** 2)
    fourth = average(lambda x: ((x - mean) ** 2) ** 2)
    return middle + reach * mean, reach * math.sqrt(variance), fourth / variance**2 - 3.0


def histogram(
    values: ArrayLike, bins: int = 80, limits: tuple[float, float] | None = None
) -> tuple[Array, Array]:
    """Return (edges, density), float64 (bins + 1,) and (bins,), over `limits` or the range of the values.

    The density is per unit of weight and shares of all finite values, so a law's pdf lies over it; values
    outside the limits count in the total. Values that are not finite are left out.

    Raises:
        InitsError: if bins < 1 or the limits are not finite and rising.
    """
    flat = np.asarray(values, np.float64).ravel()
    finite = flat[np.isfinite(flat)]
    if bins < 1:
        raise InitsError(f"bins must be at least 1, but got {bins}.")
    low, high = limits or _range(finite)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InitsError(f"limits must be finite and rising, but got {limits}.")
    counts, edges = np.histogram(finite, bins, (low, high))
    return edges, counts / (max(1, finite.size) * np.diff(edges))


def _range(finite: Array) -> tuple[float, float]:
    """Return the smallest and largest value, widened when they are equal."""
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (-0.5, 0.5)
    margin = max(0.5 * abs(low), 1e-3) if high - low <= 1e-12 * abs(low) else 0.0
    return low - margin, high + margin


class Distance(NamedTuple):
    """Kolmogorov's distance and the probability of a larger one by chance, if that is known."""

    distance: float
    p: float | None


def kolmogorov(values: ArrayLike, law: Law) -> Distance:
    """Return the largest gap between the values' distribution function and the law's, two-sided.

    p is the asymptotic law with Vrbik's (2018) correction for few values, good to 0.003 from 10 values on
    (Stephens' of 1970 is good to 0.02); it is None when the law has atoms or the weights are not
    independent. Atoms are rounded to the values' dtype first.

    Raises:
        InitsError: if there are no values or some are NaN.
    """
    array = np.asarray(values)
    flat = np.sort(array, axis=None).astype(np.float64)  # float32 sorts faster
    if not flat.size or np.isnan(flat[-1]):
        raise InitsError(
            f"values must be at least one and not NaN, but got {flat.size} values, some of them NaN or none."
        )
    rounded = _as_stored(law.atoms, array.dtype)
    if rounded:
        law = Atoms(rounded)
    points = np.unique(np.concatenate([flat, [value for value, _ in rounded]])) if rounded else flat
    above = law.cdf(points)
    below = above.copy()
    for value, probability in rounded:
        below[points == value] -= probability
    gap = max(
        np.abs(np.searchsorted(flat, points, side="right") / flat.size - above).max(),
        np.abs(np.searchsorted(flat, points, side="left") / flat.size - below).max(),
    )
    return Distance(float(gap), _chance(float(gap), flat.size) if law.independent else None)


def _chance(gap: float, n: int) -> float:
    """Return the probability that n independent values have a distance of at least `gap`."""
    root = math.sqrt(n)
    scaled = gap * root
    return float(special.kolmogorov(scaled + 1.0 / (6.0 * root) + (scaled - 1.0) / (4.0 * n)))


def _as_stored(atoms: tuple[tuple[float, float], ...], dtype: np.dtype) -> tuple[tuple[float, float], ...]:
    if not np.issubdtype(dtype, np.floating):
        return atoms
    return tuple((float(dtype.type(value)), probability) for value, probability in atoms)


class Row(NamedTuple):
    """Comparison of a statistic; `errors` is measured - theory in standard errors. None: not defined."""

    name: str
    measured: float | None
    theory: float | None
    errors: float | None


def compare(values: ArrayLike, law: Law, fan_in: int | None = None) -> tuple[Row, ...]:
    """Return rows mean, std, sigma_w^2 (with `fan_in`: fan_in times the variance), min, max, excess kurtosis.

    Theory for min and max: see `extremes`.
    Orthogonal kernels have a fixed sum of squares: only their mean has a sampling error.

    Raises:
        InitsError: if there is no finite value.
    """
    found = Summary.of(values)
    n = found.count - found.nan - found.inf
    if n < 1:
        raise InitsError(
            f"values must have at least one finite number, but got {found.count} values without any."
        )
    std, mean_error, std_error, kurtosis_error = law.std, *_standard_errors(law, n)
    rows = [
        _row("mean", found.mean, law.mean, mean_error),
        _row("std", found.std, std, std_error),
    ]
    if fan_in is not None:
        error = None if std_error is None else 2.0 * fan_in * std * std_error
        rows.append(_row("sigma_w^2", fan_in * found.std**2, fan_in * std**2, error))
    low, high = extremes(law, n)
    return (
        *rows,
        _row("min", found.min, low, None),
        _row("max", found.max, high, None),
        _row("excess kurtosis", found.kurtosis, law.kurtosis, kurtosis_error),
    )


def has_sharp_ends(law: Law) -> bool:
    """Return True if the density ends abruptly, so that draws come close to the ends of the support."""
    ends = law.pdf(law.support) if np.isfinite(law.support).all() else np.zeros(2)
    return bool(law.atoms) or bool((ends > 0).all() and np.isfinite(ends).all())


def extremes(law: Law, n: int) -> tuple[float, float]:
    """Return the expected smallest and largest of n weights.

    The ends of the support where the law has sharp ones; else the medians for n independent draws (orthogonal
    entries depend weakly on each other: close from about 100 weights on).
    """
    if has_sharp_ends(law):
        return law.support
    low, high = law.ppf([-math.expm1(-math.log(2.0) / n), 0.5 ** (1.0 / n)])
    return float(low), float(high)


def _row(name: str, measured: float | None, theory: float | None, error: float | None) -> Row:
    if not error or measured is None or theory is None:
        return Row(name, measured, theory, None)
    return Row(name, measured, theory, (measured - theory) / error)


def _standard_errors(law: Law, n: int) -> tuple[float | None, float | None, float | None]:
    """Return the standard errors of mean, std and excess kurtosis of n weights; None where nothing varies.

    With m_k the moments in units of std, Var(std) = std^2 (m4 - 1) / 4n and
    Var(kurtosis) = (m8 - m4^2 + 4 m4^2 (m4 - 1) - 4 m4 (m6 - m4)) / n.
    """
    mean = law.std / math.sqrt(n) if law.uncorrelated else None
    if not law.independent:
        return mean, None, None
    m4, m6, m8 = (law.moment(k) / law.std**k for k in (4, 6, 8))
    spread = m8 - m4**2 + 4.0 * m4**2 * (m4 - 1.0) - 4.0 * m4 * (m6 - m4)
    return mean, 0.5 * law.std * math.sqrt((m4 - 1.0) / n), math.sqrt(spread / n)


def qq(values: ArrayLike, law: Law, points: int = 200) -> tuple[Array, Array]:
    """Return (theory, drawn) quantiles at the levels (i - 1/2)/k, float64 (k,), k = min(points, finite values).

    Raises:
        InitsError: if there is no finite value or points < 1.
    """
    flat = np.asarray(values, np.float64).ravel()
    finite = flat[np.isfinite(flat)]
    if not finite.size or points < 1:
        raise InitsError(f"points and values must be at least 1, but got {points} and {finite.size}.")
    count = min(points, finite.size)
    levels = (np.arange(count) + 0.5) / count
    return law.ppf(levels), np.quantile(finite, levels, method="hazen")
