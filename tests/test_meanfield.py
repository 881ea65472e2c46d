import math
import subprocess
import sys
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate
from scipy.special import ndtr

from inits.errors import SpecError
from inits.experiment import ACTIVATIONS
from inits.meanfield import (
    ELEMENTWISE,
    chi,
    chi1,
    correlation_map,
    critical_sigma_w2,
    depth_scale,
    fixed_point,
    length_map,
)

NAMES = tuple(ELEMENTWISE)
LENGTHS = (1e-8, 1e-4, 0.03, 1.0, 30.0, 1e4)
COUPLINGS = (-1.0, -1 + 1e-9, -0.999, -0.9, -0.3, 0.0, 0.5, 0.8, 0.97, 0.999, 1 - 1e-6, 1 - 1e-12, 1.0)


def _sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _softplus(x):
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def _expm1(x):
    return math.expm1(min(x, 0))


SELU_SCALE, SELU_ALPHA = 1.05070098735548049342, 1.67326324235437728482

# phi once more, number by number, from the papers and the documentation of Keras.
PHI = {
    "relu": lambda x: max(x, 0),
    "tanh": math.tanh,
    "sigmoid": _sigmoid,
    "linear": lambda x: x,
    "leaky_relu": lambda x: x if x > 0 else 0.2 * x,
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
    "erf": math.erf,
}

