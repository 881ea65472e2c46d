"""The sentence below the title of the Train page."""

from dataclasses import replace

import numpy as np
import pytest

from inits.engine.jobs import Job
from inits.experiments.experiment import Experiment
from inits.experiments.record import Checkpoint, Divergence, Record
from inits.experiments.summary import outcomes
from pages.parts.experiment.cards import card, numbered
from pages.parts.experiment.choices import Choices
from pages.parts.train.headline import sentence

IMAGES, BATCH = 10_000, 100
STEPS = IMAGES // BATCH
CARDS = numbered([card("HeNormal"), card("GlorotUniform", "mine*"), card("Zeros")])
LAYER = np.ones(2, np.float32)


def checkpoint(step: int, accuracy: float) -> Checkpoint:
    arrays = np.zeros((2, 2), np.float32), np.zeros((2, 4), np.int32), LAYER, LAYER, LAYER, LAYER
    return Checkpoint(step, 0.25, accuracy, 500, *arrays)


def record(run: int, done: int, points: dict[int, float], right_from: int = STEPS, **changes) -> Record:
    """Return a run whose batches are all correct from some step on, and all wrong before."""
    accuracies = (np.arange(done) >= right_from).astype(np.float32)
    checkpoints = tuple(checkpoint(step, accuracy) for step, accuracy in points.items())
    base = Record(run, STEPS, IMAGES, np.ones(done, np.float32), accuracies, checkpoints)
    return replace(base, **changes)


DIVERGED = {"divergence": Divergence(3, float("nan"), LAYER, LAYER, None)}


def headline(*records: Record, over: bool = True, error: str | None = None) -> str:
    cards = CARDS[: len(records)]
    experiment = Experiment(tuple(card.start for card in cards), batch_size=BATCH)
    job = Job(experiment, "job")
    job.error = error
    if over:
        job.end()
    found = outcomes(len(records), [[one] for one in records], BATCH)
    return sentence(job, Choices.of(experiment, cards), records, found)


def finished(run: int, accuracy: float, right_from: int = STEPS) -> Record:
    return record(run, STEPS, {0: 0.1, STEPS: accuracy}, right_from, finished=True)


def test_headline_of_a_running_job():
    # The leader is the best at the last step that all starts have reached
    first = record(0, 60, {0: 0.1, 10: 0.2, 50: 0.9})
    words = "8,000 of 20,000 images seen. **mine\\*** leads with 30.0% on held-out images."
    assert headline(first, record(1, 20, {0: 0.1, 10: 0.3}), over=False) == words
    words = "6,000 of 10,000 images seen. Accuracy on held-out images: **90.0%**."
    assert headline(first, over=False) == words


@pytest.mark.parametrize(
    ("records", "words"),
    [
        # The window of 2,000 images is 20 batches: 18 correct ones are 90%
        (
            [finished(0, 0.95, 10), finished(1, 0.97, 40), finished(2, 0.11)],
            "**HeNormal** reached 90% after 2,800 images; mine\\* needed 5,800. Zeros is still guessing.",
        ),
        (
            [finished(0, 0.95, 10), finished(1, 0.95, 10), finished(2, 0.95, 40)],
            "**HeNormal and mine\\*** reached 90% after 2,800 images; Zeros was the last, after 5,800.",
        ),
        (
            [finished(0, 0.5), finished(1, 0.6), record(2, 3, {0: 0.1}, **DIVERGED)],
            "**mine\\*** is best, with 60.0% test accuracy. Zeros diverged.",
        ),
        (
            [finished(0, 0.098), finished(1, 0.113)],
            "No start has learned: the best is still guessing (11.3% right).",
        ),
        (
            [finished(0, 0.95, 10), record(1, 30, {0: 0.1}, stopped=True)],
            "**HeNormal** reached 90% after 2,800 images. mine\\* was stopped: press Run to continue.",
        ),
        (
            [finished(0, 0.95, 10)],
            "**95.0%** test accuracy after one epoch, loss 0.25. The mean over 2,000 images passed 90% at image 2,800.",
        ),
        ([finished(0, 0.113)], "**11.3%** test accuracy after one epoch, loss 0.25. It is still guessing."),
        # No start has finished
        ([record(0, 3, {0: 0.1}, stopped=True)], "Stopped after **300 images**. Curves are kept."),
        ([record(0, 3, {0: 0.1}, **DIVERGED)], "The loss became NaN after **300 images**."),
        ([record(0, 3, {0: 0.1}, error="Weights must be finite.")], "No start completed the epoch."),
    ],
)
def test_headline_of_a_job_that_is_over(records, words):
    assert headline(*records) == words


def test_headline_of_a_job_that_failed():
    words = "The run ended early. Its results so far are kept."
    assert headline(record(0, 3, {0: 0.1}), error="The training process ended.") == words
