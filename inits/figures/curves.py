"""Draw loss and accuracy over the images seen, with the seeds of a start merged."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from inits.figures import style
from inits.figures.curve_data import MAX_POINTS, Curve, FloatArray, thin

MANY = 3000  # batches from which on a raw curve is drawn fainter
CHANCE = 0.1
PEAK = 10  # times the usual losses of a start: a higher peak is cut


def loss(curves: Sequence[Curve], total: int, height: int = style.HERO) -> go.Figure:
    """Draw cross-entropy by images seen on a log scale: running mean, band over the seeds, held-out points.

    One run alone shows each batch as well, faint.
    """
    low, high = _loss_range(curves)
    axis = {**style.log_axis(low, high), "range": [np.log10(low), np.log10(high)]}
    fig = style.figure(x="images seen", y="cross-entropy", yaxis=axis, **_layout(total, height))
    # Below the axis is as good as zero, which has no logarithm and would tear a band.
    fig.add_traces(_traces(curves, "%{y:.3f}", least=low / 10))
    return _label(fig, curves, height, (low, high), log=True)


def _loss_range(curves: Sequence[Curve]) -> tuple[float, float]:
    """Return the range of the loss axis: the running means and the points without the highest peaks.

    One batch with a loss of 10^5 must not flatten the rest, see `cut_above`; where a mean ends is inside, up to nine
    decades.
    """
    seen = np.concatenate([np.empty(0), *(c.low for c in curves), *(c.held for c in curves)])
    seen = seen[np.isfinite(seen) & (seen > 0)]
    if not len(seen):
        return 0.2, 2.5
    tops = _tops(curves) or [float(seen.max())]
    high = 1.3 * max([*tops, 1e-3])
    low = min(max(float(seen.min()), 1e-4) / 1.8, high / 6)
    return low, min(high, 1e9 * low)


def cut_above(curves: Sequence[Curve]) -> float | None:
    """Return the top of the loss axis if a line or band goes beyond it, else None."""
    _, high = _loss_range(curves)
    drawn = (_drawn(curve.images, curve.high)[1] for curve in curves)
    return high if any((y > high).any() for y in drawn) else None


def _tops(curves: Sequence[Curve]) -> list[float]:
    """Return the top of each line on the loss axis; only the minimum of one that diverged while others did not."""
    lost = [len(curve.middle) > 0 and bool(np.isnan(curve.middle[-1])) for curve in curves]
    tops = []
    for curve, gone in zip(curves, lost, strict=True):
        x, y = _drawn(curve.images, curve.middle)
        if len(y):
            usual, peak = _percentile(x, y, 99), float(y.max())
            whole = peak if peak <= PEAK * usual else usual
            tops += [float(y.min())] if gone and not all(lost) else [whole, float(y[-1])]
    return tops


def _percentile(x: FloatArray, y: FloatArray, share: float) -> float:
    """Return the percentile of a curve by its length along x: merged curves have more points at the beginning."""
    return float(np.percentile(np.interp(np.linspace(x[0], x[-1], 2 * MAX_POINTS), x, y), share))


def accuracy(curves: Sequence[Curve], total: int, height: int = style.HERO) -> go.Figure:
    """Draw the share of right answers by images seen as in `loss`; chance is a thin line."""
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
    """Return the layout of both figures, set at once: each change of a plotly figure takes a millisecond."""
    axis = {"range": [-0.015 * total, total * 1.015], "unifiedhovertitle": {"text": "%{x:,.0f} images"}}
    return {"xaxis": axis, "height": height, "hovermode": "x unified"}


def _traces(curves: Sequence[Curve], form: str, least: float = 0.0) -> list[dict[str, Any]]:
    """Return bands, then faint batches, then lines, then points, so that no band covers a line."""
    bands = [_band(curve, least) for curve in curves if curve.seeds > 1]
    batches = [_batches(curve.start, *_drawn(curve.raw_images, curve.raw)) for curve in curves]
    size = 6 if len(curves) > 1 else 7
    lines = [_line(curve, form) for curve in curves]
    return [*bands, *filter(None, batches), *lines, *(_points(curve, form, size) for curve in curves)]


def _drawn(x: FloatArray | None, y: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Return the finite part of a curve; that of a diverged run ends there."""
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
        "meta": curve.start,
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
        "meta": curve.start,
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
        "meta": curve.start,
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
    """Write the names of the starts that have begun in one column, to the right of the longest line."""
    if len(curves) < 2:
        return fig
    lasts = [(curve, *end) for curve in curves if (end := _last(curve))]
    ends = [style.LineEnd(y, curve.name, curve.start) for curve, _, y in lasts]
    style.end_labels(fig, ends, height=height, y_range=y_range, log=log)
    place = {"xref": "x", "x": max((x for _, x, _ in lasts), default=0.0), "xshift": 6}
    # Set, not updated: plotly's `update_annotations` takes as long as the rest of the figure.
    fig.layout.annotations = [note.to_plotly_json() | place for note in fig.layout.annotations]
    return fig


def _last(curve: Curve) -> tuple[float, float] | None:
    """Return the end of the line of a start, or of its points while there is no line; None if it has not begun."""
    lines = _drawn(curve.images, curve.middle), _drawn(curve.held_images, curve.held)
    return next(((float(x[-1]), float(y[-1])) for x, y in lines if len(y)), None)
