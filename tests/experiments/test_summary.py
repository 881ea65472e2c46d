"""Results of starts over their seeds and their ranking, checked by hand and by plain loops."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.errors import InitsError
from inits.experiments.ranking import SORTS, best, ranked
from inits.experiments.record import Checkpoint, Divergence, Record
from inits.experiments.summary import ACCURACIES, CHANCE, outcomes, run_state

BATCH = 1000  # images: two batches are a window
NOTHING = np.empty(0, np.float32)


def point(step: int, accuracy: float, loss: float) -> Checkpoint:
    return Checkpoint(step, loss, accuracy, 10_000, *[NOTHING] * 6)


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
    """Outcomes of starts that finished, each given by its test accuracies by seed."""
    return outcomes(len(starts), [list(map(finished, shares)) for shares in starts], BATCH)


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
    with pytest.raises(InitsError, match=r"must have 2 groups, but got 1\."):
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
    """Return four starts: none is best in everything, and the last has no values."""
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
    with pytest.raises(InitsError, match=r"by must be one of accuracy, loss, .*but got 'luck'\."):
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
