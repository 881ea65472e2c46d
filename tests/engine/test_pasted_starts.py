"""Starts that are pasted code, from the jail through training to a weight file."""

import io
from dataclasses import replace

import h5py
import numpy as np
import pytest
from support import until
from support.engines import HE, NET, finished

from inits.data.mnist import read_mnist
from inits.engine.store import Store
from inits.errors import InitsError, SpecError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.initializers.spec import InitializerSpec
from inits.sandbox.processes import Outcome
from inits.seeds import derive_seed
from inits.training.slot import Slots
from inits.training.training import train

pytestmark = pytest.mark.keras

UNIFORM = "def mine(shape, dtype=None):\n    return np.random.uniform(-0.05, 0.05, shape)\n"
ROUGH = """
import os
def rough(shape):
    rng = np.random.default_rng(int.from_bytes(os.urandom(8), "big"))
    return rng.uniform(-0.05, 0.05, shape)
"""
MINE = Start(PastedSpec("mine", UNIFORM))
KERASES = Start(InitializerSpec.parse("RandomUniform(minval=-0.05, maxval=0.05)"))


def pasted(name: str, code: str) -> Start:
    return Start(PastedSpec(name, code))


def kernels(seed: int) -> list[np.ndarray]:
    """Return the kernels that UNIFORM draws, by NumPy alone."""
    states = [np.random.RandomState(derive_seed(seed, "kernel", layer)) for layer in range(2)]
    shapes = [(784, 16), (16, 10)]
    drawn = [state.uniform(-0.05, 0.05, shape) for state, shape in zip(states, shapes, strict=True)]
    return [values.astype(np.float32) for values in drawn]


def in_file(data: bytes) -> dict[tuple[int, ...], np.ndarray]:
    """Return all arrays of a weights file by shape: no two of NET have the same."""
    found = {}
    with h5py.File(io.BytesIO(data)) as file:
        file.visititems(lambda name, one: found.update({one.shape: one[()]} if hasattr(one, "shape") else {}))
    return found


def test_pasted_code_trains_beside_keras_and_failures_are_explained(engine):
    starts = (
        pasted("broken", "def broken(shape):\n    return 1 / 0"),
        MINE,
        pasted("nan", "def nan(shape):\n    return np.full(shape, np.nan)"),
        KERASES,
        pasted("odd", "def odd(shape):\n    return np.zeros((3, 3))"),
    )
    job = finished(engine.run(Experiment(starts, NET, seeds=(1, 2))))
    assert job.error is None
    assert [record.finished for record in job.records] == [False, True, False, True, False] * 2
    assert all(len(record.losses) == 20 for record in job.records if record.finished)
    errors = [
        "broken: line 2: ZeroDivisionError: division by zero",
        "Weights must be finite, but got 12,544 NaN or infinite ones from nan.",
        "odd: The returned shape must be (784, 16), but got (3, 3).",
    ]
    assert [record.error for record in job.records if record.error] == errors * 2


def test_run_that_could_not_begin_is_run_again_when_it_is_requested(engine, monkeypatch):
    plan = Experiment((MINE, KERASES), NET, seeds=(77,))
    with monkeypatch.context() as broken:
        broken.setattr(engine.sandbox.jail, "run", lambda *_: Outcome(b"", b"", "signal", 9))
        job = finished(engine.run(plan))
    assert "The system ended the code's process" in job.records[0].error
    assert job.records[1].finished
    assert engine.find(plan) is None  # not shown to others
    again = finished(engine.run(plan))
    assert [record.finished for record in again.records] == [True, True]
    assert again.kept == {1}
    assert engine.run(plan) is again
    assert engine.find(plan) is again


def test_weights_of_pasted_code_are_those_of_the_sandbox(engine, small_mnist):
    (run,), data = Experiment((MINE,), NET, seeds=(91,)).runs, read_mnist(small_mnist)
    begun = in_file(engine.weights_file(run, 0))
    drawn = engine.sandbox.run(UNIFORM, NET.kernel_shapes, 91).arrays
    for array, ours in zip(drawn, kernels(91), strict=True):
        np.testing.assert_array_equal(begun[array.shape], array)
        np.testing.assert_array_equal(begun[array.shape], ours)
    assert not begun[16,].any()
    arrays = [array for kernel in kernels(91) for array in (kernel, None)]
    with Slots(1).borrow(run, data) as slot:
        (record,) = train([(0, run)], data, slot, lambda frame: None, lambda run: False, initial={0: arrays})
    ended = in_file(engine.weights_file(run, record.steps))
    for weights in record.weights:
        np.testing.assert_allclose(ended[weights.shape], weights, rtol=0, atol=1e-5)


def test_code_that_draws_differently_each_time_trains_but_gives_no_file(engine):
    experiment = Experiment((pasted("rough", ROUGH),), NET)
    assert finished(engine.run(experiment)).records[0].finished
    with pytest.raises(InitsError, match="rough draws different weights each time"):
        engine.weights_file(experiment.runs[0], 0)


def test_result_of_pasted_code_on_disk_needs_no_code(engine, tmp_path, monkeypatch):
    until(lambda: engine.status.ready)
    monkeypatch.setattr(engine.results, "store", Store(tmp_path, 10_000_000))
    experiment = Experiment((MINE, KERASES), NET, seeds=(101,))
    job = finished(engine.run(experiment))
    until(lambda: engine.results.missing(experiment) == 0)
    engine.results._jobs.clear()
    submit, requests = engine.sandbox.submit, []
    monkeypatch.setattr(engine.sandbox, "submit", lambda *what: requests.append(what) or submit(*what))
    again = engine.find(experiment)
    assert (again.over.is_set(), again.kept) == (True, {0, 1})
    assert list(map(bytes, again.records)) == list(map(bytes, job.records))
    more = finished(engine.run(replace(experiment, seeds=(101, 102))))
    assert more.kept == {0, 1}
    assert [record.finished for record in more.records] == [True] * 4
    ((_, rounds, *_),) = requests
    assert [seed for _, seed in rounds[0]] == [derive_seed(102, "kernel", layer) for layer in range(2)]


def test_stop_while_code_draws(engine):
    experiment = Experiment((pasted("endless", "while True: pass"), HE), NET, seeds=(111, 112))
    job = engine.run(experiment)
    until(lambda: engine.sandbox.queue.running)
    engine.stop(job)
    first, *rest = finished(job).records
    assert (job.error, job.stopped) == (None, True)
    assert first.stopped or first.error == "endless: The code ran longer than 4 s and was stopped."
    assert [(record.stopped, record.error) for record in rest] == [(True, None)] * 3


def test_code_for_too_many_weights_is_refused(engine):
    plan = Experiment((MINE,), Network((1024,) * 20), seeds=(0, 1))
    with pytest.raises(SpecError, match=r"40,000,000 weights in one experiment, but got 41,512,980"):
        engine.run(plan)
    assert engine.find(plan) is None
