"""Comparisons of two starts against SciPy's paired t-test, and their sentences."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from inits.experiments.comparison import LUCK, Comparison, compare_first_two, in_words
from inits.experiments.record import Checkpoint, Record
from inits.experiments.summary import outcomes

TEST_IMAGES = 10_000
NAMES = ("HeNormal", "GlorotUniform", "Zeros")


def run(accuracy: float | None) -> Record:
    """Return a run that ended with this test accuracy; None for one that was stopped, all wrong until then."""
    last = Checkpoint(1, 0.25, accuracy or 0.0, TEST_IMAGES, *[np.empty(0)] * 6)
    return Record(0, checkpoints=(last,), finished=accuracy is not None, stopped=accuracy is None)


def compared(*starts) -> Comparison | None:
    """Compare the first two of starts, each given by its test accuracies by seed."""
    return compare_first_two(outcomes(len(starts), [list(map(run, shares)) for shares in starts], 1000))


hits = st.integers(0, TEST_IMAGES)
pairs_of_hits = st.lists(st.tuples(hits, hits), min_size=1, max_size=20)


@given(pairs_of_hits)
def test_the_test_is_scipys_and_has_words(pairs):
    found = compared(*([row[start] / TEST_IMAGES for row in pairs] for start in (0, 1)))
    gaps = [row[found.first] - row[found.second] for row in pairs]
    assert {found.first, found.second} == {0, 1}
    assert sum(gaps) >= 0
    assert found.pairs == len(pairs)
    assert found.difference == pytest.approx(sum(gaps) / len(pairs) / TEST_IMAGES, abs=2e-12)
    if len(pairs) == 1:
        assert (found.spread, found.p) == (None, None)
    elif len(set(gaps)) > 1:
        assert found.spread == pytest.approx(np.std(gaps, ddof=1) / TEST_IMAGES, abs=1e-11)
        expected = stats.ttest_rel([row[found.first] for row in pairs], [row[found.second] for row in pairs])
        assert found.p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-9)
    else:
        assert (found.spread, found.p) == (0.0, 0.0 if gaps[0] else 1.0)
    words = in_words(found, NAMES)
    assert not any(part in words for part in ("nan", "−", "-0", " 0.0 points", " 0 points"))


def test_a_p_by_hand():
    # Differences 1, 2, 3 hundredths: t = 2 / (1 / sqrt 3) = sqrt 12, and with 2 degrees of freedom
    # p = 1 - t / sqrt(t^2 + 2).
    found = compared((0.8, 0.8, 0.8), (0.81, 0.82, 0.83))
    assert (found.first, found.second, found.pairs) == (1, 0, 3)
    assert (found.difference, found.spread) == pytest.approx((0.02, 0.01), abs=1e-12)
    assert found.p == pytest.approx(1 - math.sqrt(12 / 14), rel=1e-9)


@pytest.mark.parametrize(
    ("starts", "first", "second", "pairs", "difference"),
    [
        # Only seeds that both finished are pairs.
        (((0.9, None, 0.8, 0.95), (0.7, 0.1, 0.5, None), (None, 0.05, None, None)), 0, 1, 2, 0.25),
        # The difference is that of the pairs, even against the means.
        (((0.5, 0.6, 0.9), (0.51, 0.64, None)), 0, 1, 2, -0.025),
        # Differences that cancel leave exactly nothing; equal means are compared in the order of the cards.
        (((0.6, 0.7, 0.1), (0.5, 0.5, 0.4)), 0, 1, 3, 0.0),
        (((0.8, 0.9), (0.9, 0.8)), 0, 1, 2, 0.0),
        # Only the first two are compared.
        (((0.5, 0.6), (0.9, 0.8), (0.7, 0.8)), 1, 2, 2, 0.1),
        (((0.5,), (0.4,)), 0, 1, 1, 0.1),
    ],
)
def test_which_starts_and_seeds_are_compared(starts, first, second, pairs, difference):
    found = compared(*starts)
    assert (found.first, found.second, found.pairs) == (first, second, pairs)
    assert found.difference == (pytest.approx(difference) if difference else 0.0)
    assert (found.spread is None) == (found.p is None) == (pairs == 1)


@pytest.mark.parametrize(
    "starts",
    [
        (),
        ((0.9, 0.9),),
        ((0.9, 0.9), (None, None)),
        ((None, 0.9), (0.8, None)),  # no seed in common
    ],
)
def test_nothing_to_compare(starts):
    assert compared(*starts) is None


@pytest.mark.parametrize("gap", [1, 3, 30, 700])
def test_the_same_difference_in_every_seed_has_no_spread_despite_rounding(gap):
    lower = [share / TEST_IMAGES for share in (8011, 7453, 9101, 6789, 9099)]
    higher = [(round(share * TEST_IMAGES) + gap) / TEST_IMAGES for share in lower]
    found = compared(lower, higher)
    assert (found.first, found.spread, found.p) == (1, 0.0, 0.0)
    assert found.difference == pytest.approx(gap / TEST_IMAGES, abs=1e-12)


WORDS = {
    Comparison(
        0, 1, 5, 0.012, 0.003, 0.003
    ): "HeNormal is 1.2 points above GlorotUniform on average over 5 seeds: "
    "more than luck (paired t-test, p = 0.003).",
    Comparison(
        2, 0, 20, 0.12345, 0.1, 0.212
    ): "Zeros is 12.3 points above HeNormal on average over 20 seeds, "
    "which may be luck (paired t-test, p = 0.21).",
    Comparison(
        0, 1, 2, -0.0003, 0.001, 0.0004
    ): "GlorotUniform is 0.03 points above HeNormal on average over "
    "2 seeds: more than luck (paired t-test, p < 0.001).",
    Comparison(0, 1, 5, 0.01, 0.0, 0.0): "HeNormal is 1.0 points above GlorotUniform in each of 5 seeds: "
    "more than luck (paired t-test, p < 0.001).",
    Comparison(
        0, 1, 5, 0.0, 0.0, 1.0
    ): "HeNormal and GlorotUniform have the same test accuracy in each of 5 seeds.",
    Comparison(
        0, 1, 4, 0.0, 0.01, 1.0
    ): "HeNormal and GlorotUniform have the same test accuracy on average over "
    "4 seeds (paired t-test, p = 1.00).",
    Comparison(0, 1, 1, 0.003, None, None): "HeNormal is 0.3 points above GlorotUniform with this one seed: "
    "choose 5 seeds to see what is luck.",
    Comparison(
        0, 1, 1, 0.0, None, None
    ): "HeNormal and GlorotUniform have the same test accuracy with this one seed.",
}


@pytest.mark.parametrize("comparison", WORDS)
def test_words(comparison):
    assert in_words(comparison, NAMES) == WORDS[comparison]


@pytest.mark.parametrize(
    ("p", "shown", "luck"),
    [
        (0.000999, "p < 0.001", False),
        (0.001, "p = 0.001", False),
        (0.0496, "p = 0.0496", False),
        (0.049999, "p = 0.049999", False),
        (LUCK, "p = 0.050", True),
        (0.0501, "p = 0.050", True),
        (0.0999, "p = 0.100", True),
        (0.1, "p = 0.10", True),
    ],
)
def test_the_p_shown_is_on_the_same_side_of_the_threshold_as_the_words(p, shown, luck):
    words = in_words(Comparison(0, 1, 5, 0.01, 0.02, p), NAMES)
    assert f"(paired t-test, {shown})." in words
    assert (", which may be luck" in words, ": more than luck" in words) == (luck, not luck)
