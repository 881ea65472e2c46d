"""Test the maps of one layer against SciPy's quadrature and closed forms, and refused arguments."""

import math
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate
from scipy.special import ndtr

from inits.initializers.activations import ELEMENTWISE
from inits.theory.meanfield import (
    chi,
    correlation_map,
    critical_sigma_w2,
    fixed_point,
    variance_map,
)

NAMES = tuple(ELEMENTWISE)
ODD = ("tanh", "linear", "softsign", "hard_tanh", "erf")
LENGTHS = (1e-8, 1e-4, 0.03, 1.0, 30.0, 1e4)
COUPLINGS = (-1.0, -1 + 1e-9, -0.999, -0.9, -0.3, 0.0, 0.5, 0.8, 0.97, 0.999, 1 - 1e-6, 1 - 1e-12, 1.0)


def _sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _softplus(x):
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def _expm1(x):
    return math.expm1(min(x, 0))


SELU_SCALE, SELU_ALPHA = 1.05070098735548049342, 1.67326324235437728482

# phi once more, number by number, from the papers and the documentation of Keras, where no moment is closed.
PHI = {
    "tanh": math.tanh,
    "sigmoid": _sigmoid,
    "elu": lambda x: x if x > 0 else _expm1(x),
    "selu": lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * _expm1(x)),
    "gelu": lambda x: 0.5 * x * math.erfc(-x / math.sqrt(2)),
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * math.tanh(_softplus(x)),
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "relu6": lambda x: min(max(x, 0), 6),
    "celu": lambda x: max(x, 0) + _expm1(x),
    "hard_sigmoid": lambda x: min(max(x + 3, 0), 6) / 6,
    "hard_silu": lambda x: x * min(max(x + 3, 0), 6) / 6,
    "hard_tanh": lambda x: max(-1, min(x, 1)),
}

# (E[phi^2], E[phi'^2]) for variance q.
CLOSED = {
    "relu": (lambda q: q / 2, lambda q: 0.5 + 0 * q),
    "linear": (lambda q: q, lambda q: 1 + 0 * q),
    "leaky_relu": (lambda q: 0.52 * q, lambda q: 0.52 + 0 * q),
    "erf": (  # asin(2q / (1 + 2q)) without its rounding
        lambda q: 2 / np.pi * np.arctan(2 * q / np.sqrt(1 + 4 * q)),
        lambda q: 4 / (np.pi * np.sqrt(1 + 4 * q)),
    ),
}


def _gaussian_mean(function, q, kinks=()):
    """E[function(sqrt(q) z)] by adaptive quadrature between all places where the integrand may bend."""
    octaves = [sign * 2.0**k for k in range(-2, 11) for sign in (-1, 1)]
    bends = {x / math.sqrt(q) for x in (0.0, *kinks, *octaves)} | {float(z) for z in range(-12, 13, 2)}
    points = sorted(z for z in bends if abs(z) <= 12)

    def integrand(z):
        return function(math.sqrt(q) * z) * math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)

    parts = [
        integrate.quad(integrand, *ends, epsabs=1e-12 * min(q, 1.0), epsrel=1e-10)[0]
        for ends in pairwise(points)
    ]
    return math.fsum(parts)


def test_every_activation_has_an_oracle():
    assert {*PHI, *CLOSED, "exponential"} == set(NAMES)


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name):
    q = np.array([*LENGTHS, 1e8, 1e20])
    square, slope = CLOSED[name]
    np.testing.assert_allclose(variance_map(name, q, 1.7, 0.3), 1.7 * square(q) + 0.3, rtol=1e-12)
    np.testing.assert_allclose(variance_map(name, q, 1.0, 0.0), square(q), rtol=1e-12)
    np.testing.assert_allclose(chi(name, q, 1.7), 1.7 * slope(q), rtol=1e-12)


