"""Test singular values and the Marchenko-Pastur law against quadrature, closed forms and random matrices."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from inits.errors import InitsError, SpecError
from inits.measure.spectrum import (
    bulk,
    marchenko_pastur_cdf,
    marchenko_pastur_edges,
    marchenko_pastur_median,
    marchenko_pastur_pdf,
    singular_values,
)

SHAPES = [(784, 128), (128, 784), (128, 128), (3, 3, 16, 32), (500, 1), (2, 3), (7,), (1, 1)]

shapes = st.tuples(st.integers(1, 400), st.integers(1, 400))
stds = st.floats(1e-3, 1e3)


def _share(low, high, shape, std):
    """Integrate the density between two points; an angle in place of x makes the edges smooth."""
    a, b = marchenko_pastur_edges(shape, std)

    def integrand(angle):
        x = 0.5 * (a + b) - 0.5 * (b - a) * np.cos(angle)
        return float(marchenko_pastur_pdf(x, shape, std)) * 0.5 * (b - a) * np.sin(angle)

    ends = np.arccos(np.clip((0.5 * (a + b) - np.array([low, high])) / (0.5 * (b - a)), -1, 1))
    return integrate.quad(integrand, *ends, epsabs=1e-12, limit=200)[0]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("std", [0.05, 1.0, 40.0])
def test_density_integrates_to_one(shape, std):
    a, b = marchenko_pastur_edges(shape, std)
    assert _share(a, b, shape, std) == pytest.approx(1.0, abs=1e-9)


@given(shapes, stds, st.floats(0.0, 1.0))
def test_cdf_is_the_integral_of_the_density(shape, std, share):
    a, b = marchenko_pastur_edges(shape, std)
    x = a + share * (b - a)
    assert float(marchenko_pastur_cdf(x, shape, std)) == pytest.approx(_share(a, x, shape, std), abs=1e-6)


@given(shapes, stds)
def test_second_moment_is_the_longer_side_times_the_variance(shape, std):
    a, b = marchenko_pastur_edges(shape, std)
    x = a + (b - a) * (np.arange(20_000) + 0.5) / 20_000
    weight = np.diff(marchenko_pastur_cdf(a + (b - a) * np.arange(20_001) / 20_000, shape, std))
    assert weight @ x**2 == pytest.approx(max(shape) * std**2, rel=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_density_is_0_outside_the_edges(shape):
    a, b = marchenko_pastur_edges(shape, 0.3)
    outside = [a - 1e-6, b + 1e-6, -b, np.inf]
    assert marchenko_pastur_pdf(outside, shape, 0.3).tolist() == [0.0] * 4
    assert marchenko_pastur_cdf([-1.0, a, b, b + 1], shape, 0.3).tolist() == pytest.approx(
        [0, 0, 1, 1], abs=1e-7
    )


def test_density_of_a_square_kernel_is_a_quarter_circle():
    n, s = 100, 0.5
    x = np.array([0.0, 1e-12, 1.0, 2.5, 9.9, 10.0])
    expected = np.sqrt(100.0 - x**2) / (np.pi * s**2 * n)
    np.testing.assert_allclose(marchenko_pastur_pdf(x, (n, n), s), expected)
    assert marchenko_pastur_pdf(0.0, (n, n), s) == pytest.approx(2 / (np.pi * s * np.sqrt(n)))
    assert marchenko_pastur_pdf(-1e-9, (n, n), s) == 0.0


def test_law_of_one_row_or_column():
    assert marchenko_pastur_edges((100, 1), 2.0) == (18.0, 22.0)
    np.testing.assert_allclose(
        marchenko_pastur_pdf([19.0, 20.0], (1, 100), 2.0), marchenko_pastur_pdf([19.0, 20.0], (100, 1), 2.0)
    )


@pytest.mark.parametrize("shape", [(400, 200), (200, 400), (300, 300), (3, 3, 50, 150)])
def test_singular_values_of_a_random_matrix_follow_the_law(shape):
    kernel = np.random.default_rng(1).normal(0.0, 0.05, shape)
    found = np.sort(singular_values(kernel))
    steps = (np.arange(found.size) + 0.5) / found.size
    assert np.abs(marchenko_pastur_cdf(found, shape, 0.05) - steps).max() < 0.02
    wrong = np.abs(marchenko_pastur_cdf(found, shape, 0.055) - steps).max()
    assert wrong > 0.05


def test_kernels_are_flattened_as_keras_orthogonal_does():
    kernel = np.random.default_rng(0).normal(size=(3, 2, 5, 4))
    np.testing.assert_allclose(singular_values(kernel), np.linalg.svd(kernel.reshape(30, 4))[1])
    assert singular_values(kernel.astype(np.float32)).dtype == np.float64
    assert singular_values([3.0, 4.0]).tolist() == pytest.approx([5.0])


def test_refused_arguments():
    with pytest.raises(InitsError, match="finite weights"):
        singular_values([[1.0, np.nan]])
    with pytest.raises(InitsError, match="shape \\(0, 3\\)"):
        singular_values(np.zeros((0, 3)))
    with pytest.raises(SpecError, match="but got -1"):
        marchenko_pastur_edges((3, 3), -1.0)
    with pytest.raises(SpecError, match="must be positive"):
        marchenko_pastur_pdf([0.0], (3, 3), 0.0)
    assert marchenko_pastur_edges((3, 3), 0.0) == (0.0, 0.0)


@given(shapes)
def test_half_of_the_law_lies_below_its_median(shape):
    a, b = marchenko_pastur_edges(shape, 1.0)
    median = marchenko_pastur_median(shape)
    assert a < median < b
    assert _share(a, median, shape, 1.0) == pytest.approx(0.5, abs=1e-6)


MANY = {  # of each shape as many matrices, with one law of mean 0: the edges do not depend on the law
    (128, 128): (1200, lambda rng, shape: rng.choice([-2.0, 2.0], shape)),
    (300, 100): (600, lambda rng, shape: rng.normal(0.0, 0.02, shape)),
    (64, 256): (1000, lambda rng, shape: rng.uniform(-0.05, 0.05, shape)),
}


@cache
def _singular_values_of_many(shape):
    """Return the falling singular values of many matrices: roots of the eigenvalues of the small products."""
    (many, draw), rng = MANY[shape], np.random.default_rng(11)
    found = []
    for _ in range(many):
        matrix = draw(rng, shape)
        products = matrix @ matrix.T if shape[0] < shape[1] else matrix.T @ matrix
        found.append(np.sqrt(np.maximum(np.linalg.eigvalsh(products)[::-1], 0.0)))
    return found


@pytest.mark.parametrize("shape", MANY, ids=str)
def test_singular_values_lie_outside_the_bulk_as_rarely_as_promised(shape):
    """Chance puts one outside in one of a thousand kernels at each edge; a square one has no lower edge."""
    values = _singular_values_of_many(shape)
    outside = sum(bulk(one, shape).outside > 0 for one in values)
    edges = 1 if shape[0] == shape[1] else 2
    assert outside <= stats.binom.ppf(0.9999, len(values), 0.001 * edges)


def test_bulk_leaves_no_more_room_than_chance_needs():
    """The largest and smallest values of many kernels come close to the edges that one in a thousand passes."""
    shape = (300, 100)
    found = [(values, bulk(values, shape)) for values in _singular_values_of_many(shape)[:300]]
    a, b = marchenko_pastur_edges(shape, 0.02)
    room = [one.high - b * one.std / 0.02 for _, one in found]
    above = [values[0] - b * one.std / 0.02 for values, one in found]
    assert max(above) > 0.5 * max(room) > 0.0
    below = [a * one.std / 0.02 - values[-1] for values, one in found]
    assert max(below) > 0.5 * max(a * one.std / 0.02 - one.low for _, one in found) > 0.0
    assert np.mean([one.std for _, one in found]) == pytest.approx(0.02, rel=0.002)


@pytest.mark.parametrize("shape", [(128, 128), (300, 100), (64, 256)])
@pytest.mark.parametrize("spikes", [1, 3])
def test_spike_well_above_the_edge_is_counted_once(shape, spikes):
    seeds, found = 10, []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        left = np.linalg.qr(rng.normal(size=(shape[0], spikes)))[0]
        right = np.linalg.qr(rng.normal(size=(shape[1], spikes)))[0]
        edge = marchenko_pastur_edges(shape, 0.05)[1]
        kernel = rng.normal(0.0, 0.05, shape) + 3.0 * edge * left @ right.T
        found.append(bulk(singular_values(kernel), shape))
    assert {one.count for one in found} == {min(shape)}
    more = sum(one.outside for one in found) - seeds * spikes
    assert 0 <= more <= stats.binom.ppf(0.9999, seeds, 0.002)  # chance puts another one outside now and then
    assert sorted(one.share for one in found)[seeds // 2] == spikes / min(shape)
    assert np.mean([one.std for one in found]) == pytest.approx(0.05, rel=0.05)


def test_lost_directions_are_outside_the_bulk():
    kernel = np.random.default_rng(2).normal(size=(300, 100))
    kernel[:, :4] = kernel[:, 4:5]  # four copies of a fifth unit: one spike, four zeros
    assert bulk(singular_values(kernel), (300, 100)).outside == 5


def test_equal_singular_values_are_the_bulk():
    found = bulk(np.full(64, 1.5), (200, 64))
    assert (found.outside, found.count) == (0, 64)


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        ([], (0, 4)),
        (np.arange(7.0, 0.0, -1.0), (20, 7)),  # too few
        (np.zeros(40), (40, 40)),
        ([*np.ones(19), *np.zeros(21)], (60, 40)),  # less than half are left
        (np.full(40, np.nan), (40, 40)),
    ],
)
def test_few_singular_values_have_no_bulk(values, shape):
    assert bulk(values, shape) is None
    assert bulk(np.arange(8.0, 0.0, -1.0), (20, 8)) is not None


@given(
    st.integers(8, 30), st.integers(8, 30), st.integers(0, 999), st.floats(1e-6, 1e6), st.floats(0.0, 20.0)
)
def test_bulk_scales_with_its_kernel(rows, columns, seed, scale, spike):
    kernel = np.random.default_rng(seed).normal(size=(rows, columns)) + spike
    one, other = (bulk(singular_values(kernel) * factor, kernel.shape) for factor in (1.0, scale))
    assert other.outside == one.outside
    assert (other.std, other.low, other.high) == pytest.approx(
        (one.std * scale, one.low * scale, one.high * scale)
    )
