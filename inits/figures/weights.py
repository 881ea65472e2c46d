"""Draw the weights of each layer as small histograms: a panel for each layer, or a grid of starts and layers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from inits.figures import style
from inits.text import number

Array = NDArray[np.float64]

PANEL, ROW = 108, 96  # pixels of one line of panels: each with its own title, or the titles above all lines
TITLE = 44  # pixels for the title of a panel: two lines of words and some air
NAME_MARGIN, NAME_LENGTH = (
    120,
    13,
)  # pixels left of a grid for the names of its starts, and characters in them
HALF = 0.46  # half a panel's width, in columns
FOOT = 0.04  # below a panel, in lines
SPIKE = 0.03  # half the width of equal weights, as a share of the reach
CUT = 4.0  # maximum height of a peak over the other one of its panel; a higher one is cut


@dataclass(frozen=True)
class Bars:
    """A histogram: its first and last edge, and int32 (bins,) counts between them."""

    low: float
    high: float
    counts: NDArray[np.int32]

    @property
    def steps(self) -> tuple[Array, Array]:
        """Return x and density of its outline; a single spike when all weights are equal."""
        width = (self.high - self.low) / len(self.counts)
        if width <= 0 or not self.counts.sum():
            return np.array([self.low, self.low]), np.array([0.0, 1.0])
        edges = np.linspace(self.low, self.high, len(self.counts) + 1)
        density = self.counts / (self.counts.sum() * width)
        return np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(density, 2), [0.0]])


@dataclass(frozen=True)
class Row:
    """The weights of one start: a histogram for each layer shown, at its beginning (or None) and now."""

    name: str
    start: int
    before: list[Bars] | None
    now: list[Bars]


@dataclass(frozen=True)
class Panel:
    """The weights of one layer in their place: column and line are counted from the upper left corner."""

    column: int
    line: int
    start: int
    before: Bars | None
    now: Bars
    reach: float

    def outlines(self, tall: float) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        """Return the outlines of before and now, at most `tall` lines high; empty if not finite or missing."""
        drawn = [bars and _visible(bars, self.reach) for bars in (self.before, self.now)]
        steps = [bars.steps if bars else (np.empty(0), np.empty(0)) for bars in drawn]
        peaks = [float(y.max()) for _, y in steps if len(y)]
        top = min(max(peaks), CUT * min(peaks)) if peaks else 1.0
        before, now = ((self.across(x), self.foot + tall * np.minimum(y / top, 1.0)) for x, y in steps)
        return before, now

    def across(self, weights: Array) -> Array:
        """Place of weights in the picture."""
        return self.column + 0.5 + HALF * np.clip(weights / (1.05 * self.reach), -1.0, 1.0)

    @property
    def foot(self) -> float:
        return FOOT - 1 - self.line


def _visible(bars: Bars, reach: float) -> Bars | None:
    """Return bars that are wide enough to be seen; None if they are not finite."""
    if not np.isfinite([bars.low, bars.high]).all():
        return None
    if bars.high - bars.low > 2 * SPIKE * reach and bars.counts.any():
        return bars
    middle = bars.low / 2 + bars.high / 2
    return Bars(middle - SPIKE * reach, middle + SPIKE * reach, np.ones(1, np.int32))


def widest(bars: Bars) -> float:
    """Return the largest absolute weight; 0 if none is finite."""
    ends = np.abs([bars.low, bars.high])
    return float(ends[np.isfinite(ends)].max(initial=0.0))


def _reaches(drawn: Sequence[Sequence[Bars] | None], layers: int) -> list[float]:
    return [max((widest(bars[i]) for bars in drawn if bars), default=0.0) for i in range(layers)]


def weights_grid(
    rows: Sequence[Row], names: Sequence[str], reach: Sequence[float] | None = None
) -> go.Figure:
    """Draw weights by start (rows) and layer (columns): filled now, an ink line at the beginning.

    A column has one scale, and each panel its own height. One start alone is drawn as `weights` does.

    Args:
        rows: the starts; one that has not begun has no histograms.
        names: of the layers, see `choose_layers`.
        reach: largest absolute weight that each column must hold; by default that of what is drawn.
    """
    if len(rows) == 1:
        return weights(rows[0].before, rows[0].now, names, rows[0].start, reach)
    if reach is None:
        reach = _reaches([drawn for row in rows for drawn in (row.before, row.now)], len(names))
    panels = [
        Panel(i, line, row.start, row.before[i] if row.before else None, bars, reach[i] or 1.0)
        for line, row in enumerate(rows)
        for i, bars in enumerate(row.now)
    ]
    fig = _grid(panels, len(names), len(rows), tall=0.84)
    size = 12 if len(names) < 6 else 11  # six fit a phone
    titles = [_title(name, reach[i], i, 0, 0.84, size) for i, name in enumerate(names)]
    margin = {"l": NAME_MARGIN, "r": 4, "t": 44, "b": 6}
    fig.layout.annotations = titles + _names(rows)
    return fig.update_layout(height=ROW * len(rows) + 50, margin=margin)


def weights(
    before: Sequence[Bars] | None,
    now: Sequence[Bars],
    names: Sequence[str],
    start: int = 0,
    reach: Sequence[float] | None = None,
    columns: int = 6,
    line_colour: str = style.INK,
) -> go.Figure:
    """Draw one panel for each layer, each on its own scale: filled now, a line for the initial weights if given.

    `reach` is the largest absolute weight that each panel must hold; by default that of what is drawn.
    """
    reach = _reaches([before, now], len(names)) if reach is None else reach
    columns = min(columns, len(names))
    lines = -(-len(names) // columns)
    height = PANEL * lines + 44
    tall = 1 - FOOT - TITLE * lines / (height - 8)
    places = [divmod(i, columns) for i in range(len(names))]
    panels = [
        Panel(column, line, start, before[i] if before else None, bars, reach[i] or 1.0)
        for i, ((line, column), bars) in enumerate(zip(places, now, strict=False))
    ]
    fig = _grid(panels, columns, lines, tall, line_colour)
    fig.layout.annotations = [
        _title(name, most, column, line, tall)
        for name, most, (line, column) in zip(names, reach, places, strict=True)
    ]
    return fig.update_layout(height=height, margin={"l": 4, "r": 4, "t": 4, "b": 4})


def _grid(
    panels: Sequence[Panel], columns: int, lines: int, tall: float, line_colour: str = style.INK
) -> go.Figure:
    """Draw all panels on one pair of axes, a unit square each: separate axes would take seconds."""
    hidden = {"visible": False, "fixedrange": True}
    fig = style.figure(xaxis={**hidden, "range": [0, columns]}, yaxis={**hidden, "range": [-lines, 0]})
    outlines = [panel.outlines(tall) for panel in panels]
    ground = [(panel.across(np.array([-np.inf, np.inf])), np.full(2, panel.foot)) for panel in panels]
    traces = [_lines(ground, {"color": style.MUTED, "width": 1})]
    for start in dict.fromkeys(panel.start for panel in panels):
        filled = [now for panel, (_, now) in zip(panels, outlines, strict=True) if panel.start == start]
        colour = style.faint(style.start_style(start).colour, style.BAR_OPACITY)
        traces.append({**_lines(filled), "mode": "none", "fill": "toself", "fillcolor": colour})
    if any(panel.before for panel in panels):
        traces.append(_lines((before for before, _ in outlines), {"color": line_colour, "width": 1.25}))
    return fig.add_traces(traces)


def _lines(pieces: Iterable[tuple[Array, Array]], line: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return one trace of many lines, with a gap after each."""
    gap = np.array([np.nan])
    xs, ys = [np.empty(0)], [np.empty(0)]
    for x, y in pieces:
        xs += [x, gap]
        ys += [y, gap]
    return {
        "type": "scatter",
        "x": np.concatenate(xs),
        "y": np.concatenate(ys),
        "mode": "lines",
        "line": line,
        "hoverinfo": "skip",
    }


def _title(name: str, reach: float, column: int, line: int, tall: float, size: int = 12) -> dict[str, Any]:
    return {
        "x": column + 0.5,
        "y": FOOT - 1 - line + tall,
        "yanchor": "bottom",
        "yshift": 4,
        "text": f"{name}<br>±{number(reach, 2)}",
        "font": {"size": size},
        "showarrow": False,
    }


def _names(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Write the name of each start to the left of the middle of its row."""
    ends = [
        style.LineEnd(-line - 0.5, style.shortened(row.name, NAME_LENGTH), row.start)
        for line, row in enumerate(rows)
    ]
    fig = style.end_labels(go.Figure(), ends, height=ROW * (len(rows) + 1), y_range=(-len(rows), 0))
    left = {"x": 0, "xanchor": "right", "xshift": -5, "name": "row"}
    return [
        note.to_plotly_json() | left | {"hovertext": row.name}
        for note, row in zip(fig.layout.annotations, rows, strict=True)
    ]
