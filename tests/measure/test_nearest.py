"""Test that draws by NumPy, SciPy and Keras are recognised, and that SciPy finds the same distances."""

import math

import numpy as np
import pytest
from scipy import stats
from support.draws import CUT_STD, cut, drawn, normal, uniform

from inits.errors import ShapeError
from inits.initializers.catalog import CATALOG
from inits.initializers.spec import InitializerSpec
from inits.measure import fitted_laws
from inits.measure.nearest import Nearest, nearest, nearest_for_all

SHAPES = [(784, 128), (300, 100), (3, 3, 16, 32)]
IN, BETWEEN = 'mode="fan_in", ', 'mode="fan_avg", '
WHOLE = 'distribution="untruncated_normal"'


def fans(shape):
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


def limit(variance):
    return uniform(-math.sqrt(3 * variance), math.sqrt(3 * variance))


NAMED = {
    "HeNormal": lambda i, o: cut(math.sqrt(2 / i) / CUT_STD),
    "HeUniform": lambda i, o: limit(2 / i),
    "GlorotNormal": lambda i, o: cut(math.sqrt(2 / (i + o)) / CUT_STD),
    "GlorotUniform": lambda i, o: limit(2 / (i + o)),
    "LecunNormal": lambda i, o: cut(math.sqrt(1 / i) / CUT_STD),
    "LecunUniform": lambda i, o: limit(1 / i),
    "RandomNormal": lambda i, o: normal(0.05),
    "RandomUniform": lambda i, o: uniform(-0.05, 0.05),
    "TruncatedNormal": lambda i, o: cut(0.05),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMED)
def test_default_law_is_named(name, shape):
    law = NAMED[name](*fans(shape))
    for seed in range(5):
        found = nearest(drawn(law, shape, seed))
        assert (found.spec, found.within_chance, found.fitted) == (InitializerSpec(name), True, False)


@pytest.mark.keras
@pytest.mark.parametrize("name", [name for name, entry in CATALOG.items() if name != "STFT"])
def test_default_draw_of_keras_is_named(name):
    from inits.training.starts import draw

    spec, shape = InitializerSpec(name), (300, 128)
    found = nearest(draw(spec, shape, 3))
    assert found.within_chance
    assert found.spec.law(shape) == spec.law(shape)
    # Constant() is Zeros(), VarianceScaling() is LecunNormal().
    assert (found.spec == spec) == (name not in ("Constant", "VarianceScaling"))


@pytest.mark.parametrize(
    ("name", "shape"), [("HeNormal", (20, 5)), ("HeUniform", (128, 10)), ("RandomNormal", (500,))]
)
def test_one_draw_in_a_thousand_is_denied_its_own_law(name, shape):
    law = NAMED[name](*(fans(shape) if len(shape) > 1 else shape * 2))
    many, denied = 500, 0
    for kernel in drawn(law, (many, *shape)):
        found = nearest(kernel)
        # Another default may be nearer: then the true one was not denied.
        denied += found.fitted or not found.within_chance
    assert denied <= stats.binom.ppf(0.9999, many, 0.001)


@pytest.mark.parametrize(
    ("law", "shape", "text"),
    [
        (normal(0.03), (784, 128), "RandomNormal(mean=0.0, stddev=0.03)"),
        (normal(0.01, 0.7), (300, 20), "RandomNormal(mean=0.7, stddev=0.01)"),
        (normal(1), (5000,), "RandomNormal(mean=0.0, stddev=1.0)"),
        (normal(math.sqrt(3)), (1000, 100), "RandomNormal(mean=0.0, stddev=1.73)"),  # not scale=3000.0
        (uniform(-0.2, 0.2), (784, 128), "RandomUniform(minval=-0.2, maxval=0.2)"),
        (uniform(0, 1), (300, 20), "RandomUniform(minval=0.0, maxval=1.0)"),
        (uniform(-4, -1), (3, 3, 8, 16), "RandomUniform(minval=-4.0, maxval=-1.0)"),
        (cut(0.1), (300, 100), "TruncatedNormal(mean=0.0, stddev=0.1)"),
        (cut(0.1, 2), (300, 100), "TruncatedNormal(mean=2.0, stddev=0.1)"),
        (normal(math.sqrt(2 / 512)), (512, 512), f"VarianceScaling(scale=2.0, {IN}{WHOLE})"),
        (normal(math.sqrt(2 / 912)), (784, 128), f"VarianceScaling(scale=1.0, {BETWEEN}{WHOLE})"),
        (limit(1.7 / 300), (300, 100), f'VarianceScaling(scale=1.7, {IN}distribution="uniform")'),
    ],
)
def test_fitted_numbers_are_as_round_as_the_weights_allow(law, shape, text):
    for seed in range(5):
        found = nearest(drawn(law, shape, seed))
        assert (str(found.spec), found.within_chance, found.fitted) == (text, True, True)


