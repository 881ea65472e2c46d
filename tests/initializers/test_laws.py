"""Laws of one weight: against SciPy, against their own integrals and at the ends of their supports."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from support.cases import IDS, PAIRS

from inits.initializers.laws import Atoms, Law
from inits.initializers.spec import InitializerSpec
from inits.initializers.symmetric_laws import (
    TRUNCATED_STD,
    Normal,
    SphereCoordinate,
    TruncatedNormal,
    Uniform,
)

# SciPy's own quantiles of the beta law are good to about 1e-9 of the range.
LEVELS = np.array([1e-6, 1e-3, 0.02, 0.25, 0.5, 0.6, 0.9, 0.999, 1 - 1e-6])

numbers = st.floats(-1e3, 1e3).map(lambda x: round(x, 6))
widths = st.floats(1e-3, 1e3)
laws = st.one_of(
    st.builds(lambda low, width: Uniform(low, low + width), numbers, widths),
    st.builds(Normal, numbers, widths),
    st.builds(TruncatedNormal, numbers, widths),
    st.builds(SphereCoordinate, st.integers(2, 5000), widths),
    st.builds(lambda n, gain: SphereCoordinate(n, -gain), st.integers(2, 5000), widths),
)
point_laws = st.one_of(
    st.builds(lambda v: Atoms(((v, 1.0),)), numbers),
    st.builds(lambda v, w, p: Atoms(((v, p), (w, 1.0 - p))), numbers, numbers, st.floats(0.01, 0.99)),
    st.builds(SphereCoordinate, st.just(1), numbers),
    st.builds(Normal, numbers, st.just(0.0)),
    st.builds(SphereCoordinate, st.integers(1, 9), st.just(0.0)),
)


@pytest.mark.parametrize(("case", "sizes"), PAIRS, ids=IDS)
def test_a_law_agrees_with_scipy_and_ends_at_its_support(case, sizes):
    law, oracle = InitializerSpec.parse(case.text).law(sizes.shape), case.oracle(sizes)
    x, reach, (low, high) = oracle.ppf(LEVELS), oracle.std(), law.support
    np.testing.assert_allclose(law.pdf(x), oracle.pdf(x), rtol=case.rtol)
    np.testing.assert_allclose(law.cdf(x), LEVELS, rtol=case.rtol, atol=1e-15)
    np.testing.assert_allclose(law.ppf(LEVELS), x, rtol=case.rtol, atol=case.rtol * reach)
    np.testing.assert_allclose((low, high), oracle.support(), rtol=case.rtol)
    assert law.mean == pytest.approx(oracle.mean(), rel=case.rtol, abs=case.rtol * reach)
    assert law.std == pytest.approx(reach, rel=case.rtol)
    assert law.kurtosis == pytest.approx(float(oracle.stats("k")), rel=1e-6, abs=1e-8)
    assert law.atoms == ()
    assert law.ppf([0.0, 1.0]).tolist() == [low, high]
    if math.isfinite(low):
        assert law.pdf([low - 1e-9 * law.std, high + 1e-9 * law.std]).tolist() == [0.0, 0.0]
        ends = law.cdf([low - 1.0, low, high, high + 1.0])
        assert ends.tolist() == pytest.approx([0.0, 0.0, 1.0, 1.0], abs=1e-15)


def _mean_of(law: Law, function) -> float:
    """E[function(x)] by integrals of the density, in an angle so that its poles at the ends are harmless."""
    low, high = law.support
    if math.isinf(low):
        low, high = law.mean - 14 * law.std, law.mean + 14 * law.std
    middle, reach = 0.5 * (low + high), 0.5 * (high - low)

    def integrand(angle):
        x = middle + reach * math.sin(angle)
        return float(law.pdf(x)) * function(x) * reach * math.cos(angle)

    end = min(math.pi / 2 - 1e-9, 60 * law.std / reach)
    edges = [-end, -end / 4, 0.0, end / 4, end]
    return sum(
        integrate.quad(integrand, a, b, epsabs=0, epsrel=1e-10, limit=200)[0] for a, b in pairwise(edges)
    )


@given(laws)
def test_density_integrates_to_one_and_gives_the_moments(law):
    middle, std = law.mean, law.std
    assert _mean_of(law, lambda x: 1.0) == pytest.approx(1.0, abs=2e-8)
    for k in (2, 4, 6, 8):
        moment = _mean_of(law, lambda x, k=k: ((x - middle) / std) ** k)
        assert law.moment(k) / std**k == pytest.approx(moment, rel=1e-6)


@given(laws, st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_cdf_rises_and_ppf_inverts_it(law, levels):
    levels = np.sort(levels)
    x = law.ppf(levels)
    assert (x[1:] >= x[:-1]).all()
    np.testing.assert_allclose(law.cdf(x), levels, atol=1e-7)
    wide = np.linspace(law.mean - 5 * law.std, law.mean + 5 * law.std, 101)
    cdf = law.cdf(wide)
    assert (np.diff(cdf) >= -1e-15).all()
    assert ((cdf >= 0) & (cdf <= 1)).all()


@given(laws, st.floats(-3, 3))
def test_pdf_is_the_slope_of_cdf(law, t):
    x, step = law.mean + t * law.std, 1e-5 * law.std
    low, high = law.support
    if low + 20 * step < x < high - 20 * step and law.pdf(x) < 10 / law.std:
        slope = float(law.cdf(x + step) - law.cdf(x - step)) / (2 * step)
        assert slope == pytest.approx(float(law.pdf(x)), rel=2e-2, abs=1e-6 / law.std)


@given(st.one_of(laws, point_laws))
def test_nan_stays_nan_and_far_values_are_outside(law):
    x = np.array([[np.nan, 0.0], [1.0, np.nan]])
    for function in (law.pdf, law.cdf, law.ppf):
        assert np.isnan(function(x))[[0, 1], [0, 1]].all()
        assert function(x).shape == x.shape
        assert function(x).dtype == np.float64
        assert function(0.5).shape == ()
    assert np.isnan(law.ppf([-0.1, 1.1])).all()
    far = [-math.inf, -1e300, 1e300, math.inf]
    assert law.pdf(far).tolist() == [0.0] * 4
    assert law.cdf(far).tolist() == [0.0, 0.0, 1.0, 1.0]


@given(point_laws)
def test_atoms_hold_all_probability(law):
    values, probabilities = np.array(law.atoms).T
    assert probabilities.sum() == pytest.approx(1.0)
    assert (np.diff(values) > 0).all()
    assert law.support == (values[0], values[-1])
    np.testing.assert_allclose(law.cdf(values), np.cumsum(probabilities))
    assert law.cdf(np.nextafter(values[0], -np.inf)) == 0.0
    assert law.cdf(values[-1]) == 1.0
    np.testing.assert_array_equal(law.ppf(np.cumsum(probabilities) - probabilities / 2), values)
    assert law.ppf([0.0, 1.0]).tolist() == [values[0], values[-1]]
    assert not law.pdf([*values, 0.0]).any()
    assert law.mean == pytest.approx(values @ probabilities)
    assert law.std == pytest.approx(math.sqrt((values - law.mean) ** 2 @ probabilities), abs=1e-9)
    assert not law.independent
    assert (law.kurtosis is None) == (len(values) == 1 or law.moment(2) == 0.0)


def test_truncated_std_is_the_constant_of_keras():
    assert pytest.approx(0.87962566103423978, rel=1e-15) == TRUNCATED_STD


def test_spheres_in_one_two_and_three_dimensions():
    """Two atoms, the arcsine law, a uniform law."""
    atoms, arcsine, uniform = (SphereCoordinate(n, -2.0) for n in (1, 2, 3))
    assert atoms.atoms == ((-2.0, 0.5), (2.0, 0.5))
    assert (atoms.std, atoms.kurtosis) == (2.0, -2.0)
    assert atoms.cdf([-2.1, -2.0, 1.9, 2.0]).tolist() == [0.0, 0.5, 0.5, 1.0]
    x = np.array([-1.9, -0.3, 0.0, 1.2])
    np.testing.assert_allclose(arcsine.pdf(x), 1 / (np.pi * np.sqrt(4 - x**2)))
    np.testing.assert_allclose(arcsine.cdf(x), 0.5 + np.arcsin(x / 2) / np.pi)
    assert arcsine.pdf([-2.0, 2.0]).tolist() == [math.inf, math.inf]
    assert uniform.pdf([-2.0, -1.0, 0.0, 2.0]).tolist() == pytest.approx([0.25] * 4)


def test_sphere_in_many_dimensions_is_nearly_normal():
    n = 50_000_000
    law, normal = SphereCoordinate(n, 1.0), Normal(0.0, n**-0.5)
    x = normal.ppf(LEVELS)
    np.testing.assert_allclose(law.cdf(x), normal.cdf(x), rtol=1e-5)
    np.testing.assert_allclose(law.ppf(LEVELS), x, rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(law.pdf(x), normal.pdf(x), rtol=1e-5)


@pytest.mark.parametrize(
    ("gain", "shape", "atoms"),
    [
        (0, (3, 5), ((0.0, 1.0),)),
        (-2, (3, 5), ((-2.0, 3 / 15), (0.0, 12 / 15))),
        (-2, (1, 1), ((-2.0, 1.0),)),
    ],
)
def test_identity_merges_equal_atoms(gain, shape, atoms):
    assert InitializerSpec.parse(f"Identity(gain={gain})").law(shape).atoms == atoms


@pytest.mark.parametrize(
    ("law", "independent", "uncorrelated"),
    [
        (Normal(0.0, 1.0), True, True),
        (Uniform(0.0, 1.0), True, True),
        (TruncatedNormal(0.0, 1.0), True, True),
        (SphereCoordinate(4, 1.0), False, True),
        (Atoms(((0.0, 1.0),)), False, False),
        (Normal(0.0, 0.0), False, False),
    ],
)
def test_which_weights_are_independent(law, independent, uncorrelated):
    assert (law.independent, law.uncorrelated) == (independent, uncorrelated)
