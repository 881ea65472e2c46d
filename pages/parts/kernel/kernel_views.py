"""One kernel in depth: histogram and density, numbers beside theory, Q-Q plot, singular values, pictures."""

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
from inits.initializers.shapes import flattened
from inits.initializers.spec import InitializerSpec
from inits.measure.examination import Examination
from inits.measure.nearest import Nearest
from inits.measure.spectrum import marchenko_pastur_edges, marchenko_pastur_pdf
from inits.text import count, counted, number
from inits.training.draw import examine
from pages.parts.compute.engine_access import ask, can_draw, wait_for
from pages.parts.page.notes import heading, literal, python
from pages.parts.page.state import linked
from pages.parts.widgets import tables
from pages.parts.widgets.chart import shared_chart

FEWEST = 8  # weights that can be tested


@st.cache_data(max_entries=128, show_spinner=False)
def _examined(text: str, shape: tuple[int, ...], seed: int) -> Examination | None:
    return ask(examine, InitializerSpec.parse(text), shape, seed)


@dataclass(frozen=True)
class Look:
    """A kernel to look at: what drew it, the initializer whose law is shown beside it, and what was measured.

    For an initializer of Keras both are the same. `drawn` is None until Keras is there.
    """

    spec: Kernel
    beside: Kernel
    drawn: Examination | None
    near: Nearest | None = None

    def question(self, shape: tuple[int, ...], seed: int) -> Hashable:
        """What its pictures depend on: of code that draws anew each time the first draw is kept, as everywhere."""
        return str(self.spec), str(self.beside), shape, seed, self.drawn is not None


def look(spec: InitializerSpec, shape: tuple[int, ...], seed: int) -> Look:
    """What an initializer of Keras draws. Raises ShapeError."""
    spec.check_shape(shape)
    return Look(spec, spec, _examined(str(spec), shape, seed) if can_draw() else None)


def one_kernel(one: Look, shape: tuple[int, ...], seed: int) -> None:
    """Histogram and density, numbers beside theory, Q-Q plot, singular values, the kernel as a picture."""
    spec, drawn, law = one.spec, one.drawn, one.beside.law(shape)
    question = one.question(shape, seed)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        what = counted(int(np.prod(shape)), "weight")
        heading(what, _how_to_read(one, law), "histogram")
        _hero(question, law, drawn)
    with right:
        heading("Measured and theory", "Difference in standard errors: 95 in 100 lie within ±2.")
        if drawn is not None and drawn.rows:
            tables.measured_and_theory(drawn.rows if drawn.summary.count >= FEWEST else drawn.rows[:1], law)
        elif drawn is not None:
            tables.measured_alone(drawn.summary)
        elif law is not None:
            tables.theory_alone(law, spec.fans(shape)[0])
        if drawn is None:
            wait_for(can_draw)
        elif isinstance(spec, PastedSpec):
            likeness(one.near)
        else:
            verdict(law, drawn)
        if law is not None and law.mean and law.std:
            st.markdown(f":small[:gray[{mean_words(law, spec.fans(shape)[0])}]]")
        if spec is one.beside:
            python(spec.code(seed))
        if drawn is not None:
            st.download_button(
                "Histogram (CSV)",
                lambda: drawn_csv(law, drawn.edges, drawn.density, drawn.shares),
                "histogram.csv",
                "text/csv",
                icon=":material/download:",
                key="explore.csv",
                on_click="ignore",
                type="tertiary",
                help="Each bar's ends, the density drawn, and the exact one in the middle of the bar.",
            )
    if drawn is not None:
        _details(question, spec, law, shape, drawn)


def _how_to_read(one: Look, law: Law | None) -> str:
    if isinstance(one.spec, PastedSpec):
        line = "Marks:" if law and law.atoms else "The line is"
        beside = f" {line} the law of {one.beside}, the nearest of Keras." if law else ""
        return f"Bars count what your code drew.{literal(beside)}"
    if law is None:
        return "Bars count the weights. Nothing is random, so there is no law."
    if law.atoms:
        return "Bars: the share drawn. Marks: the exact share."
    return "Bars count what was drawn. The line is the exact density."


def _hero(question: Hashable, law: Law | None, drawn: Examination | None) -> None:
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


def likeness(near: Nearest | None) -> None:
    """Which initializer of Keras draws like this, in words with the numbers."""
    if near is None:
        st.badge("Like no initializer of Keras", icon=":material/info:", color="gray")
        return
    icon, colour = (":material/check_circle:", "green") if near.within_chance else (":material/info:", "gray")
    st.badge("Draws like" if near.within_chance else "Nearest, but not the same", icon=icon, color=colour)
    python(near.spec.code())
    far = f"Kolmogorov distance {number(near.distance, 2)}"
    words = f"{far}; chance alone seldom exceeds {number(near.chance, 2)}." if near.chance else f"{far}."
    st.markdown(f":small[:gray[{words}]]")


def mean_words(law: Law, fan_in: int) -> str:
    """What sigma_w^2 leaves out."""
    part = number(fan_in * law.mean**2, 3)
    return f"The mean is not 0: σ²w leaves out its part, fan_in × mean² = {part}."


