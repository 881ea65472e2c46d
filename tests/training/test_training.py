"""The first epoch: against plain Keras, and against itself in another order."""

from dataclasses import replace
from itertools import pairwise

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.epochs import (
    ADAM,
    BATCH,
    GLOROT,
    HE,
    NET,
    SGD,
    assert_close,
    assert_equal,
    fit,
    keras_model,
    order_for,
    parse,
    run,
)

from inits.data.dataset import Dataset, pixels
from inits.data.mnist import read_mnist
from inits.data.standin import digits
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import MAX_LAYERS, Network
from inits.experiments.record import Frame, Record
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.optimizers import OPTIMIZERS
from inits.initializers.spec import OptimizerSpec
from inits.training import slot as slot_module
from inits.training import training
from inits.training.beginning import order_of
from inits.training.layers import build_model
from inits.training.slot import Slot, Slots
from inits.training.starts import start_arrays
from inits.training.training import measured_steps, train, weights_after

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def whole(request):
    """Real MNIST where it is, else the stand-in."""
    try:
        return read_mnist(request.getfixturevalue("mnist_path"))
    except pytest.skip.Exception:
        return digits()


@pytest.mark.parametrize("text", ["SGD(0.05)", "SGD(0.05, momentum=0.9, nesterov=True)", "Adam()"])
def test_losses_are_those_of_keras(text, whole):
    net, optimizer = Network((64, 32)), OptimizerSpec.parse(text)
    slot = Slot(net, optimizer, BATCH, whole)
    weights, order = start_arrays(GLOROT, net, 1), order_for(whole)[:200]
    slot.load(weights, optimizer.learning_rate)
    losses, accuracies = slot.train(order)
    model = keras_model(net, optimizer, weights)
    expected = fit(model, whole, order)
    np.testing.assert_allclose(losses, expected[:, 0], rtol=0, atol=1e-4)
    assert np.abs(accuracies - expected[:, 1]).max() <= 1.01 / BATCH  # one image in doubt
    assert np.mean(accuracies != expected[:, 1].astype(np.float32)) < 0.02
    assert_close(slot.weights(), model.get_weights(), 1e-4)
    assert losses[:10].mean() > 2 * losses[-10:].mean()


def test_the_short_batch_at_the_end_is_that_of_keras(data, slots):
    experiment = Experiment((GLOROT,), NET, SGD, BATCH)
    (record,) = run(experiment, data, slots)
    model = keras_model(NET, SGD, start_arrays(GLOROT, NET, 0))
    order = order_for(data)
    assert (order[-1] >= 0).sum() == 10
    expected = fit(model, data, order)
    np.testing.assert_allclose(record.losses, expected[:, 0], atol=1e-5)
    np.testing.assert_allclose(record.accuracies, expected[:, 1], atol=1e-6)
    assert_close(record.weights, model.get_weights(), 1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_is_that_of_keras_and_starts_afresh_in_every_run(name, data):
    """Two runs that share a slot turn by turn learn as each does alone, and as Keras alone."""
    optimizer = OptimizerSpec(name, (("learning_rate", 0.01),))
    few = Dataset("digits", data.x_train[:160], data.y_train[:160], data.x_test[:100], data.y_test[:100])
    net = Network((8,), "tanh")
    experiment, slots = Experiment((GLOROT, HE), net, optimizer, batch_size=16), Slots(1)
    together = run(experiment, few, slots, (0, 1))
    alone = [run(experiment, few, slots, (i,))[0] for i in (1, 0)][::-1]
    assert list(map(bytes, together)) == list(map(bytes, alone))
    assert bytes(together[0]) != bytes(together[1])
    model = keras_model(net, optimizer, start_arrays(GLOROT, net, 0), eager=True)
    expected = fit(model, few, order_for(few, 16))
    np.testing.assert_allclose(together[0].losses, expected[:, 0], atol=1e-4)
    assert len(set(expected[:, 0])) == 10


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_network_of_every_activation_is_that_of_keras(activation, data):
    net, images = Network((12, 12), activation), pixels(data.x_train[:50])
    ours, weights = build_model(net), start_arrays(GLOROT, net, 0)
    ours.set_weights(weights)
    np.testing.assert_allclose(ours(images), keras_model(net, SGD, weights)(images), atol=1e-6)


def test_every_activation_learns_in_the_compiled_step(data, monkeypatch):
    """Train them side by side in one model, which compiles as fast as one."""
    inputs = keras.Input((784,))
    layers = [keras.layers.Dense(4, activation=name)(inputs) for name in ACTIVATIONS]
    model = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Concatenate()(layers)))
    monkeypatch.setattr(slot_module, "build_model", lambda net: model)
    monkeypatch.setattr(slot_module, "Probe", lambda model, tensors: None)
    slot = Slot(NET, OptimizerSpec.parse("SGD(0.01)"), BATCH, data)
    before = slot.weights()
    losses, _ = slot.train(order_for(data)[:8])
    assert np.isfinite(losses).all()
    assert len(before) == 2 * len(ACTIVATIONS) + 2
    assert all((after != start).any() for after, start in zip(slot.weights(), before, strict=True))


