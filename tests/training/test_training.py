"""The first epoch: against plain Keras, against NumPy, and against itself in another order."""

import math
from dataclasses import fields, replace
from itertools import pairwise

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from inits.data.dataset import Dataset, batches, pixels
from inits.data.mnist import read_mnist
from inits.data.standin import digits
from inits.errors import InitsError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import MAX_LAYERS, Network
from inits.experiments.record import Checkpoint, Divergence, Frame, Record
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.optimizers import OPTIMIZERS
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.seeds import derive_seed
from inits.training import beginning, training
from inits.training import slot as slot_module
from inits.training.beginning import order_of
from inits.training.layers import build_model
from inits.training.probe import PROBE_IMAGES, VALIDATION_IMAGES, kernel_histogram
from inits.training.slot import Slot, Slots
from inits.training.starts import start_arrays
from inits.training.training import measured_steps, train, weights_after

pytestmark = pytest.mark.keras

parse = InitializerSpec.parse
HE, GLOROT = Start(parse("HeNormal()")), Start(parse("GlorotUniform()"), parse("RandomNormal(stddev=0.1)"))
NET = Network((24, 16))
SGD, ADAM = OptimizerSpec.parse("SGD(0.1)"), OptimizerSpec.parse("Adam(0.01)")
BATCH = 32


@pytest.fixture(scope="module")
def whole(request):
    """Real MNIST where it is, else the stand-in."""
    try:
        return read_mnist(request.getfixturevalue("mnist_path"))
    except pytest.skip.Exception:
        return digits()


@pytest.fixture(scope="module")
def data():
    """650 images to learn from, 21 batches with a short one at the end, and 2,300 to test on."""
    x, y = digits().x_train, digits().y_train
    return Dataset("digits", x[:650], y[:650], x[-2300:], y[-2300:])


@pytest.fixture(scope="module")
def slots():
    return Slots(keep=8)


