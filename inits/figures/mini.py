"""Draw a histogram little larger than a line of text: SVG for an `<img>`, without Plotly.

Colours are real ones here: the browser replaces no tokens inside a picture.
"""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from statistics import median_low

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inits.figures.kernel import REACH
from inits.figures.weights import Bars
from inits.initializers.laws import Law
from inits.text import bare

Array = NDArray[np.float64]
Line = tuple[Array, Array]

WIDE, MOST = 3.2, 12.0  # standard deviations shown: of the widest start, and at most of the typical one
POINTS = 64  # of a density
STEM, NARROW = 7.0, 3.0  # pixels: width of a point mass, and of a histogram at least
AIR = 3.0  # pixels above the highest bar
PALE = 0.25  # opacity of what is not drawn yet


def common_reach(laws: Iterable[Law | None], drawn: Iterable[float] = ()) -> float:
    """Return the reach so that -reach to reach shows every law, except those much wider than the typical one.

    A start 100 times as wide as the others is clipped, or the others would be invisible lines. `drawn`: the largest
    absolute weights of starts that have no law.
    """
    known = [law for law in laws if law is not None]
    dense = [abs(law.mean) + WIDE * law.std for law in known if not law.atoms] + [x for x in drawn if x > 0]
    points = [1.1 * abs(value) for law in known for value, _ in law.atoms]
    most = max([*dense, *points], default=0.0)
    return (min(most, MOST / WIDE * median_low(dense)) if dense else most) or 1.0


def data_uri(svg: str) -> str:
    """Return the picture as an address for `<img src=...>`."""
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def histogram_svg(
    counts: ArrayLike | None,
    edges: tuple[float, float] | None,
    law: Law | None,
    reach: float,
    colour: str,
    ink: str,
    size: tuple[int, int] = (168, 48),
) -> str:
    """Draw the weights as bars and the exact density as a line, both with area 1 on the same scale.

    Point masses are stems, as high as the picture when they hold every weight. Before the draw the theory is
    filled, pale. A peak without end is cut at the top, and what lies outside -reach and reach at the sides,
    with a mark when nothing is left.

    Args:
        counts: (bins,) weights between equal edges; None while nothing is drawn.
        edges: smallest and largest drawn weight.
        law: the law of one weight, if there is one.
        reach: largest absolute weight shown, see `common_reach`.
        colour, ink: of what was drawn and of theory, as CSS knows them.
        size: width and height in pixels.
    """
    frame = _Frame(*size, reach)
    drawn = _drawn(counts, edges)
    if law is not None and law.atoms:
        parts = _stems(frame, drawn, law, colour, ink)
    else:
        parts = _densities(frame, drawn, law, colour, ink)
    width, height = size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{"".join(parts)}{frame.ground(ink)}'
        f"{frame.marks(_pieces(drawn, law), ink)}</svg>"
    )


@dataclass(frozen=True)
class _Frame:
    """Map of weights from -reach to reach and heights from 0 to 1 to pixels."""

    width: int
    height: int
    reach: float

    def points(self, x: Array, heights: Array) -> str:
        """Return a line through weights and heights, as the `d` of a path."""
        across = 0.5 * self.width * (1 + np.clip(x / self.reach, -1, 1))
        up = self.height - 1 - (self.height - 1 - AIR) * np.clip(heights, 0, 1)
        return "M" + " ".join(f"{_short(a)},{_short(b)}" for a, b in zip(across, up, strict=True))

    def area(self, x: Array, heights: Array, colour: str, opacity: float = 1.0) -> str:
        """Return the area between a line and the baseline."""
        x, heights = np.pad(x, 1, "edge"), np.pad(heights, 1)
        faint = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        return f'<path class="area" d="{self.points(x, heights)}Z" fill="{colour}"{faint}/>'

    def line(self, x: Array, heights: Array, ink: str) -> str:
        d = self.points(x, heights)
        return f'<path class="line" d="{d}" fill="none" stroke="{ink}" stroke-width="1.25"/>'

    def weights(self, pixels: float) -> float:
        """Return the range of weights that `pixels` span."""
        return 2 * self.reach * pixels / self.width

    def ground(self, ink: str) -> str:
        y = self.height - 0.5
        return f'<path d="M0,{y}H{self.width}" stroke="{ink}" stroke-opacity="{PALE}"/>'

    def marks(self, pieces: Line, ink: str) -> str:
        """Return arrows towards the weights, if none of them is inside."""
        lows, highs = pieces
        if ((lows <= self.reach) & (highs >= -self.reach)).any():
            return ""
        left = f'<text x="0" y="{self.height - 8}" fill="{ink}">‹</text>'
        right = f'<text x="{self.width}" y="{self.height - 8}" fill="{ink}" text-anchor="end">›</text>'
        return (left if (lows < 0).any() else "") + (right if (lows > 0).any() else "")


