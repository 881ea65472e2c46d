"""Draw arrays of weight files beside the laws they may have come from, and their spectrum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from inits.figures import style
from inits.figures.kernel import density_line
from inits.figures.weights import Bars, weights
from inits.initializers.laws import Law
from inits.measure.spectrum import Bulk, marchenko_pastur_edges, marchenko_pastur_pdf

Array = NDArray[np.float64]
COLUMNS, NAME = 4, 20  # of the small multiples, and characters in the title of one
ROOM = 1.5  # maximum height of a density over that of the highest bar


@dataclass(frozen=True)
class ArrayBars:
    """Histogram of one array and the colour slot of its file."""

    start: int
    bars: Bars


@dataclass(frozen=True)
class Curve:
    """A law to draw over the bars, with a line that is "solid" or "dot"."""

    law: Law
    dash: str


def histogram(shown: Sequence[ArrayBars], curves: Sequence[Curve], height: int = style.HERO) -> go.Figure:
    """Draw one or two arrays as bars of density and laws without atoms as lines."""
    fig = style.figure(x="weight", y="density", hovermode="x")
    low = min(one.bars.low for one in shown)
    high = max(one.bars.high for one in shown)
    room = 0.06 * (high - low) or max(abs(high), 1.0) * 0.5
    low, high = low - room, high + room
    tops = []
    for one in shown:
        x, y = _density(one.bars)
        tops.append(float(y.max(initial=0.0)))
        fig.add_bar(
            x=x,
            y=y,
            width=(one.bars.high - one.bars.low) / len(one.bars.counts) or 0.04 * (high - low),
            marker={"color": style.START[one.start], "line": {"width": 0}},
            opacity=style.BAR_OPACITY if len(shown) == 1 else 0.45,
            hovertemplate="%{y:.3f}<extra></extra>",
        )
    for curve in curves:
        if not curve.law.atoms:
            x, y = density_line(curve.law, low, high)
            fig.add_scatter(
                x=x, y=y, mode="lines", line={**style.THEORY_LINE, "dash": curve.dash}, hoverinfo="skip"
            )
            tops.append(min(float(y.max()), ROOM * max(tops)))
    return fig.update_layout(
        height=height, xaxis_range=[low, high], yaxis_range=[0, 1.08 * max(tops)], barmode="overlay"
    )


def _density(bars: Bars) -> tuple[Array, Array]:
    """Return the middle and density of each bar; one bar of height 1 when all weights are equal."""
    total, width = max(1, int(bars.counts.sum())), (bars.high - bars.low) / len(bars.counts)
    if width <= 0:
        return np.array([bars.low]), np.array([1.0])
    middles = bars.low + width * (np.arange(len(bars.counts)) + 0.5)
    return np.asarray(middles, np.float64), np.asarray(bars.counts / (total * width), np.float64)


def spectrum(
    singular: Sequence[ArrayLike], bulk: Bulk | None, shape: tuple[int, ...], starts: Sequence[int]
) -> go.Figure:
    """Draw singular values of one or two kernels, the law of the last one's bulk, and marks for values outside it."""
    drawn = [np.asarray(one, float) for one in singular]
    fig = style.figure(x="singular value", y="density", hovermode="x")
    high = max(float(one.max()) for one in drawn)
    last = drawn[-1]
    # The bulk decides the bins: a few values far out would make it a single bar.
    end = high if bulk is None else min(high, 1.6 * bulk.high)
    low = min(float(one.min()) for one in drawn)
    bins = int(np.clip(np.sqrt(len(last)) * 1.6, 6, 40))
    top = 0.0
    for one, start in zip(drawn, starts, strict=True):
        counts, edges = np.histogram(one, bins, (low, end if end > low else low + 1.0))
        density = counts / (len(one) * np.diff(edges))
        top = max(top, float(density.max()))
        fig.add_bar(
            x=(edges[1:] + edges[:-1]) / 2,
            y=density,
            width=np.diff(edges),
            marker={"color": style.START[start], "line": {"width": 0}},
            opacity=style.BAR_OPACITY if len(drawn) == 1 else 0.45,
            hovertemplate="%{y:.3f}<extra></extra>",
        )
    if bulk is not None:
        left, right = marchenko_pastur_edges(shape, bulk.std)
        x = np.linspace(left, right, 200)
        y = marchenko_pastur_pdf(x, shape, bulk.std)
        fig.add_scatter(x=x, y=y, mode="lines", line=style.THEORY_LINE, hoverinfo="skip")
        top = max(top, float(y[np.isfinite(y)].max()))
        _outside(fig, last, bulk, starts[-1], top)
    room = 0.04 * (high - min(low, 0.0)) or 0.5
    return fig.update_layout(
        height=style.SMALL,
        xaxis_range=[low - room, high + room],
        yaxis_range=[-0.09 * top, 1.1 * top],
        barmode="overlay",
    )


def _outside(fig: go.Figure, singular: Array, bulk: Bulk, start: int, top: float) -> None:
    beyond = singular[(singular > bulk.high) | (singular < bulk.low)]
    if beyond.size:
        fig.add_scatter(
            x=beyond,
            y=np.full(beyond.size, -0.045 * top),
            mode="markers",
            marker={"symbol": "line-ns-open", "size": 9, "color": style.START[start], "line": {"width": 1.5}},
            hovertemplate="%{x:.4g}<extra>outside</extra>",
        )


def multiples(
    before: Sequence[Bars | None], now: Sequence[Bars], names: Sequence[str], *, two: bool
) -> go.Figure:
    """Draw a panel for each array: the last file filled; as a line the first of two, else what it is compared with."""
    given = [bars or Bars(np.nan, np.nan, np.zeros(1, np.int32)) for bars in before]
    names = [shortened(name) for name in names]
    line = style.START[0] if two else style.INK
    return weights(given, now, names, int(two), columns=COLUMNS, line_colour=line)


def shortened(name: str, most: int = NAME) -> str:
    """Return a long name without its middle: its end distinguishes layers."""
    return name if len(name) <= most else f"{name[: most // 2 - 1]}…{name[-(most - most // 2) :]}"


def bars_of(law: Law, low: float, high: float, bins: int = 64) -> Bars | None:
    """Return a law without atoms as a histogram over a range of weights; None for one with atoms."""
    if law.atoms or not law.std > 0:
        return None
    low, high = max(law.support[0], min(low, -4 * law.std)), min(law.support[1], max(high, 4 * law.std))
    share = np.diff(law.cdf(np.linspace(low, high, bins + 1)))
    return Bars(low, high, np.rint(1e7 * share).astype(np.int32))
