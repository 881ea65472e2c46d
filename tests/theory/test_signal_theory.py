"""Test the prediction of a signal through depth against closed forms and random networks in NumPy."""

import math
from itertools import pairwise

import numpy as np
import pytest

from inits.errors import SpecError
from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.experiments.weight_source import parse_kernel
from inits.initializers.spec import InitializerSpec
from inits.theory.logits import expected_squared_gradient
from inits.theory.signal_theory import (
    MAX_VALUES,
    TYPICAL_INPUTS,
    Gains,
    InputStatistics,
    check_size,
    gains,
    predict,
    signal_strengths,
)

ONE = InputStatistics((0.2,), 0.2, 0.4)
SOME = InputStatistics((0.05, 0.1, 0.3), 0.1, 0.4)


def start(kernel: str, bias: str = "Zeros()") -> Start:
    return Start(parse_kernel(kernel), InitializerSpec.parse(bias))


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("HeNormal()", (2.0, 2.0, 2.0)),
        ("GlorotUniform()", (2 * 784 / 912, 1.0, 2 * 128 / 138)),
        ("RandomNormal(stddev=0.05)", (784 / 400, 128 / 400, 128 / 400)),
        ("RandomUniform(minval=-0.05, maxval=0.05)", (784 / 1200, 128 / 1200, 128 / 1200)),
        ("Orthogonal(gain=2.0)", (4.0, 4.0, 4.0)),
        ("Zeros()", (0.0, 0.0, 0.0)),
    ],
)
def test_every_layer_has_the_gain_of_its_own_fans(kernel, expected):
    found = gains(start(kernel, "RandomNormal(stddev=0.3)"), Network((128, 128)))
    assert found.weights == pytest.approx(expected, rel=1e-9)
    assert found.biases == pytest.approx((0.09,) * 3)


@pytest.mark.parametrize("kernel", ["LSUV()", "code:mine:eJwrAQAAdQB1"])
def test_kernels_without_a_law_have_no_gain(kernel):
    assert gains(start(kernel), Network((8,))) is None


@pytest.mark.parametrize(
    ("kernel", "bias", "words"),
    [
        ("Ones()", "Zeros()", "weights must be 0 for mean-field theory, but got 1 from Ones"),
        ("RandomNormal(mean=-0.5)", "Zeros()", "weights must be 0 for mean-field theory, but got −0.5"),
        ("HeNormal()", "Constant(value=0.01)", "biases must be 0 for mean-field theory, but got 0.01"),
    ],
)
def test_mean_other_than_0_is_refused(kernel, bias, words):
    with pytest.raises(SpecError, match=f"mean of the {words}"):
        gains(start(kernel, bias), Network((8,)))


def test_relu_in_closed_form():
    """q' = w q / 2 + b, squares are halved and chi = w / 2 for every variance, so one image represents all."""
    net = Network((20, 40, 10), "relu", inputs=30)
    w, b = (2.0, 1.5, 3.0, 1.0), (0.1, 0.0, 0.2, 0.0)
    found = predict(net, Gains(w, b), SOME)
    q = [w[0] * 0.15 + b[0]]
    for weight, bias in zip(w[1:], b[1:], strict=True):
        q.append(weight * q[-1] / 2 + bias)
    assert found.preactivations == pytest.approx(q, rel=1e-9)
    assert found.activations == pytest.approx(np.array(q[:-1]) / 2, rel=1e-9)
    assert found.chi == pytest.approx(np.array(w[1:]) / 2, rel=1e-9)
    assert found.jacobian == pytest.approx(math.sqrt(2.0 * 1.5 * 3.0 * 1.0 / 8), rel=1e-9)
    ratios = found.gradients[:-1] / found.gradients[1:]
    # The mean square over the units also has the ratio of the widths in it.
    assert ratios == pytest.approx([40 / 20 * 0.75, 10 / 40 * 1.5, 10 / 10 * 0.5], rel=1e-9)


