"""The sentence under the title of the Train page."""

from dataclasses import replace

import numpy as np
import pytest

from inits.engine.jobs import Job
from inits.experiments.experiment import Experiment
from inits.experiments.record import Checkpoint, Divergence, Record
from inits.experiments.summary import outcomes
from pages.parts.experiment.builder import Choices
from pages.parts.experiment.cards import card, numbered
from pages.parts.train.headline import sentence

IMAGES, BATCH = 10_000, 100
STEPS = IMAGES // BATCH
CARDS = numbered([card("HeNormal"), card("GlorotUniform", "mine*"), card("Zeros")])
LAYER = np.ones(2, np.float32)


def checkpoint(step: int, accuracy: float) -> Checkpoint:
    bars = np.zeros((2, 4), np.int32)
    return Checkpoint(
        step, 0.25, accuracy, 500, np.zeros((2, 2), np.float32), bars, LAYER, LAYER, LAYER, LAYER
    )


def record(run: int, done: int, points: dict[int, float], right_from: int = STEPS, **changes) -> Record:
    """A run whose batches are all right from some step on, and all wrong before."""
    accuracies = (np.arange(done) >= right_from).astype(np.float32)
    checkpoints = tuple(checkpoint(step, accuracy) for step, accuracy in points.items())
    base = Record(run, STEPS, IMAGES, np.ones(done, np.float32), accuracies, checkpoints)
    return replace(base, **changes)


def said(*records: Record, over: bool = True, error: str | None = None) -> str:
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


def test_who_leads_is_judged_at_the_same_step():
    ahead = record(0, 60, {0: 0.1, 10: 0.2, 50: 0.9})
    behind = record(1, 20, {0: 0.1, 10: 0.3})
    words = said(ahead, behind, over=False)
    assert words == "8,000 of 20,000 images seen. **mine\\*** leads with 30.0% of held-out images."


def test_one_start_alone_on_the_way():
    words = said(record(0, 60, {0: 0.1, 50: 0.9}), over=False)
    assert words == "6,000 of 10,000 images seen. **90.0%** of held-out images are right."


def test_the_first_and_the_last_to_90_percent_and_who_never_left_chance():
    words = said(finished(0, 0.95, right_from=10), finished(1, 0.97, right_from=40), finished(2, 0.11))
    # The window of 2,000 images is 20 batches: 18 of them right are 90%.
    assert words == (
        "**HeNormal** reached 90% after 2,800 images; mine\\* needed 5,800. Zeros has not left chance."
    )


def test_when_nobody_reaches_90_percent_the_furthest_is_named():
    lost = record(2, 3, {0: 0.1}, divergence=Divergence(3, float("nan"), LAYER, LAYER, None))
    words = said(finished(0, 0.5), finished(1, 0.6), lost)
    assert words == "**mine\\*** came furthest, with 60.0% of test images. Zeros diverged."


def test_the_last_to_90_percent_and_ties():
    words = said(*(finished(i, 0.95, right_from) for i, right_from in enumerate((10, 10, 40))))
    assert (
        words
        == "**HeNormal and mine\\*** reached 90% after 2,800 images; Zeros was the last to, after 5,800."
    )


def test_nobody_wins_at_chance():
    words = said(finished(0, 0.098), finished(1, 0.113))
    assert words == "No start left chance: the furthest has 11.3% of test images."
    assert said(finished(0, 0.113)).endswith("loss 0.25. That is chance.")


def test_a_stopped_start_can_go_on():
    words = said(finished(0, 0.95, right_from=10), record(1, 30, {0: 0.1}, stopped=True))
    assert words == "**HeNormal** reached 90% after 2,800 images. mine\\* was stopped: Run goes on with that."


def test_one_start_alone_at_the_end():
    words = said(finished(0, 0.95, right_from=10))
    assert words == (
        "**95.0%** of test images right after one epoch, loss 0.25. The mean of 2,000 images passed 90% at image 2,800."
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stopped": True}, "Stopped after **300 images**. Curves are kept."),
        (
            {"divergence": Divergence(3, float("nan"), LAYER, LAYER, None)},
            "The loss stopped being a number after **300 images**.",
        ),
        ({"error": "Weights must be finite."}, "No start came through the epoch."),
    ],
)
def test_what_is_said_when_nothing_was_finished(changes, words):
    assert said(record(0, 3, {0: 0.1}, **changes)) == words


def test_a_job_that_broke_off():
    assert said(record(0, 3, {0: 0.1}), error="The training process ended.") == (
        "The run ended before its time. What was measured is kept."
    )
