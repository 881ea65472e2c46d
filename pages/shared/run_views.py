"""An experiment as the Train page shows it: live curves, what happens inside, the result."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.advice import Why, remarks, why_lost
from inits.compute import Job
from inits.export import curves_csv
from inits.figures import curves, style
from inits.outcomes import Outcome, outcomes
from inits.record import Record
from inits.words import count, counted, duration
from pages.shared.answers import sentence
from pages.shared.builder import Choices
from pages.shared.chart import chart
from pages.shared.engine import ask_weights, engine
from pages.shared.layer_views import inside
from pages.shared.notes import heading, literal, problem
from pages.shared.result_table import result_table
from pages.shared.start_cards import card_row
from pages.shared.weight_sources import look_inside

POLL = 0.5  # seconds
MEAN_OF = 1000  # images, of the running mean
SCORED = {
    "mnist": "Every batch is new to the network when it is scored.",
    "digits": "Batches are scored before they are learned; every digit comes 8 times, turned and shifted.",
}


def live(page: str, job: Job, choices: Choices, answer: DeltaGenerator) -> None:
    """Everything about a job; follows it by itself while it runs. `choices` are those that made it."""
    over = job.over.is_set()

    @st.fragment(run_every=None if over else POLL)
    def follow() -> None:
        if job.over.is_set() and not over:
            st.rerun()
        records = job.records
        groups, found, why = by_start(job, records), results(job, records), reasons(job, records)
        answer.markdown(sentence(job, choices, records, found))
        with st.container():
            if not over:
                card_row(page, choices, job=job, outcomes=found, why=why)
                _progress(job, records)
            if job.error:
                problem(job.error)
        if any(record.done or record.checkpoints for record in records):
            _curves(choices, groups, over)
            with st.container():
                if over:
                    result_table(page, choices, found)
                    _downloads(job, choices, records)
                _trouble(choices, groups, why, over)
            inside(job, choices, groups, running=not over)

    follow()


def results(job: Job, records: Sequence[Record] | None = None) -> list[Outcome]:
    """What each start of a job came to so far."""
    groups = by_start(job, job.records if records is None else records)
    return outcomes(len(groups), groups, job.plan.batch_size)


def by_start(job: Job, records: Sequence[Record]) -> list[list[Record]]:
    """The records of each start, seed by seed."""
    experiment = job.plan
    return [[records[run] for run in experiment.of_start(start)] for start in range(len(experiment.starts))]


def _window(choices: Choices) -> int:
    """Batches of the running mean."""
    return max(1, round(MEAN_OF / choices.batch_size))


def _progress(job: Job, records: Sequence[Record]) -> None:
    done = sum(record.steps if record.over else record.done for record in records)
    steps = max((record.steps for record in records), default=0) * len(records)
    fresh = done - sum(records[run].steps for run in job.kept)
    stopping = len(job.stopping) == len(records)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Stopping" if stopping else "Stop" if len(records) == 1 else "Stop all",
            icon=":material/stop:",
            key="train.stop",
            on_click=engine().stop,
            args=(job,),
            disabled=stopping,
        )
        speed = fresh / job.seconds if job.seconds > 0 else 0.0
        words = "Compiling the network, about 2 s"
        if job.drawing:
            words = f"Getting the weights of {counted(job.drawing, 'run')} from code or a file"
        if speed and done == steps:
            words = "Testing on all test images"
        elif speed:
            left = duration((steps - done) / speed)
            words = f"{count(done)} of {counted(steps, 'step')}, {count(round(speed))} a second, about {left} left"
        st.progress(min(done / steps, 1.0) if steps else 0.0, text=words)


def reasons(job: Job, records: Sequence[Record] | None = None) -> dict[int, Why]:
    """Why starts came to nothing, those that did."""
    net, rate = job.plan.architecture, job.plan.optimizer.learning_rate
    groups = by_start(job, job.records if records is None else records)
    found = {start: why_lost(group, net.layer_names, rate) for start, group in enumerate(groups)}
    return {start: why for start, why in found.items() if why is not None}


def _trouble(
    choices: Choices, groups: Sequence[Sequence[Record]], why: Mapping[int, Why], over: bool
) -> None:
    """Why starts came to nothing, and what a person should not overlook: of the first seed that shows it."""
    for start, (name, records) in enumerate(zip(choices.labels, groups, strict=True)):
        who = f"{name}: " if len(groups) > 1 else ""
        if start in why:
            problem(who + why[start].whole)
        for words in remarks(records[0], choices.architecture.layer_names) if over else ():
            st.warning(literal(who + words), icon=":material/warning:")


def _curves(choices: Choices, groups: Sequence[Sequence[Record]], over: bool) -> None:
    window, several = _window(choices), len(groups) > 1 or choices.seeds > 1
    records = [record for group in groups for record in group]
    images = max(record.images for record in records)
    stopped = over and not any(record.finished for record in records)
    total = max(record.seen(choices.batch_size) for record in records) if stopped else images
    pairs = [
        curves.of_start(name, slot, group, choices.batch_size, window, raw=not several)
        for name, slot, group in zip(choices.labels, choices.slots, groups, strict=True)
    ]
    mean = f"mean of {counted(window, 'batch', 'es')}"
    line = f"Line: {mean}" if several else f"Line: {mean}; pale: each batch"
    if choices.seeds > 1:
        line = f"Line: median of {choices.seeds} seeds; band: all of them"
    left, right = st.columns(2, gap="medium")
    total = max(total, choices.batch_size)
    with left:
        heading("Loss", f"{line}. Points: held-out images. Log scale.", "loss")
        fig = curves.loss([loss for loss, _ in pairs], total)
        chart(fig, key="train.loss", height=style.HERO, alt="Loss by images seen.")
    with right:
        heading("Accuracy", f"{SCORED[choices.data]} Chance is 10%.", "accuracy")
        fig = curves.accuracy([accuracy for _, accuracy in pairs], total)
        chart(fig, key="train.accuracy", height=style.HERO, alt="Accuracy by images seen.")


def _downloads(job: Job, choices: Choices, records: Sequence[Record]) -> None:
    """Curves of all runs; weights of each start with the first seed."""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Curves (CSV)", lambda: curves_csv(job.plan, records, choices.labels), "curves.csv", "text/csv",
            icon=":material/download:", key="train.csv", on_click="ignore",
        )  # fmt: skip
        chosen = range(len(choices.cards))
        several = len(choices.cards) > 1
        place = st.container(horizontal=True, gap="small")
        if several:
            with place.popover("Weights (.weights.h5)", icon=":material/download:", key="train.weights_of"):
                st.markdown(f":small[After one epoch with seed {choices.seed}, as Keras saves them.]")
                for start in chosen:
                    _weights_button(job, choices, records, start, choices.labels[start])
            with place.popover("Look inside", icon=":material/search:", key="train.inside_of"):
                st.markdown(":small[Its weights before and after training, side by side.]")
                for start in chosen:
                    _inside_button(job, choices, records, start, choices.labels[start])
        else:
            with place:
                _weights_button(job, choices, records, 0, "Weights (.weights.h5)")
                _inside_button(job, choices, records, 0, "Look inside")


def _inside_button(job: Job, choices: Choices, records: Sequence[Record], start: int, label: str) -> None:
    record, run = records[start], job.runs[start]
    if record.divergence is not None or not record.done:
        return
    if st.button(literal(label), icon=":material/search:", key=f"train.inside.{start}"):
        look_inside(run, record.done, choices.labels[start])


def _weights_button(job: Job, choices: Choices, records: Sequence[Record], start: int, label: str) -> None:
    record, run = records[start], job.runs[start]
    if record.divergence is not None or not record.done:
        return
    st.download_button(
        literal(label),
        lambda: ask_weights(run, record.done) or b"",
        "model.weights.h5" if len(choices.cards) == 1 else f"start-{start + 1}.weights.h5",
        "application/x-hdf5",
        icon=":material/download:",
        key=f"train.h5.{start}",
        on_click="ignore",
    )