@pytest.mark.parametrize("layers", [0, MAX_LAYERS])
def test_no_hidden_layer_and_the_most(layers, data, slots):
    experiment = Experiment((HE,), Network((10,) * layers), SGD, BATCH)
    (record,) = run(experiment, data, slots)
    assert record.finished
    assert np.isfinite(record.losses).all()
    assert all(len(point.gradient) == layers + 1 for point in record.checkpoints)
    assert len(record.weights) == 2 * (layers + 1)


def test_the_same_key_gives_the_same_bytes(data, slots, monkeypatch):
    """In a new slot, in one that trained something else in between, and for any number of batches in a call."""
    experiment = Experiment((HE,), NET, ADAM, BATCH, seeds=(3,))
    (record,) = run(experiment, data, Slots(1))
    (other,) = run(replace(experiment, optimizer=OptimizerSpec.parse("Adam(0.011)")), data, slots)
    assert bytes(other) != bytes(record)
    calls = []
    for seconds in (1e-12, 1e12):
        monkeypatch.setattr(training, "CALL_SECONDS", seconds)
        frames = []
        (again,) = run(experiment, data, slots, on_frame=frames.append)
        assert bytes(again) == bytes(record)
        calls.append(len(frames))
    assert calls[0] > calls[1]
    assert record.finished
    assert record.images_done(BATCH) == record.images == 650


def test_a_run_does_not_depend_on_the_others(data, slots):
    experiment = Experiment((HE, GLOROT, Start(parse("Zeros()"))), NET, ADAM, BATCH, seeds=(0, 1))
    alone = {i: bytes(run(experiment, data, slots, (i,))[0]) for i in range(6)}
    assert len(set(alone.values())) == 6
    for lane in ([0, 1, 2, 3, 4, 5], [5, 2, 0, 4], [3, 1]):
        records = run(experiment, data, slots, lane)
        assert [record.run for record in records] == lane
        assert {record.run: bytes(record) for record in records} == {i: alone[i] for i in lane}


def test_frames_add_up_to_the_record(data, slots):
    experiment = Experiment((HE, GLOROT), NET, SGD, BATCH)
    frames: list[Frame] = []
    records = run(experiment, data, slots, (0, 1), on_frame=frames.append)
    assert frames[0].run != frames[1].run
    for record in records:
        sum_of_frames = Record(record.run, weights=record.weights)
        for frame in frames:
            if frame.run == record.run:
                sum_of_frames.add(frame)
        assert bytes(sum_of_frames) == bytes(record)
        assert (sum_of_frames.steps, sum_of_frames.images, record.finished) == (21, 650, True)
        assert [point.step for point in record.checkpoints] == measured_steps(21)


@given(st.integers(1, 100_000))
def test_measured_steps_begin_and_end_the_epoch(steps):
    found = measured_steps(steps)
    assert (found[0], found[-1]) == (0, steps)
    assert all(two - one >= min(training.APART, steps) for one, two in pairwise(found))
    wanted = {round(share * steps) for share in training.MEASURED_AT}
    assert wanted.issuperset(found)
    assert steps < 1600 or wanted == set(found)


