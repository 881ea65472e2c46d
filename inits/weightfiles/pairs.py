"""Compare two weight files: pairs of arrays, and the change from one to the other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inits.measure.array_summary import ArraySummary
from inits.measure.statistics import PIECE
from inits.weightfiles.weight_file import WeightFile


@dataclass(frozen=True)
class Change:
    """The change from one array to another of the same shape.

    Attributes:
        relative: norm of the difference over the norm of the first; inf if the first is all zeros.
        correlation: Pearson's correlation of the two; None if one is constant.
        equal: True if all values are equal.
    """

    relative: float
    correlation: float | None
    equal: bool


def pairs(first: Sequence[ArraySummary], second: Sequence[ArraySummary]) -> list[tuple[int, int]]:
    """Return the numbers of matching arrays: in order if all shapes agree, else by layer, name and shape."""
    if [one.shape for one in first] == [one.shape for one in second]:
        return [(number, number) for number in range(len(first))]
    known = {(one.layer, one.name, one.shape): number for number, one in enumerate(second)}
    keys = [(one.layer, one.name, one.shape) for one in first]
    return [(number, known[key]) for number, key in enumerate(keys) if key in known]


def changes(first: WeightFile, second: WeightFile) -> dict[tuple[int, int], Change]:
    """Return the change of each pair of arrays. Raises WeightFileError if a file was removed."""
    found = pairs(first.summaries, second.summaries)
    return {(a, b): change(first.values(a), second.values(b)) for a, b in found}


def change(first: NDArray[np.float32], second: NDArray[np.float32]) -> Change:
    """Return the change from one array to another of the same shape, computed in float64 piece by piece."""
    a, b = first.reshape(-1), second.reshape(-1)
    sums = np.zeros(6)
    equal = True
    for start in range(0, a.size, PIECE):
        x, y = a[start : start + PIECE].astype(np.float64), b[start : start + PIECE].astype(np.float64)
        sums += [x.sum(), y.sum(), x @ x, y @ y, x @ y, (y - x) @ (y - x)]
        equal = equal and np.array_equal(x, y)
    mean_x, mean_y, xx, yy, xy, moved = sums / max(1, a.size)
    spread = (xx - mean_x**2) * (yy - mean_y**2)
    floor = 1e-12 * xx * yy
    correlation = (xy - mean_x * mean_y) / math.sqrt(spread) if spread > floor and spread > 0 else None
    relative = math.sqrt(moved / xx) if xx > 0 else (math.inf if moved > 0 else 0.0)
    return Change(relative, correlation, equal)