def keras_model(net: Network, optimizer: OptimizerSpec, weights, eager: bool = False) -> keras.Model:
    """Return the same network as Keras' guides build it; eager spares its graph for a few steps."""
    stack = [keras.Input((net.inputs,))]
    stack += [keras.layers.Dense(units, activation=net.activation) for units in net.hidden]
    model = keras.Sequential([*stack, keras.layers.Dense(net.outputs)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    made = getattr(keras.optimizers, optimizer.name)(**dict(optimizer.arguments))
    model.compile(optimizer=made, loss=loss, metrics=["accuracy"], jit_compile=False, run_eagerly=eager)
    model.set_weights(weights)
    return model


def fit(model: keras.Model, data: Dataset, order: np.ndarray) -> np.ndarray:
    """Return loss and accuracy of each batch by `train_on_batch`, (steps, 2)."""
    found = []
    for row in order:
        there = row[row >= 0]
        model.reset_metrics()
        found.append(model.train_on_batch(pixels(data.x_train[there]), data.y_train[there]))
    return np.array(found, np.float64)


def order_for(data: Dataset, batch_size: int = BATCH, seed: int = 0) -> np.ndarray:
    return batches(len(data.x_train), batch_size, derive_seed(seed, "batches"))


def run(
    experiment, data, slots, runs=(0,), is_stopped=lambda run: False, on_frame=lambda frame: None
) -> list[Record]:
    with slots.borrow(experiment.runs[0], data) as slot:
        return train([(i, experiment.runs[i]) for i in runs], data, slot, on_frame, is_stopped)


def assert_equal(ours, theirs) -> None:
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def assert_close(ours, theirs, atol: float) -> None:
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


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


def forward(weights, images, limit=math.inf) -> list[np.ndarray]:
    """The output of each layer of a ReLU network, float64; what float32 cannot hold is infinite."""
    values, outputs = pixels(images).astype(np.float64), []
    with np.errstate(invalid="ignore", over="ignore"):
        for i in range(0, len(weights), 2):
            values = values @ weights[i].astype(np.float64) + weights[i + 1]
            values = np.where(np.abs(values) > limit, np.inf * np.sign(values), values)
            values = np.maximum(values, 0) if i < len(weights) - 2 else values
            outputs.append(values)
    return outputs


def cross_entropy(logits, labels) -> np.ndarray:
    top = logits.max(1, keepdims=True)
    sums = np.log(np.exp(logits - top).sum(1)) + top[:, 0]
    return sums - logits[np.arange(len(labels)), labels]


def gradient_norms(weights, images, labels) -> list[float]:
    """L2 norms of the kernels' gradients by backpropagation written out."""
    outputs = forward(weights, images)
    share = np.exp(outputs[-1] - outputs[-1].max(1, keepdims=True))
    delta = (share / share.sum(1, keepdims=True) - np.eye(10)[labels]) / len(labels)
    norms = []
    for i in range(len(outputs) - 1, -1, -1):
        before = outputs[i - 1] if i else pixels(images).astype(np.float64)
        norms.append(np.linalg.norm(before.T @ delta))
        delta = delta @ weights[2 * i].T * (before > 0)
    return norms[::-1]


def dead_shares(outputs) -> list[float]:
    return [float(np.mean((values == values[0]).all(0))) for values in outputs]


WILD = Start(parse("RandomNormal(stddev=3.0)"))
DEEP = Network((32,) * 4)
FLOAT32 = float(np.finfo(np.float32).max)


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


def held_out(data: Dataset) -> np.ndarray:
    return np.arange(0, len(data.y_test), math.ceil(len(data.y_test) / VALIDATION_IMAGES))


def test_checkpoints_are_those_of_numpy(data, slots):
    experiment = Experiment((GLOROT,), NET, SGD, BATCH)
    (record,) = run(experiment, data, slots)
    for point, weights in (
        (record.checkpoints[0], start_arrays(GLOROT, NET, 0)),
        (record.checkpoints[-1], record.weights),
    ):
        everything = point is record.checkpoints[-1]
        chosen = np.arange(2300) if everything else held_out(data)
        labels = data.y_test[chosen]
        logits = forward(weights, data.x_test[chosen])[-1]
        assert point.held_out == len(chosen) == (2300 if everything else 767)
        assert point.loss == pytest.approx(cross_entropy(logits, labels).mean(), rel=1e-5)
        assert point.accuracy == pytest.approx(np.mean(logits.argmax(1) == labels), abs=1e-3)
        kernels = weights[::2]
        np.testing.assert_allclose(point.std, [kernel.std() for kernel in kernels], rtol=1e-5)
        np.testing.assert_array_equal(point.edges, [(kernel.min(), kernel.max()) for kernel in kernels])
        np.testing.assert_array_equal(point.counts.sum(1), [kernel.size for kernel in kernels])
        seen = held_out(data)[:: 767 // PROBE_IMAGES][:PROBE_IMAGES]
        images, labels = data.x_test[seen], data.y_test[seen]
        outputs = forward(weights, images)
        np.testing.assert_allclose(point.largest, [np.abs(values).max() for values in outputs], rtol=1e-5)
        np.testing.assert_allclose(point.gradient, gradient_norms(weights, images, labels), rtol=1e-4)
        np.testing.assert_allclose(point.dead, dead_shares(outputs), atol=1e-6)
    assert all(point.held_out == 767 for point in record.checkpoints[:-1])
    assert record.test_accuracy == record.checkpoints[-1].accuracy


def test_probe_of_small_batches_and_of_weights_that_are_not_finite(data, slots):
    weights = start_arrays(HE, NET, 0)
    with slots.borrow(Experiment((HE,), NET, SGD, BATCH).runs[0], data) as slot:
        slot.load(weights, 0.1)
        for n in (2, 4, 40):  # with few images many ReLU units are 0 for all of them
            images, labels = data.x_test[:n], data.y_test[:n]
            look = slot.probe.look(images, labels.astype(np.int32))
            expected = dead_shares(forward(weights, images))
            np.testing.assert_allclose(look.dead, expected, atol=1e-6)
            assert n > 2 or min(expected[:2]) > 0.1
            np.testing.assert_allclose(look.gradient, gradient_norms(weights, images, labels), rtol=1e-4)
        weights[0][0, 0], weights[2][0, 0], weights[2][1, 1] = np.nan, np.inf, -np.inf
        slot.load(weights, 0.1)
        point = slot.probe.checkpoint(5)
    assert not np.isfinite(point.std[:2]).any()
    assert np.isfinite(point.std[2])
    np.testing.assert_array_equal(point.counts.sum(1), [0, 0, 160])


def test_zeros_are_dead(data, slots):
    (record,) = run(Experiment((Start(parse("Zeros()")),), NET, SGD, BATCH), data, slots)
    start, end = record.checkpoints[0], record.checkpoints[-1]
    np.testing.assert_array_equal(
        [start.dead, start.gradient, start.largest, start.std], np.array([[1] * 3, *[[0] * 3] * 3])
    )
    assert start.loss == pytest.approx(math.log(10), rel=1e-6)
    np.testing.assert_array_equal(end.dead, 1)
    np.testing.assert_array_equal(end.counts[:, 0], [784 * 24, 24 * 16, 16 * 10])
    assert end.largest[-1] > 0


finite = st.floats(-(2.0**100), 2.0**100, width=32)
kernels = arrays.arrays(np.float32, st.integers(1, 300), elements=finite | st.floats(-1, 1, width=32))


@given(kernels, st.sampled_from([1, 7, 64]))
def test_kernel_histogram_is_that_of_numpy(kernel, bins):
    (low, high), counts = kernel_histogram(kernel, bins)
    assert (low, high) == (kernel.min(), kernel.max())
    assert (len(counts), counts.sum()) == (bins, kernel.size)
    if low == high:
        assert counts[0] == kernel.size
        return
    place = (kernel.astype(np.float64) - low) / (high - low) * bins
    exact, _ = np.histogram(kernel.astype(np.float64), bins, (low, high))
    doubtful = np.sum(np.abs(place - np.rint(place)) < 1e-6 * bins)  # so near an edge that float32 decides
    assert np.abs(np.cumsum(counts) - np.cumsum(exact)).max() <= doubtful
    assert counts[0] > 0
    assert counts[-1] > 0


@pytest.mark.parametrize(
    ("kernel", "counts"),
    [
        *(([value] * 20, [20, 0, 0, 0]) for value in (0.0, -3.0, 1e-40, 3e38)),
        *(([1.0, value, 1.0], [0, 0, 0, 0]) for value in (np.nan, np.inf, -np.inf)),
        *(([-high, 0.1 * high, high], [1, 0, 1, 1]) for high in (3e38, 1e-39)),
    ],
)
def test_kernel_histogram_of_equal_infinite_and_extreme_weights(kernel, counts):
    kernel = np.array([kernel], np.float32)
    edges, found = kernel_histogram(kernel, 4)
    np.testing.assert_array_equal(edges, (kernel.min(), kernel.max()))
    np.testing.assert_array_equal(found, counts)