def test_relu_without_biases_follows_the_arc_cosine_kernel():
    found = predict(Network((50,) * 6, "relu"), Gains((2.0,) * 7, (0.0,) * 7), SOME).cosines
    c = 0.4
    for cosine in found:
        assert cosine == pytest.approx(c, abs=1e-6)
        c = (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / math.pi


def test_strengths_of_relu_are_products_of_halved_gains():
    widths = (784, 128, 64, 10)
    gains = [2 * one / (one + two) for one, two in pairwise(widths)]
    expected = [1.0, gains[0], gains[0] * gains[1] / 2, gains[0] * gains[1] * gains[2] / 4]
    found = signal_strengths(start("GlorotUniform()"), Network((128, 64)), "mnist")
    assert found == pytest.approx(expected, rel=1e-6)
    assert signal_strengths(start("HeNormal()"), Network((128,) * 50), "digits") == pytest.approx(
        [1.0, *[2.0] * 51]
    )
    for unknown in ("LSUV()", "Ones()"):
        assert signal_strengths(start(unknown), Network((8,)), "mnist") is None


def test_linear_network_keeps_angles_and_multiplies_gains():
    net = Network((64,) * 3, "linear", inputs=64, outputs=64)
    w = (0.5, 2.0, 3.0, 1.0)
    found = predict(net, Gains(w, (0.0,) * 4), ONE)
    assert found.preactivations == pytest.approx(0.2 * np.cumprod(w), rel=1e-9)
    assert found.cosines == pytest.approx(np.full(4, 0.4), abs=1e-6)
    assert found.jacobian == pytest.approx(math.sqrt(np.prod(w)), rel=1e-9)
    assert found.gradients[0] == pytest.approx(6.0 * found.gradients[-1], rel=1e-9)


def test_first_gradient_is_that_of_the_loss_at_the_logits():
    net, both = Network((8,), "tanh"), Gains((1.0, 4.0), (0.0, 0.3))
    found = predict(net, both, SOME)
    each = [predict(net, both, InputStatistics((m,), m, 0.4)).preactivations for m in SOME.squares]
    gradients = [expected_squared_gradient(variances[-1]) for variances in each]
    assert found.gradients[-1] == pytest.approx(np.mean(gradients), rel=1e-9)
    assert found.preactivations == pytest.approx(np.mean(each, axis=0), rel=1e-9)


def test_without_weights_there_is_no_signal():
    found = predict(Network((8, 8), "tanh"), Gains((0.0,) * 3, (0.0,) * 3), ONE)
    assert (found.preactivations == 0).all()
    assert np.isnan(found.cosines).all()
    assert found.gradients == pytest.approx([0.0, 0.0, 0.09])
    assert found.jacobian == 0.0


@pytest.mark.parametrize("activation", ["relu", "elu", "exponential", "linear", "softplus"])
def test_explosion_ends_at_infinity_without_a_warning(activation):
    found = predict(Network((8,) * 50, activation), Gains((1e30,) * 51, (0.0,) * 51), ONE)
    assert found.preactivations[-1] == np.inf
    assert (found.preactivations > 0).all()


FUNCTIONS = {
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
}


def _wide(activation, w, b, rng, inputs=60, width=300, classes=10):
    """Return squares of a network of 3 layers on one image of mean square 0.2; NumPy does the backpropagation."""
    phi, slope = FUNCTIONS[activation]
    x = rng.standard_normal(inputs)
    x *= math.sqrt(0.2 / (x**2).mean())
    sizes, kernels, before = [inputs, width, width // 2, width, classes], [], []
    for fan_in, units in pairwise(sizes):
        kernels.append(rng.standard_normal((fan_in, units)) * math.sqrt(w / fan_in))
        before.append(x @ kernels[-1] + math.sqrt(b) * rng.standard_normal(units))
        x = phi(before[-1])
    p = np.exp(before[-1] - before[-1].max())
    gradient = p / p.sum() - np.eye(classes)[rng.integers(classes)]
    jacobian, squares = np.eye(classes), [(gradient**2).mean()]
    for layer in (2, 1, 0):
        gradient = slope(before[layer]) * (kernels[layer + 1] @ gradient)
        jacobian = slope(before[layer])[:, None] * (kernels[layer + 1] @ jacobian)
        squares.append((gradient**2).mean())
    jacobian = kernels[0] @ jacobian
    return [*((q**2).mean() for q in before), *squares[::-1], (jacobian**2).sum() / classes]


@pytest.mark.parametrize(
    ("activation", "w", "b"), [("relu", 2.0, 0.1), ("tanh", 1.5, 0.05), ("sigmoid", 8.0, 0.2)]
)
def test_wide_networks_of_unequal_layers(activation, w, b):
    rng = np.random.default_rng(5)
    nets = np.array([_wide(activation, w, b, rng) for _ in range(400)])
    net = Network((300, 150, 300), activation, inputs=60)
    found = predict(net, Gains((w,) * 4, (b,) * 4), ONE)
    theory = np.array([*found.preactivations, *found.gradients, found.jacobian**2])
    errors = nets.std(axis=0, ddof=1) / math.sqrt(len(nets))
    # Theory is exact for infinite width: 1/width is the order of what it leaves out.
    assert (np.abs(nets.mean(axis=0) - theory) < 4 * errors + theory / 150).all()
    assert (errors < 0.1 * theory).all()


def test_softmax_is_refused():
    with pytest.raises(SpecError, match="activation must act on each unit alone"):
        predict(Network((8,), "softmax"), Gains((1.0,) * 2, (0.0,) * 2), ONE)


def test_size_is_limited():
    check_size(Network((1024,) * 50), 512)
    with pytest.raises(SpecError, match=r"at most 60,000,000, but got 51,210 × 4,096. Use fewer images"):
        check_size(Network((1024,) * 50), 4096)
    assert sum((1024,) * 50) * 512 < MAX_VALUES


@pytest.mark.parametrize("name", TYPICAL_INPUTS)
def test_typical_inputs_are_those_of_the_images(name, request):
    from inits.data.dataset import pixels
    from inits.data.mnist import read_mnist
    from inits.data.standin import digits

    data = digits() if name == "digits" else read_mnist(request.getfixturevalue("mnist_path"))
    x = pixels(data.x_train)
    squares = (x**2).mean(axis=1)
    assert TYPICAL_INPUTS[name].squares == pytest.approx(
        np.quantile(squares, (np.arange(8) + 0.5) / 8), abs=1e-4
    )
    assert np.mean(TYPICAL_INPUTS[name].squares) == pytest.approx(squares.mean(), rel=0.01)
    i, j = np.random.default_rng(0).choice(len(x), (2, 20_000))
    cosines = (x[i] * x[j]).mean(axis=1) / np.sqrt(squares[i] * squares[j])
    assert TYPICAL_INPUTS[name].pair_cosine == pytest.approx(np.median(cosines), abs=0.005)
    assert TYPICAL_INPUTS[name].pair_square == pytest.approx(np.median(squares), rel=0.01)
