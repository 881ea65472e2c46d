"""Sweeps: every cell is a run, and the critical value has the stated σ_w²."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inits.engine.jobs import split_into_tasks
from inits.errors import SpecError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.experiments.sweep import MAX_CELLS, VARIED, Sweep, activations, depths, grid

SWEEP = Sweep("stddev", (0.01, 0.1, 1.0), "depth", (1, 2))


def test_every_cell_is_an_experiment_of_its_own():
    assert len(SWEEP.runs) == SWEEP.cells == 6
    for row, value in enumerate(SWEEP.values):
        for column, depth in enumerate(SWEEP.columns):
            run = SWEEP.runs[SWEEP.index(row, column)]
            starts, net = (Start(VARIED["stddev"].make(value)),), Network((64,) * depth, "tanh")
            (alone,) = Experiment(starts, net, SWEEP.optimizer, 128, (0,), "mnist").runs
            assert (run, run.key) == (alone, alone.key)
    sweep = replace(SWEEP, across="activation", columns=("relu", "gelu"), depth=3)
    nets = [Network((64,) * 3, name) for name in ("relu", "gelu") for _ in range(3)]
    assert [run.network for run in sweep.runs] == nets


def test_each_network_is_one_lane_when_there_are_enough():
    dealt = split_into_tasks(list(enumerate(SWEEP.runs)), 2)
    assert [[number for number, _ in lane] for lane in dealt] == [[3, 4, 5], [0, 1, 2]]


def test_the_key_follows_the_cells():
    values, columns = {"values": (0.01, 0.1, 2.0)}, {"columns": (1, 3)}
    changes = [values, columns, {"varied": "truncated"}, {"seed": 1}, {"width": 32}, {"batch_size": 64}]
    changed = [replace(SWEEP, **change) for change in (*changes, {"dataset": "digits"})]
    assert replace(SWEEP).key == SWEEP.key
    assert len({SWEEP.key, *(sweep.key for sweep in changed)}) == 8


@pytest.mark.parametrize("varied", VARIED)
def test_the_critical_value_has_the_wanted_gain_and_is_in_the_usual_range(varied):
    """The kernel between hidden layers, by the law that the catalog gives the initializer."""
    entry, sweep = VARIED[varied], Sweep(varied, grid(0.1, 1.0, 4), "depth", (1, 2, 5), width=48)
    for sigma_w2 in (0.5, 1.0, 2.0):
        none, *critical = sweep.critical([sigma_w2] * 3)
        assert none is None
        for value in critical:
            assert 48 * entry.make(value).law((48, 48)).std ** 2 == pytest.approx(sigma_w2, rel=1e-9)
    assert sweep.critical([None] * 3) == [None] * 3
    (value,) = Sweep(varied, (0.1,), "depth", (3,)).critical([2.0])
    assert entry.low < value < entry.high
    assert entry.parameter in entry.title


@given(st.floats(1e-6, 1.0), st.floats(1.5, 1e6), st.integers(2, 40))
def test_a_grid_runs_from_end_to_end_in_equal_steps(low, ratio, count):
    assume(ratio ** (1 / (count - 1)) > 1.02)  # else three digits leave no room
    values = grid(low, low * ratio, count)
    assert len(values) == count
    assert (values[0], values[-1]) == (low, low * ratio)  # as they were typed
    steps = np.diff(np.log(values))
    np.testing.assert_allclose(steps, math.log(ratio) / (count - 1), atol=0.0105)
    assert all(float(f"{value:.3g}") == value for value in values[1:-1])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        *(
            (lambda change=change: replace(SWEEP, **change), words)
            for change, words in [
                ({"varied": "std"}, "varied must be one of stddev"),
                ({"across": "width"}, "across must be one of depth, activation, but got 'width'"),
                ({"values": ()}, "1 to 400 cells, but got 0"),
                ({"values": tuple(range(1, 202))}, "1 to 400 cells, but got 402"),
                ({"values": (0.1, 0.01)}, "values must rise"),
                ({"columns": (1, 1)}, "columns differ"),
                ({"columns": (1, 51)}, "none or 1 to 50"),
                ({"width": 0}, "Hidden layers must have"),
                ({"values": (0.1, 1e31)}, "but got"),
            ]
        ),
        (lambda: grid(0.0, 1.0, 5), "begin above 0 and end at a larger, finite number, but got 0 to 1"),
        (lambda: grid(1.0, 0.5, 5), "but got 1 to 0.5"),
        (lambda: grid(1.0, math.inf, 5), "but got 1 to inf"),
        (lambda: grid(1.0, 2.0, 1), f"2 to {MAX_CELLS} values, but got 1"),
        (lambda: grid(1.0, 1.01, 5), "too close for 5 values"),
        (lambda: depths(0), "depth must be"),
        (lambda: depths(51), "depth must be"),
        (lambda: activations(["swish"]), "swish"),
    ],
)
def test_refusals(make, words):
    with pytest.raises(SpecError) as caught:
        make()
    assert words in str(caught.value)


def test_columns():
    assert depths(3) == (1, 2, 3)
    assert activations(["tanh", "relu", "tanh"]) == ("relu", "tanh")
