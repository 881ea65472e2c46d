"""Measurements of a batch in a random network, against a plain Keras model, NumPy and theory."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from scipy.special import softmax

from inits.data.dataset import pixels
from inits.data.standin import digits
from inits.errors import InitsError, SpecError
from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.experiments.weight_source import LsuvSpec, parse_kernel
from inits.initializers.spec import InitializerSpec
from inits.theory.signal_theory import gains, predict
from inits.training.propagation import Batch, arrays_of, propagate, spread

pytestmark = pytest.mark.keras

NET = Network((30, 20, 40), "tanh")
PHI = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0), "softmax": lambda x: softmax(x, axis=-1)}


def start(kernel: str, bias: str = "Zeros()") -> Start:
    return Start(parse_kernel(kernel), InitializerSpec.parse(bias))


@pytest.fixture(scope="module")
def batch():
    data = digits()
    return Batch.of(pixels(data.x_train[:64]), data.y_train[:64].astype(np.int32))


@pytest.fixture(scope="module", params=list(PHI))
def found(request, batch):
    """Return a measurement, and the same network as a Keras model that gives every layer's pre-activations."""
    net = Network(NET.hidden, request.param)
    here = start("HeNormal()", "RandomNormal(stddev=0.1)")
    arrays = arrays_of(here, net, 3, batch.images)
    inputs = values = keras.Input((784,))
    layers = []
    for kernel, bias in zip(arrays[::2], arrays[1::2], strict=True):
        dense = keras.layers.Dense(kernel.shape[1])
        layers.append(dense(values))
        dense.set_weights([kernel, bias])
        values = keras.layers.Activation(net.activation)(layers[-1])
    return net.activation, propagate(here, net, 3, batch), keras.Model(inputs, layers), arrays


def test_squares_are_those_of_a_keras_model(found, batch):
    name, measured, model, _ = found
    outputs = [output.numpy().astype(float) for output in model(batch.images)]
    assert measured.preactivations == pytest.approx([(q**2).mean() for q in outputs], rel=1e-4)
    after = [PHI[name](q) for q in outputs[:-1]]
    assert measured.activations == pytest.approx([(a**2).mean() for a in after], rel=1e-4)
    i, j = batch.pairs
    unit = [q / np.linalg.norm(q, axis=1, keepdims=True) for q in outputs]
    cosines = [(q[i] * q[j]).sum(axis=1).mean() for q in unit]
    assert measured.cosines == pytest.approx(cosines, abs=1e-5)


def test_gradients_are_those_of_each_images_own_loss(found, batch):
    """The gradient by a layer's pre-activations is that by its biases, for a batch of one image."""
    _, measured, model, _ = found
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    squares = []
    for image, label in zip(batch.images, batch.labels, strict=True):
        with tf.GradientTape() as tape:
            value = loss(np.array([label]), model(image[None])[-1])
        biases = [layer.bias for layer in model.layers if hasattr(layer, "bias")]
        squares.append([np.mean(g.numpy().astype(float) ** 2) for g in tape.gradient(value, biases)])
    assert measured.gradients == pytest.approx(np.mean(squares, axis=0), rel=1e-4)


def test_singular_values_are_those_of_finite_differences(found, batch):
    name, measured, _, arrays = found
    phi = PHI[name]
    weights = [array.astype(float) for array in arrays]

    def logits(x):
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            x = phi(x @ kernel + bias)
        return x @ weights[-2] + weights[-1]

    x = batch.images[0].astype(float)
    step = 1e-6
    jacobian = (logits(x + step * np.eye(784)) - logits(x - step * np.eye(784))) / (2 * step)
    assert measured.singular.shape == (8, 10)
    assert measured.singular[0] == pytest.approx(np.linalg.svd(jacobian, compute_uv=False), rel=1e-3)


def test_dead_and_saturated_units(batch):
    net = Network((50, 50), "relu")
    dead = propagate(start("Zeros()", "Constant(value=-1.0)"), net, 0, batch)
    assert dead.dead.tolist() == [1.0, 1.0]
    assert dead.saturated.tolist() == [1.0, 1.0]
    assert dead.cosines == pytest.approx([1.0, 1.0, 1.0])
    assert np.isnan(propagate(start("Zeros()"), net, 0, batch).cosines).all()
    alive = propagate(start("HeNormal()"), net, 0, batch)
    assert alive.saturated == pytest.approx([0.5, 0.5], abs=0.15)
    assert (alive.dead < 0.2).all()
    wide = propagate(start("RandomNormal(stddev=3.0)"), Network((200,), "tanh"), 0, batch)
    # tanh' < 0.05 beyond 2.18; pre-activations of one unit are normal over the draws, of std 3 |x|.
    stds = 3 * np.linalg.norm(batch.images.astype(float), axis=1)
    share = 2 * stats.norm.sf(np.arctanh(np.sqrt(0.95)) / stds).mean()
    assert wide.saturated[0] == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 200))


