"""Test fixed points of the variance and the line between order and chaos."""

import math

import numpy as np
import pytest

from inits.initializers.activations import ELEMENTWISE
from inits.theory.meanfield import chi, chi1, critical_sigma_w2, depth_scale, fixed_point, variance_map

SELU_SCALE, SELU_ALPHA = 1.05070098735548049342, 1.67326324235437728482


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize(
    ("w", "b"), [(0.3, 0.0), (0.1, 0.05), (0.8, 0.2), (1.3, 0.0), (1.6, 0.3), (3.5, 0.0), (0.01, 1.0)]
)
def test_fixed_point_is_the_limit_of_iteration_from_one(name, w, b):
    q = 1.0
    for _ in range(3000):
        before, q = q, float(variance_map(name, q, w, b))
        if abs(q - before) <= 1e-13 * before or not 1e-9 < q < 1e9:
            break
    found = fixed_point(name, w, b)
    if q > 1e9:
        assert found == math.inf
    elif q < 1e-9:
        assert found == 0.0
    else:
        assert found == pytest.approx(q, rel=1e-9)
        assert float(variance_map(name, found, w, b)) == pytest.approx(found, rel=1e-12)
    assert chi1(name, w, b) == float(chi(name, found, w))


@pytest.mark.parametrize(
    ("name", "w", "b", "expected"),
    [
        ("relu", 2.0, 0.0, 1.0),
        ("relu", math.nextafter(2.0, 3.0), 0.0, 1.0),
        ("linear", 1.0, 0.0, 1.0),
        ("selu", 1.0, 0.0, 1.0),
        ("relu", 2.0, 1e-3, math.inf),
        ("relu", 2.0 - 1e-6, 0.0, 0.0),
        ("relu", 2.0 - 1e-6, 0.1, 2e5),
        ("softplus", 2.0, 0.0, math.inf),
        ("tanh", 1.0, 0.0, 0.0),
        ("tanh", 1 / (1 - 2e-6 + 17 / 3 * 1e-12), 0.0, 1e-6),  # tanh^2 = x^2 - 2x^4/3 + 17x^6/45 - ...
        ("elu", 1.0, 0.0, 0.0),
        ("relu6", 2.0, 0.0, 0.0),
        ("gelu", 4.0, 0.0, math.inf),
        ("tanh", 0.0, 0.3, 0.3),
        ("exponential", 0.0, 0.0, 0.0),
        ("exponential", 1.0, 0.0, math.inf),
        ("exponential", math.exp(-2), 0.0, 0.2031878699799799),  # -W(-2/e^2)/2; 1 is unstable
        ("tanh", 1e29, 0.0, 1e29),
        ("tanh", 1.0, 1e300, math.inf),
    ],
)
def test_known_fixed_points(name, w, b, expected):
    assert fixed_point(name, w, b) == pytest.approx(expected, rel=1e-9)


def test_chi1_of_relu_is_half_the_gain_for_every_signal():
    for w in (0.5, 1.9, 2.0, 2.1, 7.0):
        for b in (0.0, 0.2):
            assert chi1("relu", w, b) == pytest.approx(w / 2, rel=1e-12)
    assert chi1("exponential", 1.0, 0.0) == math.inf
    assert chi1("selu", 1.0, 0.0) == pytest.approx(1.0715, abs=1e-3)  # Klambauer: variance 1 stays, not chi


CRITICAL = dict.fromkeys(("tanh", "softsign", "hard_tanh", "elu", "celu", "linear"), 1.0) | {
    "relu": 2.0,
    "leaky_relu": 2 / 1.04,
    "selu": 2 / (SELU_SCALE**2 * (1 + SELU_ALPHA**2)),
    "relu6": 2.0,
    "erf": math.pi / 4,
    **dict.fromkeys(("gelu", "silu", "mish", "hard_silu", "softplus", "exponential"), None),
}


@pytest.mark.parametrize("name", CRITICAL)
def test_critical_sigma_without_bias(name):
    """At q* = 0 it is 1/phi'(0)^2, the mean of both sides; None where chi1 jumps over 1."""
    expected = CRITICAL[name]
    assert critical_sigma_w2(name) == (None if expected is None else pytest.approx(expected, rel=1e-8))


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("b", [0.0, 0.05, 0.7])
def test_chi1_crosses_one_at_the_critical_sigma(name, b):
    w = critical_sigma_w2(name, b)
    grid = np.geomspace(0.01, 300, 100)
    chis = np.array([chi1(name, s, b) for s in grid])
    if w is None:
        finite = np.array([math.isfinite(fixed_point(name, s, b)) for s in grid])
        assert (chis[finite] < 1).all()
        return
    assert chi1(name, w, b) == pytest.approx(1.0, abs=1e-6)
    assert chi1(name, 0.999 * w, b) < 1
    assert chi1(name, 1.001 * w, b) > 1
    assert ((chis > 1) == (grid > w)).all()


def test_critical_points_of_the_papers():
    """tanh: Schoenholz et al. 2017; GELU and Swish at the least bias: Roberts, Yaida & Hanin 2022, section 5.3."""
    assert critical_sigma_w2("tanh", 0.05) == pytest.approx(1.76, abs=5e-3)
    for name, b, w, q in [
        ("gelu", 0.17292239, 1.98305826, (3 + math.sqrt(17)) / 2),
        ("silu", 0.55514317, 1.98800468, 14.32017362),
    ]:
        assert float(variance_map(name, q, w, b)) == pytest.approx(q, rel=1e-7)
        assert float(chi(name, q, w)) == pytest.approx(1.0, abs=1e-7)
        assert critical_sigma_w2(name, b - 2e-4) is None
        assert critical_sigma_w2(name, b + 2e-4) == pytest.approx(w, rel=1e-4)


def test_depth_scale():
    assert depth_scale(1 / math.e) == pytest.approx(1.0)
    assert depth_scale(math.exp(0.01)) == pytest.approx(100.0)
    assert [depth_scale(x) for x in (0.0, 1.0, math.inf)] == [0.0, math.inf, 0.0]
