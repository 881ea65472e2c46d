"""Draw a network as columns of layers: a row for each start, coloured by the strength of its signal before training."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from inits.figures import style
from inits.text import count
from inits.theory.signal_regime import EXPLODED, VANISHED

Array = NDArray[np.float64]

REACH = 3.0  # decades of the colour scale, each way: there a signal has vanished or exploded
LEGEND = 220  # pixels: narrow enough for a phone
BAR = 0.56  # width of a layer; columns are 1 apart
TALLEST = 0.46  # height of the widest layer; rows are 1 apart
LOWER = 0.28  # how far the layers stand below the middle of their row
TICKS = 8  # hidden layers that are named, of more than MANY
MANY = 12


@dataclass(frozen=True, eq=False)
class Row:
    """A start: its label, the slot of its colour, what draws its kernels, and the strengths of its signal.

    `strengths`: float64 (L + 2,), the second moment of the input and of each layer's pre-activations over that of the
    input; None without a theory.
    """

    name: str
    slot: int
    initializer: str
    strengths: Array | None


def network(
    rows: Sequence[Row], units: Sequence[int], activation: str, *, covered: bool = False
) -> go.Figure:
    """Draw a network of `units` (the input first, the output last) with the strength of each start's signal.

    The height of a bar is the square root of the number of units.

    Args:
        rows, units, activation: what to draw.
        covered: show neither strengths nor where there is no theory.
    """
    names = layer_names(len(units) - 2)
    heights = TALLEST * np.sqrt(np.array(units) / max(units))
    places = _ticks(len(units))
    room = max(0.6, 0.045 * len(units))  # for half of the first and the last name, also on a phone
    fig = style.figure(
        height=height(len(rows)),
        barmode="overlay",
        xaxis={
            "tickvals": places,
            "ticktext": [f"{names[i].removeprefix('layer ')}<br>{units[i]}" for i in places],
            "range": [-room, len(units) - 1 + room],
            "fixedrange": True,
            "ticks": "",
            "tickangle": 0,
        },
        yaxis={"visible": False, "range": [len(rows) - 0.45, -0.55], "fixedrange": True},
        coloraxis=_colour_axis(),
    )
    fig.layout.margin.t = 44
    whats = [f"{name}: {count(n)} units" for name, n in zip(names, units, strict=True)]
    whats[1:-1] = [f"{what}, {activation}" for what in whats[1:-1]]
    fig.add_traces(
        [
            trace
            for y, row in enumerate(rows)
            for trace in (_links(y + LOWER, heights), _bars(y + LOWER, row, heights, whats, covered))
        ]
    )
    if not covered:
        fig.add_traces([_marks(y + LOWER, row) for y, row in enumerate(rows) if row.strengths is not None])
    fig.layout.annotations = [_label(y, row) for y, row in enumerate(rows)]
    return fig


def height(rows: int) -> int:
    """Return the height of the picture in pixels."""
    return min(style.CURVES, 130 + 57 * rows)


def layer_names(hidden: int) -> list[str]:
    """Return the names of the columns."""
    return ["input", *(f"layer {i}" for i in range(1, hidden + 1)), "output"]


def lost(strengths: Array) -> NDArray[np.int64]:
    """Return for each layer -1 where the signal has vanished, 1 where it has exploded or is NaN, else 0."""
    with np.errstate(invalid="ignore"):
        exploded = ~(strengths <= EXPLODED)
        return np.where(exploded, 1, np.where(strengths < VANISHED, -1, 0))


def _ticks(columns: int) -> list[int]:
    """Return the columns that are named: all, or evenly spread ones of a deep network."""
    step, last = _step(columns - 2), columns - 1
    return [0, *(i for i in range(step, last, step) if 2 * (last - i) > step), last]


def _step(hidden: int) -> int:
    """Return how many hidden layers share a name or a mark."""
    return 1 if hidden <= MANY else ceil(hidden / TICKS)


def _colour_axis() -> dict[str, Any]:
    bar = {
        "orientation": "h", "x": 0.5, "xanchor": "center", "y": 1, "yanchor": "bottom", "ypad": 4,
        "lenmode": "pixels", "len": LEGEND, "thickness": 8, "ticks": "", "tickmode": "array",
        "tickvals": [-REACH, 0, REACH], "ticktext": ["▽ vanished", "×1", "exploded △"],
    }  # fmt: skip
    return {"colorscale": style.DIVERGING, "cmin": -REACH, "cmax": REACH, "colorbar": bar}


def _decades(strengths: Array) -> Array:
    """Return log10 of the strengths within the reach of the colours."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.nan_to_num(np.log10(strengths), nan=REACH, posinf=REACH, neginf=-REACH)
    decades: Array = np.clip(logs, -REACH, REACH)
    return decades


