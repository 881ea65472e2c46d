"""What starts came to over their seeds: how far, how fast, which is best, and whether that is more than luck."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median_low, stdev
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from inits.errors import InitsError
from inits.experiments.record import Record
from inits.text import counted, number

ACCURACIES = (0.8, 0.9)
MEAN_OF = 2000  # images, of the running mean that has to reach an accuracy
LUCK = 0.05  # a difference with a smaller p is called more than luck
ENOUGH = 5  # seeds, to tell a usual difference from luck
DECIMALS = 12  # of accuracies: they are whole hits over images, what differs further down is rounding

CHANCE = 0.15  # a test accuracy up to it has not left chance, which is 0.1

State = Literal["waiting", "running", "finished", "diverged", "stopped", "failed"]


def steps_to(accuracies: ArrayLike, batch_size: int, goal: float) -> int | None:
    """Batches learned until the mean accuracy of the last `MEAN_OF` images first is at least `goal`.

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
    """Area under a loss curve divided by its length: the mean batch loss, in nats.

    Args:
        losses: (steps,), cross-entropy of each batch.

    Returns:
        None if there is no loss or one is not finite.
    """
    values = np.asarray(losses, np.float64)
    return float(values.mean()) if values.size and np.isfinite(values).all() else None


def run_state(record: Record) -> State:
    """What became of one run; waiting until its first measurement."""
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
class Outcome:
    """What one start came to over its seeds. All means are those of the finished runs; None: no such number.

    Attributes:
        start: its index in the experiment.
        state: failed or diverged when any run was, for that is final; else running while some runs are over or
            begun and others not; waiting when none has begun; stopped when any run was; else finished.
        runs: seeds that have begun or are over. Those in no other count are running.
        finished, diverged, stopped, failed: how many went through the epoch, met a loss that is not finite, were
            ended by a person, could not begin.
        accuracies: test accuracy for each seed, in their order; None for one that has not finished.
        accuracy, accuracy_std: their mean and standard deviation (over n - 1; None below two).
        loss: mean test loss in nats; None also when one is not finite.
        steps: for each of `ACCURACIES`, batches after which half of the runs had reached it (the lower median of
            `steps_to`); None when fewer did. Diverged and failed runs never do; stopped ones do not count, nor does
            a short last batch.
        area: mean of `area`, nats.
        seconds: mean time of a run.
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

    @property
    def at_chance(self) -> bool:
        """Whether it finished without having learned anything."""
        return self.accuracy is not None and self.accuracy <= CHANCE


def outcomes(starts: int, records_by_start: Sequence[Sequence[Record]], batch_size: int) -> list[Outcome]:
    """One outcome per start, in their order.

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
    )


def _state(states: Sequence[State]) -> State:
    """See `Outcome`: bad news first, then what goes on."""
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
    """None if there are no values or one is missing or not finite: leaving it out would flatter the rest."""
    numbers = [math.nan if value is None else value for value in values]
    return fmean(numbers) if numbers and all(map(math.isfinite, numbers)) else None


