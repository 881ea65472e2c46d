"""How well drawn weights agree with a law, in words with the numbers."""

import numpy as np
import streamlit as st

from inits.initializers.laws import Law
from inits.measure.examination import Examination
from inits.measure.nearest import Nearest
from inits.text import count, number
from pages.parts.page.notes import Colour, python

MIN_WEIGHTS = 8  # that can be tested


def show_nearest(near: Nearest | None, *, every: bool) -> None:
    """Show which initializer of Keras draws most alike, as code to copy if it does so for `every` kernel."""
    if near is None:
        st.badge("Like no initializer of Keras", icon=":material/info:", color="gray")
        return
    if every:
        st.badge("Draws like", icon=":material/check_circle:", color="green")
        python(near.spec.code())
    else:
        alike = "This kernel is consistent with" if near.within_chance else "Nearest, but not the same"
        st.badge(alike, icon=":material/info:", color="gray")
        alone = " Judged by this kernel alone: other shapes may need another." if near.within_chance else ""
        _note(f"`{near.spec}`.{alone}")
    words = f"Kolmogorov distance {number(near.distance, 2)}"
    if near.chance:
        words += f"; by chance it seldom exceeds {number(near.chance, 2)}"
    _note(f"{words}.")


def mean_note(law: Law, fan_in: int) -> None:
    """Show what sigma_w^2 leaves out for a law whose mean is not 0."""
    part = number(fan_in * law.mean**2, 3)
    _note(f"The mean is not 0: $\\sigma_w^2$ leaves out its part, fan_in × mean² = {part}.")


def show_agreement(law: Law | None, drawn: Examination) -> None:
    """Show if the drawn weights follow their law."""
    if law is None or drawn.distance is None:
        st.badge("Not random: nothing to test", icon=":material/info:", color="gray")
    elif drawn.summary.count < MIN_WEIGHTS:
        st.badge("Too few weights to test", icon=":material/info:", color="gray")
    elif (step := float32_step(law)) > 0.01 * law.std > 0:
        st.badge("Rounded by float32", icon=":material/warning:", color="orange")
        _note(f"Near {number(law.mean)} float32 has steps of {number(step, 2)}.")
    elif law.atoms and drawn.distance < 1e-6:
        st.badge("Exactly the expected values", icon=":material/check_circle:", color="green")
    elif law.atoms:
        st.badge("Not the expected values", icon=":material/error:", color="red")
    elif drawn.p is None:
        st.badge("Close to the expected distribution", icon=":material/check_circle:", color="green")
        distance = number(drawn.distance, 2)
        _note(f"Kolmogorov distance {distance}. The weights depend on each other, so there is no p-value.")
    else:
        words, icon, colour = judgement(drawn.p)
        st.badge(words, icon=icon, color=colour)
        _note(f"Kolmogorov distance {number(drawn.distance, 2)}; {chance(drawn.p)}.")


def _note(words: str) -> None:
    st.markdown(f":small[:gray[{words}]]")


def float32_step(law: Law) -> float:
    """Return the distance of two neighbours in float32 at the mean of a law."""
    return float(np.spacing(np.float32(abs(law.mean))))


def judgement(p: float) -> tuple[str, str, Colour]:
    """Return the words, the icon and the colour for a p-value."""
    if p >= 0.05:
        return "Matches the expected distribution", ":material/check_circle:", "green"
    if p >= 1e-4:
        return "An unlikely draw, but possible", ":material/warning:", "orange"
    return "Not the expected distribution", ":material/error:", "red"


def chance(p: float) -> str:
    """Return a p-value as a frequency, in words."""
    if p < 1e-9:
        return "fewer than 1 in a billion draws differ more (p < 10⁻⁹)"
    if p > 0.95:
        words = "nearly every draw differs more"
    elif p >= 0.15:
        words = f"{round(10 * p)} in 10 draws differ more"
    else:
        words = f"1 in {count(round(1 / p))} draws differs more"
    return f"{words} (p = {number(p, 2)})"