def verdict(law: Law | None, drawn: Examination) -> None:
    """Whether the draw follows the law, in words with the numbers."""
    if law is None or drawn.distance is None:
        st.badge("Not random: nothing to test", icon=":material/info:", color="gray")
    elif drawn.summary.count < FEWEST:
        st.badge("Too few weights to test", icon=":material/info:", color="gray")
    elif (step := float32_step(law)) > 0.01 * law.std > 0:
        st.badge("Rounded by float32", icon=":material/warning:", color="orange")
        st.markdown(f":small[:gray[Near {number(law.mean)} float32 has steps of {number(step, 2)}.]]")
    elif law.atoms:
        good = drawn.distance < 1e-6
        icon = ":material/check_circle:" if good else ":material/error:"
        st.badge(
            f"{'Exactly' if good else 'Not'} as the law says", icon=icon, color="green" if good else "red"
        )
    elif drawn.p is None:
        st.badge("Close to the law", icon=":material/check_circle:", color="green")
        words = "The weights depend on each other, so it has no p-value."
        st.markdown(f":small[:gray[Kolmogorov distance {number(drawn.distance, 2)}. {words}]]")
    else:
        words, icon, colour = judged(drawn.p)
        st.badge(words, icon=icon, color=colour)
        st.markdown(f":small[:gray[Kolmogorov distance {number(drawn.distance, 2)}; {chance(drawn.p)}.]]")


def float32_step(law: Law) -> float:
    """Distance of two neighbours in float32 at the law's mean."""
    return float(np.spacing(np.float32(abs(law.mean))))


def judged(p: float) -> tuple[str, str, str]:
    """Words, icon and colour for a p-value."""
    if p >= 0.05:
        return "Drawn as the law says", ":material/check_circle:", "green"
    if p >= 1e-4:
        return "An unlikely draw, but possible", ":material/warning:", "orange"
    return "Not drawn from this law", ":material/error:", "red"


def chance(p: float) -> str:
    """A p-value as a frequency."""
    if p < 1e-9:
        return "fewer than 1 in a billion draws are farther off (p < 10⁻⁹)"
    if p > 0.95:
        words = "nearly every draw is farther off"
    elif p >= 0.15:
        words = f"{round(10 * p)} in 10 draws are farther off"
    else:
        words = f"1 in {count(round(1 / p))} draws is farther off"
    return f"{words} (p = {number(p, 2)})"


def _details(
    question: Hashable, spec: Kernel, law: Law | None, shape: tuple[int, ...], drawn: Examination
) -> None:
    columns = st.columns(3, gap="medium")
    with columns[0]:
        heading("Q-Q", "On the line: same law. Ends off the line: other tails.", "qq")
        if len(drawn.theory):
            alt = "Quantiles of the drawn weights against those of the law."
            shared_chart(
                question,
                lambda: figures.quantiles(drawn.theory, drawn.drawn).update_layout(
                    uirevision=f"{spec.name} {shape}"
                ),
                key="explore.qq",
                height=style.SMALL,
                alt=alt,
            )
        elif law is None:
            st.markdown(":gray[No law is known, so there are no quantiles to compare.]")
        else:
            st.markdown(":gray[Nothing is drawn at random, so there are no quantiles to compare.]")
    with columns[1]:
        _spectrum(question, spec, law, shape, drawn)
    with columns[2]:
        _pictures(question, drawn)


def _spectrum(
    question: Hashable, spec: Kernel, law: Law | None, shape: tuple[int, ...], drawn: Examination
) -> None:
    independent = law is not None and law.independent
    how = (
        "How much the kernel stretches; line: Marchenko-Pastur."
        if independent
        else "How much the kernel stretches."
    )
    heading("Singular values", how, "spectrum")
    if drawn.singular is None:
        st.markdown(":gray[Too large to decompose while you wait: the shorter side must be at most 1,024.]")
        return

    def figure() -> Any:
        x = density = None
        if independent and law is not None and law.std > 0:
            matrix = flattened(shape)
            low, high = marchenko_pastur_edges(matrix, law.std)
            x = np.linspace(low, high, 200)
            density = marchenko_pastur_pdf(x, matrix, law.std)
        return figures.spectrum(drawn.singular, x, density).update_layout(uirevision=f"{spec} {shape}")

    alt = f"Histogram of {counted(len(drawn.singular), 'singular value')}."
    shared_chart(question, figure, key="explore.spectrum", height=style.SMALL, alt=alt)


def _pictures(question: Hashable, drawn: Examination) -> None:
    shown = "kernel"
    above = st.container()
    if drawn.tiles is not None:
        kinds = {"units": counted(len(drawn.tiles), "unit"), "kernel": "Kernel"}
        shown = linked("explore", "picture", kinds, lambda key: st.segmented_control(
            "Picture", list(kinds), key=key, format_func=kinds.__getitem__,
            required=True, label_visibility="collapsed",
        ))  # fmt: skip

    def figure() -> Any:
        if shown == "units":
            return figures.tiles(drawn.tiles, drawn.scale)
        return figures.heat_map(drawn.block, drawn.scale)

    with above:
        if shown == "units":
            how = "Incoming weights as 28 × 28 pixels: orange −, blue +."
            heading(f"What {kinds['units']} look at", how, "pixels")
            alt = "Incoming weights of the first units as small images."
        else:
            heading("The kernel", _block_words(drawn), "pixels")
            alt = "The first rows and columns of the kernel."
        shared_chart((question, shown), figure, key="explore.pixels", height=style.SMALL, alt=alt)


def _block_words(drawn: Examination) -> str:
    rows, columns = drawn.block.shape
    return f"First {counted(rows, 'input')} × {counted(columns, 'unit')}: orange −, blue +."
