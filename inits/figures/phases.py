"""Draw the plane of ordered and chaotic phases: depth scale as colour, the critical line, and the starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from inits.figures import style
from inits.text import html_symbols, number
from inits.theory.phases import PhasePlane

Array = NDArray[np.float64]

SHORTEST, LONGEST = 0.5, 100.0  # layers: the ends of the colour scale
TICKS = (1, 3, 10, 30, 100)
KEY_LENGTH, KEY_LINE = 44, 18  # characters and pixels of a line of the key
PLANE = "depth scale"
_KEY_MARKERS = {
    "circle": "●", "square": "■", "diamond": "◆", "triangle-up": "▲",
    "circle-open": "○", "square-open": "□", "diamond-open": "◇", "triangle-up-open": "△",
}  # fmt: skip
NAMED_AT = 0.7  # of the height: where the line has its name


@dataclass(frozen=True)
class Spot:
    """A start on the plane: sigma_w^2 and sigma_b^2 of every layer, the output last. `start`: colour slot."""

    name: str
    start: int
    weights: Sequence[float]
    biases: Sequence[float]


def plane(phases: PhasePlane, spots: Sequence[Spot], height: int = style.HERO) -> go.Figure:
    """Draw the depth scale xi by sigma_w^2 and sigma_b^2; a click on the plane has the two as x and y."""
    right, top = float(phases.sigma_w2[-1]), float(phases.sigma_b2[-1])
    fig = style.figure(
        x=html_symbols("σ_w² = fan_in × weight variance"),
        y=html_symbols("σ_b²"),
        xaxis={"range": [0, right], "ticks": ""},
        yaxis={"range": [-0.04 * top, top], "showgrid": False, "ticks": ""},
        height=height,
        hovermode="closest",
    )
    fig.add_traces([_scale(phases), *_critical(phases), *(_spot(spot, right, top) for spot in spots)])
    key, lines = _key(spots, right)
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    text = {"text": key, "align": "left", "showarrow": False, "font": {"size": 12}, "name": "key"}
    notes = [*_regions(phases), *_line_name(phases), *([{**place, **text}] if spots else [])]
    return fig.update_layout(annotations=notes, margin_t=8 + KEY_LINE * lines if spots else 8)


def _scale(phases: PhasePlane) -> dict[str, Any]:
    with np.errstate(divide="ignore"):
        z = np.log10(np.clip(phases.depth_scale, SHORTEST, LONGEST))
    return {
        "type": "heatmap",
        "x": phases.sigma_w2,
        "y": phases.sigma_b2,
        "z": z,
        "zmin": np.log10(SHORTEST),
        "zmax": np.log10(LONGEST),
        "colorscale": style.SEQUENTIAL,
        "zsmooth": "best",
        "colorbar": {
            "thickness": 10,
            "outlinewidth": 0,
            "xpad": 6,
            "tickvals": np.log10(TICKS),
            "ticktext": [*map(str, TICKS[:-1]), f"{TICKS[-1]}+"],
            "title": {"text": "ξ", "side": "top"},
        },
        "customdata": phases.chi1,
        "hovertemplate": html_symbols("σ_w² %{x:.3g}, σ_b² %{y:.3g}<br>χ₁ %{customdata:.3f}<extra></extra>"),
        "name": PLANE,
    }


def _critical(phases: PhasePlane) -> list[dict[str, Any]]:
    """Draw the critical line with a halo, or a ring if it is a single point."""
    x, y = phases.critical
    known = np.isfinite(x)
    shared = {"type": "scatter", "x": x, "y": y, "hoverinfo": "skip"}
    if known.sum() == 1:
        ring = {"symbol": "circle-open", "size": 17, "line": {"width": 2.5}, "color": style.INK}
        return [{**shared, "mode": "markers", "marker": ring, "name": "critical"}]
    halo = {**shared, "mode": "lines", "line": {"color": style.BACKGROUND, "width": 6}}
    return [
        halo,
        {**shared, "mode": "lines", "line": {**style.THEORY_LINE, "width": 2.5}, "name": "critical"},
    ]


def _spot(spot: Spot, right: float, top: float) -> dict[str, Any]:
    """Draw a start layer by layer, joined; layers outside stand at the edge."""
    places = list(dict.fromkeys(zip(spot.weights, spot.biases, strict=True)))
    layers = [_layers(spot, place) for place in places]
    marker = {**style.start_marker(spot.start, 10), "line": {"color": style.BACKGROUND, "width": 1}}
    return {
        "type": "scatter",
        "x": np.minimum([w for w, _ in places], right),
        "y": np.minimum([b for _, b in places], top),
        "mode": "lines+markers",
        "line": style.start_line(spot.start, 1),
        "marker": marker,
        "cliponaxis": False,
        "hovertext": [
            f"{spot.name}, {which}<br>{html_symbols(f'σ_w² {number(w, 3)}, σ_b² {number(b, 3)}')}"
            for which, (w, b) in zip(layers, places, strict=True)
        ],
        "hoverinfo": "text",
        "name": spot.name,
    }


def _layers(spot: Spot, place: tuple[float, float]) -> str:
    """Return the layers at a point in words: layer 1, layers 2 to 10, output."""
    here = [i for i, at in enumerate(zip(spot.weights, spot.biases, strict=True)) if at == place]
    hidden = [i + 1 for i in here if i < len(spot.weights) - 1]
    words = []
    if hidden:
        words.append(f"layer {hidden[0]}" if len(hidden) == 1 else f"layers {hidden[0]} to {hidden[-1]}")
    if len(spot.weights) - 1 in here:
        words.append("output")
    return " and ".join(words)


def _key(spots: Sequence[Spot], right: float) -> tuple[str, int]:
    """Return the key above the plane, and its number of lines; an arrow points to a start outside."""
    lines, used = [""], 0
    for spot in spots:
        name = style.shortened(spot.name) + (" →" if _middle(spot.weights) > right else "")
        if used and used + len(name) > KEY_LENGTH:
            lines, used = [*lines, ""], 0
        marker = _KEY_MARKERS[style.start_style(spot.start).marker]
        lines[-1] += (
            f'<span style="color:{style.start_style(spot.start).colour}">{marker}</span> {name}&nbsp;&nbsp; '
        )
        used += len(name) + 4
    return "<br>".join(lines), len(lines)


def _middle(values: Sequence[float]) -> float:
    """Return the value of the middle hidden layer."""
    return values[(len(values) - 1) // 2]


def _regions(phases: PhasePlane) -> list[dict[str, Any]]:
    """Return the labels of the ordered and the chaotic region."""
    shared = {"xref": "paper", "yref": "paper", "y": 0.98, "yanchor": "top", "showarrow": False}
    shared |= {"bgcolor": style.BACKGROUND, "borderpad": 2, "font": {"size": 12}}
    notes = []
    if phases.chi1[-1, 0] < 1:
        notes.append({**shared, "x": 0.02, "xanchor": "left", "text": "ordered: signals fade"})
    if phases.chi1[-1, -1] > 1:
        notes.append({**shared, "x": 0.98, "xanchor": "right", "text": "chaotic: gradients grow"})
    return notes


def _line_name(phases: PhasePlane) -> list[dict[str, Any]]:
    known = phases.critical[:, np.isfinite(phases.critical[0])]
    if not known.size:
        return []
    x, y = known[:, int(np.argmin(np.abs(known[1] - NAMED_AT * phases.sigma_b2[-1])))]
    return [
        {
            "x": float(x),
            "y": float(y),
            "text": "χ₁ = 1",
            "xanchor": "left",
            "xshift": 12,
            "yshift": 12 if known.shape[1] == 1 else 0,
            "showarrow": False,
            "bgcolor": style.BACKGROUND,
            "borderpad": 2,
            "font": {"size": 12},
        }
    ]
