"""Draw a signal through depth: a number for each layer, predicted (lines) and measured (points), and violins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from inits.figures import style
from inits.figures.layers import choose_layers
from inits.measure.signal_measurement import BINS, ValueHistogram

Array = NDArray[np.float64]

HALF = 0.46  # half of the widest violin, in layers
MAX_DECADES = 100.0  # that a log axis shows: beyond it lies nothing that a float32 holds
PANEL = 230  # pixels
LOG_FROM = 100.0  # reach of the widest layer over that of the narrowest from which the axis is logarithmic
LOG_BINS = 14  # octaves of a violin on a log axis


@dataclass(frozen=True)
class DepthSeries:
    """Values of one start, float (layers,) each: the prediction, and median, smallest and largest of the seeds.

    None while it is not known. `start` is the slot of its colour.
    """

    name: str
    start: int
    line: Array | None
    middle: Array | None = None
    low: Array | None = None
    high: Array | None = None


def magnitudes(
    layers: Sequence[str], series: Sequence[DepthSeries], title: str, *, x: str = "layer", height: int
) -> go.Figure:
    """Draw a positive number for each layer on a log axis."""
    low, high = _decades(values for one in series for values in (one.line, one.middle))
    axis = {**style.log_axis(low, high), "range": [np.log10(low), np.log10(high)]}
    return _by_layer(layers, series, "%{y:.2e}", (low, high), x=x, y=title, height=height, yaxis=axis)


def cosines(layers: Sequence[str], series: Sequence[DepthSeries], title: str, *, height: int) -> go.Figure:
    """Draw a cosine for each layer."""
    shown = [values for one in series for values in (one.line, one.middle) if values is not None]
    least = min((float(np.nanmin(values)) for values in shown if not np.isnan(values).all()), default=0.0)
    low, high = min(-0.02, 1.05 * least), 1.02
    axis = {"range": [low, high]}
    return _by_layer(layers, series, "%{y:.3f}", (low, high), x="layer", y=title, height=height, yaxis=axis)


def _by_layer(
    layers: Sequence[str],
    series: Sequence[DepthSeries],
    form: str,
    reach: tuple[float, float],
    **changes: Any,
) -> go.Figure:
    # Beside the labels at line ends a phone has room for ten digits, or for six longer numbers.
    ticks = choose_layers(len(layers), 10 if len(layers) <= 10 else 6)
    log = changes["yaxis"].get("type") == "log"
    fig = style.figure(
        xaxis={
            "tickvals": [i + 1 for i in ticks],
            "ticktext": [layers[i] for i in ticks],
            "range": [0.6, len(layers) + 0.4],
            "unifiedhovertitle": {"text": changes["x"] + " %{x}"},
        },
        hovermode="x unified",
        **changes,
    )
    places = np.arange(1, len(layers) + 1)
    shared = {"type": "scatter", "x": places, "hovertemplate": form}
    bands = [_band(one, places) for one in series if one.low is not None and one.high is not None]
    lines = [
        {**shared, "y": _seen(one.line), "mode": "lines", "line": style.start_line(one.start, 2),
         "name": f"{one.name}, predicted"}
        for one in series
        if one.line is not None
    ]  # fmt: skip
    points = [
        {**shared, "y": _seen(one.middle), "mode": "markers", "marker": style.start_marker(one.start),
         "name": f"{one.name}, measured"}
        for one in series
        if one.middle is not None
    ]  # fmt: skip
    fig.add_traces([*bands, *lines, *points])
    ends = [style.LineEnd(_last(one), one.name, one.start) for one in series]
    return style.end_labels(fig, ends, height=changes["height"], y_range=reach, log=log)


def _band(one: DepthSeries, places: NDArray[np.intp]) -> dict[str, Any]:
    assert one.low is not None
    assert one.high is not None
    known = np.isfinite(_seen(one.low)) & np.isfinite(_seen(one.high))
    return {
        "type": "scatter",
        "x": np.concatenate([places[known], places[known][::-1]]),
        "y": np.concatenate([one.high[known], one.low[known][::-1]]),
        "mode": "none",
        "fill": "toself",
        "fillcolor": style.faint(style.start_style(one.start).colour, style.BAND_OPACITY),
        "hoverinfo": "skip",
    }


def _seen(values: Array | None) -> Array:
    """Return the values, NaN where they have no place on an axis."""
    values = np.empty(0) if values is None else np.asarray(values, np.float64)
    sizes = np.abs(values)
    return np.where((sizes > 10**-MAX_DECADES) & (sizes < 10**MAX_DECADES), values, np.nan)


def _last(one: DepthSeries) -> float:
    """Return the height of the label: the last finite measured value, else the last predicted one."""
    for values in (one.middle, one.line):
        finite = _seen(values)
        finite = finite[np.isfinite(finite)]
        if finite.size:
            return float(finite[-1])
    return float("nan")


def _decades(shown: Iterable[Array | None]) -> tuple[float, float]:
    """Return the range of a log axis that contains all positive numbers, with a little room."""
    values = np.concatenate([np.empty(0), *(_seen(one) for one in shown)])
    values = values[np.isfinite(values) & (values > 0)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.1, 1.0)
    return low / 1.6, high * 1.6


@dataclass(frozen=True)
class ValueAxis:
    """The axis that the violins of several starts share."""

    low: float
    high: float
    log: bool


def common_axis(spreads: Iterable[Sequence[ValueHistogram]]) -> ValueAxis:
    """Return a linear axis for all values, or a log axis for absolute values if layers differ by decades."""
    known = [one for layers in spreads for one in layers if np.isfinite(one.reach) and one.reach > 0]
    if not known:
        return ValueAxis(-1.0, 1.0, False)
    least, most = min(one.reach for one in known), max(one.reach for one in known)
    if most > LOG_FROM * least:
        return ValueAxis(least * 2.0**-LOG_BINS, most * 1.5, True)
    low, high = min(one.low for one in known), max(one.high for one in known)
    air = 0.04 * ((high - low) or most)
    return ValueAxis(low - air, high + air, False)


def violins(
    layers: Sequence[str],
    spreads: Sequence[ValueHistogram],
    start: int,
    title: str,
    reach: ValueAxis,
    shown: int,
) -> go.Figure:
    """Draw the distribution of the values of each of the first `shown` layers as a violin."""
    axis: dict[str, Any] = {"range": [reach.low, reach.high]}
    if reach.log:
        axis = {**style.log_axis(reach.low, reach.high), "range": list(np.log10([reach.low, reach.high]))}
    ticks = choose_layers(len(layers), 10)
    fig = style.figure(
        x="layer",
        y=title,
        xaxis={"tickvals": [i + 1 for i in ticks], "ticktext": [layers[i] for i in ticks],
               "range": [0.4, len(layers) + 0.6]},
        yaxis=axis,
        height=PANEL,
    )  # fmt: skip
    outlines = [_outline(one, i + 1, reach.log) for i, one in enumerate(spreads[:shown])]
    gap = np.array([np.nan])
    xs = [np.concatenate([x, gap]) for x, _ in outlines]
    ys = [np.concatenate([y, gap]) for _, y in outlines]
    return fig.add_traces(
        {
            "type": "scatter",
            "x": np.concatenate([np.empty(0), *xs]),
            "y": np.concatenate([np.empty(0), *ys]),
            "mode": "lines",
            "line": {"color": style.start_style(start).colour, "width": 0.5},
            "fill": "toself",
            "fillcolor": style.faint(style.start_style(start).colour, 0.75),
            "hoverinfo": "skip",
        }
    )


def _outline(one: ValueHistogram, place: int, log: bool) -> tuple[Array, Array]:
    """Return the closed outline of one violin; empty if its values are not finite, or all 0 on a log axis."""
    if not np.isfinite(one.reach) or (one.reach == 0 and log):
        return np.empty(0), np.empty(0)
    if log:
        filled = int(np.flatnonzero(one.octaves)[-1]) + 1
        edges, counts = one.reach * 2.0 ** -np.arange(filled + 1.0), one.octaves[:filled]
    elif one.low == one.high:
        edges, counts = np.array([one.low, one.high]), np.ones(1, np.int32)
    else:
        edges, counts = np.linspace(one.low, one.high, BINS + 1), one.linear
    # One bin far above the others is the zeros of a ReLU: the others decide how wide a violin is.
    top = min(int(counts.max()), 3 * int(np.sort(counts)[-2])) if counts.size > 1 else int(counts.max())
    half = HALF * np.minimum(counts / (top or 1), 1.0)
    x, y = np.repeat(half, 2), np.repeat(edges, 2)[1:-1]
    outline = np.concatenate([place - x, place + x[::-1], place - x[:1]])
    return outline, np.concatenate([y, y[::-1], y[:1]])