def _short(pixels: float) -> str:
    return bare(f"{pixels:.2f}")


def _drawn(counts: ArrayLike | None, edges: tuple[float, float] | None) -> Bars | None:
    """Return the bars; None before the draw and for weights that are not finite."""
    if counts is None or edges is None or not all(map(isfinite, edges)) or not np.any(counts):
        return None
    return Bars(*edges, np.asarray(counts, np.int32))


def _densities(frame: _Frame, drawn: Bars | None, law: Law | None, colour: str, ink: str) -> list[str]:
    bars = _wide(drawn, frame.weights(NARROW)).steps if drawn else None
    line = _density(law, frame.reach) if law else None
    top = _top(bars, line, law)
    parts = []
    if bars:
        parts.append(frame.area(bars[0], bars[1] / top, colour))
    elif line:
        parts.append(frame.area(line[0], line[1] / top, colour, PALE))
    return [*parts, frame.line(line[0], line[1] / top, ink)] if line else parts


def _wide(bars: Bars, least: float) -> Bars:
    """Return bars that span at least `least` weights."""
    if bars.high - bars.low >= least:
        return bars
    middle = bars.low / 2 + bars.high / 2
    return Bars(middle - least / 2, middle + least / 2, np.ones(1, np.int32))


def _density(law: Law, reach: float) -> Line | None:
    """Return weights and densities within the picture; the line falls to 0 where the law ends in it."""
    tail = REACH * law.std
    left = max(law.support[0], law.mean - tail, -reach)
    right = min(law.support[1], law.mean + tail, reach)
    if left >= right:
        return None
    x = np.linspace(left, right, POINTS)
    inside = int(left > -reach), int(right < reach)
    return np.pad(x, inside, "edge"), np.pad(law.pdf(x), inside)


def _top(bars: Line | None, line: Line | None, law: Law | None) -> float:
    """Return the density at the top: that of the highest bar, or of a bounded law if it is not much higher."""
    highest = float(bars[1].max()) if bars else 0.0
    if law is None or line is None:
        return highest or 1.0
    peak = min(float(line[1].max()), 1 / law.std)  # of Keras' laws only unbounded ones come higher
    return max(min(peak, 1.3 * highest), highest) if bars else peak


def _stems(frame: _Frame, drawn: Bars | None, law: Law, colour: str, ink: str) -> list[str]:
    """Draw each point mass as a bar of drawn weights, pale before the draw, and theory as a line in it."""
    values, shares = np.array(law.atoms).T
    heights, opacity = (shares, PALE) if drawn is None else (_shares(drawn, values), 1.0)
    half = frame.weights(STEM / 2)
    parts = []
    for value, share, height in zip(values, shares, heights, strict=True):
        if abs(value) <= frame.reach:
            sides = np.array([value - half, value + half])
            parts.append(frame.area(sides, np.array([height, height]), colour, opacity))
            parts.append(frame.line(np.array([value, value]), np.array([0, share]), ink))
    return parts


def _shares(bars: Bars, values: Array) -> Array:
    """Return the share of the drawn weights at each value: every bin belongs to the value nearest to it."""
    middles = bars.low + (bars.high - bars.low) * (np.arange(len(bars.counts)) + 0.5) / len(bars.counts)
    nearest = np.abs(middles[:, None] - values).argmin(axis=1)
    shares: Array = np.bincount(nearest, bars.counts, len(values)) / bars.counts.sum()
    return shares


def _pieces(drawn: Bars | None, law: Law | None) -> Line:
    """Return the lowest and highest weights of the elements of the picture."""
    if law is not None and law.atoms:
        values = np.array([value for value, _ in law.atoms])
        return values, values
    pieces = [(drawn.low, drawn.high)] if drawn else []
    if law is not None:
        pieces.append((law.mean - REACH * law.std, law.mean + REACH * law.std))
    lows, highs = np.array(pieces or [(0.0, 0.0)]).T
    return lows, highs
