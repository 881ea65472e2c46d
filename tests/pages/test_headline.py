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
from pages.parts.train.pictures import curves
from pages.parts.train.result_table import cells, compared

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


NAN = Divergence(3, float("nan"), LAYER, LAYER, None)
DIVERGED = {"divergence": NAN}


def headline(*records: Record, over: bool = True, error: str | None = None, seeds: int = 1) -> str:
    cards = CARDS[: len(records) // seeds]
    experiment = Experiment(tuple(card.start for card in cards), batch_size=BATCH, seeds=tuple(range(seeds)))
    job = Job(experiment, "job")
    job.error = error
    if over:
        job.end()
    groups = [[records[run] for run in experiment.of_start(start)] for start in range(len(cards))]
    found = outcomes(len(cards), groups, BATCH)
    return sentence(job, Choices.of(experiment, cards), records, found)


def finished(run: int, accuracy: float, right_from: int = STEPS) -> Record:
    return record(run, STEPS, {0: 0.1, STEPS: accuracy}, right_from, finished=True)


def collapsed(run: int, accuracy: float) -> Record:
    return record(run, STEPS, {0: 0.1, 40: 0.83, 80: 0.2, STEPS: accuracy}, finished=True)


def stopped(run: int) -> Record:
    return record(run, 30, {0: 0.1}, stopped=True)


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
            "**HeNormal** reached 90% after 2,800 images; mine\\* needed 5,800. Zeros is still guessing "
            "(11.0% right).",
        ),
        (
            [finished(0, 0.95, 10), finished(1, 0.95, 10), finished(2, 0.95, 40)],
            "**HeNormal and mine\\*** reached 90% after 2,800 images; Zeros was the last, after 5,800.",
        ),
        (
            [finished(0, 0.95, 10), finished(1, 0.97, 40), finished(2, 0.77)],
            "**HeNormal** reached 90% after 2,800 images; mine\\* needed 5,800; Zeros did not.",
        ),
        (
            [finished(0, 0.5), finished(1, 0.6), record(2, 3, {0: 0.1}, **DIVERGED)],
            "**mine\\*** is best, with 60.0% test accuracy. Zeros diverged.",
        ),
        (
            [finished(0, 0.098), finished(1, 0.113)],
            "No start has learned. HeNormal and mine\\* are still guessing (at most 11.3% right).",
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
        (
            [record(0, 3, {0: 0.1}, error="Weights must be finite.")],
            "No start completed the epoch. HeNormal could not begin.",
        ),
        # They had learned before
        (
            [collapsed(0, 0.103), finished(1, 0.113)],
            "No start has kept what it had learned. HeNormal reached 83.0% after 4,000 images, then fell back to "
            "guessing (10.3% right). mine\\* is still guessing (11.3% right).",
        ),
        (
            [record(0, 60, {0: 0.1, 40: 0.4}, **DIVERGED), finished(1, 0.113)],
            "No start has kept what it had learned. mine\\* is still guessing (11.3% right). HeNormal reached 40.0% "
            "after 4,000 images, then diverged.",
        ),
        (
            [collapsed(0, 0.4), finished(1, 0.6)],
            "**mine\\*** is best, with 60.0% test accuracy. HeNormal reached 83.0% after 4,000 images, then fell "
            "to 40.0%.",
        ),
        (
            [collapsed(0, 0.103)],
            "Reached 83.0% after 4,000 images, then fell back to guessing (10.3% right).",
        ),
        (
            [record(0, 60, {0: 0.1, 40: 0.83}, **DIVERGED), record(1, 3, {0: 0.1}, **DIVERGED)],
            "No start completed the epoch. HeNormal reached 83.0% after 4,000 images, then diverged. "
            "mine\\* diverged.",
        ),
        (
            [record(0, 60, {0: 0.1, 40: 0.83}, divergence=replace(NAN, loss=float("inf")))],
            "Reached 83.0% after 4,000 images, then the loss became infinite after **6,000 images**.",
        ),
        # Ties
        (
            [finished(0, 0.6), finished(1, 0.6), finished(2, 0.5)],
            "**HeNormal and mine\\*** are best, with 60.0% test accuracy.",
        ),
        # Everything diverged, or was stopped early
        (
            [record(run, 3, {0: 0.1}, **DIVERGED) for run in range(3)],
            "No start completed the epoch. HeNormal, mine\\* and Zeros diverged.",
        ),
        ([record(0, 0, {}, stopped=True)], "Stopped before it began. Press Run to start it."),
    ],
)
def test_headline_of_a_job_that_is_over(records, words):
    assert headline(*records) == words


SEEDS = [
    (
        [finished(0, 0.6), finished(1, 0.5), finished(2, 0.62), stopped(3)],
        "**HeNormal** is best, with 61.0% test accuracy. mine\\* was stopped after 1 of 2 seeds: "
        "press Run to continue.",
    ),
    (
        [finished(0, 0.6), finished(1, 0.5), finished(2, 0.62), record(3, 3, {0: 0.1}, **DIVERGED)],
        "**HeNormal** is best, with 61.0% test accuracy. mine\\* diverged with 1 of 2 seeds.",
    ),
    (
        [finished(0, 0.6), stopped(1)],
        "**60.0%** test accuracy after one epoch, loss 0.25 (mean of 1 of 2 seeds). Stopped: press Run to continue.",
    ),
    (
        [finished(0, 0.6), record(1, 3, {0: 0.1}, **DIVERGED)],
        "**60.0%** test accuracy after one epoch, loss 0.25 (mean of 1 of 2 seeds). 1 of 2 seeds diverged.",
    ),
    (
        [record(0, 3, {0: 0.1}, **DIVERGED), record(1, 3, {0: 0.1}, **DIVERGED)],
        "No start completed the epoch. HeNormal diverged.",
    ),
]


