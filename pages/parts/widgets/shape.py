"""The control for the shape of a kernel: of a Dense layer, a convolution, or any other."""

import re
from collections.abc import Callable

import streamlit as st

from inits.errors import InitsError, ShapeError
from inits.experiments.weight_source import Kernel
from inits.initializers.shapes import checked, times
from inits.seeds import MAX_SEED
from inits.text import shown
from inits.typed import split_list
from pages.parts.page import session
from pages.parts.page.address import whole
from pages.parts.page.refusals import accept, refusal_inside, refuse
from pages.parts.page.session import seeded, widget_key
from pages.parts.page.state import rerun
from pages.parts.widgets.box import box_value, number_box, set_box, text_box
from pages.parts.widgets.picker import axes_inputs

KINDS = ("Dense", "Convolution", "Any")
MAX_WEIGHTS = 4_000_000  # that are drawn for one picture


def parse_shape(text: str) -> tuple[int, ...]:
    """Return the dimensions in "784x128", "3, 3, 16, 32", "784 → 128" or "(784, 128)". Raises ShapeError."""
    words = split_list(re.sub(r"[x×*]|\bby\b", ",", text.lower()))
    if not words or not all(re.fullmatch(r"-?(0|[1-9]\d{0,14})", word) for word in words):
        raise ShapeError(
            f"shape must be whole numbers such as 784 x 128 or 3, 3, 16, 32, but got {shown(text)}."
        )
    shape = checked([int(word) for word in words])
    size = 1
    for dimension in shape:
        size *= dimension
    if size > MAX_WEIGHTS:
        raise ShapeError(
            f"shape must have at most {MAX_WEIGHTS:,} weights to be drawn here, but got {size:,}."
        )
    return shape


def format_shape(shape: tuple[int, ...]) -> str:
    """Return a shape as "784x128", as in the address."""
    return "x".join(map(str, shape))


def shape_popover(page: str, spec: Kernel, shape: tuple[int, ...], seed: int) -> tuple[tuple[int, ...], int]:
    """Draw a popover for the shape of the kernel and the seed; its label states them. Return both."""
    shape = session.SHAPE.setdefault(page, shape)
    if (new := session.NEW_SEED.pop(page)) is not None:
        set_box(widget_key(page, "seed"), new)
    seed = box_value(widget_key(page, "seed"), seed)
    label = f"{times(shape)}, seed {seed}"
    with st.popover(label, icon=":material/tune:", key=widget_key(page, "shape_popover")):
        kind = st.segmented_control(
            "Layer",
            KINDS,
            key=seeded(widget_key(page, "kind"), _kind(shape)),
            required=True,
            label_visibility="collapsed",
        )
        shape = _any(page, shape) if kind == "Any" else _layer(page, str(kind), shape)
        axes_inputs(page, spec)
        if spec.random:
            key, words = widget_key(page, "seed"), "The same seed draws the same weights."
            seed = number_box("Seed", key, seed, whole("Seed", 0, MAX_SEED), scope=page, help=words)
        refusal_inside(page)
    if shape != session.SHAPE[page]:
        session.SHAPE[page] = shape
        rerun()
    return shape, seed


def _kind(shape: tuple[int, ...]) -> str:
    return {2: "Dense", 4: "Convolution"}.get(len(shape), "Any")


def _layer(page: str, kind: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    names = ("Inputs", "Units") if kind == "Dense" else ("Height", "Width", "Channels in", "Filters")
    first = shape if len(shape) == len(names) else ((784, 128) if kind == "Dense" else (3, 3, 16, 32))
    columns = st.columns(2)
    for place, name in enumerate(names):
        with columns[place % 2]:
            _side(page, name, first, place)
    return first


def _side(page: str, name: str, shape: tuple[int, ...], place: int) -> None:
    """Draw a box for one dimension of the shape."""

    def take(text: str) -> None:
        _take(page, lambda: (*shape[:place], whole(name, 1, MAX_WEIGHTS)(text), *shape[place + 1 :]))

    text_box(name, widget_key(page, name), str(shape[place]), take, keypad=True)


def _any(page: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    words = "Dimensions as in Keras, the units last, such as 5, 3, 64."
    text = ", ".join(map(str, shape))
    text_box(
        "Shape",
        widget_key(page, "any"),
        text,
        lambda text: _take(page, lambda: parse_shape(text)),
        help=words,
    )
    return shape


def _take(page: str, make: Callable[[], tuple[int, ...]]) -> None:
    """Change the shape of the page, unless it is refused."""
    try:
        session.SHAPE[page] = parse_shape(format_shape(make()))
        accept(page)
    except InitsError as error:
        refuse(page, str(error))
