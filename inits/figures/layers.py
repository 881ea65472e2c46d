"""What happens inside: weights, gradients and dead units, layer by layer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.subplots import make_subplots

from inits.figures import style
from inits.words import number

PANEL = 108  # pixels of one row of panels


@dataclass(frozen=True)
class Bars:
    """A histogram: its first and last edge, and int32 (bins,) counts between them."""

    low: float
    high: float
    counts: NDArray[np.int32]

    @property
    def steps(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """x and density of its outline; a single spike when all weights are equal."""
        width = (self.high - self.low) / len(self.counts)
        if width <= 0 or not self.counts.sum():
            return np.array([self.low, self.low]), np.array([0.0, 1.0])
        edges = np.linspace(self.low, self.high, len(self.counts) + 1)
        density = self.counts / (self.counts.sum() * width)
        return np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(density, 2), [0.0]])


def weights(
    before: Sequence[Bars] | None,
    now: Sequence[Bars],
    names: Sequence[str],
    start: int = 0,
    reach: Sequence[float] | None = None,
    columns: int = 6,
) -> go.Figure:
    """One panel a layer: filled now, a line at the start if that is given.

    `reach` is the largest absolute weight that each panel must hold; by default that of what is drawn.
    """
    reach = reach or [max(widest(bars) for bars in pair) for pair in zip(before or now, now, strict=True)]
    columns = min(columns, len(names))
    rows = -(-len(names) // columns)
    titles = [f"{name}<br>±{number(most, 2)}" for name, most in zip(names, reach, strict=True)]
    fig = make_subplots(rows, columns, subplot_titles=titles, horizontal_spacing=0.02)
    for i, (bars, most) in enumerate(zip(now, reach, strict=True)):
        where = {"row": i // columns + 1, "col": i % columns + 1}
        fill = {"fill": "tozeroy", "fillcolor": style.faint(style.START[start], style.BAR_OPACITY)}
        x, y = bars.steps
        fig.add_scatter(x=x, y=y, mode="none", hoverinfo="skip", **fill, **where)
        top = float(y.max())
        if before:
            x, y = before[i].steps
            line = {"color": style.INK, "width": 1.5}
            fig.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", **where)
            top = max(top, float(y.max()))
        fig.update_xaxes(range=[-1.05 * (most or 1), 1.05 * (most or 1)], **where)
        fig.update_yaxes(range=[0, 1.08 * top], **where)
    fig.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, showline=True, fixedrange=True)
    fig.update_yaxes(visible=False, fixedrange=True)
    fig.update_annotations(font_size=12)
    margin = {"l": 4, "r": 4, "t": 40, "b": 4}
    return fig.update_layout(height=PANEL * rows + 44, margin=margin, showlegend=False, template="none")


def widest(bars: Bars) -> float:
    """The largest absolute weight; 0 when none is finite."""
    ends = np.abs([bars.low, bars.high])
    return float(ends[np.isfinite(ends)].max(initial=0.0))


def by_layer(
    names: Sequence[str],
    before: ArrayLike,
    now: ArrayLike,
    start: int,
    title: str,
    *,
    share: bool = False,
    every: ArrayLike | None = None,
) -> go.Figure:
    """A number for each layer, dotted at the start and solid now: shares from 0 to 100%, or a log axis.

    The log axis holds `every` (any shape) as well, so that it stays as it is from moment to moment.
    """
    before, now = np.asarray(before, float), np.asarray(now, float)
    fig = style.figure(y=title)
    form = "%{y:.1%}" if share else "%{y:.2e}"
    line = style.start_line(start)
    fig.add_scatter(
        x=list(names), y=before, mode="lines", line={**line, "width": 1.5, "dash": "dot"}, name="at the start",
        hovertemplate=form,
    )  # fmt: skip
    fig.add_scatter(
        x=list(names), y=now, mode="lines+markers", line=line, marker=style.start_marker(start), name="now",
        hovertemplate=form,
    )  # fmt: skip
    if share:
        fig.update_yaxes(range=[-0.03, 1.03], tickformat=".0%")
    else:
        values = np.concatenate([before, now, np.ravel(np.asarray([] if every is None else every, float))])
        silent = [name for name, value in zip(names, now, strict=True) if value == 0]
        if silent:
            where = "any layer" if len(silent) == len(names) else ", ".join(silent)
            _say(fig, f"no gradient in {where}")
        values = values[np.isfinite(values) & (values > 0)]
        low, high = (values.min(), values.max()) if len(values) else (0.1, 1.0)
        low, high = float(low) / 2, float(high) * 2
        fig.update_yaxes(style.log_axis(low, high), range=[np.log10(low), np.log10(high)])
    fig.update_xaxes(nticks=8)
    return fig.update_layout(height=style.SMALL, hovermode="x unified")


def _say(fig: go.Figure, words: str) -> None:
    """A few words in the lower corner, for what a log axis cannot show."""
    corner = {"xref": "paper", "yref": "paper", "x": 0.01, "y": 0.02, "xanchor": "left", "yanchor": "bottom"}
    fig.add_annotation(**corner, text=words, showarrow=False)
