"""Style of all figures: colour tokens, lines and markers of the starts, axes, labels at line ends.

Colours are tokens that the browser replaces by those of the theme, so one figure serves light and dark mode.
Their values are in `.streamlit/config.toml` alone: start 2 has the second of `chartCategoricalColors`. `faint` gives a
token an alpha. Colours are for marks, never for text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

import numpy as np
import plotly.graph_objects as go

START = tuple(f"#{slot:06d}" for slot in range(1, 9))
MUTED, INK = "#000009", "#000010"
BACKGROUND = "#000038"
ON_MARKERS = (
    "#000039"  # of a text on colours: black or white, as it contrasts with the colour that its marker has
)
SEQUENTIAL = [[step / 9, f"#{11 + step:06d}"] for step in range(10)]
DIVERGING = [[step / 9, f"#{21 + step:06d}"] for step in range(10)]

HERO, CURVES, SMALL = 360, 300, 260  # heights in pixels
LABEL_MARGIN = 136  # pixels right of the lines for their labels
END = "end"  # name of the labels at line ends, which chart.js moves above a narrow picture
THEORY_LINE = {"color": INK, "width": 2}
BAR_OPACITY, BAND_OPACITY = 0.55, 0.16

_MARKERS = ("circle", "square", "diamond", "triangle-up")
_LABEL_GAP = 17  # pixels between two labels of 13 px
_LABEL_LENGTH = 16  # characters that fit the margin
_AXIS_ROOM = 48  # pixels under the plot for ticks and title


def faint(token: str, share: float) -> str:
    """Return the colour of a token with an opacity from 0 to 1, for fills."""
    return f"{token}{round(255 * share):02x}"


@dataclass(frozen=True)
class StartStyle:
    """Colour, dash and marker of a start in all figures."""

    colour: str
    dash: str
    marker: str


def start_style(index: int) -> StartStyle:
    """Return the style of start number `index`, counted from 0; the ninth looks like the first again."""
    index %= len(START)
    second_half = index >= len(_MARKERS)
    return StartStyle(
        colour=START[index],
        dash="dash" if second_half else "solid",
        marker=_MARKERS[index % len(_MARKERS)] + ("-open" if second_half else ""),
    )


def start_line(index: int, width: float = 2.5) -> dict[str, Any]:
    """Return `line=` of a curve that belongs to start `index`."""
    style = start_style(index)
    return {"color": style.colour, "dash": style.dash, "width": width}


def start_marker(index: int, size: float = 7) -> dict[str, Any]:
    """Return `marker=` of points that belong to start `index`."""
    style = start_style(index)
    return {"color": style.colour, "symbol": style.marker, "size": size}


def layout() -> dict[str, Any]:
    """Return the layout every figure starts from: quiet axes, a horizontal grid, no legend."""
    axis = {"automargin": True, "zeroline": False, "nticks": 5, "tickfont": {"size": 12}}
    return {
        "margin": {"l": 4, "r": 8, "t": 8, "b": 4},
        "font": {"size": 13},
        "showlegend": False,
        "bargap": 0,
        "hoverlabel": {"namelength": -1},
        "xaxis": {**axis, "showgrid": False, "ticks": "outside", "ticklen": 4},
        "yaxis": {**axis, "showgrid": True, "ticklabelstandoff": 6},
    }


def figure(*, x: str = "", y: str = "", **changes: Any) -> go.Figure:
    """Return an empty figure in the house style.

    Args:
        x: title of the horizontal axis.
        y: title of the vertical axis.
        changes: layout properties, also in plotly's short form (`yaxis_type="log"`).
    """
    titles = {f"{axis}axis_title_text": title for axis, title in (("x", x), ("y", y)) if title}
    # Built at once: `update_layout` takes eight times as long, milliseconds for each picture.
    return go.Figure(layout=_merged({**layout(), "template": "none"}, titles | changes))


def _merged(properties: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties of a layout with changes, whose names may be in the short form."""
    found = dict(properties)
    for name, value in changes.items():
        first, _, rest = name.partition("_")
        inner = {rest: value} if rest else value
        found[first] = _merged(found.get(first) or {}, inner) if isinstance(inner, Mapping) else inner
    return found