def _half_reached(finished: Sequence[Record], lost: int, batch_size: int, goal: float) -> int | None:
    """Lower median of `steps_to`, where a run that never gets there counts as infinitely slow."""
    found = [
        # A short last batch would weigh as much as a whole one, and a few images reach much by luck.
        steps_to(record.accuracies[: record.images // batch_size], batch_size, goal)
        for record in finished
    ]
    steps = [math.inf if step is None else step for step in found] + [math.inf] * lost
    middle = median_low(steps) if steps else math.inf
    return int(middle) if middle < math.inf else None


@dataclass(frozen=True)
class Sort:
    """A column by which starts can be ranked: its heading, its number, which end of it is best, whether any is."""

    label: str
    value: Callable[[Outcome], float | None]
    descending: bool = False
    merit: bool = True


def _steps_column(index: int, goal: float) -> tuple[str, Sort]:
    return f"steps {goal:.0%}", Sort(f"Steps to {goal:.0%}", lambda outcome: outcome.steps[index])


SORTS: Mapping[str, Sort] = {
    "accuracy": Sort("Test accuracy", lambda outcome: outcome.accuracy, descending=True),
    "loss": Sort("Test loss", lambda outcome: outcome.loss),
    **dict(_steps_column(index, goal) for index, goal in enumerate(ACCURACIES)),
    "area": Sort("Loss area", lambda outcome: outcome.area),
    "time": Sort("Time", lambda outcome: outcome.seconds, merit=False),
    "order": Sort("As the cards stand", lambda outcome: outcome.start, merit=False),
}
"""Key -> column, in the order of a table. Nothing is best in a column without merit: the time is the machine's."""


def ranked(outcomes: Iterable[Outcome], by: str = "accuracy") -> list[Outcome]:
    """Outcomes, the best first; those without the number last; equal ones as they were.

    Raises:
        InitsError: if `by` is not one of `SORTS`.
    """
    if by not in SORTS:
        raise InitsError(f"by must be one of {', '.join(SORTS)}, but got {by!r}.")
    column = SORTS[by]

    def place(outcome: Outcome) -> tuple[bool, float]:
        value = column.value(outcome)
        if value is None:
            return True, 0.0
        return False, -value if column.descending else value

    return sorted(outcomes, key=place)


def best(outcomes: Sequence[Outcome]) -> dict[str, tuple[int, ...]]:
    """For each of `SORTS` the starts with the best value, in order; several when they tie.

    None when the column has no merit, when fewer than two starts have a value, and when the best is one that has
    not left chance.
    """
    return {key: _best(outcomes, column) for key, column in SORTS.items()}


def _best(outcomes: Sequence[Outcome], column: Sort) -> tuple[int, ...]:
    values = {o.start: value for o in outcomes if (value := column.value(o)) is not None}
    if len(values) < 2 or not column.merit:
        return ()
    top = max(values.values()) if column.descending else min(values.values())
    lost = {outcome.start for outcome in outcomes if outcome.at_chance}
    return tuple(sorted(start for start, value in values.items() if value == top and start not in lost))


@dataclass(frozen=True)
class Comparison:
    """Two starts on the same seeds, so on the same batches in the same order: a paired comparison.

    Attributes:
        first, second: indices of the starts, the higher mean test accuracy first.
        pairs: seeds that both finished, at least 1.
        difference: mean over the pairs of first - second, a share of the test images. It can be negative when one
            start finished seeds that the other did not.
        spread: standard deviation of the paired differences (over n - 1); None below two pairs.
        p: of the two-sided paired t-test; None below two pairs. 0 when all differences are the same but not 0,
            1 when all are 0.
    """

    first: int
    second: int
    pairs: int
    difference: float
    spread: float | None
    p: float | None


def compare_first_two(outcomes: Iterable[Outcome]) -> Comparison | None:
    """The two starts with the highest mean test accuracy, on the seeds that both finished.

    None when fewer than two starts have finished a seed, or these two none in common.
    """
    top = ranked(outcomes)[:2]
    if len(top) < 2:
        return None
    first, second = top
    differences = [
        round(one - two, DECIMALS)
        for one, two in zip(first.accuracies, second.accuracies, strict=True)
        if one is not None and two is not None
    ]
    if not differences:  # as when one has finished nothing
        return None
    mean = round(fmean(differences), DECIMALS)
    spread = stdev(differences) if len(differences) > 1 else None
    p = None if spread is None else _paired_t_test(mean, spread, len(differences))
    return Comparison(first.start, second.start, len(differences), mean, spread, p)


def _paired_t_test(mean: float, spread: float, pairs: int) -> float:
    """Probability of a mean difference at least as large by luck: t = mean / (spread / sqrt(pairs))."""
    if spread == 0.0:
        return 0.0 if mean else 1.0
    t = mean / (spread / math.sqrt(pairs))
    return 2.0 * float(special.stdtr(pairs - 1, -abs(t)))


def in_words(comparison: Comparison, names: Sequence[str]) -> str:
    """Whether a difference is more than luck, that is whether p is below `LUCK`, with the numbers.

    Args:
        comparison: of two starts.
        names: of all starts of the experiment.
    """
    higher, lower = names[comparison.first], names[comparison.second]
    if comparison.difference < 0:
        higher, lower = lower, higher
    points = _points(abs(comparison.difference))
    if comparison.p is None and comparison.difference:
        return f"{higher} is {points} above {lower} with this one seed: choose {ENOUGH} seeds to see what is luck."
    if comparison.p is None:
        return f"{higher} and {lower} have the same test accuracy with this one seed."
    seeds = counted(comparison.pairs, "seed")
    where = f"on average over {seeds}" if comparison.spread else f"in each of {seeds}"
    if not comparison.difference:
        test = f" ({_test(comparison.p)})" if comparison.spread else ""
        return f"{higher} and {lower} have the same test accuracy {where}{test}."
    verdict = ": more than luck" if comparison.p < LUCK else ", which may be luck"
    return f"{higher} is {points} above {lower} {where}{verdict} ({_test(comparison.p)})."


def _points(share: float) -> str:
    """1.2 points; 0.03 points rather than 0.0."""
    points = 100.0 * share
    return f"{points:.1f} points" if points >= 0.05 else f"{number(points, 1)} points"


def _test(p: float) -> str:
    """The name of the test and its p, with as many digits as it takes to see on which side of `LUCK` it is."""
    if p < 0.001:
        return "paired t-test, p < 0.001"
    digits = 2 if p >= 0.1 else 3
    while (round(p, digits) < LUCK) != (p < LUCK):
        digits += 1
    return f"paired t-test, p = {p:.{digits}f}"
