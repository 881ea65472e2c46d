"""Build a Dense model, choose how it starts, one to eight ways, and watch the first epoch side by side."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from inits.engine.engine import Job
from inits.errors import InitsError
from inits.experiments.experiment import Experiment
from inits.experiments.summary import Outcome
from inits.theory.trainability import Verdict
from pages.parts.compute import pasted_code
from pages.parts.compute.data_note import data_note
from pages.parts.compute.engine_access import engine, take_up, wait_for
from pages.parts.compute.job_control import come_back, has_left, left_note, watch
from pages.parts.experiment.builder import DEFAULTS, Choices, builder, in_words, understood
from pages.parts.experiment.network_table import model_table
from pages.parts.experiment.start_cards import card_row, chosen_cards, presets
from pages.parts.page import state
from pages.parts.page.header import setup
from pages.parts.page.notes import literal
from pages.parts.page.refusals import refusal
from pages.parts.train.headline import answer_before
from pages.parts.train.open_file import open_experiment, what_was_not_understood
from pages.parts.train.run_views import by_start, live, reasons, results
from pages.parts.train.verdict import (
    afterwards,
    await_verdicts,
    foretold,
    prediction_table,
    predictions,
    verdicts,
)

PAGE = "train"
JOIN = 2.0  # seconds until a run that another one has begun is seen
SHOWN, PENDING = f"{PAGE}:shown", f"{PAGE}:pending"  # the job on the page; Run was pressed early


def main() -> None:
    setup("Train")
    choices = chosen_cards(PAGE, understood(state.load(PAGE, DEFAULTS)))
    title, answer = st.empty(), st.empty()
    # The places stay the same whether a job runs or not: else its charts would be new ones when it ends.
    cards, controls, notes = st.container(), st.container(), st.container()
    job, told = find(choices), []
    idle, pressed = job is None or job.over.is_set(), False
    if idle:
        with controls:
            choices, pressed = builder(
                PAGE, choices, lambda: presets(PAGE, lambda: open_experiment(PAGE, choices))
            )
            refusal(PAGE)
        if pressed:
            st.session_state[PENDING] = True
        job = find(choices)
    title.title(question(choices))
    state.save(PAGE, choices.texts(), DEFAULTS)
    if idle:
        if not pressed:  # then nothing holds up the run
            told = verdicts(choices, experiment(choices))
        with cards:
            known = {"outcomes": results(job), "why": reasons(job)} if shows(job, choices) else {}
            card_row(PAGE, choices, **known, under=partial(chip, told, known.get("outcomes", ())))
    with notes:
        data_note(PAGE, choices.data)
        what_was_not_understood(PAGE, choices)
        start_pending(choices)

    if job is not None:
        st.session_state[SHOWN] = job
        watch(PAGE, job)
        shown = Choices.of(job.plan, choices.cards)
        with notes:
            tell_difference(job, choices, shown)
            verdict = answer if shows(job, choices) or not job.over.is_set() else st.empty()
        if verdict is not answer:
            answer_before(answer, choices, experiment(choices))
        live(PAGE, job, shown, verdict)
        if told and job.over.is_set() and shows(job, choices):
            prediction_table(choices, told, results(job))
            await_verdicts(experiment(choices), told)
    elif PENDING in st.session_state:
        answer.markdown("The run starts by itself as soon as the digits are there.")
        wait_for(lambda: dataset(choices) is not None)
    else:
        answer_before(answer, choices, experiment(choices))
        with notes:
            left_note(PAGE)
        join(choices)
        predictions(choices, told)
        await_verdicts(experiment(choices), told)
    model_table(
        choices, [group[0] for group in by_start(job, job.records)] if job and shows(job, choices) else ()
    )


def chip(told: Sequence[Verdict | None], outcomes: Sequence[Outcome], place: int) -> None:
    """What was foretold of a start; once it has run, whether that held."""
    if told and outcomes:
        afterwards(told[place], outcomes[place])
    elif told:
        foretold(told[place])


def question(choices: Choices) -> str:
    if len(choices.cards) > 1:
        return "Which start learns fastest?"
    return f"How far does {literal(choices.labels[0])} get in one epoch?"


def dataset(choices: Choices) -> str | None:
    """The digits to learn; None while it is not known whether MNIST can be had."""
    return "digits" if choices.data == "digits" else engine().status.dataset


def experiment(choices: Choices) -> Experiment | None:
    """What Run would run; None while that is not known, or when a start cannot fill the network."""
    try:
        known = dataset(choices)
        return choices.experiment(known) if known else None
    except InitsError:
        return None


def find(choices: Choices) -> Job | None:
    """The job on this page while it runs; else that of these choices, by whomever; else the last one here."""
    last: Job | None = st.session_state.get(SHOWN)
    if last is not None and has_left(PAGE, last):
        last = None
    if last is not None and not last.over.is_set():
        return last
    wanted = experiment(choices)
    found = engine().find(wanted) if wanted else None
    return last if found is None or has_left(PAGE, found) else found


def shows(job: Job | None, choices: Choices) -> bool:
    """Whether a job is that of these choices."""
    wanted = experiment(choices)
    return job is not None and wanted is not None and job.plan.key == wanted.key


def start_pending(choices: Choices) -> None:
    """Run what was asked for, as soon as it can be."""
    known = dataset(choices)
    if PENDING in st.session_state and known is not None:
        come_back(PAGE)
        take_up(PAGE, lambda: pasted_code.start(choices.experiment(known)))


def join(choices: Choices) -> None:
    """Show the run of these choices as soon as somebody else, who has the same link, has begun it."""
    wanted = experiment(choices)

    @st.fragment(run_every=JOIN)
    def look() -> None:
        job = engine().find(wanted) if wanted is not None and engine().knows(wanted) else None
        if job is not None and not has_left(PAGE, job):
            state.run_again()

    look()


def tell_difference(job: Job, choices: Choices, shown: Choices) -> None:
    """Say what is shown when the controls say something else, and while there are no controls."""
    if not job.over.is_set():
        st.markdown(f":small[:gray[{literal(in_words(shown))}]]")
    elif not shows(job, choices):
        words = f"Below is what came before: {literal(in_words(shown))}. Press Run for the new settings."
        st.info(words, icon=":material/history:")


main()