def test_spreads_count_the_values():
    values = np.random.default_rng(0).standard_normal((40, 50)).astype(np.float32)
    values[:10] = 0
    one = spread(values)
    assert (one.low, one.high, one.reach) == (values.min(), values.max(), np.abs(values).max())
    assert one.zeros == 0.25
    assert one.linear.tolist() == np.histogram(values.astype(float), 40, (one.low, one.high))[0].tolist()
    sizes, halves = np.abs(values[values != 0]).astype(float), one.reach / 2.0 ** np.arange(21)
    inside = (sizes[:, None] > halves[1:]) & (sizes[:, None] <= halves[:-1])
    assert one.octaves.tolist() == inside.sum(axis=0).tolist()


def test_spreads_of_equal_values_and_of_none():
    for value in (0.0, 0.5, -3.0):
        one = spread(np.full((3, 3), value, np.float32))
        assert one.low == one.high == value
        assert one.linear.tolist() == [9] + [0] * 39
        assert one.octaves.tolist() == [9 * (value != 0)] + [0] * 19
    for values in ([np.nan] * 9, [1.0, np.inf]):
        one = spread(np.array([values], np.float32))
        assert one.linear.sum() == one.octaves.sum() == 0
        assert np.isnan(one.reach)


def test_squares_beyond_float32(batch):
    net = Network((20,) * 12, "linear")
    small = propagate(start("RandomNormal(stddev=0.001)"), net, 0, batch)
    same = propagate(start("RandomNormal(stddev=1.0)"), net, 0, batch)
    # One family, one draw: only the scale differs.
    scales = 1e-6 ** np.arange(1, 14)
    assert small.preactivations == pytest.approx(same.preactivations * scales, rel=1e-3)
    assert small.preactivations[-1] < 1e-50
    large = propagate(start("RandomNormal(stddev=10000.0)"), net, 0, batch)
    assert large.preactivations[0] == pytest.approx(1e8 * same.preactivations[0], rel=1e-3)
    assert not np.isfinite(large.preactivations[-1])
    assert np.isnan(large.singular).all()


def test_initial_arrays_replace_drawn_ones(batch):
    mine = Start(PastedSpec("mine", "x = 1"), InitializerSpec.parse("RandomNormal(stddev=0.1)"))
    drawn = arrays_of(start("HeNormal()", "RandomNormal(stddev=0.1)"), NET, 5, batch.images)
    initial = [array if place % 2 == 0 else None for place, array in enumerate(drawn)]
    for handed in (initial, drawn):
        again = arrays_of(mine, NET, 5, batch.images, handed)
        assert all(np.array_equal(a, b) for a, b in zip(again, drawn, strict=True))
    for place, count, bad in ((2, 600, np.full((30, 20), np.nan)), (1, 30, np.full(30, np.inf))):
        broken = [*initial[:place], bad.astype(np.float32), *initial[place + 1 :]]
        words = f"Weights must be finite, but got {count} NaN or infinite ones from mine"
        with pytest.raises(InitsError, match=words):
            propagate(mine, NET, 5, batch, broken)


def test_the_batch_has_the_inputs_of_theory(batch):
    inputs = batch.inputs
    squares = (batch.images.astype(float) ** 2).mean(axis=1)
    assert np.mean(inputs.squares) == pytest.approx(squares.mean(), rel=0.02)
    unit = batch.images / np.linalg.norm(batch.images.astype(float), axis=1, keepdims=True)
    angles = (unit @ unit.T)[np.triu_indices(len(unit), 1)]
    assert inputs.pair_cosine == pytest.approx(np.median(angles), abs=0.02)
    assert inputs.pair_square == pytest.approx(np.median(squares), rel=0.05)


def test_gains_and_offsets_are_those_of_the_weights(batch):
    found = propagate(start("RandomNormal(mean=0.02, stddev=0.1)"), NET, 1, batch)
    assert found.gains[0] == pytest.approx(7.84, rel=4 * np.sqrt(2 / (784 * 30)))
    assert found.offsets[0] == pytest.approx(0.2 * np.sqrt(784 * 30), abs=5)
    assert propagate(start("Ones()"), NET, 1, batch).offsets[0] == np.inf
    found = propagate(Start(LsuvSpec()), Network((30, 40, 50), "tanh"), 0, batch)
    assert found.preactivations[1:] == pytest.approx(np.ones(3), abs=0.25)
    assert (found.gains > 0).all()


def test_too_much_for_memory_is_refused():
    many = Batch(np.zeros((4096, 784), np.float32), np.zeros(4096, np.int32), np.zeros((2, 1), np.intp))
    with pytest.raises(SpecError, match="Use fewer images"):
        propagate(start("HeNormal()"), Network((1024,) * 50), 0, many)


def test_it_agrees_with_theory_within_the_luck_of_the_draw(batch):
    here, net = start("HeNormal()"), Network((512,) * 4, "relu")
    found = [propagate(here, net, seed, batch) for seed in range(12)]
    theory = predict(net, gains(here, net), batch.inputs)
    for name in ("preactivations", "activations", "gradients"):
        values = np.array([getattr(one, name) for one in found])
        error = values.std(axis=0, ddof=1) / np.sqrt(len(found))
        promised = getattr(theory, name)
        assert (np.abs(values.mean(axis=0) - promised) < 4 * error + promised / 256).all(), name
