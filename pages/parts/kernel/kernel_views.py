"""The view of one kernel: histogram and density, and its numbers beside those of theory."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from inits.experiments.pasted import PastedSpec
from inits.experiments.weight_source import Kernel
from inits.export.tables import drawn_csv
from inits.figures import kernel as figures
from inits.figures import style
from inits.initializers.laws import Law
from inits.initializers.spec import InitializerSpec
from inits.measure.examination import Examination
from inits.measure.nearest import Nearest
from inits.text import counted, number
from inits.training.draw import examine
from pages.parts.compute.engine_access import attempt, can_draw, compute, wait_for
from pages.parts.kernel.agreement import MIN_WEIGHTS, mean_note, show_agreement, show_nearest
from pages.parts.kernel.details import details
from pages.parts.page.notes import literal, python
from pages.parts.page.slides import picture
from pages.parts.widgets import tables
from pages.parts.widgets.chart import shared_chart


@st.cache_data(max_entries=128, show_spinner=False)
def _examined(text: str, shape: tuple[int, ...], seed: int) -> Examination:
    return compute(examine, InitializerSpec.parse(text), shape, seed)


@dataclass(frozen=True)
class DrawnKernel:
    """A kernel to show.

    Attributes:
        spec: the initializer that draws it.
        reference: the initializer whose law is shown beside it; for an initializer of Keras the same as `spec`.
        drawn: the measurements; None until Keras is loaded.
        near: for pasted code, the initializer of Keras that draws most alike, if any does.
        every: True if it was found to draw like that for every kernel of a network, not only for this one.
    """

    spec: Kernel
    reference: Kernel
    drawn: Examination | None
    near: Nearest | None = None
    every: bool = False

    def question(self, shape: tuple[int, ...], seed: int) -> Hashable:
        """Return all that its pictures depend on. Of code that draws anew each time, the first draw is kept."""
        return str(self.spec), str(self.reference), shape, seed, self.drawn is not None


def drawn_kernel(spec: InitializerSpec, shape: tuple[int, ...], seed: int) -> DrawnKernel:
    """Return the kernel that an initializer of Keras draws. Raises ShapeError."""
    spec.check_shape(shape)
    return DrawnKernel(spec, spec, attempt(_examined, str(spec), shape, seed) if can_draw() else None)


def one_kernel(one: DrawnKernel, shape: tuple[int, ...], seed: int) -> None:
    """Draw histogram and density, numbers beside theory, Q-Q plot, singular values, and the weights as pictures."""
    drawn, law, question = one.drawn, one.reference.law(shape), one.question(shape, seed)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        how, say = _how_to_read(one, law), _sentence(one, law)
        with picture("kernel", counted(int(np.prod(shape)), "weight"), how, "histogram", say=say):
            _histogram(question, law, drawn)
    with right:
        _numbers(one, law, shape)
        if one.spec is one.reference:
            python(one.spec.code(seed))
        if drawn is not None:
            _download(law, drawn)
    if drawn is not None:
        details(question, one.spec, law, shape, drawn)


def _sentence(one: DrawnKernel, law: Law | None) -> str:
    """Return mean and standard deviation, drawn and expected, as a sentence; "" before anything is drawn."""
    if one.drawn is None:
        return ""
    found = one.drawn.summary
    words = f"{literal(one.spec.label)}: mean {number(found.mean)} and std **{number(found.std)}** drawn"
    if law is None or one.spec is not one.reference:
        return f"{words}."
    return f"{words}, {number(law.mean)} and **{number(law.std)}** expected."


def _how_to_read(one: DrawnKernel, law: Law | None) -> str:
    if isinstance(one.spec, PastedSpec):
        line = "Marks:" if law and law.atoms else "The line is"
        beside = f" {line} the distribution of {one.reference}, the nearest of Keras." if law else ""
        return f"Bars count what your code drew.{literal(beside)}"
    if law is None:
        return "Bars count the weights. Nothing is random, so there is no distribution to expect."
    if law.atoms:
        return "Bars: the share drawn. Marks: the exact share."
    return "Bars count what was drawn. The line is the exact density."


def _histogram(question: Hashable, law: Law | None, drawn: Examination | None) -> None:
    def figure() -> Any:
        if law is not None and law.atoms:
            fig = figures.shares(law.atoms, drawn.shares if drawn else None)
        else:
            fig = figures.histogram(law, *((drawn.edges, drawn.density) if drawn else (None, None)))
        return fig.update_layout(meta="drawn" if drawn else "theory")

    alt = "Histogram of the drawn weights with the exact density over it."
    if law is not None and law.atoms:
        alt = "Share of the weights at each value, drawn and exact."
    shared_chart(question, figure, key="explore.hero", height=style.HERO, alt=alt)


def _numbers(one: DrawnKernel, law: Law | None, shape: tuple[int, ...]) -> None:
    """Draw the table of numbers, and how well they agree."""
    fan_in = one.spec.fans(shape)[0]
    how = "Difference in standard errors: 95 in 100 lie within ±2."
    terms = "std, σ_w², kurtosis, Kolmogorov distance"
    with picture("numbers", "Measured and theory", how, terms=terms):
        _table(one, law, fan_in)
    if law is not None and law.mean and law.std:
        mean_note(law, fan_in)


def _table(one: DrawnKernel, law: Law | None, fan_in: int) -> None:
    drawn = one.drawn
    if drawn is not None and drawn.rows and law is not None:
        tables.measured_and_theory(drawn.rows if drawn.summary.count >= MIN_WEIGHTS else drawn.rows[:1], law)
    elif drawn is not None:
        tables.measured_alone(drawn.summary)
    elif law is not None:
        tables.theory_alone(law, fan_in)
    if drawn is None:
        if not can_draw():
            wait_for(can_draw)
    elif isinstance(one.spec, PastedSpec):
        show_nearest(one.near, every=one.every)
    else:
        show_agreement(law, drawn)


def _download(law: Law | None, drawn: Examination) -> None:
    st.download_button(
        "Histogram (CSV)",
        lambda: drawn_csv(law, drawn.edges, drawn.density, drawn.shares),
        "histogram.csv",
        "text/csv",
        icon=":material/download:",
        key="explore.csv",
        on_click="ignore",
        type="tertiary",
        help="The ends of each bar, the density drawn, and the exact density in the middle of the bar.",
    )
