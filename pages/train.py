"""Build a Dense model, choose how it starts, one to eight ways, and watch the first epoch side by side."""

from collections.abc import Sequence
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.errors import InitsError
from inits.experiments.experiment import Experiment
from inits.theory.trainability import Verdict
from pages.parts.compute import pasted_code
from pages.parts.compute.data_note import data_note
from pages.parts.compute.engine_access import known_dataset, wait_for
from pages.parts.compute.job_control import experiment_of, left_note, watch
from pages.parts.compute.phase import Phase, Situation, join, request_run, situation, start_requested
from pages.parts.experiment.builder import builder
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.experiment.network_table import model_table
from pages.parts.experiment.presets import presets
from pages.parts.experiment.start_cards import card_row, chosen_cards
from pages.parts.lessons.bar import lesson_bar
from pages.parts.page import session
from pages.parts.page.header import setup
from pages.parts.page.notes import explained
from pages.parts.page.refusals import refusal
from pages.parts.page.slides import live_controls, slide
from pages.parts.page.state import rerun
from pages.parts.train.headline import answer_before, question, shown_settings
from pages.parts.train.open_file import open_experiment, refused_settings
from pages.parts.train.run_views import by_start, live, reasons, results
from pages.parts.train.verdict import await_verdicts, prediction_note, prediction_table, verdicts_of

PAGE = TRAIN.page


def main() -> None:
    setup(PAGE)
    choices = chosen_cards(PAGE, TRAIN.load())
    lesson_bar(PAGE)
    # The containers are the same in every phase: otherwise the charts would be replaced when the job ends.
    title, answer = st.empty(), st.empty()
    cards, controls, notes = slide("starts", "The starts"), live_controls(PAGE), st.container()
    editable = situation(PAGE, plan(choices)).phase is not Phase.RUNNING
    if editable:
        with controls:
            choices = edited(choices)
    title.title(question(choices), help=explained("each start"))
    TRAIN.save(choices)
    with notes:
        data_note(PAGE, choices.data)
        refused_settings(PAGE, choices)
        if dataset := known_dataset(choices.data):
            start_requested(PAGE, lambda: pasted_code.start(choices.experiment(dataset)))
    now, verdicts = situation(PAGE, plan(choices)), []
    if editable is (now.phase is Phase.RUNNING):
        rerun()  # the run has ended, or another session has started the new settings
    if editable:
        verdicts = verdicts_of(choices, plan(choices))
        with cards:
            start_cards(choices, now, verdicts)
    show(choices, now, verdicts, answer, notes)
    groups = by_start(now.job, now.job.records) if now.job and now.current else []
    model_table(choices, [group[0] for group in groups])


def plan(choices: Choices) -> Experiment | None:
    """Return the experiment that Run would start; None until the data set is known, or if a start does not fit."""
    try:
        dataset = known_dataset(choices.data)
        return choices.experiment(dataset) if dataset else None
    except InitsError:
        return None


def edited(choices: Choices) -> Choices:
    """Draw the controls; return the choices."""
    choices, pressed = builder(PAGE, choices, partial(presets, PAGE, partial(open_experiment, PAGE, choices)))
    refusal(PAGE)
    if pressed and PAGE not in session.REFUSAL:
        request_run(PAGE)
    return choices


def start_cards(choices: Choices, now: Situation, verdicts: Sequence[Verdict | None]) -> None:
    """Draw the cards of the starts, with their outcomes if they have run."""
    outcomes, why = (results(now.job), reasons(now.job)) if now.job and now.current else ([], {})
    card_row(PAGE, choices, outcomes=outcomes, why=why, under=partial(prediction_note, verdicts, outcomes))


def show(
    choices: Choices,
    now: Situation,
    verdicts: Sequence[Verdict | None],
    answer: DeltaGenerator,
    notes: DeltaGenerator,
) -> None:
    """Show what the phase of the page has to show below its controls."""
    experiment = plan(choices)
    match now.phase:
        case Phase.IDLE:
            answer_before(answer, choices, experiment)
            with notes:
                left_note(PAGE)
            join(PAGE, experiment)
            prediction_table(choices, verdicts)
            await_verdicts(experiment, verdicts)
        case Phase.WAITING:
            answer.markdown("The run starts as soon as the digits are loaded.")
            wait_for(lambda: known_dataset(choices.data) is not None)
        case Phase.RUNNING | Phase.DONE:
            assert now.job is not None
            watch(PAGE, now.job)
            shown = Choices.of(experiment_of(now.job), choices.cards)
            with notes:
                shown_settings(shown, now)
                sentence = answer if now.phase is Phase.RUNNING or now.current else st.empty()
            if sentence is not answer:
                answer_before(answer, choices, experiment)
            live(PAGE, now.job, shown, sentence, over=now.phase is Phase.DONE)
            if verdicts and now.current:
                prediction_table(choices, verdicts, results(now.job))
                await_verdicts(experiment, verdicts)


main()
