"""The two best starts compared on the same seeds, and whether their difference may be luck."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from scipy import special

from inits.experiments.ranking import ranked
from inits.experiments.summary import DECIMALS, Outcome
from inits.text import counted, number

LUCK = 0.05  # a difference with a smaller p is called more than luck
ENOUGH = 5  # seeds, to tell a usual difference from luck


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
    """Compare the two starts with the highest mean test accuracy, on the seeds that both finished.

    Returns None if fewer than two starts have finished a seed, or these two have none in common.
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
    """Return the probability of a mean difference at least as large by luck: t = mean / (spread / sqrt(pairs))."""
    if spread == 0.0:
        return 0.0 if mean else 1.0
    t = mean / (spread / math.sqrt(pairs))
    return 2.0 * float(special.stdtr(pairs - 1, -abs(t)))


def in_words(comparison: Comparison, names: Sequence[str]) -> str:
    """Return a sentence that states a difference, and whether it may be luck (p is at least `LUCK`).

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
    """Return a share as points: 1.2 points; 0.03 points rather than 0.0."""
    points = 100.0 * share
    return f"{points:.1f} points" if points >= 0.05 else f"{number(points, 1)} points"


def _test(p: float) -> str:
    """Return the name of the test and its p, with as many digits as it takes to see on which side of `LUCK` it is."""
    if p < 0.001:
        return "paired t-test, p < 0.001"
    digits = 2 if p >= 0.1 else 3
    while (round(p, digits) < LUCK) != (p < LUCK):
        digits += 1
    return f"paired t-test, p = {p:.{digits}f}"