@pytest.mark.parametrize(("records", "words"), SEEDS)
def test_headline_counts_the_seeds_that_completed_the_epoch(records, words):
    assert headline(*records, seeds=2) == words


def test_headline_while_all_starts_are_guessing_or_two_lead():
    guessing = [record(run, 20, {0: 0.1, 10: 0.11 - run / 100}) for run in range(2)]
    assert headline(*guessing, over=False) == "4,000 of 20,000 images seen. All starts are still guessing."
    leading = [record(run, 20, {0: 0.1, 10: 0.5}) for run in range(2)]
    words = "4,000 of 20,000 images seen. **HeNormal and mine\\*** lead with 50.0% on held-out images."
    assert headline(*leading, over=False) == words


@pytest.mark.parametrize(
    ("record_", "state", "loss"),
    [
        (finished(0, 0.95, 10), "completed", "0.250"),
        (finished(0, 0.113), "still guessing", "0.250"),
        (collapsed(0, 0.103), "fell from 83.0%", "0.250"),
        (stopped(0), "stopped", "–"),
        (record(0, 3, {0: 0.1}, **DIVERGED), "diverged", "–"),
        (
            replace(finished(0, 0.6), losses=np.full(STEPS, 23_578_882.119, np.float32)),
            "completed",
            "2.36 × 10⁷",
        ),
    ],
)
def test_a_row_of_the_result_says_what_happened(record_, state, loss):
    experiment = Experiment((CARDS[0].start,), batch_size=BATCH)
    (found,) = outcomes(1, [[record_]], BATCH)
    row = cells(Choices.of(experiment, CARDS[:1]), found)
    assert row["outcome"] == state
    name = "mean training loss" if "×" in loss else "test loss"
    assert row[name] == loss


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ([finished(0, 0.6), stopped(1), stopped(2)], "stopped, 1 of 3 completed"),
        ([finished(0, 0.6), finished(1, 0.6), record(2, 3, {}, **DIVERGED)], "1 of 3 diverged"),
        ([record(run, 3, {}, **DIVERGED) for run in range(3)], "diverged"),
        ([finished(0, 0.6), finished(1, 0.6), record(2, 3, {}, error="no")], "1 of 3 failed"),
    ],
)
def test_a_row_of_the_result_counts_seeds(records, state):
    experiment = Experiment((CARDS[0].start,), batch_size=BATCH, seeds=(0, 1, 2))
    assert cells(Choices.of(experiment, CARDS[:1]), *outcomes(1, [records], BATCH))["outcome"] == state


def test_curves_say_how_many_seeds_they_show():
    experiment = Experiment((CARDS[0].start, CARDS[1].start), batch_size=BATCH, seeds=(0, 1, 2))
    choices = Choices.of(experiment, CARDS[:2])
    both = (
        [finished(0, 0.6), finished(1, 0.6), record(2, 0, {})],
        [finished(3, 0.6), record(4, 0, {}), record(5, 0, {})],
    )
    assert "median of 1 to 2 of 3 seeds; band" in curves(choices, both, True)[0].how
    same = [record(run, 30, {0: 0.1}) for run in range(3)], [record(run, 30, {0: 0.1}) for run in range(3)]
    assert "median of 3 seeds; band" in curves(choices, same, False)[0].how
    early = [finished(0, 0.6), stopped(1), stopped(2)], [finished(run, 0.6) for run in (3, 4, 5)]
    assert "median of 1 to 3 of 3 seeds; band" in curves(choices, early, True)[0].how
    one = [finished(0, 0.6), record(1, 0, {}), record(2, 0, {})], [record(run, 0, {}) for run in (3, 4, 5)]
    assert "median of 1 of 3 seeds; band" in curves(choices, one, True)[0].how


def test_starts_that_are_guessing_are_not_compared():
    choices = Choices.of(Experiment(tuple(card.start for card in CARDS[:2]), batch_size=BATCH), CARDS[:2])

    def words(*accuracies):
        groups = [[finished(run, accuracy)] for run, accuracy in enumerate(accuracies)]
        return compared(choices, outcomes(2, groups, BATCH))

    assert words(0.113, 0.11) is None
    assert words(0.11, 0.6).startswith("mine* is 49.0 points above HeNormal")


def test_headline_of_a_job_that_failed():
    words = "The run ended early. Its results so far are kept."
    assert headline(record(0, 3, {0: 0.1}), error="The training process ended.") == words


def test_presented_numbers_of_a_start_that_ended_early_say_when_they_were_measured():
    choices = Choices.of(Experiment(tuple(card.start for card in CARDS[:2]), batch_size=BATCH), CARDS[:2])
    groups = [finished(0, 0.6)], [record(1, 30, {0: 0.1, 20: 0.3}, stopped=True)]
    accuracy = curves(choices, groups, True)[1]
    words = "Right on held-out images: HeNormal **60.0%**, mine\\* **30.0%** (after 2,000 images)."
    assert accuracy.say == words
