"""How starts learn: loss and accuracy over the images seen, the seeds of a start merged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import median
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from inits.experiments.record import Record
from inits.figures import style

FloatArray = NDArray[np.float32]

MOST_POINTS = 1000  # of a raw curve; beyond it only the extremes of each piece are drawn
MANY = 3000  # batches whose raw curve would fill the picture
EARLY, PLACES = 30, 320  # of merged seeds: so many first steps, then about so many over the epoch
LATE = 10  # steps before a divergence that are taken as well
CHANCE = 0.1


@dataclass(frozen=True)
class Curve:
    """One start: running means, merged over its seeds. All arrays are float32, images seen or their values.

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


def of_start(
    name: str, start: int, records: Sequence[Record], batch_size: int, window: int, raw: bool = False
) -> tuple[Curve, Curve]:
    """Loss and accuracy of a start; the running mean is that of `window` batches.

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
    """The steps, from 0, at which seeds are merged: all early ones, because starts differ most there, and the last.

    The others depend on the length of the epoch alone, so that a live curve grows without trembling. A loss
    rises to infinity within a few steps, so the last ones of a run that diverged are taken as well.
    """
    done = max((record.done for record in records), default=0)
    apart = max(1, -(-max((record.steps for record in records), default=0) // PLACES))
    ends = [np.arange(max(0, r.done - LATE), r.done) for r in records if r.divergence is not None]
    few = [np.arange(min(EARLY, done)), np.arange(EARLY, done, apart), np.arange(done)[-1:]]
    return np.unique(np.concatenate([*few, *ends]))


def _images(steps: NDArray[np.intp], batch_size: int, most: int) -> FloatArray:
    """Images seen after so many steps: the last batch may be a short one."""
    return np.minimum(steps * batch_size, most).astype(np.float32)


def _means(batches: Sequence[FloatArray], steps: NDArray[np.intp], window: int) -> FloatArray:
    """Running means at some rising steps, (runs, steps); NaN where a run has not been or it is not finite."""
    means = np.full((len(batches), len(steps)), np.nan, np.float32)
    for row, run in zip(means, batches, strict=True):
        at = steps[: np.searchsorted(steps, len(run))]
        row[: len(at)] = means_at(run, window, at)
    means[~np.isfinite(means)] = np.nan
    return means


def merge(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Median, smallest and largest of each column of (runs, n) float32 without its NaNs; NaN where all are."""
    if not len(values):
        values = np.full((1, values.shape[1]), np.nan, np.float32)
    ordered = np.sort(values, axis=0)  # NaN comes last
    last = np.maximum(np.count_nonzero(~np.isnan(values), axis=0) - 1, 0)
    columns = np.arange(values.shape[1])
    middle = ordered[last // 2, columns] / 2 + ordered[-(-last // 2), columns] / 2
    return middle, ordered[0], ordered[last, columns]


def _by_step(held: Iterable[tuple[int, float]]) -> tuple[NDArray[np.intp], FloatArray]:
    """(points,) steps, rising, and the median of the finite values at each; NaN where none is."""
    found: dict[int, list[float]] = {}
    for step, value in held:
        found.setdefault(step, []).extend([value] if isfinite(value) else [])
    medians = [median(found[step] or [nan]) for step in sorted(found)]
    return np.array(sorted(found), np.intp), np.array(medians, np.float32)


def means_at(values: FloatArray, window: int, at: NDArray[np.intp]) -> FloatArray:
    """What `smooth` gives at the rising indices `at`; much faster for a few of them."""
    if len(at) * window > 8 * len(values):
        return smooth(values, window)[at]
    first = np.maximum(at - window + 1, 0)
    ends = np.stack([first, at + 1], axis=1).ravel()
    # Every second sum is that of a window; those between them mean nothing. The zero lets the last one end.
    sums = np.add.reduceat(np.append(values, np.float32(0)), ends, dtype=np.float64)[::2]
    means: FloatArray = (sums / (at + 1 - first)).astype(np.float32)
    return means


def smooth(values: ArrayLike, window: int) -> FloatArray:
    """Mean of each value and the up to `window` - 1 before it, float32 (n,)."""
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
    """At most `MOST_POINTS` points of a curve: of each piece the lowest and the highest, in their order."""
    if len(y) <= MOST_POINTS:
        return x, y
    pieces = np.array_split(np.arange(len(y)), MOST_POINTS // 2)
    kept = np.array([sorted((p[np.argmin(y[p])], p[np.argmax(y[p])])) for p in pieces]).ravel()
    return x[kept], y[kept]


def loss(curves: Sequence[Curve], total: int, height: int = style.HERO) -> go.Figure:
    """Cross-entropy by images seen, log scale: the running mean, a band over the seeds, points held out.

    One run alone shows each batch as well, faint.
    """
    low, high = _loss_range(curves)
    axis = {**style.log_axis(low, high), "range": [np.log10(low), np.log10(high)]}
    fig = style.figure(x="images seen", y="cross-entropy", yaxis=axis, **_layout(total, height))
    # Below the axis is as good as zero, which has no logarithm and would tear a band.
    fig.add_traces(_traces(curves, "%{y:.3f}", least=low / 10))
    return _label(fig, curves, height, (low, high), log=True)


def _loss_range(curves: Sequence[Curve]) -> tuple[float, float]:
    """What the loss axis shows: the running means and the points, but for the highest peaks.

    One batch with a loss of 10^5 must not flatten the rest; where a mean ends is inside, up to nine decades.
    """
    seen = np.concatenate([np.empty(0), *(c.low for c in curves), *(c.held for c in curves)])
    seen = seen[np.isfinite(seen) & (seen > 0)]
    if not len(seen):
        return 0.2, 2.5
    tops = _tops(curves) or [float(seen.max())]
    high = 1.3 * max([*tops, 1e-3])
    low = min(max(float(seen.min()), 1e-4) / 1.8, high / 6)
    return low, min(high, 1e9 * low)


def _tops(curves: Sequence[Curve]) -> list[float]:
    """How far up the loss axis shows each line; of one that diverged while others did not, only the lowest."""
    lost = [len(curve.middle) > 0 and bool(np.isnan(curve.middle[-1])) for curve in curves]
    tops = []
    for curve, gone in zip(curves, lost, strict=True):
        x, y = _drawn(curve.images, curve.middle)
        if len(y):
            tops += [float(y.min())] if gone and not all(lost) else [_percentile(x, y, 99), float(y[-1])]
    return tops


def _percentile(x: FloatArray, y: FloatArray, share: float) -> float:
    """Percentile of a curve by its length along x: merged curves have more points at their beginning."""
    return float(np.percentile(np.interp(np.linspace(x[0], x[-1], 2 * MOST_POINTS), x, y), share))


def accuracy(curves: Sequence[Curve], total: int, height: int = style.HERO) -> go.Figure:
    """Share of right answers by images seen, drawn as in `loss`; chance is a thin line."""
    chance = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": CHANCE, "y1": CHANCE}
    line = {"color": style.MUTED, "width": 1, "dash": "dot"}
    fig = style.figure(
        x="images seen",
        y="accuracy",
        yaxis={"range": [0, 1.02], "dtick": 0.2, "tickformat": ".0%"},
        shapes=[{**chance, "line": line}],
        **_layout(total, height),
    )
    fig.add_traces(_traces(curves, "%{y:.1%}"))
    return _label(fig, curves, height, (0, 1.02))


def _layout(total: int, height: int) -> dict[str, Any]:
    """What both figures share, given at once: each change of a plotly figure takes a millisecond."""
    axis = {"range": [-0.015 * total, total * 1.015], "unifiedhovertitle": {"text": "%{x:,.0f} images"}}
    return {"xaxis": axis, "height": height, "hovermode": "x unified"}


def _traces(curves: Sequence[Curve], form: str, least: float = 0.0) -> list[dict[str, Any]]:
    """Bands below, then faint batches, then lines, then points: no start's band covers another's line."""
    bands = [_band(curve, least) for curve in curves if curve.seeds > 1]
    batches = [_batches(curve.start, *_drawn(curve.raw_images, curve.raw)) for curve in curves]
    size = 6 if len(curves) > 1 else 7
    lines = [_line(curve, form) for curve in curves]
    return [*bands, *filter(None, batches), *lines, *(_points(curve, form, size) for curve in curves)]


def _drawn(x: FloatArray | None, y: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """The finite part of a curve: that of a run which diverged ends there."""
    if x is None or y is None:
        return np.empty(0, np.float32), np.empty(0, np.float32)
    finite = np.isfinite(y)
    return x[finite], y[finite]


def _band(curve: Curve, least: float) -> dict[str, Any]:
    x, low = _drawn(curve.images, curve.low)
    _, high = _drawn(curve.images, curve.high)
    return {
        "type": "scatter",
        "x": np.concatenate([x, x[::-1]]),
        "y": np.maximum(np.concatenate([high, low[::-1]]), np.float32(least)),
        "mode": "none",
        "fill": "toself",
        "fillcolor": style.faint(style.start_style(curve.start).colour, style.BAND_OPACITY),
        "hoverinfo": "skip",
    }


def _batches(start: int, x: FloatArray, y: FloatArray) -> dict[str, Any] | None:
    if not len(y):
        return None
    pale = 0.25 if len(y) < MANY else 0.12
    x, y = thin(x, y)
    line = style.start_line(start, 1)
    return {
        "type": "scatter", "x": x, "y": y, "mode": "lines", "line": line, "opacity": pale, "hoverinfo": "skip"
    }  # fmt: skip


def _line(curve: Curve, form: str) -> dict[str, Any]:
    x, y = thin(*_drawn(curve.images, curve.middle))
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines",
        "line": style.start_line(curve.start),
        "name": curve.name,
        "hovertemplate": form,
    }


def _points(curve: Curve, form: str, size: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": curve.held_images,
        "y": curve.held,
        "mode": "markers",
        "marker": {
            **style.start_marker(curve.start, size),
            "line": {"width": 1.5, "color": style.BACKGROUND},
        },
        "name": f"{curve.name}, held out",
        "hovertemplate": form,
    }


def _label(
    fig: go.Figure, curves: Sequence[Curve], height: int, y_range: tuple[float, float], log: bool = False
) -> go.Figure:
    """The names of several starts in one column, right of the one that came farthest."""
    if len(curves) < 2:
        return fig
    lasts = [_last(curve) for curve in curves]
    ends = [style.End(y, curve.name, curve.start) for curve, (_, y) in zip(curves, lasts, strict=True)]
    style.end_labels(fig, ends, height=height, y_range=y_range, log=log)
    place = {"xref": "x", "x": max(x for x, _ in lasts), "xshift": 6}
    # Set, not updated: plotly's `update_annotations` takes as long as the rest of the figure.
    fig.layout.annotations = [note.to_plotly_json() | place for note in fig.layout.annotations]
    return fig


def _last(curve: Curve) -> tuple[float, float]:
    """Where the line of a start ends, or its points while there is no line."""
    lines = _drawn(curve.images, curve.middle), _drawn(curve.held_images, curve.held)
    return next(((float(x[-1]), float(y[-1])) for x, y in lines if len(y)), (0.0, float("nan")))
