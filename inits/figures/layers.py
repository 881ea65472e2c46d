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
    before: Sequence[Bars] | None, now: Sequence[Bars], names: Sequence[str], start: int = 0, columns: int = 6
) -> go.Figure:
    """One panel a layer: filled now, a line at the start if that is given, on an axis that holds both."""
    outlined, before = before is not None, before or now
    columns = min(columns, len(names))
    rows = -(-len(names) // columns)
    titles = [f"{name}<br>±{number(_reach(a, b), 2)}" for name, a, b in zip(names, before, now, strict=True)]
    fig = make_subplots(rows, columns, subplot_titles=titles, horizontal_spacing=0.02)
    for i, (first, last) in enumerate(zip(before, now, strict=True)):
        where = {"row": i // columns + 1, "col": i % columns + 1}
        reach = _reach(first, last) or 1.0
        (x0, y0), (x1, y1) = first.steps, last.steps
        top = max(float(y0.max()), float(y1.max()))
        colour = style.START[start]
        fig.add_scatter(
            x=x1, y=y1, mode="none", fill="tozeroy", fillcolor=style.faint(colour, style.BAR_OPACITY),
            hoverinfo="skip", **where,
        )  # fmt: skip
        if outlined:
            fig.add_scatter(
                x=x0, y=y0, mode="lines", line={"color": style.INK, "width": 1.5}, hoverinfo="skip", **where
            )
        fig.update_xaxes(range=[-1.05 * reach, 1.05 * reach], **where)
        fig.update_yaxes(range=[0, 1.08 * top], **where)
    fig.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, showline=True, fixedrange=True)
    fig.update_yaxes(visible=False, fixedrange=True)
    fig.update_annotations(font_size=12)
    margin = {"l": 4, "r": 4, "t": 40, "b": 4}
    return fig.update_layout(height=PANEL * rows + 44, margin=margin, showlegend=False, template="none")


def _reach(first: Bars, last: Bars) -> float:
    ends = np.abs([first.low, first.high, last.low, last.high])
    return float(ends[np.isfinite(ends)].max(initial=0.0))


def by_layer(
    names: Sequence[str], before: ArrayLike, now: ArrayLike, start: int, title: str, *, share: bool = False
) -> go.Figure:
    """A number for each layer, dotted at the start and solid now: a log axis, or shares from 0 to 100%."""
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
        values = np.concatenate([before, now])
        values = values[np.isfinite(values) & (values > 0)]
        low, high = (values.min(), values.max()) if len(values) else (0.1, 1.0)
        low, high = float(low) / 2, float(high) * 2
        fig.update_yaxes(style.log_axis(low, high), range=[np.log10(low), np.log10(high)])
    fig.update_xaxes(nticks=8)
    return fig.update_layout(height=style.SMALL, hovermode="x unified")
