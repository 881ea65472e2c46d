"""A run as the Train page shows it: live curves, what happens inside, the result."""

import time

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.advice import remarks, why_diverged
from inits.compute import Job
from inits.experiment import Experiment
from inits.export import curves_csv, weights_file
from inits.figures import curves, style
from inits.record import Record
from inits.words import count, counted, duration, number, percent
from pages.shared.builder import Choices
from pages.shared.chart import chart
from pages.shared.engine import ask, engine, wait_for, waiting_words
from pages.shared.kernel_views import heading
from pages.shared.layer_views import inside
from pages.shared.notes import problem

POLL = 0.5  # seconds
MEAN_OF = 1000  # images, of the running mean
FLOPS = 5e10  # of one core, as measured; for the estimate before the first run
STANDIN_IMAGES = 12_000
SCORED = {
    "mnist": "Every batch is new to the network when it is scored.",
    "digits": "Batches are scored before they are learned; every digit comes 8 times, turned and shifted.",
}


def answer_before(place: DeltaGenerator, choices: Choices) -> None:
    """What to do, and how long it takes; until the engine is ready, what it does."""
    status = engine().status
    images = STANDIN_IMAGES if choices.data == "digits" else status.images
    seconds = max(0.5, 6 * choices.architecture.parameters * images / FLOPS)
    takes = f" One epoch of {count(images)} images takes about {duration(seconds)}." if images else ""
    with place.container():
        st.markdown(f"Press Run.{takes}")
        if not status.ready:
            wait_for(lambda: engine().status.ready)


def live(job: Job, answer: DeltaGenerator) -> None:
    """Everything about a job; follows it by itself while it runs."""
    over = job.over.is_set()

    @st.fragment(run_every=None if over else POLL)
    def follow() -> None:
        if job.over.is_set() and not over:
            st.rerun()
        record = job.records[0]
        answer.markdown(_sentence(job, record))
        if not over:
            _progress(job, record)
        _trouble(job, record)
        if record.done or record.checkpoints:
            _curves(job, record)
            if over and record.done:
                _result(job, record)
            inside(job.experiment, record, running=not over)

    follow()


def _sentence(job: Job, record: Record) -> str:
    """The answer with its numbers."""
    experiment = job.experiment
    images = record.seen(experiment.batch_size)
    if job.error:
        return "The run ended before its time. What was measured is kept."
    if record.divergence is not None:
        return f"The loss stopped being a number after **{count(images)} images**."
    if record.finished and record.test_accuracy is not None:
        last = record.checkpoints[-1]
        good = record.test_accuracy >= 0.9
        reached = _reached(experiment, record, 0.9) if good else None
        when = f" The mean of 2,000 images passed 90% at image {count(reached)}." if reached else ""
        return (
            f"**{percent(record.test_accuracy)}** of {count(last.held_out)} test images right after one epoch, "
            f"loss {number(last.loss)}.{when}"
        )
    if record.stopped:
        return f"Stopped after **{count(images)} images**. Curves are kept."
    if not record.done:
        return "Starting." if engine().status.ready else waiting_words()
    seen = record.accuracies[-_window(experiment) :]
    return f"{count(images)} images seen. **{percent(float(seen.mean()))}** of the latest were right at first sight."


def _window(experiment: Experiment, images: int = MEAN_OF) -> int:
    """Batches of the running mean."""
    return max(1, round(images / experiment.batch_size))


def _reached(experiment: Experiment, record: Record, accuracy: float) -> int | None:
    """Images seen until the mean accuracy of twice `MEAN_OF` images in a row first reached a value."""
    window = _window(experiment, 2 * MEAN_OF)
    smooth = curves.smooth(record.accuracies, window)
    there = np.flatnonzero(smooth[window - 1 :] >= accuracy)
    return min(int(there[0] + window) * experiment.batch_size, record.images) if len(there) else None


def _progress(job: Job, record: Record) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        stopping = job.stopping
        words = "Stopping" if stopping else "Stop"
        st.button(
            words,
            icon=":material/stop:",
            key="train.stop",
            on_click=engine().stop,
            args=(job,),
            disabled=stopping,
        )
        elapsed = time.monotonic() - job.began if job.began else 0.0
        speed = record.done / elapsed if elapsed > 0 and record.done else 0.0
        share = record.done / record.steps if record.steps else 0.0
        left = (record.steps - record.done) / speed if speed else 0.0
        words = "Compiling the network, about 2 s"
        if speed and record.done == record.steps:
            words = "Testing on all test images"
        elif speed:
            words = (
                f"{count(record.done)} of {counted(record.steps, 'step')}, {count(round(speed))} steps per second, "
                f"about {duration(left)} left"
            )
        st.progress(min(share, 1.0), text=words)


def _trouble(job: Job, record: Record) -> None:
    for words in remarks(record, job.experiment.architecture.layer_names) if job.over.is_set() else ():
        st.warning(words, icon=":material/warning:")
    if job.error:
        problem(job.error)
    why = record.divergence
    if why is None:
        return
    net, rate = job.experiment.architecture, job.experiment.optimizer.learning_rate
    problem(why_diverged(why, net.layer_names, rate))


def _curves(job: Job, record: Record) -> None:
    experiment = job.experiment
    window = _window(experiment)
    whole = not job.over.is_set() or record.finished
    total = record.images if whole else max(record.seen(experiment.batch_size), experiment.batch_size)
    name = experiment.starts[0].kernel.label
    losses, accuracies = curves.of_run(name, 0, record, experiment.batch_size, window)
    left, right = st.columns(2, gap="medium")
    with left:
        mean = f"mean of {counted(window, 'batch', 'es')}"
        heading("Loss", f"Line: {mean}; pale: each batch. Points: held-out images. Log scale.")
        chart(curves.loss([losses], total), key="train.loss", height=style.HERO, alt="Loss by images seen.")
    with right:
        heading("Accuracy", f"{SCORED[experiment.dataset]} Chance is 10%.")
        alt = "Accuracy by images seen."
        chart(curves.accuracy([accuracies], total), key="train.accuracy", height=style.HERO, alt=alt)


def _result(job: Job, record: Record) -> None:
    heading("Result", "Time is that of the epoch with everything measured on the way.")
    last = record.checkpoints[-1]
    with st.container(horizontal=True, gap="medium"):
        if record.test_accuracy is not None:
            st.metric("Test accuracy", percent(record.test_accuracy), width=150)
            st.metric("Test loss", number(last.loss), width=150)
        if record.divergence is None:
            speed = record.seen(job.experiment.batch_size) / max(record.seconds, 1e-9)
            st.metric("Time", duration(record.seconds), width=120)
            st.metric("Images per second", count(round(speed)), width=180)
        st.metric("Steps", count(record.done), width=120)
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Curves (CSV)", curves_csv(job.experiment, record), "curves.csv", "text/csv",
            icon=":material/download:", key="train.csv", on_click="ignore",
        )  # fmt: skip
        if record.weights:
            st.download_button(
                "Weights (.weights.h5)",
                lambda: ask(weights_file, job.experiment.architecture, record.weights) or b"",
                "model.weights.h5",
                "application/x-hdf5",
                icon=":material/download:",
                key="train.h5",
                on_click="ignore",
            )
