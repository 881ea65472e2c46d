"""Singular values of a kernel and their Marchenko-Pastur law.

For an M x N matrix (M >= N; the transpose has the same values) of independent entries with mean 0 and
standard deviation s, the singular values fill [a, b] = s (sqrt M -+ sqrt N) with density
sqrt((x^2 - a^2)(b^2 - x^2)) / (pi s^2 N x). The law is exact as M and N grow together.
Marchenko & Pastur 1967; Pennington et al. 2017, arXiv:1711.04735, for networks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inits.errors import InitsError, SpecError
from inits.initializers.shapes import flattened

Array = NDArray[np.float64]
FEWEST = 8  # singular values that show a bulk
# Quantile 0.999 of the Tracy-Widom law, 3.3, plus the error of the scale, larger for the median of a square kernel.
ROOM, ROOM_OF_SQUARE = 3.5, 5.0


def singular_values(kernel: ArrayLike) -> Array:
    """Return the singular values from the largest down, float64 (min(rows, columns),).

    The kernel is flattened as Keras' Orthogonal does: all dimensions but the last are rows.

    Raises:
        InitsError: if the kernel is empty or a weight is not finite.
    """
    values = np.asarray(kernel, np.float64)
    if not values.size or not values.ndim or not np.isfinite(values).all():
        raise InitsError(f"kernel must have finite weights, but got an array of shape {values.shape}.")
    return np.asarray(np.linalg.svd(values.reshape(flattened(values.shape)), compute_uv=False), np.float64)


def _sides(shape: Sequence[int]) -> tuple[int, int]:
    """Return the (longer, shorter) side of the flattened kernel."""
    rows, columns = flattened(shape)
    return max(rows, columns), min(rows, columns)


def marchenko_pastur_edges(shape: Sequence[int], std: float) -> tuple[float, float]:
    """Return (a, b), the smallest and largest singular value of a large kernel of `shape` with entry std `std`.

    Raises:
        SpecError: if std is negative or not finite.
    """
    if not (math.isfinite(std) and std >= 0.0):
        raise SpecError(f"std must be at least 0, but got {std}.")
    long, short = _sides(shape)
    return std * (math.sqrt(long) - math.sqrt(short)), std * (math.sqrt(long) + math.sqrt(short))


def _spread(shape: Sequence[int], std: float) -> tuple[float, float, float]:
    """Return the edges and pi s^2 N."""
    low, high = marchenko_pastur_edges(shape, std)
    if std == 0.0:
        raise SpecError("std must be positive, but got 0.0.")
    return low, high, math.pi * std**2 * _sides(shape)[1]


def marchenko_pastur_pdf(singular_values: ArrayLike, shape: Sequence[int], std: float) -> Array:
    """Return the density of the singular values, shape of `singular_values`, 0 outside the edges.

    A square kernel has a = 0 and the density sqrt(b^2 - x^2) / (pi s^2 N): finite at 0.

    Raises:
        SpecError: if std is not positive.
    """
    x = np.asarray(singular_values, np.float64)
    low, high, area = _spread(shape, std)
    inside = (x >= low) & (x <= high)
    safe = np.where(inside, x, high)
    upper = np.sqrt((high - safe) * (high + safe))
    if low == 0.0:
        return np.where(inside, upper / area, np.where(np.isnan(x), np.nan, 0.0))
    lower = np.sqrt((safe - low) * (safe + low))
    return np.where(inside, lower * upper / (area * safe), np.where(np.isnan(x), np.nan, 0.0))


def marchenko_pastur_cdf(singular_values: ArrayLike, shape: Sequence[int], std: float) -> Array:
    """Return the share of the singular values <= x, shape of `singular_values`.

    The integral of the density, closed: with y = x^2, A = a^2, B = b^2, R = sqrt((y - A)(B - y)) it is
    [R + (A + B)/2 asin((2y - A - B)/(B - A)) - ab asin(((A + B)y - 2AB)/(y(B - A)))] / (2 pi s^2 N) + 1/2.

    Raises:
        SpecError: if std is not positive.
    """
    x = np.asarray(singular_values, np.float64)
    low, high, area = _spread(shape, std)
    a, b = low**2, high**2
    y = np.clip(x, low, high) ** 2
    total = np.sqrt(np.maximum((y - a) * (b - y), 0.0))
    total += 0.5 * (a + b) * np.arcsin(np.clip((2.0 * y - a - b) / (b - a), -1.0, 1.0))
    if low > 0.0:
        total -= low * high * np.arcsin(np.clip(((a + b) * y - 2.0 * a * b) / (y * (b - a)), -1.0, 1.0))
    return np.asarray(np.clip(total / (2.0 * area) + 0.5, 0.0, 1.0), np.float64)


def marchenko_pastur_median(shape: Sequence[int]) -> float:
    """Return the median singular value of a large kernel of `shape` with entry std 1."""
    return _median(_sides(shape))


@lru_cache(maxsize=4096)  # a file may have ten thousand kernels, most of them of few shapes
def _median(shape: tuple[int, int]) -> float:
    low, high = marchenko_pastur_edges(shape, 1.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = float(marchenko_pastur_cdf(middle, shape, 1.0)) < 0.5
        low, high = (middle, high) if below else (low, middle)
    return 0.5 * (low + high)


@dataclass(frozen=True)
class Bulk:
    """The part of a kernel's singular values that looks random.

    Attributes:
        std: of independent entries whose median singular value is that of the kernel.
        low, high: the Marchenko-Pastur edges for that std, with room for what chance moves the last one by.
        outside: how many singular values lie beyond.
        count: how many there are.
    """

    std: float
    low: float
    high: float
    outside: int
    count: int

    @property
    def share(self) -> float:
        """Return the share of the singular values outside the bulk."""
        return self.outside / self.count


def bulk(singular: ArrayLike, shape: Sequence[int]) -> Bulk | None:
    """Return the bulk of singular values that those of independent entries explain.

    A few large ones hardly move the median, so it gives the scale of the others. The largest and the smallest of a
    random kernel follow the law of Tracy and Widom about the edges, with scale (sqrt M +- sqrt N)
    (1/sqrt M +- 1/sqrt N)^(1/3) for squared singular values at std 1. Of random kernels at most one in a thousand
    passes an edge with its ROOM, of square ones with a side below 50 up to one in a hundred. Johnstone 2001, Ann.
    Statist. 29, 295; Martin & Mahoney 2021, arXiv:1810.01075, for trained ones.

    Returns:
        None for fewer than FEWEST singular values, or when half of them are 0.
    """
    values = np.asarray(singular, np.float64)
    median = float(np.median(values)) if values.size >= FEWEST else 0.0
    if not median > 1e-7 * float(values.max(initial=0.0)):
        return None
    std = median / marchenko_pastur_median(shape)
    long, short = (math.sqrt(side) for side in _sides(shape))
    room = (
        (ROOM if long > short else ROOM_OF_SQUARE)
        * (long + short)
        * (1.0 / long + 1.0 / short) ** (1.0 / 3.0)
    )
    high = std * math.sqrt((long + short) ** 2 + room)
    gap = ROOM * (long - short) * abs(1.0 / long - 1.0 / short) ** (1.0 / 3.0)
    low = std * math.sqrt(max(0.0, (long - short) ** 2 - gap))
    outside = int(np.count_nonzero((values > high) | (values < low)))
    return Bulk(std, low, high, outside, values.size)
