"""Build a Dense model, choose how it starts, one to eight ways, and watch the first epoch side by side."""

from collections.abc import Sequence
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.engine.jobs import Job
from inits.errors import InitsError
from inits.experiments.experiment import Experiment
from pages.parts.compute import pasted_code
from pages.parts.compute.data_note import data_remark, stand_in_note
from pages.parts.compute.engine_access import known_dataset, wait_for
from pages.parts.compute.job_control import experiment_of, left_note, watch
from pages.parts.compute.phase import Phase, Situation, join, request_run, situation, start_requested
from pages.parts.experiment.builder import builder
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.experiment.names import choices_of, remember
from pages.parts.experiment.network_table import model_table
from pages.parts.experiment.presets import presets
from pages.parts.experiment.start_cards import add_button, card_row, chosen_cards
from pages.parts.lessons.bar import lesson_bar
from pages.parts.page import session
from pages.parts.page.guess import guess_switch
from pages.parts.page.header import setup
from pages.parts.page.notes import explained
from pages.parts.page.refusals import refusal
from pages.parts.page.session import widget_key
from pages.parts.page.slides import current_part, say_here
from pages.parts.page.state import rerun
from pages.parts.train import guessing
from pages.parts.train.chips import Chips
from pages.parts.train.headline import answer_before, question, shown_settings
from pages.parts.train.network_view import network_picture
from pages.parts.train.open_file import open_experiment, refused_settings
from pages.parts.train.run_views import by_start, follow, places, reasons, result, results
from pages.parts.train.verdict import Prediction, await_predictions, prediction_table, predictions

PAGE = TRAIN.page


def main() -> None:
    setup(PAGE)
    choices = chosen_cards(PAGE, TRAIN.load())
    lesson_bar(PAGE)
    title, answer = st.empty(), st.empty()
    now = seen(choices)
    if now.phase is Phase.RUNNING and now.job is not None:
        shown = choices_of(now.job, choices.cards)
        title.title(question(shown), help=explained("each start"))
        TRAIN.save(choices)
        start(choices)
        run(now.job, shown, answer, current=now.current)
    else:
        with st.container():
            edit(choices, title, answer)


def plan(choices: Choices) -> Experiment | None:
    """Return the experiment that Run would start; None until the data set is known, or if a start does not fit."""
    try:
        dataset = known_dataset(choices.data)
        return choices.experiment(dataset) if dataset else None
    except InitsError:
        return None


def seen(choices: Choices) -> Situation:
    """Return the situation of the page. Results for the controls stay out of it until the user has pressed Run."""
    wanted, shown = plan(choices), session.JOB.get(PAGE)
    if not guessing.awaits_run(choices):
        now = situation(PAGE, wanted)
        if now.current and now.job is not None:
            remember(now.job, choices)
        return now
    if shown is not None and wanted is not None and shown.plan.key == wanted.key:
        session.JOB.pop(PAGE)
    return situation(PAGE, None)


def edited(choices: Choices) -> Choices:
    """Draw the controls; return the choices."""

    def more() -> None:
        open_experiment(PAGE, choices)
        guess_switch(PAGE)

    def cards() -> None:
        presets(PAGE, more)
        add_button(PAGE, choices.cards)

    choices, pressed = builder(PAGE, choices, cards)
    refusal(PAGE)
    if pressed and PAGE not in session.REFUSAL:
        guessing.uncover(choices)
        request_run(PAGE)
    return choices


def run(job: Job, shown: Choices, answer: DeltaGenerator, current: bool) -> None:
    """Show a job that runs."""
    watch(PAGE, job)
    predicted = predictions(shown, experiment_of(job))
    follow(PAGE, job, shown, predicted, answer, current)
    details(shown, predicted)


def edit(choices: Choices, title: DeltaGenerator, answer: DeltaGenerator) -> None:
    """Show the controls and the cards, and what the phase of the page has to show below them."""
    controls, cards, notes, pictures = places()
    with controls:
        choices = edited(choices)
    title.title(question(choices), help=explained("each start"))
    TRAIN.save(choices)
    with notes:
        stand_in_note(PAGE, choices.data)
        refused_settings(PAGE, choices)
        start(choices)
    experiment = plan(choices)
    now, covered = seen(choices), guessing.covered(choices)
    predicted = [None] * len(choices.cards) if covered else predictions(choices, experiment)
    if now.phase is Phase.RUNNING:
        rerun()  # another session has started the new settings
    current = now.job if now.current else None
    chips = Chips(predicted, current, results(current), reasons(current)) if current else Chips(predicted)
    with notes:
        words = guessing.guess_line(choices, predicted, chips.outcomes)
    with cards:
        card_row(PAGE, choices, chip=partial(guessing.ask, choices) if covered else chips.show)
        say_here("guesses", words)
    with pictures:
        show(choices, now, answer, notes)
    details(choices, predicted, current, picture=now.job is not None)
    if now.phase is Phase.IDLE and not guessing.awaits_run(choices):
        join(PAGE, experiment)
    await_predictions(experiment, predicted)


def start(choices: Choices) -> None:
    """Start the run that was requested, once the data set is known."""
    if dataset := known_dataset(choices.data):
        start_requested(PAGE, lambda: pasted_code.start(choices.experiment(dataset)))


def show(choices: Choices, now: Situation, answer: DeltaGenerator, notes: DeltaGenerator) -> None:
    """Show what the phase of the page has to show below its controls and cards."""
    if now.phase is Phase.WAITING:
        answer.markdown("The run starts as soon as the digits are loaded.")
        wait_for(lambda: known_dataset(choices.data) is not None)
        return
    if not now.current:
        answer_before(answer, choices, plan(choices))
    with notes:
        left_note(PAGE)
        if now.job is not None:
            shown = choices_of(now.job, choices.cards)
            if not now.current:
                shown_settings(shown)
                answer = st.empty()
    if now.job is None:
        network_picture(choices, covered=guessing.covered(choices))
    else:
        watch(PAGE, now.job)
        result(PAGE, now.job, shown, answer)


def details(
    choices: Choices, predicted: Sequence[Prediction], job: Job | None = None, *, picture: bool = True
) -> None:
    """Show why starts are predicted to train or not, and the network as a table, with its picture, both folded."""
    data_remark(choices.data)
    with current_part(PAGE):
        prediction_table(choices, predicted, results(job) if job else ())
        with st.expander("Network", key=widget_key(PAGE, "network")):
            if picture:
                network_picture(choices, covered=guessing.covered(choices))
            model_table(choices, [group[0] for group in by_start(job, job.records)] if job else [])


main()