def test_numbers_that_are_not_round_keep_the_digits_they_need():
    for seed in range(5):
        spec = nearest(drawn(normal(0.037337, 0.25), (1000, 100), seed)).spec
        assert spec.name == "RandomNormal"
        assert spec.get("stddev") == pytest.approx(0.037337, abs=2 * 3.7 * 0.037337 / math.sqrt(200_000))
        assert len(f"{spec.get('stddev')}") <= len("0.0373")
        assert spec.get("mean") == 0.25


def test_no_weight_lies_beyond_the_fitted_truncation():
    for seed in range(20):
        values = drawn(cut(0.53), (30, 30), seed)  # the moments alone would often allow a rounder 0.5
        found = nearest(values)
        assert found.within_chance
        low, high = found.spec.law(values.shape).support
        assert low <= values.min()
        assert values.max() <= high < math.inf


@pytest.mark.parametrize("law", [normal(0.052), normal(0.05, 0.0018)])
def test_moments_deny_a_law_that_the_distance_allows(law):
    allowed = 0
    for seed in range(5):
        values = drawn(law, (196, 128), seed)
        found = nearest(values)
        allowed += stats.kstest(values.ravel(), stats.norm(0, 0.05).cdf).statistic < found.chance
        assert found.spec != InitializerSpec("RandomNormal")
    assert allowed


def test_ends_distinguish_a_normal_law_from_a_truncated_one_of_the_same_variance():
    shape = (128, 10)  # Kolmogorov's distance of the two laws is 0.017, chance reaches 0.06
    for seed in range(20):
        whole, he = drawn(normal(0.125), shape, seed), drawn(NAMED["HeNormal"](*shape), shape, seed)
        assert nearest(he).spec.law(shape).support[1] < math.inf
        assert nearest(whole).spec.law(shape).support[1] == math.inf


@pytest.mark.parametrize("n", [20, 21, 64, 1000, 12_345, 200_000])
@pytest.mark.parametrize("decimals", [9, 2])  # 2: most values come several times
@pytest.mark.parametrize("law", [normal(0.5, 0.1), uniform(-1, 3), stats.t(3), stats.expon()])
def test_distance_is_that_of_scipy(law, decimals, n):
    values = np.round(drawn(law, n), decimals)
    found = nearest(values)
    exact = stats.kstest(values.astype(np.float64), found.spec.law((n,)).cdf)
    assert found.distance == pytest.approx(exact.statistic, abs=1e-12)


@pytest.mark.parametrize("n", [20, 100, 1000, 1_000_000])
def test_chance_is_the_quantile_of_the_exact_law(n):
    found = nearest(drawn(normal(0.05), n))
    assert found.chance == pytest.approx(stats.kstwo.ppf(1 - 2e-4, n), rel=0.02)  # 1.5% from 20 weights


@pytest.mark.parametrize("law", [stats.t(3), stats.expon(), stats.laplace()])
def test_weights_of_another_law_are_beyond_chance(law):
    found = nearest(drawn(law, (100, 100)))
    assert not found.within_chance
    assert found.distance > found.chance


