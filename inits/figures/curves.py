"""How runs learn: loss and accuracy over the images seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from inits.figures import style
from inits.record import Record

MOST_POINTS = 1000  # of a raw curve; beyond it only the extremes of each piece are drawn
MANY = 3000  # batches whose raw curve would fill the picture
CHANCE = 0.1


@dataclass(frozen=True)
class Curve:
    """One run: float32 (steps,) raw and smooth values by step, and (points,) held-out values between steps."""

    name: str
    start: int
    images: NDArray[np.float32]
    raw: NDArray[np.float32]
    smooth: NDArray[np.float32]
    held_images: NDArray[np.float32]
    held: NDArray[np.float32]


def of_run(name: str, start: int, record: Record, batch_size: int, window: int) -> tuple[Curve, Curve]:
    """Loss and accuracy of a run; the running mean is that of `window` batches."""
    images = np.minimum(np.arange(1, record.done + 1) * batch_size, record.images).astype(np.float32)
    points = record.checkpoints
    held_images = np.array([min(p.step * batch_size, record.images) for p in points], np.float32)

    def curve(raw: NDArray[np.float32], held: list[float]) -> Curve:
        return Curve(name, start, images, raw, smooth(raw, window), held_images, np.array(held, np.float32))

    losses = curve(record.losses, [point.loss for point in points])
    return losses, curve(record.accuracies, [point.accuracy for point in points])


def smooth(values: ArrayLike, window: int) -> NDArray[np.float32]:
    """Mean of each value and the up to `window` - 1 before it, float32 (n,)."""
    values = np.asarray(values, np.float64)
    # Sums within blocks of one window: a loss of 1e20, or an infinite one, leaves with the window it is in.
    blocks = np.pad(values, (0, -len(values) % window)).reshape(-1, window)
    sums = np.cumsum(blocks, axis=1).ravel()[: len(values)]
    rest = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    first = np.arange(len(values)) - window + 1
    inside = (first > 0) & (first % window > 0)
    sums[inside] += rest[first[inside]]
    means: NDArray[np.float32] = (sums / np.minimum(first + window, window)).astype(np.float32)
    return means


def thin(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """At most `MOST_POINTS` points of a curve: of each piece the lowest and the highest, in their order."""
    if len(y) <= MOST_POINTS:
        return x, y
    pieces = np.array_split(np.arange(len(y)), MOST_POINTS // 2)
    kept = np.array([sorted((p[np.argmin(y[p])], p[np.argmax(y[p])])) for p in pieces]).ravel()
    return x[kept], y[kept]


def loss(curves: Sequence[Curve], total: int, height: int = style.HERO) -> go.Figure:
    """Cross-entropy by images seen, log scale: faint per batch, bold its running mean, points held out."""
    fig = style.figure(x="images seen", y="cross-entropy")
    low, high = _loss_range(curves)
    _draw(fig, curves, "%{y:.3f}")
    fig.update_yaxes(style.log_axis(low, high), range=[np.log10(low), np.log10(high)])
    ends = [style.End(float(c.smooth[-1]), c.name, c.start) for c in curves if len(c.smooth)]
    if len(curves) > 1:
        style.end_labels(fig, ends, height=height, y_range=(low, high), log=True)
    return _finish(fig, total, height)


def _loss_range(curves: Sequence[Curve]) -> tuple[float, float]:
    """What the loss axis shows: the running means and the points, but for the highest peaks.

    One batch with a loss of 10^5 must not flatten the rest; where a mean ends is inside, up to nine decades.
    """
    seen = np.concatenate([np.empty(0), *(c.smooth for c in curves), *(c.held for c in curves)])
    seen = seen[np.isfinite(seen) & (seen > 0)]
    if not len(seen):
        return 0.2, 2.5
    means = [finite for c in curves if len(finite := c.smooth[np.isfinite(c.smooth)])]
    tops = [float(top) for mean in means for top in (np.percentile(mean, 99), mean[-1])]
    high = 1.3 * max([*tops, 1e-3] if tops else [float(seen.max())])
    low = min(max(float(seen.min()), 1e-4) / 1.8, high / 6)
    return low, min(high, 1e9 * low)


def accuracy(curves: Sequence[Curve], total: int, height: int = style.HERO) -> go.Figure:
    """Share of right answers by images seen, drawn as in `loss`; chance is a thin line."""
    fig = style.figure(x="images seen", y="accuracy")
    _draw(fig, curves, "%{y:.1%}")
    fig.add_hline(y=CHANCE, line={"color": style.MUTED, "width": 1, "dash": "dot"})
    fig.update_yaxes(range=[0, 1.02], tickformat=".0%")
    ends = [style.End(float(c.held[-1]), c.name, c.start) for c in curves if len(c.held)]
    if len(curves) > 1:
        style.end_labels(fig, ends, height=height, y_range=(0, 1.02))
    return _finish(fig, total, height)


def _draw(fig: go.Figure, curves: Sequence[Curve], form: str) -> None:
    for curve in curves:
        line = style.start_line(curve.start)
        x, y = thin(curve.images, curve.raw)
        pale = 0.25 if len(curve.raw) < MANY else 0.12
        fig.add_scatter(x=x, y=y, mode="lines", line={**line, "width": 1}, opacity=pale, hoverinfo="skip")
        x, y = thin(curve.images, curve.smooth)
        fig.add_scatter(x=x, y=y, mode="lines", line=line, name=f"{curve.name}, batches", hovertemplate=form)
        fig.add_scatter(
            x=curve.held_images,
            y=curve.held,
            mode="markers",
            marker={**style.start_marker(curve.start), "line": {"width": 1.5, "color": style.BACKGROUND}},
            name=f"{curve.name}, held out",
            hovertemplate=form,
        )


def _finish(fig: go.Figure, total: int, height: int) -> go.Figure:
    fig.update_xaxes(range=[-0.015 * total, total * 1.015], unifiedhovertitle_text="%{x:,.0f} images")
    return fig.update_layout(height=height, hovermode="x unified")
