"""The control for the shape of a kernel: of a Dense layer, a convolution, or any other."""

import re

import streamlit as st

from inits.errors import InitsError, ShapeError
from inits.experiments.weight_source import Kernel
from inits.initializers.shapes import checked
from inits.seeds import MAX_SEED
from inits.text import shown
from pages.parts.page import session
from pages.parts.page.notes import problem
from pages.parts.page.session import seeded, set_widget, widget_key, widget_value
from pages.parts.page.state import rerun
from pages.parts.widgets.picker import axes_inputs

KINDS = ("Dense", "Convolution", "Any")
MAX_WEIGHTS = 4_000_000  # that are drawn for one picture


def parse_shape(text: str) -> tuple[int, ...]:
    """Return the dimensions in "784x128", "3, 3, 16, 32" or "(784, 128)". Raises ShapeError."""
    words = [word for word in re.split(r"[x×,;\s()\[\]]+", text.strip().lower()) if word]
    try:
        shape = checked([int(word) for word in words])
    except ValueError as error:
        if isinstance(error, InitsError):
            raise
        raise ShapeError(f"shape must be whole numbers, such as 784 x 128, but got {shown(text)}.") from None
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
        set_widget(widget_key(page, "seed"), new)
    seed_key = seeded(widget_key(page, "seed"), seed)
    label = f"{' × '.join(map(str, shape))}, seed {widget_value(seed_key)}"
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
            st.number_input(
                "Seed", 0, MAX_SEED, key=seed_key, step=1, help="The same seed draws the same weights."
            )
    if shape != session.SHAPE[page]:
        session.SHAPE[page] = shape
        rerun()
    return shape, int(widget_value(seed_key))


def _kind(shape: tuple[int, ...]) -> str:
    return {2: "Dense", 4: "Convolution"}.get(len(shape), "Any")


def _layer(page: str, kind: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    names = ("Inputs", "Units") if kind == "Dense" else ("Height", "Width", "Channels in", "Filters")
    first = shape if len(shape) == len(names) else ((784, 128) if kind == "Dense" else (3, 3, 16, 32))
    columns = st.columns(2)
    sizes = [
        columns[i % 2].number_input(name, key=seeded(widget_key(page, name), size), value=None, step=1)
        for i, (name, size) in enumerate(zip(names, first, strict=True))
    ]
    return _or_old("x".join(str(size) for size in sizes), shape)


def _any(page: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    key = seeded(widget_key(page, "any"), ", ".join(map(str, shape)))
    text = st.text_input("Shape", key=key, help="Dimensions as in Keras, the units last, such as 5, 3, 64.")
    return _or_old(text, shape)


def _or_old(text: str, old: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return parse_shape(text)
    except InitsError as error:
        problem(str(error))
        return old
