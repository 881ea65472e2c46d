"""A run on the Train page: live curves, the inside of the networks, and the result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.engine.jobs import Job, Snapshot
from inits.experiments.diagnostics import Why, remarks, why_lost
from inits.experiments.record import Record
from inits.experiments.summary import Outcome, outcomes
from inits.text import count, counted
from pages.parts.compute.data_note import stand_in_note
from pages.parts.compute.engine_access import engine
from pages.parts.compute.job_control import (
    experiment_of,
    has_left,
    session_id,
    stop_button,
    time_left,
    turn_words,
)
from pages.parts.experiment.choices import Choices, in_words
from pages.parts.experiment.start_cards import card_row
from pages.parts.page.gate import LATER, gate
from pages.parts.page.notes import literal, problem
from pages.parts.page.session import widget_key
from pages.parts.page.shared_cache import shared_figures
from pages.parts.page.slides import live_controls, slide
from pages.parts.page.state import rerun
from pages.parts.train.chips import Chips
from pages.parts.train.downloads import downloads
from pages.parts.train.headline import sentence, still_running
from pages.parts.train.layer_views import inside
from pages.parts.train.pictures import curves
from pages.parts.train.result_table import result_table
from pages.parts.train.verdict import Prediction

POLL = 0.5  # seconds between two updates
SLOW_POLL = 1.0  # for MANY_VIEWERS or more
MANY_VIEWERS = 10
MAX_AGE = 0.4  # seconds; concurrent viewers share one snapshot


@dataclass(frozen=True, eq=False)
class JobView:
    """A job at a moment, by start."""

    job: Job
    moment: Snapshot
    groups: list[list[Record]]
    outcomes: list[Outcome]
    reasons: dict[int, Why]


def follow(
    page: str,
    job: Job,
    choices: Choices,
    predicted: Sequence[Prediction],
    answer: DeltaGenerator,
    current: bool,
) -> None:
    """Follow a job that runs, and run the page again at its end. It has the containers of `places`.

    `current` is True if the job is that of the page's settings.
    """
    poll = POLL if engine().scheduler.others(job, session_id()) < MANY_VIEWERS else SLOW_POLL

    @st.fragment(run_every=poll)
    @gate.inside(LATER)
    def live() -> None:
        if job.over.is_set() or has_left(page, job):
            rerun()
        now = _job_view(job)
        answer.markdown(sentence(job, choices, now.moment.records, now.outcomes))
        controls, cards, notes, pictures = places()
        with controls:
            if not current:
                still_running(choices)
            with st.container(gap=None, key=widget_key(page, "progress")):
                if current:
                    st.markdown(f":small[:gray[{literal(in_words(choices))}]]")
                _progress(job, now.moment.records)
        with cards:
            card_row(page, choices, job=job, chip=Chips(predicted, job, now.outcomes, now.reasons).show)
        with notes:
            stand_in_note(page, choices.data)
        with pictures, st.container():  # as the fragment of `result` has one
            _pictures(page, now, choices, over=False)

    live()


def places() -> tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator, DeltaGenerator]:
    """Return the containers of the page for controls, cards, notes and pictures.

    They are the same in every phase: otherwise cards and charts would be drawn twice while the phase changes.
    """
    return live_controls("train"), slide("starts", "The starts"), st.container(), st.container()


def result(page: str, job: Job, choices: Choices, answer: DeltaGenerator) -> None:
    """Show a job that is over: curves, results, and the inside of the networks."""

    @st.fragment
    @gate.inside(LATER)
    def over() -> None:
        now = _job_view(job)
        answer.markdown(sentence(job, choices, now.moment.records, now.outcomes))
        _pictures(page, now, choices, over=True)

    over()


def _pictures(page: str, now: JobView, choices: Choices, over: bool) -> None:
    records = now.moment.records
    with st.empty():  # there in every phase, so that the curves keep their place
        if now.job.error:
            problem(now.job.error)
    if any(record.done or record.checkpoints for record in records):
        _curves(now, choices, over)
        with st.container():
            if over:
                with slide("result"):
                    result_table(page, choices, now.outcomes)
                downloads(now.job, choices, records, now.outcomes)
            _problems(choices, now.groups, now.reasons, over)
        inside(now.moment, choices, now.groups, running=not over)


def _job_view(job: Job) -> JobView:
    """Return the present snapshot of a job, which concurrent viewers share."""
    moment = job.snapshot(MAX_AGE)
    records = moment.records
    view: JobView = shared_figures().get_or_make(
        moment,
        lambda: JobView(job, moment, by_start(job, records), results(job, records), reasons(job, records)),
    )
    return view


def results(job: Job, records: Sequence[Record] | None = None) -> list[Outcome]:
    """Return the present outcome of each start of a job."""
    groups = by_start(job, job.records if records is None else records)
    return outcomes(len(groups), groups, experiment_of(job).batch_size)


def by_start(job: Job, records: Sequence[Record]) -> list[list[Record]]:
    """Return the records of each start, by seed."""
    experiment = experiment_of(job)
    return [[records[run] for run in experiment.of_start(start)] for start in range(len(experiment.starts))]


def _progress(job: Job, records: Sequence[Record]) -> None:
    done = sum(record.steps if record.over else record.done for record in records)
    steps = max((record.steps for record in records), default=0) * len(records)
    fresh = done - sum(records[run].steps for run in job.kept)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        stop_button("train", job, all_of_them=len(records) > 1)
        speed = fresh / job.seconds if job.seconds > 0 else 0.0
        words = turn_words(job) or f"Compiling the network, {time_left(job)}"
        if job.drawing:
            words = f"Loading the weights of {counted(job.drawing, 'run')} from code or a file"
        if speed and done == steps:
            words = "Testing on all test images"
        elif speed:
            words = f"{count(done)} of {counted(steps, 'step')}, {count(round(speed))} per second, {time_left(job)}"
        st.progress(min(done / steps, 1.0) if steps else 0.0, text=words)


def reasons(job: Job, records: Sequence[Record] | None = None) -> dict[int, Why]:
    """Return why starts failed, for those that did."""
    net, rate = experiment_of(job).network, experiment_of(job).optimizer.learning_rate
    groups = by_start(job, job.records if records is None else records)
    found = {start: why_lost(group, net.layer_names, rate) for start, group in enumerate(groups)}
    return {start: why for start, why in found.items() if why is not None}


def _problems(
    choices: Choices, groups: Sequence[Sequence[Record]], why: Mapping[int, Why], over: bool
) -> None:
    """Show why starts failed, and warnings for the first seed."""
    for start, (name, records) in enumerate(zip(choices.labels, groups, strict=True)):
        prefix = f"{name}: " if len(groups) > 1 else ""
        if start in why:
            problem(prefix + why[start].whole)
        for words in remarks(records[0], choices.network.layer_names) if over else ():
            st.warning(literal(prefix + words), icon=":material/warning:")


def _curves(now: JobView, choices: Choices, over: bool) -> None:
    found = shared_figures().get_or_make(
        (now.moment, choices, over), lambda: curves(choices, now.groups, over)
    )
    for column, picture in zip(st.columns(2, gap="medium"), found, strict=True):
        with column:
            picture.show()