def test_exponential_is_closed_until_it_overflows():
    q = np.array([0.0, 0.5, 3.0, 300.0, 1e4])
    with np.errstate(over="ignore"):
        expected = 0.5 * np.exp(2 * q)
    np.testing.assert_allclose(variance_map("exponential", q, 0.5, 0.0), expected)
    np.testing.assert_allclose(chi("exponential", q, 0.5), expected)
    assert variance_map("exponential", q, 0.0, 0.25).tolist() == [0.25] * 5


@pytest.mark.parametrize("name", PHI)
@pytest.mark.parametrize("q", LENGTHS)
def test_quadrature_agrees_with_scipy(name, q):
    kinks = ELEMENTWISE[name].kinks
    square = _gaussian_mean(lambda x: PHI[name](x) ** 2, q, kinks)
    slope = _gaussian_mean(lambda x: float(ELEMENTWISE[name].slope(np.float64(x))) ** 2, q, kinks)
    assert float(variance_map(name, q, 1.0, 0.0)) == pytest.approx(square, rel=1e-9, abs=0)
    assert float(chi(name, q, 1.0)) == pytest.approx(slope, rel=1e-9, abs=0)


@pytest.mark.parametrize("name", NAMES)
def test_maps_broadcast(name):
    q = np.array([[0.0, 1e-3, 0.5], [4.0, 90.0, 300.0]])
    for function in (partial(variance_map, sigma_b2=0.1), chi):
        whole = function(name, q, sigma_w2=1.3)
        assert (whole.dtype, whole.shape) == (np.float64, (2, 3))
        parts = [float(function(name, one, sigma_w2=1.3)) for one in q.flat]
        np.testing.assert_allclose(whole.ravel(), parts, rtol=1e-13)
        assert function(name, [], sigma_w2=1.3).shape == (0,)
    found = correlation_map(name, [[1.0], [0.3]], [0.1, 2.0, 50.0], 1.2, 0.1)
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found[0], 1.0, atol=1e-12)
    assert (found[1] < 1).all()
    assert correlation_map(name, [], 1.0, 1.0, 0.0).shape == (0,)


@pytest.mark.parametrize(
    ("name", "chis", "variances"),  # at q = 0 and at infinity
    [
        ("relu", (0.5, 0.5), (0, math.inf)),
        ("leaky_relu", (0.52, 0.52), (0, math.inf)),
        ("gelu", (0.25, 0.5), (0, math.inf)),
        ("mish", (0.36, 0.5), (0, math.inf)),
        ("elu", (1.0, 0.5), (0, math.inf)),
        ("softplus", (0.25, 0.5), (2 * math.log(2) ** 2, math.inf)),
        ("tanh", (1.0, 0.0), (0, 2.0)),
        ("sigmoid", (1 / 16, 0.0), (0.5, 1.0)),
        ("relu6", (0.5, 0.0), (0, 36.0)),
        ("hard_silu", (0.25, 0.5), (0, math.inf)),
        ("exponential", (1.0, math.inf), (2.0, math.inf)),
    ],
)
def test_limits(name, chis, variances):
    assert chi(name, [0.0, math.inf], 1.0) == pytest.approx(chis, rel=1e-12, abs=1e-100)
    zero, infinity = variance_map(name, [0.0, math.inf], 2.0, 0.0).tolist()
    assert zero == pytest.approx(variances[0], rel=1e-12, abs=0)
    assert infinity == pytest.approx(variances[1])


@pytest.mark.parametrize("q", LENGTHS)
def test_correlation_of_relu_and_erf_is_closed(q):
    c = np.array(COUPLINGS)
    relu = (np.sqrt((1 - c) * (1 + c)) + c * (np.pi - np.arccos(c))) / np.pi
    np.testing.assert_allclose(correlation_map("relu", c, q, 2.0, 0.0), relu, atol=1e-12)
    erf = np.arcsin(2 * q * c / (1 + 2 * q)) / np.arcsin(2 * q / (1 + 2 * q))
    np.testing.assert_allclose(correlation_map("erf", c, q, 0.7, 0.0), erf, atol=1e-12)
    mixed = (1.5 * q / 2 * relu + 0.1) / (1.5 * q / 2 + 0.1)
    np.testing.assert_allclose(correlation_map("relu", c, q, 1.5, 0.1), mixed, atol=1e-12)