def log_axis(low: float, high: float, count: int = 5) -> dict[str, Any]:
    """Return properties of a log axis from `low` to `high` (both positive) with at most about `count` ticks.

    Two decades and more are labelled by powers of ten, less by 1, 2 and 5.
    """
    if not 0 < low <= high:
        raise ValueError(f"low and high must be positive and in order, but got low={low}, high={high}.")
    wide = high >= 100 * low
    values = _decades(low, high, count) if wide else _one_two_five(low, high)
    plain = not wide and 0.001 <= low <= high < 10_000  # 0.02, 0.05 beside 0.1 read better than powers
    return {
        "type": "log",
        "tickmode": "array",
        "tickvals": values,
        "ticktext": [f"{value:g}" if plain else tick_text(value) for value in values],
    }


def tick_text(value: float) -> str:
    """Return `value` as a tick of a log axis: 0.2, 1, 10, 10⁻², 2×10⁵."""
    if 0.1 <= value < 1000:
        return f"{value:g}"
    exponent = floor(log10(value) + 1e-9)
    mantissa = value / 10**exponent
    power = "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if abs(mantissa - 1) < 1e-6 else f"{mantissa:g}×{power}"


def _decades(low: float, high: float, count: int) -> list[float]:
    first, last = ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9)
    step = max(1, ceil((last - first) / count))
    return [10.0**exponent for exponent in range(first, last + 1, step)]


def _one_two_five(low: float, high: float) -> list[float]:
    exponents = range(floor(log10(low)) - 1, ceil(log10(high)) + 1)
    candidates = [digit * 10.0**exponent for exponent in exponents for digit in (1, 2, 5)]
    return [value for value in candidates if low * 0.999 <= value <= high * 1.001]


@dataclass(frozen=True)
class LineEnd:
    """End of a line: `y` in data units, the name, and the number of its start."""

    y: float
    text: str
    start: int


def end_labels(
    fig: go.Figure, ends: Sequence[LineEnd], *, height: int, y_range: tuple[float, float], log: bool = False
) -> go.Figure:
    """Write each line's name right of its end, moved apart so that no two overlap.

    Args:
        fig: the figure, which gets room on its right.
        ends: the line ends; one that is not finite, or not positive on a log axis, sits at the bottom.
        height: of the whole picture in pixels.
        y_range: lowest and highest y that the axis shows.
        log: whether the axis is logarithmic.
    """
    scale = np.log10 if log else np.asarray
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high, *ys = scale(np.array([*y_range, *(end.y for end in ends)], dtype=float))
    ys = np.clip(np.nan_to_num(np.array(ys), nan=low, posinf=high, neginf=low), low, high)
    tall = height - _AXIS_ROOM
    wanted = (ys - low) / ((high - low) or 1) * tall
    shifts = spread(wanted, _LABEL_GAP, 0, tall) - wanted
    labels = [  # plotly takes log10(y) on a log axis
        {**end_label(end), "y": float(y), "yshift": float(shift)}
        for end, y, shift in zip(ends, ys, shifts, strict=True)
    ]
    # All at once: one by one, each of them would have plotly check all the others again.
    fig.layout.annotations = [*fig.layout.annotations, *labels]
    fig.layout.margin.r = LABEL_MARGIN
    return fig


def spread(wanted: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Return the places nearest to `wanted` (1-D) that keep `gap` apart, in the same order, within low and high.

    With `gap` taken out of each place this is isotonic regression: neighbours that collide share their mean.
    """
    order = np.argsort(wanted, kind="stable")
    offsets = gap * np.arange(len(wanted))
    blocks: list[list[float]] = []
    for value in wanted[order] - offsets:
        blocks.append([value])
        while len(blocks) > 1 and np.mean(blocks[-2]) >= np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    means = [np.mean(block) for block in blocks for _ in block]
    last = max(low, high - gap * (len(wanted) - 1))
    places = np.empty(len(wanted))
    places[order] = np.clip(means, low, last) + offsets
    return places


def shortened(name: str, length: int = _LABEL_LENGTH) -> str:
    """Return a name of at most `length` characters, the last one an ellipsis if some are left out."""
    return name if len(name) <= length else name[: length - 1] + "…"


def end_label(end: LineEnd) -> dict[str, Any]:
    """Return the annotation that names the line of a start, right of the picture."""
    style = start_style(end.start)
    dash = "– –" if style.dash == "dash" else "—"
    short = shortened(end.text)
    return {
        "name": f"{END} {end.start}",
        "text": f'<span style="color:{style.colour}"><b>{dash}</b></span> {short}',
        "hovertext": end.text if short != end.text else None,
        "xref": "paper",
        "yref": "y",
        "x": 1,
        "xanchor": "left",
        "xshift": 4,
        "yanchor": "middle",
        "align": "left",
        "showarrow": False,
    }
