"""Draw one kernel: its histogram, quantiles, spectrum and weights, compared with theory."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from inits.figures import style
from inits.initializers.laws import Law
from inits.text import number

Array = NDArray[np.float64]
POINTS = 400
FAR = 1.3  # times the upper edge of the bulk
REACH = 4.0  # standard deviations shown of a law without ends


def density_line(law: Law, low: float, high: float) -> tuple[Array, Array]:
    """Return x and density of the law between low and high, dropping to 0 at the ends of its support."""
    left, right = (float(np.clip(end, low, high)) for end in law.support)
    x = np.linspace(left, right, POINTS)
    y = law.pdf(x)
    inside = np.isfinite(y)
    x, y = x[inside], y[inside]
    return np.concatenate([[low, left], x, [right, high]]), np.concatenate([[0.0, 0.0], y, [0.0, 0.0]])


def window(law: Law, edges: ArrayLike | None = None) -> tuple[float, float]:
    """Return the range of weights to show: the draw and the law, with a little room."""
    reach = REACH * law.std
    low, high = max(law.support[0], law.mean - reach), min(law.support[1], law.mean + reach)
    if edges is not None:
        drawn = np.asarray(edges, dtype=float)
        low, high = min(low, float(drawn[0])), max(high, float(drawn[-1]))
    room = 0.06 * (high - low) or max(abs(high), 1.0) * 0.5
    return low - room, high + room


def histogram(
    law: Law | None,
    edges: ArrayLike | None,
    density: ArrayLike | None,
    start: int = 0,
    height: int = style.HERO,
) -> go.Figure:
    """Draw the histogram of the weights as bars and the exact density as a line.

    Args:
        law: the law of one weight, if there is one.
        edges, density: float (bins + 1,) and (bins,) of the drawn weights; None while nothing is drawn yet.
        start: number of the start whose colour the bars have.
    """
    fig = style.figure(x="weight", y="density")
    edges = None if edges is None else np.asarray(edges, dtype=float)
    low, high = (
        window(law, edges) if law is not None else (edges[0], edges[-1]) if edges is not None else (-1, 1)
    )
    if edges is not None and density is not None:
        _bars(fig, edges, density, start)
    if law is not None:
        x, y = density_line(law, low, high)
        fig.add_scatter(
            x=x, y=y, mode="lines", line=style.THEORY_LINE, name="exact", hovertemplate="%{y:.3f}"
        )
        top = _top(y, density)
        _key(fig, start, drawn=density is not None)
        fig.update_yaxes(range=[0, 1.12 * top])
    return fig.update_layout(xaxis_range=[low, high], height=height, hovermode="x")


def _top(theory: Array, density: ArrayLike | None) -> float:
    """Return the top of the density axis: an unbounded density is cut slightly above the bars."""
    highest = float(theory.max())
    if density is None:
        return highest
    return max(min(highest, 1.3 * float(np.max(density))), float(np.max(density)))


def _bars(fig: go.Figure, edges: Array, density: ArrayLike, start: int) -> None:
    fig.add_bar(
        x=(edges[1:] + edges[:-1]) / 2,
        y=np.asarray(density),
        width=np.diff(edges),
        marker={"color": style.START[start], "line": {"width": 0}},
        opacity=style.BAR_OPACITY,
        name="drawn",
        hovertemplate="%{y:.3f}",
    )


def _key(fig: go.Figure, start: int, drawn: bool) -> None:
    """Write the legend of bars and line into the upper corner."""
    line = f'<span style="color:{style.INK}"><b>—</b></span> exact density'
    bars = f'<span style="color:{style.START[start]}">■</span> drawn    ' if drawn else ""
    _add_note(fig, bars + line)


def shares(
    atoms: tuple[tuple[float, float], ...], drawn: ArrayLike | None, height: int = style.HERO
) -> go.Figure:
    """Draw point masses: the share of weights at each value, drawn (bars) beside theory (ink marks)."""
    values = np.array([value for value, _ in atoms])
    theory = np.array([share for _, share in atoms])
    span = float(np.ptp(values)) or max(abs(float(values[0])), 1.0)
    fig = style.figure(x="weight", y="share of the weights")
    if drawn is not None:
        fig.add_bar(
            x=values,
            y=np.asarray(drawn),
            width=0.06 * span,
            marker={"color": style.START[0]},
            opacity=style.BAR_OPACITY,
            name="drawn",
            hovertemplate="%{y:.4%}",
        )
    fig.add_scatter(
        x=values,
        y=theory,
        mode="markers+text",
        marker={"symbol": "line-ew-open", "size": 34, "color": style.INK, "line": {"width": 2}},
        text=[_percent(share) for share in theory],
        textposition="top center",
        name="exact",
        hovertemplate="%{y:.4%}",
    )
    fig.update_yaxes(range=[0, 1.15], tickformat=".0%")
    fig.update_xaxes(range=[values.min() - 0.6 * span, values.max() + 0.6 * span], nticks=7)
    return fig.update_layout(height=height)


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def quantiles(theory: ArrayLike, drawn: ArrayLike, start: int = 0) -> go.Figure:
    """Draw a Q-Q plot, float (points,) each: on the line when both laws are the same."""
    theory, drawn = np.asarray(theory, dtype=float), np.asarray(drawn, dtype=float)
    ends = [float(min(theory.min(), drawn.min())), float(max(theory.max(), drawn.max()))]
    fig = style.figure(x="theory quantile", y="drawn quantile")
    fig.add_scatter(
        x=ends, y=ends, mode="lines", line=style.THEORY_LINE, hoverinfo="skip", name="same distribution"
    )
    fig.add_scatter(
        x=theory,
        y=drawn,
        mode="markers",
        marker=style.start_marker(start, 5),
        name="quantile",
        hovertemplate="theory %{x:.4f}<br>drawn %{y:.4f}<extra></extra>",
    )
    return fig.update_layout(height=style.SMALL)


def spectrum(
    singular: ArrayLike, x: ArrayLike | None, density: ArrayLike | None, start: int = 0
) -> go.Figure:
    """Draw a histogram of singular values, with the Marchenko-Pastur density (x, density) where it applies."""
    values = np.asarray(singular, dtype=float)
    low, high = float(values.min()), float(values.max())
    fig = style.figure(x="singular value", y="density")
    if high - low < 1e-4 * max(abs(high), 1e-12):
        fig.add_bar(x=[high], y=[1.0], width=[0.02 * max(high, 1.0)], marker={"color": style.START[start]})
        text = f"all {len(values)} are {number(high)}"
        fig.add_annotation(x=high, y=1.0, text=text, showarrow=False, yanchor="bottom", yshift=2)
        fig.update_yaxes(range=[0, 1.2], title_text="share")
        fig.update_xaxes(range=[0, 2 * high] if high > 0 else [-1, 1])
        return fig.update_layout(height=style.SMALL)
    if x is not None:
        line = np.asarray(x, dtype=float)
        outside = values[values > FAR * line[-1]]  # what a mean adds to the bulk
        values = values[values <= FAR * line[-1]]
        low, high = np.append(values, line[0]).min(), np.append(values, line[-1]).max()
        if len(outside):
            _add_note(fig, f"{len(outside)} more at {number(float(outside.max()), 3)} →")
    bins = int(np.clip(np.sqrt(len(values)) * 1.6, 6, 40))
    density_drawn, edges = np.histogram(values, bins=bins, range=(low, high), density=True)
    _bars(fig, edges, density_drawn, start)
    if x is not None and density is not None:
        fig.add_scatter(
            x=np.asarray(x),
            y=np.asarray(density),
            mode="lines",
            line=style.THEORY_LINE,
            name="Marchenko-Pastur",
            hovertemplate="%{y:.3f}",
        )
    room = 0.06 * (high - low)
    return fig.update_layout(height=style.SMALL, xaxis_range=[low - room, high + room], hovermode="x")


def _add_note(fig: go.Figure, words: str) -> None:
    """Write a few words in the upper right corner."""
    corner = {"xref": "paper", "yref": "paper", "x": 1, "y": 1, "xanchor": "right", "yanchor": "top"}
    fig.add_annotation(**corner, text=words, showarrow=False)


def tiles(pixels: NDArray[np.int8], scale: float, columns: int = 8) -> go.Figure:
    """Draw the incoming weights of units as small images on one diverging scale.

    Args:
        pixels: int8 (units, rows, columns), weight = pixel / 127 * scale.
        scale: the weight that 127 stands for.
    """
    units, tall, wide = pixels.shape
    rows = -(-units // columns)
    sheet = np.full((rows * (tall + 2) - 2, columns * (wide + 2) - 2), np.nan, np.float32)
    for unit in range(units):
        top, left = (unit // columns) * (tall + 2), (unit % columns) * (wide + 2)
        sheet[top : top + tall, left : left + wide] = pixels[unit]
    return _sheet(sheet, scale)


def heat_map(block: NDArray[np.int8], scale: float) -> go.Figure:
    """Draw a block of the kernel, int8 (rows, columns) as in `tiles`: inputs downwards, units to the right."""
    fig = _sheet(block, scale, square=False)
    fig.update_traces(colorbar_y=-0.2)
    fig.update_xaxes(visible=True, title_text="unit", nticks=5)
    return fig.update_yaxes(visible=True, title_text="input", nticks=5)


def _sheet(values: NDArray[np.generic], scale: float, square: bool = True) -> go.Figure:
    shown = number(scale)
    fig = style.figure()
    fig.add_heatmap(
        z=values,
        zmin=-127,
        zmax=127,
        colorscale=style.DIVERGING,
        hoverinfo="skip",
        colorbar={
            "orientation": "h",
            "thickness": 10,
            "len": 0.6,
            "y": -0.06,
            "yanchor": "top",
            "tickvals": [-127, 0, 127],
            "ticktext": [f"−{shown}", "0", shown],
            "outlinewidth": 0,
        },
    )
    fig.update_xaxes(visible=False, constrain="domain")
    fig.update_yaxes(visible=False, autorange="reversed", showgrid=False)
    if square:
        fig.update_yaxes(scaleanchor="x", constrain="domain")
    return fig.update_layout(height=style.SMALL)
