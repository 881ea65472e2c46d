"""Divergence: found where Keras finds it, with what came before, and the other runs go on."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from support.epochs import (
    ADAM,
    BATCH,
    DEEP,
    FLOAT32,
    GLOROT,
    HE,
    NET,
    SGD,
    WILD,
    assert_close,
    assert_equal,
    fit,
    forward,
    gradient_norms,
    keras_model,
    order_for,
    parse,
    run,
)

from inits.data.dataset import Dataset
from inits.errors import InitsError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.record import Checkpoint, Divergence, Record
from inits.initializers.spec import OptimizerSpec
from inits.training import beginning
from inits.training import slot as slot_module
from inits.training.starts import start_arrays
from inits.training.training import measured_steps

pytestmark = pytest.mark.keras


def test_divergence_is_found_where_keras_finds_it(data, slots):
    optimizer = OptimizerSpec.parse("SGD(1.0)")
    (record,) = run(Experiment((WILD,), DEEP, optimizer, BATCH), data, slots)
    why, order = record.divergence, order_for(data)
    model = keras_model(DEEP, optimizer, start_arrays(WILD, DEEP, 0))
    expected = fit(model, data, order)[:, 0]
    first = int(np.argmin(np.isfinite(expected)))
    assert (why.step, record.done, record.finished) == (first + 1, first + 1, False)
    np.testing.assert_allclose(record.losses[:first], expected[:first], rtol=1e-4)
    np.testing.assert_array_equal(record.losses[first], np.float32(why.loss))
    assert not np.isfinite(why.loss)
    assert record.test_accuracy is None
    assert first > 0
    before = keras_model(DEEP, optimizer, start_arrays(WILD, DEEP, 0))
    fit(before, data, order[: first - 1])
    outputs = forward(before.get_weights(), data.x_train[order[first - 1]])
    np.testing.assert_allclose(why.largest, [np.abs(values).max() for values in outputs], rtol=1e-3)
    fit(before, data, order[first - 1 : first])
    for ours, theirs in zip(record.weights, before.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3 * np.abs(theirs).max())
    outputs = forward(record.weights, data.x_train[order[first]], FLOAT32)
    broken = [i for i, values in enumerate(outputs) if not np.isfinite(values).all()]
    assert why.broken == (broken[0] if broken else None)


def test_a_start_whose_first_loss_is_not_finite(data, slots):
    start = Start(parse("RandomNormal(stddev=1e10)"))
    (record,) = run(Experiment((start,), DEEP, SGD, BATCH), data, slots)
    why, arrays = record.divergence, start_arrays(start, DEEP, 0)
    assert (why.step, record.done, len(record.checkpoints), record.steps) == (1, 1, 1, 21)
    outputs = forward(arrays, data.x_train[order_for(data)[0]], FLOAT32)
    assert why.broken == next(i for i, values in enumerate(outputs) if not np.isfinite(values).all()) == 3
    largest = [np.abs(values).max() for values in outputs]
    np.testing.assert_allclose(why.largest[:3], largest[:3], rtol=1e-5)
    assert not np.isfinite(why.largest[3:]).any()
    assert_equal(record.weights, arrays)


@pytest.fixture(scope="module")
def poisoned(data):
    """Return data with one infinite pixel, which makes the loss of its batch NaN and changes nothing else."""
    images = data.x_train.astype(np.float32)
    images[7, 400] = np.inf
    return Dataset("digits", images, data.y_train, data.x_test, data.y_test)


@pytest.mark.parametrize("step", [2, 3, 16, 21])
def test_divergence_anywhere_keeps_what_came_before(step, data, poisoned, slots, monkeypatch):
    monkeypatch.setattr(slot_module, "MAX_CALL", 3)
    seed = next(seed for seed in range(1000) if 7 in order_for(data, seed=seed)[step - 1])
    experiment, order = Experiment((HE,), NET, ADAM, 32, (seed,)), order_for(data, seed=seed)
    (record,) = run(experiment, poisoned, slots)
    (good,) = run(experiment, data, slots)
    why = record.divergence
    assert (why.step, record.done, why.broken) == (step, step, 0)
    np.testing.assert_array_equal(record.losses[:-1], good.losses[: step - 1])
    assert math.isnan(why.loss)
    assert math.isnan(record.losses[-1])
    assert [point.step for point in record.checkpoints] == [at for at in measured_steps(21) if at < step]
    twin = keras_model(NET, ADAM, start_arrays(HE, NET, seed))
    fit(twin, data, order[: step - 2])
    before = data.x_train[order[step - 2]], data.y_train[order[step - 2]]
    np.testing.assert_allclose(why.gradient, gradient_norms(twin.get_weights(), *before), rtol=1e-3)
    fit(twin, data, order[step - 2 : step - 1])
    assert_close(record.weights, twin.get_weights(), 1e-4)


def test_the_bytes_of_a_record_hold_all_that_was_measured():
    one, two = np.float32([1.0]), np.float32([2.0])
    arrays = {field.name: one for field in fields(Checkpoint) if field.name not in ("step", "held_out")}
    point = Checkpoint(**{**arrays, "step": 1, "held_out": 5, "loss": 1.0, "accuracy": 1.0})
    why = Divergence(1, math.nan, one, one, None)
    record = Record(0, 1, 1, one, one, (point,), why, weights=(one, one))
    changes = [{name: two} for name in ("losses", "accuracies")] + [{"weights": (one,)}]
    changes += [{"divergence": replace(why, **{name: two})} for name in ("largest", "gradient")]
    changes += [
        {"checkpoints": (replace(point, **{field.name: getattr(point, field.name) + 1}),)}
        for field in fields(point)
    ]
    assert len({bytes(record), *(bytes(replace(record, **change)) for change in changes)}) == len(changes) + 1
    assert bytes(replace(record, seconds=99.0)) == bytes(record)


def test_a_divergence_leaves_the_other_runs_alone(data, slots):
    experiment = Experiment((WILD, HE), DEEP, OptimizerSpec.parse("SGD(1.0)"), BATCH)
    together = run(experiment, data, slots, (0, 1))
    assert together[0].divergence is not None
    for i in (1, 0):
        assert bytes(run(experiment, data, slots, (i,))[0]) == bytes(together[i])


def test_a_start_that_cannot_be_drawn_leaves_the_other_runs_alone(data, slots, monkeypatch):
    experiment = Experiment((HE, GLOROT, HE), NET, SGD, BATCH)
    (alone,) = run(experiment, data, slots)

    def draw(start, network, seed, given):
        if start is GLOROT:
            raise InitsError("Weights must be finite, but got 3 NaN.")
        return start_arrays(start, network, seed, given)

    monkeypatch.setattr(beginning, "start_arrays", draw)
    first, second, third = run(experiment, data, slots, (0, 1, 2))
    assert (second.error, second.done, second.over) == ("Weights must be finite, but got 3 NaN.", 0, True)
    assert not second.conclusive
    assert bytes(first) == bytes(third) == bytes(alone)
