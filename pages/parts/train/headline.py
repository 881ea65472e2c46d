"""The title of the Train page and the sentence below it: what to do, which start leads, which is best."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.engine.jobs import Job
from inits.experiments.experiment import Experiment
from inits.experiments.record import Record
from inits.experiments.summary import CHANCE, Outcome
from inits.text import count, counted, percent
from pages.parts.compute.engine_access import engine, training_images, wait_for, waiting_words
from pages.parts.compute.job_control import expected_time
from pages.parts.experiment.choices import TRAIN, Choices, in_words
from pages.parts.page.notes import literal
from pages.parts.page.slides import previous_results
from pages.parts.train.conclusion import comparison, listed, nothing_finished


def question(choices: Choices) -> str:
    """Return the title of the page."""
    if len(choices.cards) > 1:
        return "Which start learns fastest?"
    return f"How far does {literal(choices.labels[0])} get in one epoch?"


def answer_before(place: DeltaGenerator, choices: Choices, experiment: Experiment | None) -> None:
    """Show what to do and how long it takes; until the engine is ready, also what it is doing."""
    status = engine().status
    images = training_images(choices.data)
    runs = len(choices.cards) * choices.seeds
    missing = engine().results.missing_runs(experiment) if experiment else []
    what = counted(len(choices.cards), "start") if len(choices.cards) > 1 else "One start"
    if choices.seeds > 1:
        what += f" × {choices.seeds} seeds"
    verb = "take" if runs > 1 else "takes"
    time = expected_time(missing, live=True)
    words = f"Press Run. {what} {verb} {time}, one epoch of {count(images)} images each."
    if len(missing) < runs:
        stored = f"{count(runs - len(missing))} of {count(runs)} runs are already computed"
        words = (
            f"Press Run. {stored}; the rest takes {time}."
            if missing
            else "Press Run: all is already computed."
        )
    with place.container():
        if status.ready:
            st.markdown(words if images and experiment else "Press Run.")
        else:
            wait_for(lambda: engine().status.ready)


def shown_settings(shown: Choices) -> None:
    """Describe the run on the page when the controls differ from it."""
    what = literal(in_words(shown, parameters_too=True))
    words = f"These results are for the previous settings: {what}. Press Run for the new ones."
    previous_results(TRAIN.page, words)


def still_running(shown: Choices) -> None:
    """Describe the run that goes on when the page was opened with other settings meanwhile, as by Back."""
    what = literal(in_words(shown, parameters_too=True))
    words = (
        f"**Still running:** {what}. The page shows the new settings when this run has ended or is stopped."
    )
    previous_results(TRAIN.page, words)


def sentence(job: Job, choices: Choices, records: Sequence[Record], found: Sequence[Outcome]) -> str:
    """Return the sentence below the title, with its numbers."""
    names = [literal(name) for name in choices.labels]
    images = sum(record.images_done(choices.batch_size) for record in records)
    if job.error:
        return "The run ended early. Its results so far are kept."
    if not job.over.is_set():
        if not images:
            if not engine().status.ready:
                return waiting_words()
            return "Waiting in the queue." if engine().scheduler.place(job) else "Starting..."
        return _leader(records, names, images, max(record.images for record in records) * len(records))
    if not any(outcome.finished for outcome in found):
        return nothing_finished(choices, records, found, names)
    return comparison(choices, found, names)


def _leader(records: Sequence[Record], names: Sequence[str], images: int, whole: int) -> str:
    """Return the progress, and the leader at the last step that all starts have reached with the first seed."""
    seen = f"{count(images)} of {count(whole)} images seen."
    there = {
        start: record.checkpoints
        for start, record in enumerate(records[: len(names)])
        if record.checkpoints and record.divergence is None
    }
    if not there:
        return seen
    common = min(points[-1].step for points in there.values())
    then = {start: [p for p in points if p.step <= common][-1].accuracy for start, points in there.items()}
    most = max(then.values())
    first = [names[start] for start in then if then[start] == most]
    if len(names) == 1:
        return f"{seen} Accuracy on held-out images: **{percent(most)}**."
    if most <= CHANCE:
        return f"{seen} {'All starts are' if len(then) > 1 else f'{first[0]} is'} still guessing."
    verb = "leads" if len(first) == 1 else "lead"
    return f"{seen} **{listed(first)}** {verb} with {percent(most)} on held-out images."