# (E[phi^2], E[phi'^2]) for variance q.
CLOSED = {
    "relu": (lambda q: q / 2, lambda q: 0.5 + 0 * q),
    "linear": (lambda q: q, lambda q: 1 + 0 * q),
    "leaky_relu": (lambda q: 0.52 * q, lambda q: 0.52 + 0 * q),
    "erf": (
        lambda q: (
            2 / np.pi * np.arctan(2 * q / np.sqrt(1 + 4 * q))
        ),  # asin(2q / (1 + 2q)) without its rounding
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


def test_every_elementwise_activation_has_an_entry():
    assert set(NAMES) == set(ACTIVATIONS) - {"softmax"} | {"erf"}


@pytest.mark.parametrize("name", NAMES)
def test_slope_is_the_derivative_away_from_kinks(name):
    phi = ELEMENTWISE[name]
    x = np.linspace(-9.03, 9.04, 400)
    far = np.abs(np.subtract.outer(x, [*phi.kinks, np.inf])).min(axis=1) > 1e-3
    step = 1e-5
    differences = (phi.value(x + step) - phi.value(x - step)) / (2 * step)
    np.testing.assert_allclose(phi.slope(x)[far], differences[far], rtol=1e-7, atol=1e-9)


@pytest.mark.keras
@pytest.mark.parametrize("name", [name for name in NAMES if name in ACTIVATIONS])
def test_values_and_slopes_are_those_of_keras(name):
    import keras
    import tensorflow as tf

    x = np.concatenate([np.linspace(-8.3, 8.4, 201), [-50.0, 50.0]])
    point = tf.Variable(x, dtype="float64")
    with tf.GradientTape() as tape:
        values = keras.activations.get(name)(point)
    np.testing.assert_allclose(ELEMENTWISE[name].value(x), values, rtol=1e-6, atol=1e-15)
    slopes = tape.gradient(values, point)
    np.testing.assert_allclose(ELEMENTWISE[name].slope(x), slopes, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name):
    q = np.array([*LENGTHS, 1e8, 1e20])
    square, slope = CLOSED[name]
    np.testing.assert_allclose(length_map(name, q, 1.7, 0.3), 1.7 * square(q) + 0.3, rtol=1e-12)
    np.testing.assert_allclose(length_map(name, q, 1.0, 0.0), square(q), rtol=1e-12)
    np.testing.assert_allclose(chi(name, q, 1.7), 1.7 * slope(q), rtol=1e-12)


def test_exponential_is_closed_until_it_overflows():
    q = np.array([0.0, 0.5, 3.0, 300.0, 1e4])
    with np.errstate(over="ignore"):
        expected = 0.5 * np.exp(2 * q)
    np.testing.assert_allclose(length_map("exponential", q, 0.5, 0.0), expected)
    np.testing.assert_allclose(chi("exponential", q, 0.5), expected)
    assert length_map("exponential", q, 0.0, 0.25).tolist() == [0.25] * 5


@pytest.mark.parametrize("name", PHI)
@pytest.mark.parametrize("q", LENGTHS)
def test_quadrature_agrees_with_scipy(name, q):
    kinks = ELEMENTWISE[name].kinks
    square = _gaussian_mean(lambda x: PHI[name](x) ** 2, q, kinks)
    slope = _gaussian_mean(lambda x: float(ELEMENTWISE[name].slope(np.float64(x))) ** 2, q, kinks)
    assert float(length_map(name, q, 1.0, 0.0)) == pytest.approx(square, rel=1e-9, abs=0)
    assert float(chi(name, q, 1.0)) == pytest.approx(slope, rel=1e-9, abs=0)


@pytest.mark.parametrize("name", NAMES)
def test_maps_take_arrays_of_any_shape(name):
    q = np.array([[0.0, 1e-3, 0.5], [4.0, 90.0, 300.0]])
    for function in (partial(length_map, sigma_b2=0.1), chi):
        whole = function(name, q, sigma_w2=1.3)
        assert whole.dtype == np.float64
        assert whole.shape == (2, 3)
        parts = [float(function(name, one, sigma_w2=1.3)) for one in q.flat]
        np.testing.assert_allclose(whole.ravel(), parts, rtol=1e-13)
        assert function(name, [], sigma_w2=1.3).shape == (0,)


@pytest.mark.parametrize(
    ("name", "at_zero", "at_infinity"),
    [
        ("relu", 0.5, 0.5),
        ("leaky_relu", 0.52, 0.52),
        ("gelu", 0.25, 0.5),
        ("mish", 0.36, 0.5),
        ("elu", 1.0, 0.5),
        ("softplus", 0.25, 0.5),
        ("tanh", 1.0, 0.0),
        ("sigmoid", 1 / 16, 0.0),
        ("relu6", 0.5, 0.0),
        ("hard_silu", 0.25, 0.5),
        ("exponential", 1.0, math.inf),
    ],
)
def test_limits(name, at_zero, at_infinity):
    assert chi(name, [0.0, math.inf], 2.0) == pytest.approx(
        [2 * at_zero, 2 * at_infinity], rel=1e-12, abs=1e-100
    )
    zero, infinity = length_map(name, [0.0, math.inf], 2.0, 0.0).tolist()
    constant = {"softplus": math.log(2), "sigmoid": 0.5, "exponential": 1.0}
    assert zero == pytest.approx(2 * constant.get(name, 0.0) ** 2, rel=1e-12, abs=0)
    bounded = {"tanh": 2.0, "sigmoid": 1.0, "relu6": 36.0}
    assert infinity == pytest.approx(bounded.get(name, math.inf))


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
def test_equal_inputs_stay_equal_and_shapes_broadcast(name):
    found = correlation_map(name, [[1.0], [0.3]], [0.1, 2.0, 50.0], 1.2, 0.1)
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found[0], 1.0, atol=1e-12)
    assert (found[1] < 1).all()
    for q in LENGTHS[:-1]:
        assert np.abs(correlation_map(name, [-1.0, 1.0], q, 2.0, 0.0)).max() <= 1.0
    assert correlation_map(name, [], 1.0, 1.0, 0.0).shape == (0,)


def test_correlation_without_length():
    np.testing.assert_allclose(correlation_map("tanh", [-0.5, 0.2], 0.0, 1.5, 0.0), [-0.5, 0.2])
    np.testing.assert_allclose(correlation_map("tanh", [-0.5, 0.2], 0.0, 1.5, 0.1), 1.0)
    np.testing.assert_allclose(correlation_map("sigmoid", 0.2, 0.0, 1.5, 0.0), 1.0)
    np.testing.assert_allclose(correlation_map("exponential", 0.2, 2.0, 1.0, 0.0), math.exp(-1.6))
    assert np.isnan(correlation_map("tanh", 0.5, 1.0, 0.0, 0.0))
    assert np.isnan(correlation_map("relu", 0.5, math.inf, 2.0, 0.0))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("w", "b"), [(0.3, 0.0), (0.1, 0.05), (0.8, 0.2), (1.3, 0.0), (1.6, 0.3), (3.5, 0.0), (0.01, 1.0)]
)
def test_fixed_point_is_where_iteration_from_one_ends(name, w, b):
    q = 1.0
    for _ in range(3000):
        before, q = q, float(length_map(name, q, w, b))
        if abs(q - before) <= 1e-13 * before or not 1e-9 < q < 1e9:
            break
    found = fixed_point(name, w, b)
    if q > 1e9:
        assert found == math.inf
    elif q < 1e-9:
        assert found == 0.0
    else:
        assert found == pytest.approx(q, rel=1e-9)
        assert float(length_map(name, found, w, b)) == pytest.approx(found, rel=1e-12)
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
def test_fixed_points_that_are_known(name, w, b, expected):
    assert fixed_point(name, w, b) == pytest.approx(expected, rel=1e-9)