def test_all_starts_and_networks_have_the_same_batches_in_the_same_order(data):
    base = Experiment((HE, GLOROT), NET, SGD, BATCH, seeds=(3,))
    others = (base, replace(base, network=Network((7,), "tanh"), optimizer=ADAM))
    first, *same = (order_of(run, data) for experiment in others for run in experiment.runs)
    assert_equal(same, [first] * 3)
    assert not np.array_equal(first, order_of(replace(base, seeds=(4,)).runs[0], data))
    assert sorted(first[first >= 0]) == list(range(len(data.x_train)))


def test_runs_of_one_seed_take_turns_before_the_next_seed_begins(data, slots):
    experiment = Experiment((HE, GLOROT, HE), NET, SGD, BATCH, seeds=(0, 1))
    turns, ended = [], []
    with slots.borrow(experiment.runs[0], data) as slot:
        runs = list(enumerate(experiment.runs))
        train(runs, data, slot, lambda frame: turns.append(frame.run), lambda run: False, ended.append, 3)
    assert turns[:3] == [0, 1, 2]
    assert set(turns[: turns.index(3)]) == {0, 1, 2}
    assert [record.run for record in ended] == [0, 1, 2, 3, 4, 5]
    assert all(record.finished for record in ended)


def test_stop_keeps_what_was_measured(data, slots):
    experiment = Experiment((HE, GLOROT), NET, ADAM, BATCH)
    (full,) = run(experiment, data, slots)
    frames: list[Frame] = []

    def done(run: int) -> int:
        return sum(len(frame.losses) for frame in frames if frame.run == run)

    stopped, other = run(
        experiment, data, slots, (0, 1), lambda run: run == 0 and done(0) >= 6, frames.append
    )
    assert (stopped.stopped, stopped.finished, other.stopped, other.finished) == (True, False, False, True)
    assert 6 <= stopped.done < 21
    np.testing.assert_array_equal(stopped.losses, full.losses[: stopped.done])
    assert stopped.checkpoints[-1].step == stopped.done == done(0)
    assert stopped.test_accuracy is None
    assert len({point.step for point in stopped.checkpoints}) == len(stopped.checkpoints)
    twin = keras_model(NET, ADAM, start_arrays(HE, NET, 0))
    fit(twin, data, order_for(data)[: stopped.done])
    assert_close(stopped.weights, twin.get_weights(), 1e-4)
    with slots.borrow(experiment.runs[0], data) as slot:
        for record in (full, stopped):
            assert_equal(weights_after(experiment.runs[0], record.done, data, slot), record.weights)


def test_stop_between_checkpoints_measures_once_more(data, slots, monkeypatch):
    monkeypatch.setattr(training, "CALL_SECONDS", 1e-12)
    frames: list[Frame] = []
    experiment = Experiment((HE,), NET, SGD, BATCH)
    (record,) = run(experiment, data, slots, (0,), lambda run: len(frames) == 8, frames.append)
    assert record.done not in measured_steps(21)
    steps = [at for at in measured_steps(21) if at < record.done] + [record.done]
    assert [point.step for point in record.checkpoints] == steps
    assert (frames[-1].checkpoint, len(frames[-1].losses)) == (record.checkpoints[-1], 0)


def test_stop_before_the_first_batch_and_before_the_run(data, slots):
    experiment = Experiment((HE, GLOROT), NET, SGD, BATCH)
    frames: list[Frame] = []
    first, second = run(experiment, data, slots, (0, 1), lambda run: run == 1 or bool(frames), frames.append)
    assert (first.stopped, first.done, [point.step for point in first.checkpoints]) == (True, 0, [0])
    assert_equal(first.weights, start_arrays(HE, NET, 0))
    assert (second.stopped, second.done, second.checkpoints, second.weights) == (True, 0, (), ())
    assert [frame.run for frame in frames] == [0]
