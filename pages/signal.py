"""A signal forward and its gradient back through a random network: theory beside measurement, before any training."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.errors import InitsError
from inits.theory.signal_theory import InputStatistics
from pages.parts.compute.data_note import data_note
from pages.parts.compute.engine_access import can_draw, known_dataset, wait_for
from pages.parts.experiment.choices import Choices
from pages.parts.experiment.start_cards import card_row, chosen_cards
from pages.parts.page import session, state
from pages.parts.page.header import setup
from pages.parts.page.notes import literal, problem
from pages.parts.page.refusals import refusal
from pages.parts.signal.builder import SIGNAL, Shown, signal_builder
from pages.parts.signal.measurements import Seen, code_is_done, look
from pages.parts.signal.phase_plane import phase_plane
from pages.parts.signal.summary import answer, chips, measured_fate, predicted_fate
from pages.parts.signal.views import by_depth, distributions, units, view_switch

PAGE = SIGNAL.page


def main() -> None:
    setup(PAGE)
    shown = SIGNAL.load()
    choices = chosen_cards(PAGE, shown.choices)
    st.title("How far does the signal travel?")
    verdict, controls, cards, notes = st.empty(), st.container(), st.container(), st.container()
    with controls:
        choices = signal_builder(PAGE, choices)
        view = view_switch(PAGE, shown.view)
    SIGNAL.save(Shown(choices, view))
    with cards:
        if session.EDITING.get(PAGE):
            card_row(PAGE, choices)
    with notes:
        refusal(PAGE)
        data_note(PAGE, choices.data)
        if not choices.network.hidden:
            problem("A signal needs hidden layers to travel through. Received none: take at least one.")
            return
        whole = session.ALL_SEEDS.pop(PAGE, choices.seeds == 1)
        try:
            facts, seen = look(choices, whole)
        except InitsError as error:
            problem(str(error))
            return
        tell(choices, seen)
    show(choices, facts, seen, view, verdict)
    if not whole and any(0 < len(one.measurements) < choices.seeds for one in seen):
        look(choices)
        session.ALL_SEEDS[PAGE] = True
        state.run_again()
    if not can_draw() or known_dataset(choices.data) is None:
        wait_for(lambda: can_draw() and known_dataset(choices.data) is not None)
    elif any(len(one.measurements) < choices.seeds and not one.problem for one in seen):
        wait_for(lambda: code_is_done(choices), lambda: "Your code is asked.")


def tell(choices: Choices, seen: list[Seen]) -> None:
    """What could not be measured or predicted, and why: one sentence for each start, or for all alike."""
    for label, one in zip(choices.labels, seen, strict=True):
        if one.problem:
            problem(one.problem if label in one.problem else f"{label}: {one.problem}")
    for words in dict.fromkeys(one.without for one in seen if one.without):
        only = "" if "measured points" in words else " Only the measured points are shown."
        st.markdown(f":small[:gray[{literal(words)}{only}]]")


def show(
    choices: Choices, facts: InputStatistics, seen: list[Seen], view: str, verdict: DeltaGenerator
) -> None:
    """The answer and the pictures."""
    predicted = [predicted_fate(choices, one, facts) for one in seen]
    measured = [measured_fate(choices, one.measurements, facts) for one in seen]
    best = [found or theory for found, theory in zip(measured, predicted, strict=True)]
    verdict.markdown(answer(choices, best))
    left, right = st.columns([5, 4], gap="medium")
    with left:
        by_depth(PAGE, choices, seen, view)
    with right:
        phase_plane(PAGE, choices, seen)
    distributions(PAGE, choices, seen)
    units(PAGE, choices, seen)
    chips(choices, predicted, measured)


main()