def test_chi1_of_relu_is_half_the_gain_whatever_the_signal_does():
    for w in (0.5, 1.9, 2.0, 2.1, 7.0):
        for b in (0.0, 0.2):
            assert chi1("relu", w, b) == pytest.approx(w / 2, rel=1e-12)
    assert chi1("exponential", 1.0, 0.0) == math.inf
    assert chi1("selu", 1.0, 0.0) == pytest.approx(1.0715, abs=1e-3)  # Klambauer: variance 1 stays, not chi


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("relu", 2.0),
        ("linear", 1.0),
        ("leaky_relu", 2 / 1.04),
        ("tanh", 1.0),
        ("softsign", 1.0),
        ("hard_tanh", 1.0),
        ("elu", 1.0),
        ("celu", 1.0),
        ("selu", 2 / (SELU_SCALE**2 * (1 + SELU_ALPHA**2))),
        ("relu6", 2.0),
        ("erf", math.pi / 4),
        ("gelu", None),
        ("silu", None),
        ("mish", None),
        ("hard_silu", None),
        ("softplus", None),
        ("exponential", None),
    ],
)
def test_critical_without_bias(name, expected):
    """At q* = 0 it is 1/phi'(0)^2, the mean of both sides; no equality for what jumps over chi1 = 1."""
    found = critical_sigma_w2(name)
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-8))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("b", [0.0, 0.05, 0.7])
def test_chi1_crosses_one_where_critical(name, b):
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


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "elu", "selu", "softsign", "relu6", "hard_sigmoid"])
def test_critical_point_by_scipy_alone(name):
    w, kinks = critical_sigma_w2(name, 0.1), ELEMENTWISE[name].kinks
    q = fixed_point(name, w, 0.1)
    again = w * _gaussian_mean(lambda x: PHI[name](x) ** 2, q, kinks) + 0.1
    slope = _gaussian_mean(lambda x: float(ELEMENTWISE[name].slope(np.float64(x))) ** 2, q, kinks)
    assert again == pytest.approx(q, rel=1e-7)
    assert w * slope == pytest.approx(1.0, rel=1e-7)


def test_critical_points_of_the_papers():
    """tanh: Schoenholz et al. 2017; GELU and Swish at the least bias: Roberts, Yaida & Hanin 2022, section 5.3."""
    assert critical_sigma_w2("tanh", 0.05) == pytest.approx(1.76, abs=5e-3)
    for name, b, w, q in [
        ("gelu", 0.17292239, 1.98305826, (3 + math.sqrt(17)) / 2),
        ("silu", 0.55514317, 1.98800468, 14.32017362),
    ]:
        assert float(length_map(name, q, w, b)) == pytest.approx(q, rel=1e-7)
        assert float(chi(name, q, w)) == pytest.approx(1.0, abs=1e-7)
        assert critical_sigma_w2(name, b - 2e-4) is None
        assert critical_sigma_w2(name, b + 2e-4) == pytest.approx(w, rel=1e-4)


