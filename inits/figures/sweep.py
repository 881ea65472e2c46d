"""Draw accuracy over a grid of parameter values and networks, with the critical values of theory."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from inits.figures import style
from inits.text import html_symbols, number, percent

Array = NDArray[np.float64]

MAX_TICKS = 12
ALONE = 4.0  # highest edge of a single row over its lowest
LINE = 18  # pixels of a line above the figure
CHANCE, TOP = 0.1, 0.99  # accuracies at the ends of the colour scale
COLOUR_TICKS = (0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
MAX_NUMBERS = (22, 24)  # rows and columns whose cells have room for a number
COLOURS = [
    [step / 8, token] for step, (_, token) in enumerate(style.SEQUENTIAL[1:])
]  # the first is for empty cells
GAP = 0.25  # of a column, on both sides of its middle, that the critical line leaves to the numbers
BEST = style.START[1]


def heat_map(
    values: ArrayLike,
    rows: Sequence[float],
    columns: Sequence[str],
    *,
    row_title: str,
    column_title: str,
    critical: Sequence[float | None],
    critical_name: str = "critical",
    diverged: ArrayLike | None = None,
) -> go.Figure:
    """Draw accuracy by parameter (a log axis) and network; a click on a cell has [row, column] as `customdata`.

    Args:
        values: float (rows, columns), test accuracy after the epoch; NaN for what is not done.
        rows: value of the parameter in each row, positive and rising.
        columns: name of the network in each column.
        row_title, column_title: what rows and columns are.
        critical: the value that theory finds critical for each network; None where there is none.
        critical_name: what is written at that line.
        diverged: bool (rows, columns), where the loss stopped being a number.

    Raises:
        ValueError: rows that have no place on a log axis.
    """
    values = np.asarray(values, float)
    broken = np.zeros(values.shape, bool) if diverged is None else np.asarray(diverged, bool)
    edges = row_edges(rows)
    names = [[f"{row_title} {number(row)}, {column_title} {column}" for column in columns] for row in rows]
    fig = style.figure(
        x=column_title,
        y=row_title,
        xaxis=_column_axis(columns),
        yaxis=_row_axis(rows, edges),
        height=style.HERO,
        hovermode="closest",
    )
    best = best_cell(values)
    numbered = values.shape[0] <= MAX_NUMBERS[0] and values.shape[1] <= MAX_NUMBERS[1]
    cells = _cells(values, edges, names)
    line = _line(critical, GAP if numbered and np.isfinite(values).any() else 0.0)
    numbers = [_numbers(values, rows)] if numbered else []
    fig.add_traces([cells, _crosses(broken, rows, names), *line, *_frame(best, edges), *numbers])
    fig.add_traces([_empty(values.shape, edges)])
    fig.data = [fig.data[-1], *fig.data[:-1]]  # below all others
    return _name(fig, critical, critical_name, best is not None, float(edges[0]), float(edges[-1]))


def best_cell(values: Array) -> tuple[int, int] | None:
    """Return the row and column of the highest accuracy; None if no cell is better than chance."""
    if np.nanmax(values, initial=0.0) <= CHANCE:
        return None
    row, column = np.unravel_index(np.nanargmax(values), values.shape)
    return int(row), int(column)


def shade(accuracy: ArrayLike) -> Array:
    """Return the places of accuracies on the colour scale, 0 to 1: by the logarithm of the error.

    So 80% and 92% differ as much as 92% and 97%; from chance down all is 0.
    """
    error = 1 - np.clip(np.asarray(accuracy, float), CHANCE, TOP)
    found: Array = np.log((1 - CHANCE) / error) / np.log((1 - CHANCE) / (1 - TOP))
    return found


def row_edges(rows: Sequence[float]) -> Array:
    """Return (rows + 1,) cell edges on a log axis: halfway between neighbours, and as far beyond the outer rows."""
    logs = np.log10(rows) if len(rows) and min(rows) > 0 else np.array([np.nan])
    steps = np.diff(logs) if len(logs) > 1 else np.log10([ALONE])
    if not (np.isfinite(logs).all() and (steps > 0).all()):
        raise ValueError(f"rows must be positive and rising, but got rows={list(rows)}.")
    between = (logs[1:] + logs[:-1]) / 2
    edges: Array = 10 ** np.concatenate([[logs[0] - steps[0] / 2], between, [logs[-1] + steps[-1] / 2]])
    return edges


def _column_axis(columns: Sequence[str]) -> dict[str, Any]:
    places = range(0, len(columns), -(-len(columns) // MAX_TICKS) or 1)
    return {
        "range": [-0.5, len(columns) - 0.5],
        "tickvals": list(places),
        "ticktext": [columns[i] for i in places],
        "ticks": "",
    }


def _row_axis(rows: Sequence[float], edges: Array) -> dict[str, Any]:
    """Return a true log axis, so that a critical value between two rows lies between them."""
    low, high = float(edges[0]), float(edges[-1])
    axis = style.log_axis(low, high)
    if len(axis["tickvals"]) < 2:
        axis |= {"tickvals": list(rows), "ticktext": [number(row) for row in rows]}
    return {**axis, "range": [np.log10(low), np.log10(high)], "showgrid": False}


def _cells(values: Array, edges: Array, names: list[list[str]]) -> dict[str, Any]:
    words = [
        ["" if np.isnan(value) else f"{name}: {percent(value)}" for name, value in zip(*row, strict=True)]
        for row in zip(names, values, strict=True)
    ]
    return {
        **_tiles(values.shape, edges),
        "z": shade(values),
        "zmin": 0,
        "zmax": 1,
        "colorscale": COLOURS,
        "colorbar": {
            "thickness": 10,
            "tickvals": shade(COLOUR_TICKS),
            "ticktext": [percent(one, 0) for one in COLOUR_TICKS],
            "outlinewidth": 0,
            "xpad": 6,
        },
        "customdata": [[[row, column] for column in range(len(names[0]))] for row in range(len(names))],
        "hovertext": words,
        "hoverinfo": "text",
        "hoverongaps": False,
        "name": "accuracy",
    }


def _numbers(values: Array, rows: Sequence[float]) -> dict[str, Any]:
    """Write the accuracy of each cell in percent, in black or white as its colour needs."""
    places = np.argwhere(np.isfinite(values))
    found = [float(values[row, column]) for row, column in places]
    return {
        "type": "scatter",
        "x": places[:, 1],
        "y": np.array([rows[row] for row, _ in places], float),
        "mode": "text",
        "text": [f"{100 * value:.0f}" for value in found],
        "textfont": {"size": 11, "color": style.ON_MARKERS},
        "marker": {"color": shade(found).tolist(), "colorscale": COLOURS, "cmin": 0, "cmax": 1},
        "hoverinfo": "skip",
        "name": "percent",
    }


def _tiles(shape: tuple[int, ...], edges: Array) -> dict[str, Any]:
    x = np.arange(shape[1] + 1) - 0.5
    return {"type": "heatmap", "x": x, "y": edges, "xgap": 1, "ygap": 1}


def _empty(shape: tuple[int, ...], edges: Array) -> dict[str, Any]:
    """Draw the tiles of all cells, which are seen where there is no result."""
    tone = style.faint(style.MUTED, 0.1)
    colours = {"colorscale": [[0, tone], [1, tone]], "showscale": False, "hoverinfo": "skip"}
    return {**_tiles(shape, edges), **colours, "z": np.zeros(shape), "name": "not computed"}


def _frame(best: tuple[int, int] | None, edges: Array) -> list[dict[str, Any]]:
    """Draw a frame around the best cell."""
    if best is None:
        return []
    row, column = best
    left, right, low, high = column - 0.5, column + 0.5, edges[row], edges[row + 1]
    return [
        {
            "type": "scatter",
            "x": np.array([left, right, right, left, left]),
            "y": np.array([low, low, high, high, low]),
            "mode": "lines",
            "line": {"color": BEST, "width": 3},
            "cliponaxis": False,
            "hoverinfo": "skip",
            "name": "best",
        }
    ]


def _crosses(broken: NDArray[np.bool_], rows: Sequence[float], names: list[list[str]]) -> dict[str, Any]:
    places = np.argwhere(broken)
    return {
        "type": "scatter",
        "x": places[:, 1],
        "y": np.array([rows[row] for row, _ in places], float),
        "mode": "markers",
        "marker": {"symbol": "x-thin", "size": 8, "line": {"width": 2, "color": style.INK}},
        "customdata": places.tolist(),
        "hovertext": [f"{names[row][column]}: diverged" for row, column in places],
        "hoverinfo": "text",
        "name": "diverged",
    }


def _line(critical: Sequence[float | None], gap: float) -> list[dict[str, Any]]:
    """Draw a bar over each column, with a halo that separates it from dark and pale cells.

    Equal neighbours join to a line; nothing leads from one value to another: between columns there is no theory. The
    middle of each bar is left out, `gap` of a column on both sides, for the number of the cell.
    """
    x: list[float] = []
    y: list[float] = []
    for column, value in enumerate(critical):
        if column and value != critical[column - 1]:
            x, y = [*x, column - 0.5], [*y, np.nan]
        place = np.nan if value is None else value
        middle = [column - gap, column, column + gap] if gap else []
        x += [column - 0.5, *middle, column + 0.5]
        y += [place, *([place, np.nan, place] if gap else []), place]
    shared = {"type": "scatter", "x": np.array(x), "y": np.array(y), "mode": "lines", "hoverinfo": "skip"}
    halo = {**shared, "line": {"color": style.BACKGROUND, "width": 5}}
    return [halo, {**shared, "line": {**style.THEORY_LINE, "dash": "dash"}, "name": "critical"}]


def _name(
    fig: go.Figure,
    critical: Sequence[float | None],
    name: str,
    framed: bool,
    lowest: float,
    highest: float,
) -> go.Figure:
    """Add the key, and above each column whose critical value is outside the figure this value with an arrow."""
    there = [(column, value) for column, value in enumerate(critical) if value is not None]
    key = [f'<span style="color:{BEST}"><b>▢</b></span> best'] if framed else []
    key += [f"<b>– –</b> {html_symbols(name)}"] if there else []
    if not key:
        return fig
    notes: list[dict[str, Any]] = [
        {
            "x": column,
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "text": f"{'↑' if value > highest else '↓'} {number(value, 2)}",
        }
        for column, value in there
        if not lowest <= value <= highest
    ]
    place = {"x": 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
    above = LINE if notes else 0
    notes.append({**place, "text": "&nbsp;&nbsp;&nbsp;&nbsp;".join(key), "yshift": above})
    shared: dict[str, Any] = {"showarrow": False, "font_size": 12, "borderpad": 2}
    return fig.update_layout(annotations=[{**shared, **note} for note in notes], margin_t=30 + above)
