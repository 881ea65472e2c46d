"""What starts came to over their seeds, checked by plain loops, fractions and SciPy."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from inits.errors import InitsError
from inits.outcomes import (
    ACCURACIES,
    CHANCE,
    LUCK,
    MEAN_OF,
    SORTS,
    Comparison,
    area,
    best,
    compare_first_two,
    in_words,
    outcomes,
    ranked,
    run_state,
    steps_to,
)
from inits.record import Checkpoint, Divergence, Record

BATCH = 1000  # images: two batches are a window
TEST_IMAGES = 10_000
NOTHING = np.empty(0, np.float32)
NAMES = ("HeNormal", "GlorotUniform", "Zeros")


def point(step: int, accuracy: float, loss: float) -> Checkpoint:
    return Checkpoint(
        step, loss, accuracy, TEST_IMAGES, NOTHING, np.empty(0, np.int32), NOTHING, NOTHING, NOTHING, NOTHING
    )


def record(losses=(), accuracies=None, images: int | None = None, **rest) -> Record:
    accuracies = np.full(len(losses), 0.5) if accuracies is None else accuracies
    images = BATCH * len(losses) if images is None else images
    return Record(
        0, len(losses), images, np.array(losses, np.float32), np.array(accuracies, np.float32), **rest
    )


def finished(accuracy=0.9, loss=0.25, losses=(2.0, 1.0, 0.5), accuracies=None, seconds=1.0, **rest) -> Record:
    points = (point(0, 0.1, 2.3), point(len(losses), accuracy, loss))
    return record(losses, accuracies, checkpoints=points, finished=True, seconds=seconds, **rest)


# Each with numbers that would change a mean which let them in.
WAITING = record()
RUNNING = record((9.0,), checkpoints=(point(0, 0.0, 9.0),), seconds=99.0)
LOOKED_AT = record(checkpoints=(point(0, 0.0, 9.0),))
STOPPED = record((9.0, 9.0), checkpoints=(point(2, 0.0, 9.0),), stopped=True, seconds=99.0)
NEVER_BEGUN = record(stopped=True)
FAILED = record(error="The code drew nothing.")
DIVERGED = record(
    (9.0, math.nan),
    checkpoints=(point(0, 0.0, math.nan),),
    divergence=Divergence(2, math.nan, NOTHING, NOTHING, None),
    seconds=99.0,
)
FINISHED = finished()


def outcome(*records: Record):
    return outcomes(1, [records], BATCH)[0]


def with_accuracies(*starts):
    """Outcomes of starts, each given by its test accuracies by seed; None is a run that was stopped."""
    records = [[STOPPED if share is None else finished(share) for share in shares] for shares in starts]
    return outcomes(len(starts), records, BATCH)


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


goals = st.integers(0, 100)


def shares(hits, batch_size: int) -> np.ndarray:
    """As training measures them: float32."""
    return np.array(hits, np.float32) / np.float32(batch_size)


@given(runs_of_hits(), st.one_of(goals, st.sampled_from([75, 80, 85, 90])))
def test_steps_to_agrees_with_loops_over_whole_hits(run, hundredths):
    batch_size, hits = run
    expected = steps_by_loops(hits, batch_size, Fraction(hundredths, 100))
    assert steps_to(shares(hits, batch_size), batch_size, hundredths / 100) == expected


@given(runs_of_hits(), goals, goals)
def test_a_higher_goal_is_never_reached_earlier(run, one, other):
    batch_size, hits = run
    low, high = (steps_to(shares(hits, batch_size), batch_size, goal / 100) for goal in sorted((one, other)))
    assert (math.inf if low is None else low) <= (math.inf if high is None else high)


@given(runs_of_hits(), goals, st.lists(st.floats(0, 1, width=32), min_size=1, max_size=9))
def test_what_comes_later_does_not_change_when_a_goal_was_reached(run, hundredths, later):
    batch_size, hits = run
    accuracies = shares(hits, batch_size)
    reached = steps_to(accuracies, batch_size, hundredths / 100)
    longer = steps_to([*accuracies, *later], batch_size, hundredths / 100)
    assert longer == reached if reached is not None else longer is None or longer > len(hits)


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


def test_only_full_windows_count():
    assert steps_to(np.ones(19, np.float32), 100, 0.9) is None
    assert steps_to(np.ones(20, np.float32), 100, 0.9) == 20
    assert steps_to([], 100, 0.0) is None
    assert steps_to([1.0], 4096, 0.9) == 1


def test_a_crossing_late_in_a_long_epoch_of_single_images():
    hits = np.zeros(60_000, np.float32)
    hits[57_000:] = 1
    assert steps_to(hits, 1, 0.9) == 57_000 + 1800


@given(st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=50))
def test_area_is_the_mean_loss(losses):
    assert area(np.array(losses, np.float32)) == pytest.approx(math.fsum(losses) / len(losses), rel=1e-12)


@pytest.mark.parametrize("losses", [[], [1.0, math.nan], [math.inf, 1.0], [math.inf, -math.inf]])
def test_no_area_without_finite_losses(losses):
    assert area(np.array(losses, np.float32)) is None


def test_area_adds_up_in_float64():
    assert area(np.full(2, 3e38, np.float32)) == float(np.float32(3e38))


@pytest.mark.parametrize(
    ("run", "state"),
    [
        (WAITING, "waiting"),
        (RUNNING, "running"),
        (LOOKED_AT, "running"),
        (FINISHED, "finished"),
        (STOPPED, "stopped"),
        (NEVER_BEGUN, "stopped"),
        (DIVERGED, "diverged"),
        (FAILED, "failed"),
    ],
)
def test_state_of_a_run(run, state):
    assert run_state(run) == state
    assert outcome(run).state == state


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        ([], "waiting"),
        ([WAITING, WAITING], "waiting"),
        ([RUNNING, WAITING], "running"),
        ([FINISHED, WAITING], "running"),
        ([FINISHED, RUNNING], "running"),
        ([STOPPED, RUNNING], "running"),
        ([FINISHED, FINISHED], "finished"),
        ([FINISHED, STOPPED], "stopped"),
        ([FINISHED, DIVERGED], "diverged"),
        ([RUNNING, DIVERGED], "diverged"),
        ([WAITING, DIVERGED], "diverged"),
        ([STOPPED, DIVERGED], "diverged"),
        ([DIVERGED, FAILED], "failed"),
        ([WAITING, FAILED], "failed"),
        ([FINISHED, FAILED], "failed"),
    ],
)
def test_state_of_a_start_tells_bad_news_first(runs, state):
    assert outcome(*runs).state == state
    assert outcome(*reversed(runs)).state == state


def test_what_has_not_finished_is_counted_but_in_no_mean():
    runs = [DIVERGED, finished(0.9, 0.3, seconds=2.0), WAITING, STOPPED, RUNNING, FAILED, NEVER_BEGUN]
    found = outcome(*runs, finished(0.8, 0.5, losses=(3.0, 1.5), seconds=3.0))
    assert (found.runs, found.finished, found.diverged, found.stopped, found.failed) == (7, 2, 1, 2, 1)
    assert found.accuracies == (None, 0.9, None, None, None, None, None, 0.8)
    assert found.accuracy == pytest.approx(0.85, abs=1e-12)
    assert found.accuracy_std == pytest.approx(0.1 / math.sqrt(2), abs=1e-12)
    assert found.loss == pytest.approx(0.4)
    assert found.area == pytest.approx((3.5 / 3 + 2.25) / 2)
    assert found.seconds == 2.5


@pytest.mark.parametrize("runs", [(), (WAITING,), (RUNNING,), (STOPPED,), (DIVERGED,), (FAILED,)])
def test_without_a_finished_run_there_are_no_numbers(runs):
    found = outcome(*runs)
    numbers = (found.accuracy, found.accuracy_std, found.loss, *found.steps, found.area, found.seconds)
    assert numbers == (None,) * len(numbers)
    assert found.accuracies == (None,) * len(runs)


def test_one_run_has_no_spread():
    assert outcome(FINISHED).accuracy_std is None
    assert outcome(FINISHED, FINISHED, FINISHED).accuracy_std == 0.0


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_test_loss_that_is_not_finite_is_not_left_out(loss):
    found = outcome(finished(0.1, loss), finished(0.9, 0.3))
    assert (found.loss, found.accuracy, found.state) == (None, 0.5, "finished")


def test_an_area_that_is_missing_is_not_left_out():
    assert outcome(finished(losses=(1.0, math.inf)), FINISHED).area is None


def test_the_deviation_is_numpys():
    values = [0.9712, 0.9689, 0.9733, 0.9701]
    found = outcome(*map(finished, values))
    assert found.accuracy == pytest.approx(np.mean(values), abs=1e-12)
    assert found.accuracy_std == pytest.approx(np.std(values, ddof=1), rel=1e-9)


def reaching(step: int | None) -> Record:
    """A finished run of 12 batches whose mean of two passes 80% after `step` batches, and never 90%."""
    accuracies = [0.85 if step is not None and batch >= step - 2 else 0.1 for batch in range(12)]
    return finished(losses=[1.0] * 12, accuracies=accuracies)


@pytest.mark.parametrize(
    ("runs", "steps"),
    [
        ([reaching(5)], 5),
        ([reaching(9), reaching(3), reaching(4)], 4),
        ([reaching(3), reaching(7)], 3),  # half of the runs were there after 3
        ([reaching(3), reaching(None)], 3),
        ([reaching(3), reaching(None), reaching(None)], None),
        ([reaching(3), reaching(4), reaching(8), reaching(None), reaching(None)], 8),
        ([reaching(None)], None),
        ([reaching(3), DIVERGED], 3),
        ([reaching(3), DIVERGED, DIVERGED], None),
        ([reaching(3), DIVERGED, FAILED], None),
        ([reaching(3), reaching(6), FAILED], 6),
        ([reaching(3), STOPPED, NEVER_BEGUN, RUNNING, WAITING], 3),
    ],
)
def test_steps_are_those_after_which_half_of_the_runs_had_reached_it(runs, steps):
    assert ACCURACIES == (0.8, 0.9)
    assert outcome(*runs).steps == (steps, None)
    assert outcome(*reversed(runs)).steps == (steps, None)


def test_a_short_last_batch_reaches_nothing():
    accuracies = [0.5, 0.5, 0.79, 1.0]  # the last mean of two is 0.895, but its last batch has few images
    whole = finished(losses=[1.0] * 4, accuracies=accuracies)
    assert outcome(whole).steps == (4, None)
    assert outcome(replace(whole, images=3 * BATCH + 7)).steps == (None, None)


def test_groups_must_be_as_many_as_starts():
    with pytest.raises(InitsError, match=r"must have 2 groups\. Received 1\."):
        outcomes(2, [[FINISHED]], BATCH)


RUNS = [WAITING, RUNNING, STOPPED, DIVERGED, FAILED, reaching(3), reaching(None), finished(0.7, math.nan)]
groups = st.lists(st.lists(st.sampled_from(RUNS), min_size=3, max_size=3), min_size=1, max_size=8)


@given(groups, st.randoms())
def test_permuting_the_starts_permutes_the_outcomes(records, random):
    order = list(range(len(records)))
    random.shuffle(order)
    found = outcomes(len(records), records, BATCH)
    permuted = outcomes(len(records), [records[start] for start in order], BATCH)
    assert permuted == [replace(found[start], start=place) for place, start in enumerate(order)]


@given(st.permutations(range(6)))
def test_the_order_of_the_seeds_changes_only_their_order(order):
    runs = [finished(share) for share in (0.9123, 0.9087, 0.9311, 0.8999)] + [DIVERGED, STOPPED]
    found, permuted = outcome(*runs), outcome(*(runs[seed] for seed in order))
    assert permuted == replace(found, accuracies=tuple(found.accuracies[seed] for seed in order))


def rivals():
    """Four starts, none best in everything; the last has no number at all."""
    return outcomes(
        4,
        [
            [finished(0.8, 0.2, [1.0] * 12, [0.95] * 12, seconds=3.0)],
            [finished(0.9, 0.4, [0.5] * 12, [0.85] * 12, seconds=2.0)],
            [finished(0.9, 0.3, [2.0] * 12, [0.1] * 6 + [0.95] * 6, seconds=1.0)],
            [STOPPED],
        ],
        BATCH,
    )


ORDERS = {
    "accuracy": ([1, 2, 0, 3], (1, 2)),
    "loss": ([0, 2, 1, 3], (0,)),
    "steps 80%": ([0, 1, 2, 3], (0, 1)),
    "steps 90%": ([0, 2, 1, 3], (0,)),
    "area": ([1, 0, 2, 3], (1,)),
    "time": ([2, 1, 0, 3], ()),
    "order": ([0, 1, 2, 3], ()),
}


@pytest.mark.parametrize("key", SORTS)
def test_each_column_ranks_and_has_its_best(key):
    order, top = ORDERS[key]
    assert [one.start for one in ranked(rivals(), key)] == order
    assert best(rivals())[key] == top


def test_columns_are_named_for_people():
    assert list(SORTS) == list(ORDERS)
    assert len({column.label for column in SORTS.values()}) == len(SORTS)
    assert SORTS["steps 80%"].label == "Steps to 80%"


def test_accuracy_ranks_unless_told_otherwise():
    assert ranked(rivals()) == ranked(rivals(), "accuracy")
    with pytest.raises(InitsError, match=r"by must be one of accuracy, loss, .*Received 'luck'\."):
        ranked(rivals(), "luck")


@given(groups, st.sampled_from(sorted(SORTS)), st.randoms())
def test_ranking_keeps_all_and_puts_no_better_one_behind(records, key, random):
    found = outcomes(len(records), records, BATCH)
    random.shuffle(found)
    order = ranked(found, key)
    assert sorted(one.start for one in order) == list(range(len(records)))
    values = [SORTS[key].value(one) for one in order]
    there = [value for value in values if value is not None]
    assert values == there + [None] * (len(values) - len(there))
    assert there == sorted(there, reverse=SORTS[key].descending)
    for value in set(values):  # equal ones stay as they were
        same = [one.start for one in found if SORTS[key].value(one) == value]
        assert [one.start for one in order if SORTS[key].value(one) == value] == same


@given(groups)
def test_best_is_nobody_else_better(records):
    found = outcomes(len(records), records, BATCH)
    marks = best(found)
    assert set(marks) == set(SORTS)
    assert marks["time"] == marks["order"] == ()
    chance = {one.start for one in found if one.accuracy is not None and one.accuracy <= CHANCE}
    for key in set(marks) - {"time", "order"}:
        sign = -1 if key == "accuracy" else 1
        values = {one.start: sign * v for one in found if (v := SORTS[key].value(one)) is not None}
        expected = [start for start, value in values.items() if all(value <= v for v in values.values())]
        kept = [start for start in expected if start not in chance]
        assert list(marks[key]) == (kept if len(values) > 1 else [])


def test_nothing_is_best_at_chance():
    found = with_accuracies((0.098, 0.1), (0.113, 0.12))
    assert [one.at_chance for one in found] == [True, True]
    assert set(best(found).values()) == {()}
    better = with_accuracies((0.098, 0.1), (0.113, 0.5))
    assert best(better)["accuracy"] == (1,)


def test_means_that_differ_only_by_rounding_tie():
    one, other = (0.1, 0.7), (0.3, 0.5)
    assert math.fsum(one) != math.fsum(other)
    found = with_accuracies(one, other)
    assert best(found)["accuracy"] == (0, 1)
    assert [o.start for o in ranked(reversed(found))] == [1, 0]


def test_best_orders_starts_however_they_are_sorted():
    assert best(ranked(rivals(), "time")) == best(rivals())


hits = st.integers(0, TEST_IMAGES)


@given(st.lists(st.tuples(hits, hits), min_size=2, max_size=20))
def test_the_test_is_scipys(pairs):
    one, other = ([row[start] / TEST_IMAGES for row in pairs] for start in (0, 1))
    found = compare_first_two(with_accuracies(one, other))
    gaps = [row[found.first] - row[found.second] for row in pairs]
    assert {found.first, found.second} == {0, 1}
    assert sum(gaps) >= 0
    assert found.pairs == len(pairs)
    assert found.difference == pytest.approx(sum(gaps) / len(pairs) / TEST_IMAGES, abs=2e-12)
    assert found.spread == pytest.approx(np.std(gaps, ddof=1) / TEST_IMAGES, abs=1e-11)
    if len(set(gaps)) > 1:
        expected = stats.ttest_rel([row[found.first] for row in pairs], [row[found.second] for row in pairs])
        assert found.p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-9)
    else:
        assert (found.spread, found.p) == (0.0, 0.0 if gaps[0] else 1.0)


def test_a_p_by_hand():
    # Differences 1, 2, 3 hundredths: t = 2 / (1 / sqrt 3) = sqrt 12, and with 2 degrees of freedom
    # p = 1 - t / sqrt(t^2 + 2).
    found = compare_first_two(with_accuracies((0.8, 0.8, 0.8), (0.81, 0.82, 0.83)))
    assert (found.first, found.second, found.pairs) == (1, 0, 3)
    assert found.difference == pytest.approx(0.02, abs=1e-12)
    assert found.spread == pytest.approx(0.01, abs=1e-12)
    assert found.p == pytest.approx(1 - math.sqrt(12 / 14), rel=1e-9)


def test_only_seeds_that_both_finished_are_pairs():
    found = compare_first_two(
        with_accuracies((0.9, None, 0.8, 0.95), (0.7, 0.1, 0.5, None), (None, 0.05, None, None))
    )
    assert (found.first, found.second, found.pairs) == (0, 1, 2)
    assert found.difference == pytest.approx(0.25)
    assert found.spread == pytest.approx(0.1 / math.sqrt(2))


def test_the_difference_is_that_of_the_pairs_even_against_the_means():
    found = compare_first_two(with_accuracies((0.5, 0.6, 0.9), (0.51, 0.64, None)))
    assert (found.first, found.second, found.pairs) == (0, 1, 2)
    assert found.difference == pytest.approx(-0.025)
    assert found.p == pytest.approx(stats.ttest_rel([0.5, 0.6], [0.51, 0.64]).pvalue, rel=1e-6)
    assert in_words(found, NAMES).startswith("GlorotUniform is 2.5 points above HeNormal on average over 2")


def test_differences_that_cancel_leave_exactly_nothing():
    assert math.fsum((0.1, 0.2, -0.3)) != 0
    assert compare_first_two(with_accuracies((0.6, 0.7, 0.1), (0.5, 0.5, 0.4))).difference == 0.0


def test_only_the_first_two_are_compared():
    found = compare_first_two(with_accuracies((0.5, 0.6), (0.9, 0.8), (0.7, 0.8)))
    assert (found.first, found.second) == (1, 2)


def test_equal_means_are_compared_as_the_cards_stand():
    found = compare_first_two(with_accuracies((0.8, 0.9), (0.9, 0.8)))
    assert (found.first, found.second, found.difference) == (0, 1, 0.0)
    assert found.p == pytest.approx(1.0)


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
    assert compare_first_two(with_accuracies(*starts)) is None


def test_one_pair_has_no_test():
    found = compare_first_two(with_accuracies((0.9, None), (0.8, 0.7)))
    assert (found.first, found.pairs, found.spread, found.p) == (0, 1, None, None)
    assert found.difference == pytest.approx(0.1)


@pytest.mark.parametrize("gap", [1, 3, 30, 700])
def test_the_same_difference_in_every_seed_has_no_spread_whatever_the_rounding(gap):
    lower = [share / TEST_IMAGES for share in (8011, 7453, 9101, 6789, 9099)]
    higher = [(round(share * TEST_IMAGES) + gap) / TEST_IMAGES for share in lower]
    found = compare_first_two(with_accuracies(lower, higher))
    assert (found.first, found.spread, found.p) == (1, 0.0, 0.0)
    assert found.difference == pytest.approx(gap / TEST_IMAGES, abs=1e-12)


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (
            Comparison(0, 1, 5, 0.012, 0.003, 0.003),
            "HeNormal is 1.2 points above GlorotUniform on average over 5 seeds: more than luck "
            "(paired t-test, p = 0.003).",
        ),
        (
            Comparison(2, 0, 20, 0.12345, 0.1, 0.212),
            "Zeros is 12.3 points above HeNormal on average over 20 seeds, which may be luck "
            "(paired t-test, p = 0.21).",
        ),
        (
            Comparison(0, 1, 2, -0.0003, 0.001, 0.0004),
            "GlorotUniform is 0.03 points above HeNormal on average over 2 seeds: more than luck "
            "(paired t-test, p < 0.001).",
        ),
        (
            Comparison(0, 1, 5, 0.01, 0.0, 0.0),
            "HeNormal is 1.0 points above GlorotUniform in each of 5 seeds: more than luck "
            "(paired t-test, p < 0.001).",
        ),
        (
            Comparison(0, 1, 5, 0.0, 0.0, 1.0),
            "HeNormal and GlorotUniform have the same test accuracy in each of 5 seeds.",
        ),
        (
            Comparison(0, 1, 4, 0.0, 0.01, 1.0),
            "HeNormal and GlorotUniform have the same test accuracy on average over 4 seeds "
            "(paired t-test, p = 1.00).",
        ),
        (
            Comparison(0, 1, 1, 0.003, None, None),
            "HeNormal is 0.3 points above GlorotUniform with this one seed: choose 5 seeds to see what is luck.",
        ),
        (
            Comparison(0, 1, 1, 0.0, None, None),
            "HeNormal and GlorotUniform have the same test accuracy with this one seed.",
        ),
    ],
)
def test_words(comparison, words):
    assert in_words(comparison, NAMES) == words


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
def test_the_p_shown_is_on_the_side_of_the_threshold_that_the_words_are(p, shown, luck):
    words = in_words(Comparison(0, 1, 5, 0.01, 0.02, p), NAMES)
    assert f"(paired t-test, {shown})." in words
    assert (", which may be luck" in words, ": more than luck" in words) == (luck, not luck)


@given(st.lists(st.tuples(hits, hits), min_size=1, max_size=6))
def test_words_are_found_for_whatever_was_measured(pairs):
    one, other = ([row[start] / TEST_IMAGES for row in pairs] for start in (0, 1))
    words = in_words(compare_first_two(with_accuracies(one, other)), NAMES)
    assert not any(part in words for part in ("nan", "−", "-0", " 0.0 points", " 0 points"))
