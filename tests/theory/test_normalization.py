"""Gradients behind normalization, against closed forms and plain NumPy networks."""

import math

import numpy as np
import pytest

from inits.errors import SpecError
from inits.initializers.activations import ELEMENTWISE
from inits.theory.normalization import gradient_growth

CLOSED = [
    ("relu", "layer", 1.0),
    ("relu", "batch", math.pi / (math.pi - 1.0)),
    ("linear", "layer", 1.0),
    ("linear", "batch", 1.0),
    ("tanh", "layer", 1.1778),
    ("tanh", "batch", 1.1778),
]


@pytest.mark.parametrize(("activation", "normalization", "growth"), CLOSED)
def test_growth_is_closed(activation, normalization, growth):
    assert gradient_growth(activation, normalization) == pytest.approx(growth, rel=1e-4)


@pytest.mark.parametrize("activation", [name for name in ELEMENTWISE if name != "softmax"])
def test_batch_normalization_never_shrinks_a_gradient(activation):
    """Var(phi(z)) <= E[phi'(z)^2], the inequality of Poincare."""
    assert gradient_growth(activation, "batch") >= 1.0 - 1e-9


@pytest.mark.parametrize("normalization", ["batch", "layer"])
@pytest.mark.parametrize("activation", ["relu", "gelu", "tanh"])
def test_growth_is_that_of_a_network(activation, normalization):
    """Pass through 14 layers of 256 units and back with the derivative of the normalization written out."""
    width, batch, depth, rng = 256, 192, 14, np.random.default_rng(1)
    phi, axis = ELEMENTWISE[activation], 0 if normalization == "batch" else 1
    kernels = [rng.normal(0, 3 / math.sqrt(width), (width, width)) for _ in range(depth)]
    signal, seen = rng.normal(size=(batch, width)), []
    for kernel in kernels:
        before = signal @ kernel
        std = before.std(axis=axis, keepdims=True)
        after = (before - before.mean(axis=axis, keepdims=True)) / std
        assert (after**2).mean() == pytest.approx(1.0)
        seen.append((after, std))
        signal = phi.value(after)
    gradient, squares = rng.normal(size=signal.shape), []
    for kernel, (after, std) in reversed(list(zip(kernels, seen, strict=True))):
        slope = gradient * phi.slope(after)
        squares.append((slope**2).mean())
        inner = (slope * after).mean(axis=axis, keepdims=True)
        before = (slope - slope.mean(axis=axis, keepdims=True) - after * inner) / std
        gradient = before @ kernel.T
    growth = (squares[-4] / squares[3]) ** (1 / (depth - 7))
    assert growth == pytest.approx(gradient_growth(activation, normalization), rel=0.06)


def test_other_normalizations_are_refused():
    with pytest.raises(SpecError, match="normalization must be batch or layer, but got 'group'"):
        gradient_growth("relu", "group")
