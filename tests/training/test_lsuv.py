"""LSUV against its definition, computed by NumPy alone."""

import numpy as np
import pytest

from inits.errors import InitsError
from inits.experiments.network import Network
from inits.training.lsuv import TOLERANCE, lsuv

pytestmark = pytest.mark.keras

ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "linear": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
IMAGES = np.random.default_rng(0).random((64, 20), np.float32)


def zeros(net: Network) -> list[np.ndarray]:
    return [np.zeros(units, np.float32) for _, units in net.kernel_shapes]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(), (30,), (16, 16, 16, 40, 8)])
def test_every_layer_has_variance_one_before_its_activation(activation, hidden):
    net = Network(hidden, activation, inputs=20, outputs=10)
    kernels, factors = lsuv(net, 3, zeros(net), IMAGES)
    signal = IMAGES.astype(np.float64)
    for kernel, shape in zip(kernels, net.kernel_shapes, strict=True):
        assert (kernel.shape, kernel.dtype) == (shape, np.float32)
        before = signal @ kernel
        assert abs(before.var() - 1) <= TOLERANCE + 1e-4
        signal = ACTIVATIONS[activation](before)
    assert len(factors) == len(kernels)


def test_the_factor_is_what_an_orthonormal_kernel_was_multiplied_with():
    net = Network((30, 12), inputs=20)
    kernels, factors = lsuv(net, 0, zeros(net), IMAGES)
    for kernel, factor in zip(kernels, factors, strict=True):
        np.testing.assert_allclose(np.linalg.svd(kernel, compute_uv=False), factor, rtol=1e-5)


def test_a_bias_is_part_of_the_pre_activation():
    net = Network((), inputs=20)
    bias = np.linspace(-0.8, 0.8, 10, dtype=np.float32)
    (kernel,), _ = lsuv(net, 0, [bias], IMAGES)
    assert abs((IMAGES @ kernel + bias).var() - 1) <= TOLERANCE + 1e-4


def test_the_seed_decides_and_layers_differ():
    net = Network((20, 20), inputs=20)
    first, again, other = (lsuv(net, seed, zeros(net), IMAGES)[0] for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert not np.allclose(np.abs(first[1] / first[1].std()), np.abs(first[0] / first[0].std()))


def test_pre_activations_that_do_not_vary_are_refused():
    net = Network((8, 8), inputs=20)
    dead = [np.full(8, -50, np.float32), *zeros(net)[1:]]
    with pytest.raises(InitsError, match=r"pre-activations that vary.*layer 2"):
        lsuv(net, 0, dead, IMAGES)
