"""The lower half of the view of one kernel: Q-Q plot, singular values, and the weights as pictures."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from inits.experiments.weight_source import Kernel
from inits.figures import kernel as figures
from inits.figures import style
from inits.initializers.laws import Law
from inits.initializers.shapes import flattened
from inits.measure.examination import Examination
from inits.measure.spectrum import marchenko_pastur_edges, marchenko_pastur_pdf
from inits.text import counted, number
from pages.parts.page.notes import heading
from pages.parts.page.slides import picture, slide
from pages.parts.page.state import linked
from pages.parts.widgets.chart import shared_chart


def details(
    question: Hashable, spec: Kernel, law: Law | None, shape: tuple[int, ...], drawn: Examination
) -> None:
    """Draw the three pictures side by side; `question` names all that they depend on."""
    columns = st.columns(3, gap="medium")
    with columns[0]:
        _quantiles(question, f"{spec.name} {shape}", law, drawn)
    with columns[1]:
        _spectrum(question, spec, law, shape, drawn)
    with columns[2]:
        _pictures(question, drawn)


def _quantiles(question: Hashable, revision: str, law: Law | None, drawn: Examination) -> None:
    with picture(
        "qq", "Q-Q", "On the line: the expected distribution. Ends off the line: other tails.", "qq"
    ):
        _quantile_plot(question, revision, law, drawn)


def _quantile_plot(question: Hashable, revision: str, law: Law | None, drawn: Examination) -> None:
    if law is None:
        st.markdown(":gray[The distribution is not known, so there are no quantiles to compare.]")
        return
    if not len(drawn.theory):
        st.markdown(":gray[Nothing is drawn at random, so there are no quantiles to compare.]")
        return

    def figure() -> Any:
        return figures.quantiles(drawn.theory, drawn.drawn).update_layout(uirevision=revision)

    alt = "Quantiles of the drawn weights against those of the expected distribution."
    shared_chart(question, figure, key="explore.qq", height=style.SMALL, alt=alt)


def _spectrum(
    question: Hashable, spec: Kernel, law: Law | None, shape: tuple[int, ...], drawn: Examination
) -> None:
    how = "How much the kernel stretches each direction."
    if law is not None and law.independent:
        how = "How much the kernel stretches; line: Marchenko-Pastur distribution."
    singular, say = drawn.singular, ""
    if singular is not None and len(singular):
        say = f"The kernel stretches directions by {number(singular[-1], 3)} to **{number(singular[0], 3)}**."
    with picture("spectrum", "Singular values", how, "spectrum", say=say):
        _spectrum_plot(question, spec, law, shape, singular)


def _spectrum_plot(
    question: Hashable,
    spec: Kernel,
    law: Law | None,
    shape: tuple[int, ...],
    singular: NDArray[np.float64] | None,
) -> None:
    if singular is None:
        st.markdown(":gray[The kernel is too large to decompose: its shorter side must be at most 1,024.]")
        return

    def figure() -> Any:
        x = density = None
        if law is not None and law.independent and law.std > 0:
            matrix = flattened(shape)
            low, high = marchenko_pastur_edges(matrix, law.std)
            x = np.linspace(low, high, 200)
            density = marchenko_pastur_pdf(x, matrix, law.std)
        return figures.spectrum(singular, x, density).update_layout(uirevision=f"{spec} {shape}")

    alt = f"Histogram of {counted(len(singular), 'singular value')}."
    shared_chart(question, figure, key="explore.spectrum", height=style.SMALL, alt=alt)


def _pictures(question: Hashable, drawn: Examination) -> None:
    with slide("pixels"):
        _pixels(question, drawn)


def _pixels(question: Hashable, drawn: Examination) -> None:
    shown, tiles = "kernel", drawn.tiles
    above = st.container()
    if tiles is not None:
        kinds = {"units": counted(len(tiles), "unit"), "kernel": "Kernel"}
        shown = str(linked("explore", "picture", kinds, lambda key: st.segmented_control(
            "Picture", list(kinds), key=key, format_func=kinds.__getitem__,
            required=True, label_visibility="collapsed",
        )))  # fmt: skip
    with above:
        if tiles is not None and shown == "units":
            how = "Incoming weights as 28 × 28 pixels: orange −, blue +."
            heading(f"Weights of {counted(len(tiles), 'unit')}", how, "pixels")
            alt = "Incoming weights of the first units as small images."
        else:
            rows, columns = drawn.block.shape
            how = f"First {counted(rows, 'input')} × {counted(columns, 'unit')}: orange −, blue +."
            heading("The kernel", how, "pixels")
            alt = "The first rows and columns of the kernel."

        def figure() -> Any:
            if tiles is not None and shown == "units":
                return figures.tiles(tiles, drawn.scale)
            return figures.heat_map(drawn.block, drawn.scale)

        shared_chart((question, shown), figure, key="explore.pixels", height=style.SMALL, alt=alt)
