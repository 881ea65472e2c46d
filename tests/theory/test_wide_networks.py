"""Test mean-field theory against wide random networks in NumPy."""

import math

import numpy as np
import pytest

from inits.initializers.activations import ELEMENTWISE
from inits.theory.meanfield import chi, correlation_map, variance_map


def _wide_net(name, w, b, rng, width=500, depth=5):
    """Lengths and correlation of two inputs per layer and the gradients' growth back through the last three."""
    phi = ELEMENTWISE[name]
    x = rng.standard_normal((width, 2)) @ np.array([[1.0, 0.5], [0.0, math.sqrt(0.75)]])
    kernels, hidden = [], []
    for _ in range(depth):
        kernels.append(rng.standard_normal((width, width)) * math.sqrt(w / width))
        x = kernels[-1] @ x + math.sqrt(b) * rng.standard_normal((width, 1))
        hidden.append(x)
        x = phi.value(x)
    gradient = rng.standard_normal(width)
    for kernel, h in zip(kernels[:1:-1], hidden[-2:0:-1], strict=True):
        gradient = phi.slope(h[:, 0]) * (kernel.T @ gradient)
    lengths = [(h[:, 0] ** 2).mean() for h in hidden]
    products = [h.prod(axis=1).mean() for h in hidden]
    return [*lengths, *products, (gradient**2).mean()]


@pytest.mark.parametrize(
    ("name", "w", "b"),
    [("relu", 2.0, 0.0), ("tanh", 2.5, 0.1), ("gelu", 1.5, 0.2), ("sigmoid", 9.0, 0.0), ("selu", 1.0, 0.0)],
)
def test_wide_networks_follow_theory(name, w, b):
    rng = np.random.default_rng(7)
    nets = np.array([_wide_net(name, w, b, rng) for _ in range(30)])
    q, c = [w + b], [(0.5 * w + b) / (w + b)]
    for _ in range(4):
        c.append(float(correlation_map(name, c[-1], q[-1], w, b)))
        q.append(float(variance_map(name, q[-1], w, b)))
    growth = math.prod(chi(name, q[1:4], w))
    theory = np.array([*q, *np.multiply(q, c), growth])
    errors = nets.std(axis=0, ddof=1) / math.sqrt(len(nets))
    assert np.abs((nets.mean(axis=0) - theory) / errors).max() < 4
    assert (errors < 0.05 * theory).all()  # so that the comparison means something
