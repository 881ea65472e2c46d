"""Charts: every page draws its Plotly figures through this module.

`chart` passes a figure to a small component in the browser (`browser/chart.js`), which draws it with Plotly's own
cartesian bundle. The bundle is a third of the size of that of `st.plotly_chart`, and zoom, legend and hover survive
a live update.

Figures contain colour tokens (`inits.figures.style`) that the browser replaces with the colours of the theme, so a
switch between light and dark needs no rerun.
"""

import base64
import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from pages.parts.page.browser_files import serve
from pages.parts.page.session import widget_value
from pages.parts.page.shared_cache import shared_figures

PLOTLY_VERSION = "4.1.1"
BROWSER = Path(__file__).parent / "browser"
BUNDLE = BROWSER / f"plotly-cartesian-{PLOTLY_VERSION}.min.js"

TRACE_TYPES = frozenset(
    {
        "bar",
        "box",
        "contour",
        "heatmap",
        "histogram",
        "histogram2d",
        "histogram2dcontour",
        "image",
        "pie",
        "scatter",
        "scatterternary",
        "violin",
    }
)

_NAME = "inits.chart"
_LARGEST, _SMALLEST = 1e38, 1e-37  # what a 32-bit float holds at full precision


@dataclass(frozen=True)
class Point:
    """A point that was clicked: its trace by number and name, its index and its coordinates."""

    curve: int
    name: str
    index: int | list[int] | None
    x: Any
    y: Any
    z: Any = None
    customdata: Any = None


def chart(
    fig: Any,
    *,
    key: str,
    height: int,
    alt: str,
    on_click: Callable[[Point], None] | None = None,
) -> Point | None:
    """Draw a figure, full width and `height` pixels high.

    Args:
        fig: a `plotly.graph_objects.Figure` (or anything with its `to_dict`) whose traces are all among
            `TRACE_TYPES`. `layout.meta` appears as the element's `data-meta` once the picture is drawn.
            Zoom survives updates; another `layout.uirevision` resets it.
        key: the name of this chart in the app; under the same key the browser keeps the same picture.
        height: pixels, reserved before anything has loaded.
        alt: one sentence that describes the picture, for screen readers.
        on_click: called with the clicked `Point` before the page runs again.

    Returns:
        The point that was clicked just now, or None.

    Raises:
        ValueError: for a trace type that the bundle cannot draw, or an empty `alt`.
    """
    data = payload(fig, key=key, alt=alt, clicks=on_click is not None)
    if on_click is None:
        draw(data, key=key, height=height)
        return None

    def clicked() -> None:
        if point := _point(widget_value(key).get("click")):
            on_click(point)

    return _point(_component()(key=key, data=data, height=height, on_click_change=clicked).click)


def shared_chart(question: Hashable, make: Callable[[], Any], *, key: str, height: int, alt: str) -> None:
    """Draw a figure like `chart`; the figure is made once for all sessions.

    Args:
        question: all that the figure depends on.
        make: returns the figure.
        key, height, alt: see `chart`.
    """

    def data() -> bytes:
        return payload(make(), key=key, alt=alt, clicks=False)

    draw(shared_figures().get_or_make((key, alt, question), data), key=key, height=height)


def draw(data: bytes, *, key: str, height: int) -> None:
    """Draw data that `payload` has made for this key."""
    _component()(key=key, data=data, height=height)


def payload(fig: Any, *, key: str, alt: str, clicks: bool) -> bytes:
    """Return what is sent to the browser: JSON with the figure and its options.

    Figures were validated when they were built, so only the trace types are checked again. Arrays are sent as base64,
    floats with 32 bits. Plotly's default template is left out: the theme takes its place.
    """
    if not alt.strip():
        raise ValueError(f"alt must describe the picture, but got {alt!r}.")
    figure = _plain(fig.to_dict())
    unknown = {trace.get("type", "scatter") for trace in figure["data"]} - TRACE_TYPES
    if unknown:
        raise ValueError(
            f"chart() cannot draw traces of type {', '.join(sorted(unknown))}. "
            f"Use one of: {', '.join(sorted(TRACE_TYPES))}."
        )
    figure["layout"].pop("template", None)
    message = {"key": key, "alt": alt, "clicks": clicks, **figure}
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: typed arrays with 32-bit floats, None for a gap in a list."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        if value.get("dtype") == "f8" and "bdata" in value:
            return _single_precision(value)
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _single_precision(spec: dict[str, Any]) -> dict[str, Any]:
    """Return an array with 32-bit floats, unless its numbers are too large or too small (a signal that explodes)."""
    numbers = np.frombuffer(base64.b64decode(spec["bdata"]), dtype=np.float64)
    sizes = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    if sizes.size and (sizes.max() > _LARGEST or sizes.min() < _SMALLEST):
        return spec
    return {
        **spec,
        "dtype": "f4",
        "bdata": base64.b64encode(numbers.astype(np.float32).tobytes()).decode("ascii"),
    }


def _point(clicked: dict[str, Any] | None) -> Point | None:
    return Point(**clicked) if clicked else None


def _component() -> ComponentRenderer:
    serve(_NAME, BROWSER)
    return _renderer()


@cache
def _renderer() -> ComponentRenderer:
    return st.components.v2.component(_NAME, js="chart.js", html="<div></div>", isolate_styles=False)
