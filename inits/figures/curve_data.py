"""Curves of loss and accuracy as arrays: running means of a start's runs, merged over its seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import median

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inits.experiments.record import Record

FloatArray = NDArray[np.float32]

MAX_POINTS = 1000  # of a drawn curve; of a longer one only the extremes of each piece are kept
EARLY, PLACES = 30, 320  # steps at which seeds are merged: all first ones, then about as many over the epoch
LATE = 10  # steps before a divergence that are merged as well


@dataclass(frozen=True)
class Curve:
    """Running means of one start, merged over its seeds; all arrays are float32.

    Attributes:
        name, start: its label, and the slot of its colour, dash and marker.
        images: (n,) where the values are taken.
        middle, low, high: (n,) median, smallest and largest running mean of the seeds that came so far; NaN
            where none has a finite one.
        seeds: runs that have learned a batch.
        held_images, held: (points,) held-out values between steps, median over the seeds that have them.
        raw_images, raw: (steps,) each batch of the only run of the figure; None when there are more.
    """

    name: str
    start: int
    images: FloatArray
    middle: FloatArray
    low: FloatArray
    high: FloatArray
    seeds: int
    held_images: FloatArray
    held: FloatArray
    raw_images: FloatArray | None = None
    raw: FloatArray | None = None


def start_curves(
    name: str, start: int, records: Sequence[Record], batch_size: int, window: int, raw: bool = False
) -> tuple[Curve, Curve]:
    """Return the loss and accuracy curves of a start; the running mean is that of `window` batches.

    Args:
        name: label of the start.
        start: number of the start, from 0.
        records: one for each seed, as far as it is; they may be at different steps.
        batch_size: images a batch.
        window: batches of the running mean.
        raw: True when this is the only run of the figure: then every batch is kept.
    """
    raw = raw and len(records) == 1
    most = max((record.images for record in records), default=0)
    began = sum(record.done > 0 for record in records)
    points = [point for record in records for point in record.checkpoints]
    steps = np.arange(records[0].done) if raw else _places(records)

    def curve(batches: list[FloatArray], held: list[tuple[int, float]]) -> Curve:
        merged = merge(_means(batches, steps, window))
        held_steps, values = _by_step(held)
        images, held_images = _images(steps + 1, batch_size, most), _images(held_steps, batch_size, most)
        each = (images, batches[0]) if raw else (None, None)
        return Curve(name, start, images, *merged, began, held_images, values, *each)

    return (
        curve([record.losses for record in records], [(p.step, p.loss) for p in points]),
        curve([record.accuracies for record in records], [(p.step, p.accuracy) for p in points]),
    )


def _places(records: Sequence[Record]) -> NDArray[np.intp]:
    """Return the steps, from 0, at which seeds are merged: all early ones, where starts differ most, and the last.

    The others depend on the length of the epoch alone, so that a live curve grows without trembling. A loss
    rises to infinity within a few steps, so the last ones of a run that diverged are taken as well.
    """
    done = max((record.done for record in records), default=0)
    apart = max(1, -(-max((record.steps for record in records), default=0) // PLACES))
    ends = [np.arange(max(0, r.done - LATE), r.done) for r in records if r.divergence is not None]
    few = [np.arange(min(EARLY, done)), np.arange(EARLY, done, apart), np.arange(done)[-1:]]
    return np.unique(np.concatenate([*few, *ends]))


def _images(steps: NDArray[np.intp], batch_size: int, most: int) -> FloatArray:
    """Return the number of images seen after each step; the last batch may be shorter."""
    return np.minimum(steps * batch_size, most).astype(np.float32)


def _means(batches: Sequence[FloatArray], steps: NDArray[np.intp], window: int) -> FloatArray:
    """Return running means at some rising steps, (runs, steps); NaN if a run has not reached it or it is not finite."""
    means = np.full((len(batches), len(steps)), np.nan, np.float32)
    for row, run in zip(means, batches, strict=True):
        at = steps[: np.searchsorted(steps, len(run))]
        row[: len(at)] = means_at(run, window, at)
    means[~np.isfinite(means)] = np.nan
    return means


def merge(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return median, smallest and largest of each column of (runs, n) float32 without NaNs; NaN where all are."""
    if not len(values):
        values = np.full((1, values.shape[1]), np.nan, np.float32)
    ordered = np.sort(values, axis=0)  # NaN comes last
    last = np.maximum(np.count_nonzero(~np.isnan(values), axis=0) - 1, 0)
    columns = np.arange(values.shape[1])
    middle = ordered[last // 2, columns] / 2 + ordered[-(-last // 2), columns] / 2
    return middle, ordered[0], ordered[last, columns]


def _by_step(held: Iterable[tuple[int, float]]) -> tuple[NDArray[np.intp], FloatArray]:
    """Return (points,) rising steps, and the median of the finite values at each; NaN if there is none."""
    found: dict[int, list[float]] = {}
    for step, value in held:
        found.setdefault(step, []).extend([value] if isfinite(value) else [])
    medians = [median(found[step] or [nan]) for step in sorted(found)]
    return np.array(sorted(found), np.intp), np.array(medians, np.float32)


def means_at(values: FloatArray, window: int, at: NDArray[np.intp]) -> FloatArray:
    """Return the values of `smooth` at the rising indices `at`; much faster for a few of them."""
    if len(at) * window > 8 * len(values):
        return smooth(values, window)[at]
    first = np.maximum(at - window + 1, 0)
    ends = np.stack([first, at + 1], axis=1).ravel()
    # Every second sum is that of a window; those between them mean nothing. The zero lets the last one end.
    sums = np.add.reduceat(np.append(values, np.float32(0)), ends, dtype=np.float64)[::2]
    means: FloatArray = (sums / (at + 1 - first)).astype(np.float32)
    return means


def smooth(values: ArrayLike, window: int) -> FloatArray:
    """Return the mean of each value and the up to `window` - 1 before it, float32 (n,)."""
    values = np.asarray(values, np.float64)
    # Sums within blocks of one window: a loss of 1e20, or an infinite one, leaves with the window it is in.
    blocks = np.pad(values, (0, -len(values) % window)).reshape(-1, window)
    sums = np.cumsum(blocks, axis=1).ravel()[: len(values)]
    rest = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    first = np.arange(len(values)) - window + 1
    inside = (first > 0) & (first % window > 0)
    sums[inside] += rest[first[inside]]
    means: FloatArray = (sums / np.minimum(first + window, window)).astype(np.float32)
    return means


def thin(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return at most `MAX_POINTS` points of a curve: of each piece the lowest and the highest, in their order."""
    if len(y) <= MAX_POINTS:
        return x, y
    pieces = np.array_split(np.arange(len(y)), MAX_POINTS // 2)
    kept = np.array([sorted((p[np.argmin(y[p])], p[np.argmax(y[p])])) for p in pieces]).ravel()
    return x[kept], y[kept]