def _bars(y: float, row: Row, heights: Array, whats: Sequence[str], covered: bool) -> dict[str, Any]:
    strengths = None if covered else row.strengths
    colour = {"color": _decades(strengths), "coloraxis": "coloraxis"} if strengths is not None else {}
    said = [f"×{_number(s)}" for s in strengths] if strengths is not None else [""] * len(heights)
    theory = "strength %{text}" if strengths is not None else "no theory for this start"
    ending = "" if covered else f": {theory}"
    return {
        "type": "bar",
        "x": np.arange(len(heights)),
        "y": heights,
        "base": y - heights / 2,
        "width": BAR,
        "marker": {
            "color": style.faint(style.MUTED, 0.35),
            "line": {"color": style.MUTED, "width": 1},
            **colour,
        },
        "name": row.name,
        "text": said,
        "textposition": "none",
        "customdata": list(whats),
        "hovertemplate": f"%{{customdata}}<br>{row.initializer}{ending}<extra></extra>",
        "meta": row.slot,
    }


def _links(y: float, heights: Array) -> dict[str, Any]:
    """Return the areas between neighbouring layers: their kernels."""
    xs: list[float] = []
    ys: list[float] = []
    for i, (left, right) in enumerate(zip(heights[:-1] / 2, heights[1:] / 2, strict=True)):
        a, b = i + BAR / 2, i + 1 - BAR / 2
        xs += [a, b, b, a, a, np.nan]
        ys += [y - left, y - right, y + right, y + left, y - left, np.nan]
    return {
        "type": "scatter",
        "x": np.array(xs),
        "y": np.array(ys),
        "mode": "none",
        "fill": "toself",
        "fillcolor": style.faint(style.MUTED, style.BAND_OPACITY),
        "hoverinfo": "skip",
    }


def _marks(y: float, row: Row) -> dict[str, Any]:
    """Return marks from the layer on where the signal has vanished or exploded."""
    states = lost(row.strengths if row.strengths is not None else np.ones(0))
    at = np.flatnonzero(states)
    at = at[:: _step(len(states) - 2)]
    shapes = np.where(states[at] > 0, "triangle-up", "triangle-down")
    return {
        "type": "scatter",
        "x": at,
        "y": np.full(len(at), y),
        "mode": "markers",
        "marker": {
            "symbol": shapes,
            "size": 8,
            "color": style.BACKGROUND,
            "line": {"color": style.INK, "width": 1},
        },
        "hoverinfo": "skip",
        "meta": row.slot,
    }


def _label(y: int, row: Row) -> dict[str, Any]:
    """Return the name of a start above its row, beside the input."""
    place = {
        "xref": "x",
        "x": BAR / 2,
        "xshift": 6,
        "y": y - 0.5,
        "yanchor": "top",
        "name": f"row {row.slot}",
        "font": {"size": 12},
    }
    return {**style.end_label(style.LineEnd(y, row.name, row.slot)), **place}


def _number(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= value < 100 else f"{value:.1e}" if isfinite(value) else "∞"