def test_depth_scale():
    assert depth_scale(1 / math.e) == pytest.approx(1.0)
    assert depth_scale(math.exp(0.01)) == pytest.approx(100.0)
    assert [depth_scale(x) for x in (0.0, 1.0, math.inf)] == [0.0, math.inf, 0.0]


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
def test_wide_networks_do_what_theory_says(name, w, b):
    rng = np.random.default_rng(7)
    nets = np.array([_wide_net(name, w, b, rng) for _ in range(30)])
    q, c = [w + b], [(0.5 * w + b) / (w + b)]
    for _ in range(4):
        c.append(float(correlation_map(name, c[-1], q[-1], w, b)))
        q.append(float(length_map(name, q[-1], w, b)))
    growth = math.prod(chi(name, q[1:4], w))
    theory = np.array([*q, *np.multiply(q, c), growth])
    errors = nets.std(axis=0, ddof=1) / math.sqrt(len(nets))
    assert np.abs((nets.mean(axis=0) - theory) / errors).max() < 4
    assert (errors < 0.05 * theory).all()  # so that the comparison means something


@pytest.mark.parametrize(
    "call",
    [
        partial(length_map, q=1.0, sigma_w2=1.0, sigma_b2=0.0),
        partial(chi, q=1.0, sigma_w2=1.0),
        partial(correlation_map, c=0.5, q=1.0, sigma_w2=1.0, sigma_b2=0.0),
        partial(fixed_point, sigma_w2=1.0, sigma_b2=0.0),
        partial(chi1, sigma_w2=1.0, sigma_b2=0.0),
        critical_sigma_w2,
    ],
    ids=lambda call: getattr(call, "func", call).__name__,
)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("leakyrelu", "'leakyrelu' is unknown. Did you mean 'leaky_relu'"),
        ("xyz", "'xyz' is unknown. Use one of relu"),
        (["relu"], "is unknown"),
        ("softmax", "each unit alone.*'softmax'"),
    ],
)
def test_activations_that_are_refused(call, name, words):
    with pytest.raises(SpecError, match=f"activation .*{words}"):
        call(name)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, "1", None, True, [1.0]])
@pytest.mark.parametrize("name", ["sigma_w2", "sigma_b2"])
def test_sigmas_that_are_refused(name, value):
    sigmas = {"sigma_w2": 1.0, "sigma_b2": 0.0, name: value}
    calls = [
        partial(length_map, "tanh", 1.0),
        partial(correlation_map, "tanh", 0.5, 1.0),
        partial(fixed_point, "tanh"),
        partial(chi1, "tanh"),
    ]
    for call in calls:
        with pytest.raises(SpecError, match=name) as caught:
            call(**sigmas)
        assert repr(value) in str(caught.value)
    with pytest.raises(SpecError, match=name):
        chi("tanh", 1.0, value) if name == "sigma_w2" else critical_sigma_w2("tanh", value)


def test_numpy_numbers_are_numbers():
    assert fixed_point("tanh", np.float32(1.5), np.int64(1)) == fixed_point("tanh", 1.5, 1.0)


@pytest.mark.parametrize("q", [-1e-9, math.nan, [1.0, -2.0]])
def test_lengths_that_are_refused(q):
    for call in (partial(length_map, sigma_b2=0.0), chi):
        with pytest.raises(SpecError, match=r"q must be positive or zero\. Received .*[-n]"):
            call("relu", q, sigma_w2=1.0)


def test_other_refusals():
    with pytest.raises(SpecError, match=r"c must lie from -1 to 1. Received .*1\.1"):
        correlation_map("relu", 1.1, 1.0, 2.0, 0.0)
    with pytest.raises(SpecError, match="c must lie"):
        correlation_map("relu", [0.0, math.nan], 1.0, 2.0, 0.0)
    for value in (-0.5, math.nan):
        with pytest.raises(SpecError, match=f"chi1 must be positive or zero. Received {value}"):
            depth_scale(value)


def test_theory_needs_no_keras():
    code = "import sys, inits.meanfield; print({'keras', 'tensorflow', 'scipy.integrate'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"