@pytest.mark.parametrize("q", [1e-3, 0.5, 9.0, 1e4])
@pytest.mark.parametrize(("name", "low", "high"), [("hard_tanh", -1, 1), ("relu6", 0, 6)])
def test_correlation_of_clipped_lines(name, low, high, q):
    """Given one input, the clipped other one has a mean in closed form: one integral is left."""

    def above(edge, mean, std):
        d = (mean - edge) / std
        return (mean - edge) * ndtr(d) + std * math.exp(-0.5 * d * d) / math.sqrt(2 * math.pi)

    for c in COUPLINGS[1:-1]:
        rest = math.sqrt(q * (1 - c) * (1 + c))

        def product(x, c=c, rest=rest):
            return PHI[name](x) * (low + above(low, c * x, rest) - above(high, c * x, rest))

        bends = [
            sign * edge + far * rest
            for sign in (-1, 1)
            for edge in (low, high)
            for far in (-16, -8, -3, -1, 0, 1, 3, 8, 16)
        ]
        expected = _gaussian_mean(product, q, bends) / _gaussian_mean(lambda x: PHI[name](x) ** 2, q, bends)
        assert float(correlation_map(name, c, q, 1.0, 0.0)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "name", ["tanh", "sigmoid", "gelu", "silu", "mish", "softplus", "elu", "selu", "softsign"]
)
def test_correlation_agrees_with_hermite_quadrature_in_the_plane(name):
    """Independent of the panels; good to 1e-4 where phi has a kink."""
    z, weights = np.polynomial.hermite_e.hermegauss(180)
    weights = weights / weights.sum()
    phi, q, c = np.vectorize(PHI[name]), 0.8, -0.6
    x, y = math.sqrt(q) * z, math.sqrt(q) * (c * z[:, None] + 0.8 * z)
    product, square = weights @ (phi(x)[:, None] * phi(y)) @ weights, weights @ phi(x) ** 2
    expected = (1.2 * product + 0.05) / (1.2 * square + 0.05)
    tolerance = 1e-4 if ELEMENTWISE[name].kinks else 1e-8
    assert float(correlation_map(name, c, q, 1.2, 0.05)) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_equal_inputs_stay_equal_and_opposite_ones_only_where_phi_is_odd(name):
    for q in LENGTHS[:-1]:
        equal, opposite = correlation_map(name, [1.0, -1.0], q, 2.0, 0.0)
        assert equal == pytest.approx(1.0, abs=1e-12)
        assert opposite == pytest.approx(-1.0, abs=1e-12) if name in ODD else -1 < opposite < 1


def test_correlation_at_the_limits_of_variance():
    np.testing.assert_allclose(correlation_map("tanh", [-0.5, 0.2], 0.0, 1.5, 0.0), [-0.5, 0.2])
    np.testing.assert_allclose(correlation_map("tanh", [-0.5, 0.2], 0.0, 1.5, 0.1), 1.0)
    np.testing.assert_allclose(correlation_map("sigmoid", 0.2, 0.0, 1.5, 0.0), 1.0)
    np.testing.assert_allclose(correlation_map("exponential", 0.2, 2.0, 1.0, 0.0), math.exp(-1.6))
    assert np.isnan(correlation_map("tanh", 0.5, 1.0, 0.0, 0.0))
    assert np.isnan(correlation_map("relu", 0.5, math.inf, 2.0, 0.0))


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "elu", "selu", "softsign", "relu6", "hard_sigmoid"])
def test_critical_point_by_scipy_alone(name):
    w, kinks = critical_sigma_w2(name, 0.1), ELEMENTWISE[name].kinks
    q = fixed_point(name, w, 0.1)
    again = w * _gaussian_mean(lambda x: PHI[name](x) ** 2, q, kinks) + 0.1
    slope = _gaussian_mean(lambda x: float(ELEMENTWISE[name].slope(np.float64(x))) ** 2, q, kinks)
    assert again == pytest.approx(q, rel=1e-7)
    assert w * slope == pytest.approx(1.0, rel=1e-7)
