"""Draw a number for each layer of each start: gradients, weights or shares of dead units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from inits.figures import style
from inits.text import counted


@dataclass(frozen=True)
class Series:
    """A number for each layer of one start: float (layers,), at its beginning (or None) and now."""

    name: str
    start: int
    before: ArrayLike | None
    now: ArrayLike


def choose_layers(count: int, most: int = 6) -> list[int]:
    """Return at most `most` of `count` layer indices, evenly spread, with the first and the last."""
    return sorted({int(i) for i in np.linspace(0, count - 1, min(count, most)).round()})


def by_layer(
    names: Sequence[str],
    series: Sequence[Series],
    title: str,
    *,
    share: bool = False,
    every: ArrayLike | None = None,
) -> go.Figure:
    """Draw a number for each layer: shares from 0 to 100%, or a log axis.

    One start is dotted at its beginning and solid now; of several only now is drawn, with their names.
    The log axis holds `every` (any shape) as well, so that it stays as it is from moment to moment.
    """
    alone = len(series) == 1
    fig = style.figure(y=title, xaxis_nticks=8, height=style.SMALL, hovermode="x unified")
    fig.add_traces(_by_layer(names, series, "%{y:.1%}" if share else "%{y:.2e}"))
    if share:
        low, high = -0.03, 1.03
        fig.update_yaxes(range=[low, high], tickformat=".0%")
    else:
        shown = [values for one in series for values in (one.before if alone else None, one.now, every)]
        low, high = _decades(shown)
        fig.update_yaxes(style.log_axis(low, high), range=[np.log10(low), np.log10(high)])
    if not alone:
        ends = [style.LineEnd(float(np.asarray(one.now)[-1]), one.name, one.start) for one in series]
        style.end_labels(fig, ends, height=style.SMALL, y_range=(low, high), log=not share)
        # Beside these labels a phone has room for three more.
        fig.update_xaxes(tickvals=choose_layers(len(names), 3))
    return fig


def _by_layer(names: Sequence[str], series: Sequence[Series], form: str) -> list[dict[str, Any]]:
    alone = len(series) == 1
    shared = {"type": "scatter", "x": list(names), "hovertemplate": form}
    before = [
        {
            "y": np.asarray(one.before, float),
            "mode": "lines",
            "line": {**style.start_line(one.start, 1.5), "dash": "dot"},
            "name": "at the start",
        }
        for one in series
        if alone and one.before is not None
    ]
    now = [
        {
            "y": np.asarray(one.now, float),
            "mode": "lines+markers",
            "line": style.start_line(one.start),
            "marker": style.start_marker(one.start),
            "meta": one.start,
            "name": "now" if alone else one.name,
        }
        for one in series
    ]
    return [shared | trace for trace in before + now]


def _decades(shown: Iterable[ArrayLike | None]) -> tuple[float, float]:
    """Return the range of a log axis that contains all positive numbers, with a little room."""
    given = [np.ravel(np.asarray(one, float)) for one in shown if one is not None]
    values = np.concatenate([np.empty(0), *given])
    values = values[np.isfinite(values) & (values > 0)]
    low, high = (values.min(), values.max()) if len(values) else (0.1, 1.0)
    return float(low) / 2, float(high) * 2


def silent(names: Sequence[str], series: Sequence[Series]) -> str:
    """Return a sentence on gradients of exactly 0, which a log axis cannot show; "" if there are none."""
    zeros = [(one.name, np.asarray(one.now) == 0) for one in series]
    zeros = [(name, zero) for name, zero in zeros if zero.any()]
    if not zeros:
        return ""
    if len(series) == 1:
        zero = zeros[0][1]
        layers = [name for name, nothing in zip(names, zero, strict=True) if nothing]
        return f"No gradient in {'any layer' if zero.all() else ', '.join(layers)}."
    some = ["" if zero.all() else f" ({counted(zero.sum(), 'layer')})" for _, zero in zeros]
    return f"No gradient: {', '.join(name + where for (name, _), where in zip(zeros, some, strict=True))}."
