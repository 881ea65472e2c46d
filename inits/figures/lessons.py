"""Draw a lesson's result as a small picture: SVG for an `<img>`, in real colours, as on the start cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inits.text import bare

WIDTH, HEIGHT, EDGE = 400, 124, 5  # pixels
CROSS = 4.5  # half its width


@dataclass(frozen=True)
class Frame:
    """Map of data coordinates, `x` and `y` each from low to high, to pixels."""

    x: tuple[float, float]
    y: tuple[float, float]
    log: bool = False

    def places(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return (n, 2) pixels; points outside are moved to the edge."""
        heights, ends = np.asarray(y, float), np.asarray(self.y)
        if self.log:
            heights, ends = np.log10(np.maximum(heights, ends[0])), np.log10(ends)
        across = (np.asarray(x, float) - self.x[0]) / (self.x[1] - self.x[0])
        up = (heights - ends[0]) / (ends[1] - ends[0])
        shares = np.clip(np.stack([across, 1 - up], axis=1), 0, 1)
        places: NDArray[np.float64] = EDGE + shares * [WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE]
        return places


def lesson_svg(picture: Mapping[str, Any], colours: Sequence[str], ink: str) -> str:
    """Return the picture of a lesson.

    Args:
        picture: as in `data/lessons.json`: `series`, each with the slot of its colour, a mark and numbers, between
            `x` and `y`, and maybe a `level` to hold them against; or `cells`, rows of shares from the lowest up.
        colours, ink: of the starts and of all else, as CSS knows them.
    """
    if "cells" in picture:
        parts = _cells(picture["cells"], ink)
    else:
        frame = Frame(tuple(picture["x"]), tuple(picture["y"]), picture.get("log", False))
        parts = [_ground(frame, picture.get("level"), ink)]
        parts += [_series(frame, one, colours[one["slot"]], ink) for one in picture["series"]]
    return _svg(parts)


def cover_svg(words: str, ink: str) -> str:
    """Return a picture of the same size that shows only some words."""
    area = f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="{ink}" fill-opacity="0.06"/>'
    place = f'x="{WIDTH / 2:g}" y="{HEIGHT / 2 + 5:g}" text-anchor="middle"'
    return _svg([area, f'<text {place} font-family="sans-serif" font-size="14" fill="{ink}">{words}</text>'])


def _svg(parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(parts)}</svg>'
    )


def _short(pixels: float) -> str:
    return bare(f"{pixels:.1f}")


def _path(places: NDArray[np.float64]) -> str:
    return "M" + " ".join(f"{_short(x)},{_short(y)}" for x, y in places)


def _ground(frame: Frame, level: float | None, ink: str) -> str:
    """Draw the line below, and a dotted one at the level."""
    base = f'<path d="M0,{HEIGHT - 0.5}H{WIDTH}" stroke="{ink}" stroke-opacity="0.25"/>'
    if level is None:
        return base
    y = _short(frame.places([frame.x[0]], [level])[0, 1])
    dots = 'stroke-opacity="0.5" stroke-dasharray="1.5 4"'
    return f'{base}<path class="level" d="M0,{y}H{WIDTH}" stroke="{ink}" {dots}/>'


def _series(frame: Frame, one: Mapping[str, Any], colour: str, ink: str) -> str:
    places, mark = frame.places(one["x"], one["y"]), one["mark"]
    if mark == "points":
        dots = (f'<circle cx="{_short(x)}" cy="{_short(y)}" r="2.6"/>' for x, y in places)
        return f'<g class="points" fill="{colour}" fill-opacity="0.85">{"".join(dots)}</g>'
    if mark == "area":
        low = HEIGHT - EDGE
        ends = np.vstack([[places[0, 0], low], places, [places[-1, 0], low]])
        fill = f'fill="{colour}" fill-opacity="0.45" stroke="{colour}"'
        return f'<path class="area" d="{_path(ends)}" {fill} stroke-width="1.5"/>'
    if mark == "theory":
        return f'<path class="theory" d="{_path(places)}" fill="none" stroke="{ink}" stroke-width="1"/>'
    style = f'stroke="{colour}" stroke-width="2.5" stroke-linejoin="round"'
    line = f'<path class="line" d="{_path(places)}" fill="none" {style}/>'
    return line + (_cross(places[-1], colour) if one.get("lost") else "")


def _cross(place: NDArray[np.float64], colour: str) -> str:
    """Return a cross where a run diverged."""
    x, y = max(place[0], EDGE + CROSS), min(place[1], HEIGHT - EDGE - CROSS)
    left, right, top, bottom = (_short(v) for v in (x - CROSS, x + CROSS, y - CROSS, y + CROSS))
    d = f"M{left},{top}L{right},{bottom}M{left},{bottom}L{right},{top}"
    return f'<path class="cross" d="{d}" stroke="{colour}" stroke-width="2.5"/>'


def _cells(rows: Sequence[Sequence[float]], ink: str) -> list[str]:
    """Return one rectangle for each cell, more opaque for a higher share."""
    high, wide = (HEIGHT - 2 * EDGE) / len(rows), (WIDTH - 2 * EDGE) / len(rows[0])
    return [
        f'<rect x="{_short(EDGE + column * wide)}" y="{_short(HEIGHT - EDGE - (row + 1) * high)}" '
        f'width="{_short(wide - 2)}" height="{_short(high - 2)}" fill="{ink}" fill-opacity="{0.04 + 0.9 * share:.2f}"/>'
        for row, shares in enumerate(rows)
        for column, share in enumerate(shares)
    ]
