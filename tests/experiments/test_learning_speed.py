"""How fast a run learns: when it reached an accuracy, and its mean loss; checked by plain loops and fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.experiments.summary import ACCURACIES, MEAN_OF, area, steps_to


def steps_by_loops(hits, batch_size: int, goal: Fraction) -> int | None:
    window = max(1, round(MEAN_OF / batch_size))
    for learned in range(window, len(hits) + 1):
        right = 0
        for batch in range(learned - window, learned):
            right += hits[batch]
        if Fraction(right, window * batch_size) >= goal:
            return learned
    return None


@st.composite
def runs_of_hits(draw):
    """A batch size and right answers per batch, up to four windows of them, most often near the goals."""
    batch_size = draw(st.sampled_from([50, 128, 300, 667, 800, 1000, 1333, 1334, 2000, 4096]))
    usual = st.integers(7 * batch_size // 10, batch_size)
    hits = draw(
        st.lists(st.one_of(usual, st.integers(0, batch_size)), max_size=4 * MEAN_OF // batch_size + 3)
    )
    return batch_size, hits


def shares(hits, batch_size: int) -> np.ndarray:
    """Return shares as training measures them: float32."""
    return np.array(hits, np.float32) / np.float32(batch_size)


# That a higher goal takes as long or longer, and that later batches change nothing, follows from the loops.
@given(runs_of_hits(), st.integers(0, 100) | st.sampled_from([75, 80, 85, 90]))
def test_steps_to_agrees_with_loops_over_whole_hits(run, hundredths):
    batch_size, hits = run
    expected = steps_by_loops(hits, batch_size, Fraction(hundredths, 100))
    assert steps_to(shares(hits, batch_size), batch_size, hundredths / 100) == expected


@pytest.mark.parametrize("batch_size", [1, 2, 10, 30, 40, 50, 70, 100, 110, 130, 1000, 4090])
@pytest.mark.parametrize("goal", ACCURACIES)
def test_exactly_the_goal_is_enough_and_one_hit_less_is_not(batch_size, goal):
    window = max(1, round(MEAN_OF / batch_size))
    wanted = Fraction(str(goal)) * window * batch_size
    assert wanted.denominator == 1
    exact = [int(wanted) // window] * window
    for batch in range(int(wanted) % window):
        exact[batch] += 1
    assert steps_to(shares(exact, batch_size), batch_size, goal) == window
    exact[0] -= 1
    assert steps_to(shares(exact, batch_size), batch_size, goal) is None


def test_only_full_windows_count_and_sums_are_exact():
    assert steps_to(np.ones(19, np.float32), 100, 0.9) is None
    assert steps_to(np.ones(20, np.float32), 100, 0.9) == 20
    assert steps_to([], 100, 0.0) is None
    assert steps_to([1.0], 4096, 0.9) == 1
    late = np.arange(60_000) >= 57_000
    assert steps_to(late.astype(np.float32), 1, 0.9) == 57_000 + 1800


@given(st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=50))
def test_area_is_the_mean_loss_in_float64(losses):
    assert area(np.array(losses, np.float32)) == pytest.approx(math.fsum(losses) / len(losses), rel=1e-12)
    assert area(np.full(2, 3e38, np.float32)) == float(np.float32(3e38))


@pytest.mark.parametrize("losses", [[], [1.0, math.nan], [math.inf, 1.0], [math.inf, -math.inf]])
def test_no_area_without_finite_losses(losses):
    assert area(np.array(losses, np.float32)) is None
