import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from inits.errors import InitsError, SpecError
from inits.spectrum import (
    marchenko_pastur_cdf,
    marchenko_pastur_edges,
    marchenko_pastur_pdf,
    singular_values,
)

SHAPES = [(784, 128), (128, 784), (128, 128), (3, 3, 16, 32), (500, 1), (2, 3), (7,), (1, 1)]

shapes = st.tuples(st.integers(1, 400), st.integers(1, 400))
stds = st.floats(1e-3, 1e3)


def _share(low, high, shape, std):
    """Integral of the density between two points; an angle in place of x makes the edges smooth."""
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
def test_outside_the_edges_there_is_nothing(shape):
    a, b = marchenko_pastur_edges(shape, 0.3)
    outside = [a - 1e-6, b + 1e-6, -b, np.inf]
    assert marchenko_pastur_pdf(outside, shape, 0.3).tolist() == [0.0] * 4
    assert marchenko_pastur_cdf([-1.0, a, b, b + 1], shape, 0.3).tolist() == pytest.approx(
        [0, 0, 1, 1], abs=1e-7
    )


def test_square_kernel_has_a_quarter_circle_with_a_finite_density_at_zero():
    n, s = 100, 0.5
    x = np.array([0.0, 1e-12, 1.0, 2.5, 9.9, 10.0])
    expected = np.sqrt(100.0 - x**2) / (np.pi * s**2 * n)
    np.testing.assert_allclose(marchenko_pastur_pdf(x, (n, n), s), expected)
    assert marchenko_pastur_pdf(0.0, (n, n), s) == pytest.approx(2 / (np.pi * s * np.sqrt(n)))
    assert marchenko_pastur_pdf(-1e-9, (n, n), s) == 0.0


def test_one_row_or_column():
    assert marchenko_pastur_edges((100, 1), 2.0) == (18.0, 22.0)
    np.testing.assert_allclose(
        marchenko_pastur_pdf([19.0, 20.0], (1, 100), 2.0), marchenko_pastur_pdf([19.0, 20.0], (100, 1), 2.0)
    )


@pytest.mark.parametrize("shape", [(400, 200), (200, 400), (300, 300), (3, 3, 50, 150)])
def test_singular_values_of_a_random_matrix_follow_it(shape):
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


def test_refusals():
    with pytest.raises(InitsError, match="finite weights"):
        singular_values([[1.0, np.nan]])
    with pytest.raises(InitsError, match="shape \\(0, 3\\)"):
        singular_values(np.zeros((0, 3)))
    with pytest.raises(SpecError, match="Received -1"):
        marchenko_pastur_edges((3, 3), -1.0)
    with pytest.raises(SpecError, match="must be positive"):
        marchenko_pastur_pdf([0.0], (3, 3), 0.0)
    assert marchenko_pastur_edges((3, 3), 0.0) == (0.0, 0.0)
