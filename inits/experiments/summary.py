"""The results of each start over its seeds: how far it came, and how fast."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median_low, stdev
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from inits.errors import InitsError
from inits.experiments.record import Record

ACCURACIES = (0.8, 0.9)
MEAN_OF = 2000  # images, of the running mean that has to reach an accuracy
DECIMALS = 12  # of accuracies: they are whole hits over images, further digits are rounding errors
COLLAPSE = 0.2  # a start that ends further below its best has collapsed
CHANCE = 0.15  # a start with at most this test accuracy is still guessing: guessing gives 0.1

State = Literal["waiting", "running", "finished", "diverged", "stopped", "failed"]


def steps_to(accuracies: ArrayLike, batch_size: int, goal: float) -> int | None:
    """Return the number of batches until the mean accuracy of the last `MEAN_OF` images first is at least `goal`.

    Only windows of max(1, round(MEAN_OF / batch_size)) whole batches count.

    Args:
        accuracies: (steps,), share of right answers in each batch, all of `batch_size` images.
        batch_size: images in a batch.
        goal: share of right answers; exactly that is enough.

    Returns:
        A number from the length of the window to steps; None if the goal is never reached.
    """
    window = max(1, round(MEAN_OF / batch_size))
    # Whole hits add up exactly; float32 shares would leave a mean of 0.9 just below 0.9.
    hits = np.rint(np.asarray(accuracies, np.float64) * batch_size)
    sums = np.concatenate([[0.0], np.cumsum(hits)])
    wanted = goal * window * batch_size - 1e-6  # a millionth of a hit: the product itself is rounded
    there = np.flatnonzero(sums[window:] - sums[:-window] >= wanted)
    return int(there[0]) + window if there.size else None


def area(losses: ArrayLike) -> float | None:
    """Return the area under a loss curve divided by its length: the mean batch loss, in nats.

    Args:
        losses: (steps,), cross-entropy of each batch.

    Returns:
        None if there is no loss or one is not finite.
    """
    values = np.asarray(losses, np.float64)
    return float(values.mean()) if values.size and np.isfinite(values).all() else None


def run_state(record: Record) -> State:
    """Return the state of one run; waiting until its first measurement."""
    if record.error is not None:
        return "failed"
    if record.divergence is not None:
        return "diverged"
    if record.finished:
        return "finished"
    if record.stopped:
        return "stopped"
    return "running" if record.done or record.checkpoints else "waiting"


@dataclass(frozen=True)
class Peak:
    """The highest held-out accuracy between steps, mean over the seeds, and the number of steps before it."""

    accuracy: float
    step: int


@dataclass(frozen=True)
class Outcome:
    """The results of one start over its seeds. Means are over the finished runs; None where there is no value.

    Attributes:
        start: its index in the experiment.
        state: failed or diverged when any run was, for that is final; else running while some runs are over or
            begun and others not; waiting when none has begun; stopped when any run was; else finished.
        runs: seeds that have begun or are over. Those in no other count are running.
        finished, diverged, stopped, failed: how many went through the epoch, met a loss that is not finite, were
            stopped by a user, could not begin.
        accuracies: test accuracy for each seed, in their order; None for one that has not finished.
        accuracy, accuracy_std: their mean and standard deviation (over n - 1; None below two).
        loss: mean test loss in nats; None also when one is not finite.
        steps: for each of `ACCURACIES`, batches after which half of the runs had reached it (the lower median of
            `steps_to`); None when fewer did. Diverged and failed runs never do; stopped ones do not count, nor does
            a short last batch.
        area: mean of `area`, nats.
        seconds: mean time of a run.
        peak: the highest held-out accuracy of the runs that finished or diverged; None before the first of them.
    """

    start: int
    state: State
    runs: int
    finished: int
    diverged: int
    stopped: int
    failed: int
    accuracies: tuple[float | None, ...]
    accuracy: float | None
    accuracy_std: float | None
    loss: float | None
    steps: tuple[int | None, ...]
    area: float | None
    seconds: float | None
    peak: Peak | None

    @property
    def at_chance(self) -> bool:
        """True if it finished with an accuracy no better than guessing."""
        return self.accuracy is not None and self.accuracy <= CHANCE

    @property
    def collapsed(self) -> bool:
        """True if it finished far below its best accuracy."""
        if self.accuracy is None or self.peak is None:
            return False
        return self.peak.accuracy - self.accuracy > COLLAPSE


def outcomes(starts: int, records_by_start: Sequence[Sequence[Record]], batch_size: int) -> list[Outcome]:
    """Return one outcome per start, in their order.

    Args:
        starts: how many there are.
        records_by_start: for each start one record per seed, all in the same order of seeds.
        batch_size: images in a batch.

    Raises:
        InitsError: if there are not as many groups of records as starts.
    """
    if len(records_by_start) != starts:
        raise InitsError(f"records_by_start must have {starts} groups, but got {len(records_by_start)}.")
    return [_outcome(start, records, batch_size) for start, records in enumerate(records_by_start)]


def _outcome(start: int, records: Sequence[Record], batch_size: int) -> Outcome:
    states = [run_state(record) for record in records]
    finished = [record for record, state in zip(records, states, strict=True) if state == "finished"]
    accuracies = tuple(record.test_accuracy for record in records)
    known = [accuracy for accuracy in accuracies if accuracy is not None]
    lost = states.count("diverged") + states.count("failed")
    return Outcome(
        start=start,
        state=_state(states),
        runs=len(states) - states.count("waiting"),
        finished=len(finished),
        diverged=states.count("diverged"),
        stopped=states.count("stopped"),
        failed=states.count("failed"),
        accuracies=accuracies,
        accuracy=round(fmean(known), DECIMALS) if known else None,
        accuracy_std=stdev(known) if len(known) > 1 else None,
        loss=_mean(record.checkpoints[-1].loss for record in finished if record.checkpoints),
        steps=tuple(_half_reached(finished, lost, batch_size, goal) for goal in ACCURACIES),
        area=_mean(area(record.losses) for record in finished),
        seconds=_mean(record.seconds for record in finished),
        peak=_peak([record for record in records if record.conclusive]),
    )


def _peak(records: Sequence[Record]) -> Peak | None:
    """Return the highest mean held-out accuracy of runs, at the first step that has it."""
    found: dict[int, list[float]] = {}
    for record in records:
        for point in record.checkpoints:
            found.setdefault(point.step, []).append(point.accuracy)
    means = [Peak(round(fmean(values), DECIMALS), step) for step, values in sorted(found.items())]
    return max(means, key=lambda one: one.accuracy, default=None)


def _state(states: Sequence[State]) -> State:
    """Return the state of a start from those of its runs, see `Outcome`."""
    seen = set(states)
    if seen <= {"waiting"}:
        return "waiting"
    if "failed" in seen:
        return "failed"
    if "diverged" in seen:
        return "diverged"
    if seen & {"waiting", "running"}:
        return "running"
    return "stopped" if "stopped" in seen else "finished"


def _mean(values: Iterable[float | None]) -> float | None:
    """Return the mean; None if there are no values or one is missing or not finite: omitting it would bias the mean."""
    numbers = [math.nan if value is None else value for value in values]
    return fmean(numbers) if numbers and all(map(math.isfinite, numbers)) else None


def _half_reached(finished: Sequence[Record], lost: int, batch_size: int, goal: float) -> int | None:
    """Return the lower median of `steps_to`; a run that never reaches the goal counts as infinitely slow."""
    found = [
        # A short last batch would weigh as much as a whole one, and a few images reach much by luck.
        steps_to(record.accuracies[: record.images // batch_size], batch_size, goal)
        for record in finished
    ]
    steps = [math.inf if step is None else step for step in found] + [math.inf] * lost
    middle = median_low(steps) if steps else math.inf
    return int(middle) if middle < math.inf else None
