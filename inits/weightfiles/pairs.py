"""Two weight files side by side: which arrays belong together, and how far they moved."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inits.measure.array_summary import Survey
from inits.measure.statistics import PIECE
from inits.weightfiles.store import WeightFile


@dataclass(frozen=True)
class Change:
    """From one array to another of its shape.

    Attributes:
        relative: length of the difference over the length of the first; inf when the first is all zeros.
        correlation: of the two, about their means; None where one does not vary.
        equal: whether they are the same to the bit.
    """

    relative: float
    correlation: float | None
    equal: bool


def pairs(first: Sequence[Survey], second: Sequence[Survey]) -> list[tuple[int, int]]:
    """Numbers of arrays that belong together: in order if all shapes agree, else by layer, name and shape."""
    if [one.shape for one in first] == [one.shape for one in second]:
        return [(number, number) for number in range(len(first))]
    known = {(one.layer, one.name, one.shape): number for number, one in enumerate(second)}
    keys = [(one.layer, one.name, one.shape) for one in first]
    return [(number, known[key]) for number, key in enumerate(keys) if key in known]


def changes(first: WeightFile, second: WeightFile) -> dict[tuple[int, int], Change]:
    """How far each pair of arrays moved. Raises WeightFileError when a file is gone."""
    found = pairs(first.surveys, second.surveys)
    return {(a, b): change(first.values(a), second.values(b)) for a, b in found}


def change(first: NDArray[np.float32], second: NDArray[np.float32]) -> Change:
    """The change from one array to another of its shape, in float64, a piece at a time."""
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