@pytest.mark.parametrize("name", ["HeUniform", "GlorotNormal"])
def test_only_some_of_very_many_weights_are_compared(name, monkeypatch):
    monkeypatch.setattr(fitted_laws, "MAX_COMPARED", 40_000)
    shape = (400, 250)
    values = drawn(NAMED[name](*shape), shape)
    found = nearest(values)
    assert (found.spec, found.within_chance) == (InitializerSpec(name), True)
    assert found.chance == pytest.approx(nearest(values.ravel()[: values.size // 3]).chance, rel=0.1)
    values[:, ::2] *= 3.0  # half of the units: they are among those that are compared
    assert not nearest(values).within_chance
    huge = np.broadcast_to(np.float32(0), (50_001, 1_000))  # larger than any kernel that can be drawn
    assert nearest(huge).spec.name == "Zeros"


def test_flat_values_take_the_given_shape():
    shape = (300, 100)
    values = drawn(NAMED["HeUniform"](*shape), shape)
    assert nearest(values.ravel(), shape) == nearest(values)
    assert nearest(values.ravel()).spec.name != "HeUniform"
    with pytest.raises(ShapeError, match=r"30,000 weights, but got \(300, 99\)"):
        nearest(values, (300, 99))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_weights_of_lower_precision_are_recognised(dtype):
    for seed in range(5):
        found = nearest(drawn(uniform(-0.05, 0.05), (784, 128), seed).astype(dtype))
        assert found.spec == InitializerSpec("RandomUniform")


def names(kernels):
    return [found and found.spec.name for found in nearest_for_all(kernels)]


def test_kernels_of_one_network_share_a_name():
    kernels = [drawn(NAMED["LecunNormal"](*shape), shape) for shape in [(784, 128), (128, 128), (128, 10)]]
    assert names(kernels) == ["LecunNormal"] * 3
    assert names(kernels[1:2]) == [nearest(kernels[1]).spec.name] == ["GlorotNormal"]  # the same law
    kernels = [drawn(normal(0.0362), (n, 20)) for n in (10, 5000)]
    alone, together = [nearest(kernel) for kernel in kernels], nearest_for_all(kernels)
    assert alone[0].spec != alone[1].spec
    assert [found.spec for found in together] == [alone[1].spec] * 2
    assert together[1] == alone[1]


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize(
    ("law", "distribution"),
    [
        (normal, "untruncated_normal"),
        (lambda std: cut(std / CUT_STD), "truncated_normal"),
        (lambda std: limit(std**2), "uniform"),
    ],
)
def test_kernels_of_one_scale_share_that_scale(law, distribution, mode):
    shapes = [(784, 128), (128, 128), (128, 10)]
    for seed in range(3):
        fans = [{"fan_in": i, "fan_out": o, "fan_avg": (i + o) / 2}[mode] for i, o in shapes]
        kernels = [drawn(law(math.sqrt(2.8 / n)), s, seed) for n, s in zip(fans, shapes, strict=True)]
        (spec,) = {one.spec for one in nearest_for_all([*kernels, np.zeros(10)])[:3]}
        assert str(spec) == f'VarianceScaling(scale=2.8, mode="{mode}", distribution="{distribution}")'
    fixed = nearest_for_all([drawn(law(0.06), shape, 7) for shape in shapes])
    (spec,) = {one.spec for one in fixed}
    assert spec.name in ("RandomNormal", "TruncatedNormal", "RandomUniform")
    assert spec.law((4, 4)).std == pytest.approx(0.06, rel=5e-3)


def test_end_of_a_truncated_law_is_not_far_beyond_the_weights():
    std = math.sqrt(2.8 / 784) / CUT_STD  # 0.06794: a rounder 0.068 ends where none of 100,352 weights are
    for seed in range(3):
        assert nearest(drawn(cut(std), (784, 128), seed)).within_chance


def test_different_laws_keep_their_names():
    shape = (300, 100)
    kernels = [drawn(NAMED[name](*shape), shape) for name in ("HeNormal", "HeUniform")]
    assert names(kernels) == ["HeNormal", "HeUniform"]
    assert names([kernels[0], np.zeros(3), np.arange(5.0)]) == ["HeNormal", "Zeros", None]
    assert names([]) == []


def test_p_is_the_smallest_of_five_tests():
    values = drawn(normal(0.05), (40, 40), 1)
    found, n = nearest(values), values.size
    distance = stats.kstwo.sf(found.distance, n)
    mean = 2 * stats.norm.sf(abs(values.mean(dtype=float)) * math.sqrt(n) / 0.05)
    low, high = stats.norm(0, 0.05).cdf([values.min(), values.max()])
    ends = [2 * min(q**n, 1 - q**n) for q in (1 - low, high)]
    variance = stats.chi2.cdf(n * values.var(dtype=float) / 0.05**2, n - 1)
    looks = [distance, mean, *ends, 2 * min(variance, 1 - variance)]
    assert found.p == pytest.approx(min(looks), rel=0.03)
    assert Nearest(found.spec, 0.01, 0.02, 3e-4).within_chance
    assert not Nearest(found.spec, 0.01, 0.02, 1e-4).within_chance
