"""Test statistics of weights and their standard errors against NumPy, SciPy and many samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from inits.errors import InitsError
from inits.initializers.laws import Atoms
from inits.initializers.symmetric_laws import Normal, SphereCoordinate, TruncatedNormal, Uniform
from inits.measure import statistics
from inits.measure.statistics import Summary, compare, histogram, kolmogorov, qq

LAWS = [Normal(0.5, 2.0), Uniform(-1.0, 3.0), TruncatedNormal(0.0, 0.05)]

arrays = hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6).map(lambda x: round(x, 9)))


def rows_of(*arguments, **options):
    return {row.name: row for row in compare(*arguments, **options)}


@given(arrays)
def test_summary_agrees_with_numpy_and_scipy(values):
    found = Summary.of(values)
    assert (found.count, found.nan, found.inf) == (values.size, 0, 0)
    assert (found.min, found.max) == (values.min(), values.max())
    scale = np.abs(values).max() or 1.0
    assert found.mean == pytest.approx(values.mean(), abs=1e-12 * scale)
    assert found.std == pytest.approx(values.std(), abs=1e-9 * scale)
    if found.std > 1e-3 * scale:
        assert found.kurtosis == pytest.approx(stats.kurtosis(values), rel=1e-6, abs=1e-6)


def test_summary_of_equal_values_and_of_none():
    found = Summary.of(np.full(1001, 0.1, np.float32))
    assert (found.mean, found.std, found.kurtosis) == (float(np.float32(0.1)), 0.0, None)
    nothing = Summary.of(np.full(10, np.nan))
    assert (nothing.count, nothing.nan, nothing.inf, nothing.kurtosis) == (10, 10, 0, None)
    assert np.isnan([nothing.mean, nothing.std]).all()
    assert Summary.of([]).count == 0


@given(arrays, st.integers(1, 50))
def test_histogram_has_area_one(values, bins):
    edges, density = histogram(values, bins)
    assert edges.shape == (bins + 1,)
    assert density @ np.diff(edges) == pytest.approx(1.0)


def test_histogram_counts_values_outside_the_limits_in_the_total():
    edges, density = histogram([0.1, 0.2, 5.0, np.nan, np.inf], 10, (0.0, 1.0))
    assert density @ np.diff(edges) == pytest.approx(2 / 3)
    with pytest.raises(InitsError, match="limits"):
        histogram([1.0], 10, (1.0, 0.0))
    with pytest.raises(InitsError, match="bins"):
        histogram([1.0], 0)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [10, 37, 200, 5000])
def test_kolmogorov_agrees_with_scipy(law, n):
    for seed in range(20):
        values = law.ppf(np.random.default_rng(seed).random(n))
        found = kolmogorov(values, law)
        exact = stats.ks_1samp(values, law.cdf)
        assert found.distance == pytest.approx(exact.statistic, abs=1e-14)
        assert found.p == pytest.approx(stats.kstwo.sf(exact.statistic, n), abs=0.003)


def test_kolmogorov_of_atoms():
    law = Atoms(((0.0, 0.75), (1.0, 0.25)))
    assert kolmogorov([0.0, 0.0, 1.0, 0.0], law) == (0.0, None)
    assert kolmogorov([0.0, 1.0], law).distance == 0.25
    assert kolmogorov([0.5] * 4, law).distance == 0.75
    assert kolmogorov([2.0, 3.0], law).distance == 1.0
    assert kolmogorov(np.full(9, 0.1, np.float32), Atoms(((0.1, 1.0),))) == (0.0, None)
    assert kolmogorov(np.full(9, 0.1, np.float32), Normal(0.1, 0.0)) == (0.0, None)
    assert kolmogorov([1.0, -1.0, 1.0, -1.0], SphereCoordinate(1, 1.0)).distance == 0.0


@given(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=1, max_size=30), st.floats(0.05, 0.95))
def test_kolmogorov_of_atoms_is_the_largest_gap_on_a_fine_grid(values, share):
    law = Atoms(((0.0, share), (1.0, 1.0 - share)))
    grid = np.arange(-2.0, 2.0, 1 / 128)
    drawn = (np.array(values)[None] <= grid[:, None]).mean(1)
    assert kolmogorov(values, law).distance == pytest.approx(np.abs(drawn - law.cdf(grid)).max(), abs=1e-12)


def test_kolmogorov_has_no_p_for_dependent_weights_and_refuses_nan():
    assert kolmogorov([0.1, -0.2], SphereCoordinate(5, 1.0)).p is None
    for values in ([], [np.nan, 1.0]):
        with pytest.raises(InitsError, match="values must be"):
            kolmogorov(values, Normal(0.0, 1.0))


@pytest.mark.parametrize("law", LAWS)
def test_standard_errors_are_the_spread_over_many_samples(law):
    n, samples = 400, 4000
    rng = np.random.default_rng(7)
    errors = {}
    for draw in law.ppf(rng.random((samples, n))):
        for row in compare(draw, law, fan_in=10):
            errors.setdefault(row.name, []).append(row.errors)
    for name in ("mean", "std", "sigma_w^2", "excess kurtosis"):
        z = np.array(errors[name])
        # A normal sample's kurtosis is skewed at n = 400: its spread comes out 2 % low.
        assert z.std() == pytest.approx(1.0, abs=0.06), name
        assert abs(z.mean()) < 0.15, name
    assert errors["min"][0] is None


@pytest.mark.parametrize("law", [Normal(0.5, 2.0), SphereCoordinate(40, 1.5)])
def test_smallest_and_largest_are_as_often_above_as_below_theory(law):
    rng = np.random.default_rng(3)
    rows = [rows_of(draw, law) for draw in law.ppf(rng.random((4000, 50)))]
    for name in ("min", "max"):
        above = np.mean([row[name].measured > row[name].theory for row in rows])
        assert above == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize("law", [Uniform(-1.0, 3.0), TruncatedNormal(0.0, 0.05), SphereCoordinate(3, 2.0)])
def test_extremes_of_laws_with_sharp_ends_are_the_ends(law):
    draw = law.ppf(np.random.default_rng(3).random(10_000))
    rows = rows_of(draw, law)
    assert (rows["min"].theory, rows["max"].theory) == law.support
    reach = law.support[1] - law.support[0]
    assert 0 <= rows["min"].measured - law.support[0] < 0.002 * reach
    assert 0 <= law.support[1] - rows["max"].measured < 0.002 * reach


def test_compare_names_and_theory():
    rows = rows_of([9.0, 11.0], Normal(10.0, 1.0), fan_in=3)
    assert list(rows) == ["mean", "std", "sigma_w^2", "min", "max", "excess kurtosis"]
    assert (rows["sigma_w^2"].measured, rows["sigma_w^2"].theory) == (
        3.0,
        3.0,
    )  # of the variance, without the mean
    assert rows["excess kurtosis"].theory == 0.0
    assert "sigma_w^2" not in rows_of([0.0, 1.0], Normal(0.0, 1.0))
    with pytest.raises(InitsError, match="at least one finite"):
        compare([np.nan], Normal(0.0, 1.0))


def test_orthogonal_weights_have_a_sampling_error_of_the_mean_only():
    rng = np.random.default_rng(5)
    law = SphereCoordinate(40, 2.0)
    means = []
    for _ in range(2000):
        kernel = 2.0 * np.linalg.qr(rng.normal(size=(40, 10)))[0] * rng.choice([-1, 1], 10)
        rows = rows_of(kernel, law, fan_in=40)
        means.append(rows["mean"].errors)
        assert rows["std"].measured ** 2 + rows["mean"].measured ** 2 == pytest.approx(law.std**2)
    assert [rows[name].errors for name in ("std", "sigma_w^2", "excess kurtosis")] == [None] * 3
    assert np.std(means) == pytest.approx(1.0, abs=0.06)


def test_extremes_of_orthogonal_weights_are_nearly_those_of_independent_ones():
    rng = np.random.default_rng(6)
    law = SphereCoordinate(20, 1.0)
    above = []
    for _ in range(2000):
        kernel = np.linalg.qr(rng.normal(size=(20, 5)))[0] * rng.choice([-1, 1], 5)
        rows = rows_of(kernel, law)
        above.append(rows["max"].measured > rows["max"].theory)
    assert np.mean(above) == pytest.approx(0.5, abs=0.06)


def test_fixed_weights_equal_theory_and_have_no_errors():
    kernel, law = np.eye(4, 6) * -2.0, Atoms(((-2.0, 4 / 24), (0.0, 20 / 24)))
    for row in compare(kernel, law, fan_in=4):
        assert row.measured == pytest.approx(row.theory)
        assert row.errors is None
    rows = rows_of(np.ones(5), Atoms(((1.0, 1.0),)))
    assert rows["excess kurtosis"] == ("excess kurtosis", None, None, None)
    assert rows["std"] == ("std", 0.0, 0.0, None)


@pytest.mark.parametrize("law", LAWS)
def test_qq_of_a_perfect_sample_is_a_diagonal(law):
    theory, drawn = qq(law.ppf((np.arange(10_000) + 0.5) / 10_000), law)
    assert theory.shape == drawn.shape == (200,)
    np.testing.assert_allclose(drawn, theory, atol=2e-3 * law.std)


def test_qq_of_few_values():
    theory, drawn = qq([3.0, 1.0, 2.0, np.nan], Uniform(0.0, 6.0))
    assert drawn.tolist() == [1.0, 2.0, 3.0]
    assert theory.tolist() == [1.0, 3.0, 5.0]
    with pytest.raises(InitsError, match="at least 1"):
        qq([], Normal(0.0, 1.0))


def _long(dtype: str) -> np.ndarray:
    """Return 5,000 values of a law with long tails, clipped to the range of the type."""
    return (stats.t(3).rvs(5000, random_state=1) * 20).clip(-120, 120).astype(dtype)


@pytest.mark.parametrize("piece", [1, 7, 64, 4999, 5000, 1 << 20])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64"])
def test_summary_in_pieces_equals_that_of_the_whole_in_float64(monkeypatch, dtype, piece):
    monkeypatch.setattr(statistics, "PIECE", piece)
    values = _long(dtype)
    wide, found = values.astype(np.float64), Summary.of(values.reshape(50, 100).T)
    assert (found.count, found.nan, found.inf) == (5000, 0, 0)
    assert (found.min, found.max) == (wide.min(), wide.max())
    assert found.mean == pytest.approx(wide.mean(), abs=1e-12 * wide.std())
    assert found.std == pytest.approx(wide.std(), rel=1e-12)
    assert found.kurtosis == pytest.approx(stats.kurtosis(wide), rel=1e-10)


@pytest.mark.parametrize("piece", [3, 100, 1 << 20])
def test_values_that_are_not_finite_are_counted_in_every_piece(monkeypatch, piece):
    monkeypatch.setattr(statistics, "PIECE", piece)
    values = _long("float32")
    values[[0, 1, 2, 99, 100, 2500, 4999]] = np.nan  # one piece of three has nothing else
    values[[3, 98, 101]] = np.inf
    values[[4, 4998]] = -np.inf
    finite = values[np.isfinite(values)].astype(np.float64)
    found = Summary.of(values)
    assert (found.count, found.nan, found.inf) == (5000, 7, 5)
    assert (found.min, found.max) == (finite.min(), finite.max())
    assert (found.mean, found.std) == pytest.approx((finite.mean(), finite.std()), rel=1e-9)
    assert found.kurtosis == pytest.approx(stats.kurtosis(finite), rel=1e-10)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300, 1.7e308])
def test_moments_neither_overflow_nor_underflow(scale):
    unit = np.array([-1.0, -0.5, 0.25, 1.0])
    found = Summary.of(scale * unit)
    assert found.std / scale == pytest.approx(unit.std())
    assert found.mean / scale == pytest.approx(unit.mean())
    assert found.kurtosis == pytest.approx(stats.kurtosis(unit))
