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


# Each but the finished one has numbers that would change a mean which included them.
RUNS = {
    "waiting": record(),
    "running": record((9.0,), checkpoints=(point(0, 0.0, 9.0),), seconds=99.0),
    "measured": record(checkpoints=(point(0, 0.0, 9.0),)),
    "stopped": record((9.0, 9.0), checkpoints=(point(2, 0.0, 9.0),), stopped=True, seconds=99.0),
    "never begun": record(stopped=True),
    "failed": record(error="The code drew nothing."),
    "diverged": record(
        (9.0, math.nan),
        checkpoints=(point(0, 0.0, math.nan),),
        divergence=Divergence(2, math.nan, NOTHING, NOTHING, None),
        seconds=99.0,
    ),
    "finished": finished(),
}
DIVERGED, FAILED, FINISHED = RUNS["diverged"], RUNS["failed"], RUNS["finished"]


def outcome(*records: Record):
    return outcomes(1, [records], BATCH)[0]


@pytest.mark.parametrize("name", RUNS)
def test_state_of_a_run(name):
    state = {"measured": "running", "never begun": "stopped"}.get(name, name)
    found = outcome(RUNS[name])
    assert run_state(RUNS[name]) == found.state == state
    if name != "finished":
        numbers = (found.accuracy, found.accuracy_std, found.loss, *found.steps, found.area, found.seconds)
        assert numbers == (None,) * len(numbers)
        assert found.accuracies == (None,)


@pytest.mark.parametrize(
    ("state", "groups"),
    [
        ("waiting", ["", "waiting waiting"]),
        ("running", ["running waiting", "finished waiting", "finished running", "stopped running"]),
        ("finished", ["finished finished"]),
        ("stopped", ["finished stopped"]),
        ("diverged", [f"{other} diverged" for other in ("finished", "running", "waiting", "stopped")]),
        ("failed", [f"{other} failed" for other in ("diverged", "waiting", "finished")]),
    ],
)
def test_state_of_a_start_puts_failures_first(state, groups):
    for group in groups:
        runs = [RUNS[name] for name in group.split()]
        assert outcome(*runs).state == outcome(*reversed(runs)).state == state


def test_only_finished_runs_are_in_the_means():
    names = ("waiting", "stopped", "running", "failed", "never begun")
    runs = [DIVERGED, finished(0.9, 0.3, seconds=2.0), *(RUNS[name] for name in names)]
    found = outcome(*runs, finished(0.8, 0.5, losses=(3.0, 1.5), seconds=3.0))
    assert (found.runs, found.finished, found.diverged, found.stopped, found.failed) == (7, 2, 1, 2, 1)
    assert found.accuracies == (None, 0.9, None, None, None, None, None, 0.8)
    assert (found.accuracy, found.accuracy_std) == pytest.approx((0.85, 0.1 / math.sqrt(2)), abs=1e-12)
    assert (found.loss, found.area) == pytest.approx((0.4, (3.5 / 3 + 2.25) / 2))
    assert found.seconds == 2.5


def test_the_deviation_is_numpys_and_needs_two_runs():
    values = [0.9712, 0.9689, 0.9733, 0.9701]
    found = outcome(*map(finished, values))
    assert found.accuracy == pytest.approx(np.mean(values), abs=1e-12)
    assert found.accuracy_std == pytest.approx(np.std(values, ddof=1), rel=1e-9)
    assert outcome(FINISHED).accuracy_std is None
    assert outcome(FINISHED, FINISHED, FINISHED).accuracy_std == 0.0


def test_a_value_that_is_not_finite_is_not_left_out():
    for loss in (math.nan, math.inf):
        found = outcome(finished(0.1, loss), finished(0.9, 0.3))
        assert (found.loss, found.accuracy, found.state) == (None, 0.5, "finished")
    assert outcome(finished(losses=(1.0, math.inf)), FINISHED).area is None


def reaching(step: int | None) -> Record:
    """Return a run of 12 batches whose mean of two passes 80% after `step` batches, and never 90%."""
    accuracies = [0.85 if step is not None and batch >= step - 2 else 0.1 for batch in range(12)]
    return finished(losses=[1.0] * 12, accuracies=accuracies)


@pytest.mark.parametrize(
    ("reached", "others", "steps"),
    [
        ([5], "", 5),
        ([9, 3, 4], "", 4),
        ([3, 7], "", 3),  # half of the runs were there after 3
        ([3, None], "", 3),
        ([3, None, None], "", None),
        ([3, 4, 8, None, None], "", 8),
        ([None], "", None),
        ([3], "diverged", 3),
        ([3], "diverged diverged", None),
        ([3], "diverged failed", None),
        ([3, 6], "failed", 6),
        ([3], "stopped running waiting", 3),
    ],
)
def test_steps_are_those_after_which_half_of_the_runs_had_reached_it(reached, others, steps):
    runs = [*map(reaching, reached), *(RUNS[name] for name in others.split())]
    assert ACCURACIES == (0.8, 0.9)
    assert outcome(*runs).steps == outcome(*reversed(runs)).steps == (steps, None)


