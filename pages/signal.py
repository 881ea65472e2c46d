"""The signal forward and its gradient backward through an untrained network, predicted and measured."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.errors import InitsError
from inits.theory.signal_theory import InputStatistics, predicted_regime
from pages.parts.compute.data_note import data_note
from pages.parts.compute.engine_access import can_draw, known_dataset, wait_for
from pages.parts.experiment.choices import Choices
from pages.parts.experiment.start_cards import add_button, card_row, chosen_cards
from pages.parts.lessons.bar import lesson_bar
from pages.parts.page import session, state
from pages.parts.page.header import setup
from pages.parts.page.notes import literal, problem
from pages.parts.page.refusals import refusal
from pages.parts.page.slides import live_controls, slide
from pages.parts.signal.builder import SIGNAL, PageSettings, signal_builder
from pages.parts.signal.measurements import StartSignal, code_is_done, signals_of
from pages.parts.signal.phase_plane import phase_plane
from pages.parts.signal.summary import answer, chips, measured_regime
from pages.parts.signal.views import by_depth, distributions, units, view_switch

PAGE = SIGNAL.page


def main() -> None:
    setup(PAGE)
    shown = SIGNAL.load()
    choices = chosen_cards(PAGE, shown.choices)
    lesson_bar(PAGE)
    st.title("How far does the signal travel?")
    verdict, controls = st.container(), live_controls(PAGE)
    switch = live_controls(PAGE, "view", slides=("by_depth",))
    cards, notes = slide("starts", "The starts"), st.container()
    with controls:
        choices = signal_builder(PAGE, choices)
    with switch:
        view = view_switch(PAGE, shown.view)
    SIGNAL.save(PageSettings(choices, view))
    with cards:
        if session.EDITING.get(PAGE):
            card_row(PAGE, choices)
            add_button(PAGE, choices.cards)
    with notes:
        refusal(PAGE)
        data_note(PAGE, choices.data)
        if not choices.network.hidden:
            problem("The network must have at least 1 hidden layer, but got none.")
            return
        whole = session.ALL_SEEDS.pop(PAGE, choices.seeds == 1)
        try:
            facts, signals = signals_of(choices, whole)
        except InitsError as error:
            problem(str(error))
            return
        show_problems(choices, signals)
    show(choices, facts, signals, view, verdict)
    if not whole and any(0 < len(one.measurements) < choices.seeds for one in signals):
        signals_of(choices)
        session.ALL_SEEDS[PAGE] = True
        state.run_again()
    if not can_draw() or known_dataset(choices.data) is None:
        wait_for(lambda: can_draw() and known_dataset(choices.data) is not None)
    elif any(len(one.measurements) < choices.seeds and not one.problem for one in signals):
        wait_for(lambda: code_is_done(choices), lambda: "Running your code...")


def show_problems(choices: Choices, signals: list[StartSignal]) -> None:
    """Show why starts could not be measured or predicted; the same reason is shown once."""
    for label, one in zip(choices.labels, signals, strict=True):
        if one.problem:
            problem(one.problem if label in one.problem else f"{label}: {one.problem}")
    for words in dict.fromkeys(one.no_theory for one in signals if one.no_theory):
        only = "" if "measured points" in words else " Only the measured points are shown."
        st.markdown(f":small[:gray[{literal(words)}{only}]]")


def show(
    choices: Choices, facts: InputStatistics, signals: list[StartSignal], view: str, verdict: DeltaGenerator
) -> None:
    """Show the answer and the pictures."""
    net = choices.network
    theories = [one.prediction for one in signals]
    predicted = [None if one is None else predicted_regime(net, one, facts) for one in theories]
    measured = [measured_regime(choices, one.measurements, facts) for one in signals]
    best = [found or theory for found, theory in zip(measured, predicted, strict=True)]
    with verdict:
        st.markdown(answer(choices, best))
        chips(choices, predicted, measured)
    left, right = st.columns([5, 4], gap="medium")
    with left:
        by_depth(PAGE, choices, signals, view)
    with right:
        phase_plane(PAGE, choices, signals)
    distributions(PAGE, choices, signals)
    units(PAGE, choices, signals)


main()