def test_a_short_last_batch_reaches_nothing():
    accuracies = [0.5, 0.5, 0.79, 1.0]  # the last mean of two is 0.895, but its last batch has few images
    whole = finished(losses=[1.0] * 4, accuracies=accuracies)
    assert outcome(whole).steps == (4, None)
    assert outcome(replace(whole, images=3 * BATCH + 7)).steps == (None, None)


MIXED = [
    *(RUNS[name] for name in ("waiting", "running", "stopped", "diverged", "failed")),
    *(reaching(3), reaching(None), finished(0.7, math.nan)),
]
groups = st.lists(st.lists(st.sampled_from(MIXED), min_size=3, max_size=3), min_size=1, max_size=8)


@given(groups, st.permutations(range(3)), st.randoms())
def test_permuting_starts_or_seeds_permutes_the_outcomes(records, seeds, random):
    order = list(range(len(records)))
    random.shuffle(order)
    found = outcomes(len(records), records, BATCH)
    shuffled = [[records[start][seed] for seed in seeds] for start in order]
    assert outcomes(len(records), shuffled, BATCH) == [
        replace(found[start], start=place, accuracies=tuple(found[start].accuracies[seed] for seed in seeds))
        for place, start in enumerate(order)
    ]


# None is best in everything, and the last has no values.
RIVALS = outcomes(
    4,
    [
        [finished(0.8, 0.2, [1.0] * 12, [0.95] * 12, seconds=3.0)],
        [finished(0.9, 0.4, [0.5] * 12, [0.85] * 12, seconds=2.0)],
        [finished(0.9, 0.3, [2.0] * 12, [0.1] * 6 + [0.95] * 6, seconds=1.0)],
        [RUNS["stopped"]],
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


def test_each_column_ranks_and_has_its_best():
    assert {key: [one.start for one in ranked(RIVALS, key)] for key in SORTS} == {
        key: order for key, (order, _) in ORDERS.items()
    }
    for key in SORTS:
        assert best(ranked(RIVALS, key)) == {key: top for key, (_, top) in ORDERS.items()}
    assert list(SORTS) == list(ORDERS)
    assert len({column.label for column in SORTS.values()}) == len(SORTS)
    assert SORTS["steps 80%"].label == "Steps to 80%"
    assert ranked(RIVALS) == ranked(RIVALS, "accuracy")


def test_unknown_columns_and_missing_groups_are_refused():
    with pytest.raises(InitsError, match=r"by must be one of accuracy, loss, .*but got 'luck'\."):
        ranked(RIVALS, "luck")
    with pytest.raises(InitsError, match=r"must have 2 groups, but got 1\."):
        outcomes(2, [[FINISHED]], BATCH)


@given(groups, st.sampled_from(sorted(SORTS)), st.randoms())
def test_ranking_is_stable_and_the_best_have_no_better(records, key, random):
    found = outcomes(len(records), records, BATCH)
    random.shuffle(found)
    order, column = ranked(found, key), SORTS[key]
    assert sorted(one.start for one in order) == list(range(len(records)))
    values = [column.value(one) for one in order]
    known = [value for value in values if value is not None]
    assert values == known + [None] * (len(values) - len(known))
    assert known == sorted(known, reverse=column.descending)
    for value in set(values):  # equal ones stay as they were
        same = [one.start for one in found if column.value(one) == value]
        assert [one.start for one in order if column.value(one) == value] == same
    tops = {one.start for one in found if known and column.value(one) == known[0]}
    chance = {one.start for one in found if one.accuracy is not None and one.accuracy <= CHANCE}
    there = len(known) > 1 and key not in ("time", "order")
    assert best(found)[key] == (tuple(sorted(tops - chance)) if there else ())


def test_nothing_is_best_at_chance_and_rounding_ties():
    def by_accuracies(*starts):
        return outcomes(len(starts), [list(map(finished, shares)) for shares in starts], BATCH)

    found = by_accuracies((0.098, 0.1), (0.113, 0.12))
    assert [one.at_chance for one in found] == [True, True]
    assert set(best(found).values()) == {()}
    assert best(by_accuracies((0.098, 0.1), (0.113, 0.5)))["accuracy"] == (1,)
    assert math.fsum((0.1, 0.7)) != math.fsum((0.3, 0.5))
    found = by_accuracies((0.1, 0.7), (0.3, 0.5))
    assert best(found)["accuracy"] == (0, 1)
    assert [one.start for one in ranked(reversed(found))] == [1, 0]
