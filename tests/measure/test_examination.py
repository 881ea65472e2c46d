"""Test measurements of a kernel against NumPy and SciPy on the same draw."""

import numpy as np
import pytest
from scipy import stats
from support.cases import fits

from inits.errors import ShapeError
from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.initializers.catalog import CATALOG
from inits.initializers.spec import InitializerSpec
from inits.measure.examination import BLOCK, MAX_SINGULAR, TILES, measure, measure_layer
from inits.training.draw import examine, examine_network
from inits.training.starts import draw, start_arrays

pytestmark = pytest.mark.keras

parse = InitializerSpec.parse
SHAPES = [(784, 40), (3, 3, 8, 20), (300,), (16, 1, 9), (50, 50)]


CASES = [(spec, shape) for spec in map(InitializerSpec, CATALOG) for shape in SHAPES if fits(spec, shape)]


@pytest.fixture(scope="module", params=CASES, ids=[f"{spec.name}-{shape}" for spec, shape in CASES])
def case(request):
    """Return an initializer, its examination, and the same draw in float64."""
    spec, shape = request.param
    return spec, examine(spec, shape, 5), draw(spec, shape, 5).astype(np.float64)


def test_every_initializer_is_examined():
    assert {spec.name for spec, _ in CASES} == set(CATALOG)


def test_numbers_are_those_of_the_draw(case):
    spec, found, kernel = case
    summary, law = found.summary, spec.law(kernel.shape)
    assert (summary.count, summary.nan, summary.inf) == (kernel.size, 0, 0)
    expected = {"mean": kernel.mean(), "std": kernel.std(), "min": kernel.min(), "max": kernel.max()}
    assert {name: getattr(summary, name) for name in expected} == pytest.approx(expected, rel=1e-6, abs=1e-12)
    rows = {row.name: row for row in found.rows}
    if law is None:
        assert rows == {}
        return
    expected["sigma_w^2"] = spec.fans(kernel.shape)[0] * kernel.var()
    assert {name: rows[name].measured for name in expected} == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert rows["std"].theory == pytest.approx(law.std)


def test_histogram_and_spectrum_are_those_of_the_draw(case):
    _, found, kernel = case
    assert (found.edges.dtype, found.density.dtype) == (np.float64, np.float64)
    if kernel.min() < kernel.max():
        density, edges = np.histogram(kernel, len(found.density), density=True)
        np.testing.assert_allclose(found.edges, edges, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(found.density, density, rtol=1e-5)
    else:
        assert found.edges[0] < kernel.min() < found.edges[-1]
        assert np.sum(found.density * np.diff(found.edges)) == pytest.approx(1, rel=1e-4)
    values = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)
    np.testing.assert_allclose(found.singular, values, rtol=1e-5, atol=1e-6)


def test_distance_to_the_law(case):
    spec, found, kernel = case
    law = spec.law(kernel.shape)
    if law is None:
        assert (found.distance, found.p, len(found.shares), len(found.theory)) == (None, None, 0, 0)
    elif law.atoms:
        assert found.distance == pytest.approx(0, abs=1e-9)
        assert (found.p, len(found.theory), len(found.drawn)) == (None, 0, 0)
        shares = [np.mean(np.isclose(kernel, value)) for value, _ in law.atoms]
        np.testing.assert_allclose(found.shares, shares, rtol=1e-6)
        assert found.shares.sum() == pytest.approx(1)
    else:
        assert found.distance == pytest.approx(stats.kstest(kernel.ravel(), law.cdf).statistic)
        assert (found.p is not None) == law.independent
        assert found.p is None or found.p > 1e-4
        levels = (np.arange(len(found.theory)) + 0.5) / len(found.theory)
        np.testing.assert_allclose(found.theory, law.ppf(levels), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(found.drawn, np.quantile(kernel, levels, method="hazen"), rtol=1e-6)
        assert len(found.shares) == 0


def test_pictures_are_the_kernel(case):
    _, found, kernel = case
    matrix, step = kernel.reshape(-1, kernel.shape[-1]), found.scale / 127
    np.testing.assert_allclose(found.block * step, matrix[:BLOCK, :BLOCK], atol=0.501 * step)
    if len(matrix) == 784:
        units = matrix[:, :TILES].T.reshape(-1, 28, 28)
        assert found.tiles.shape == units.shape
        np.testing.assert_allclose(found.tiles * step, units, atol=0.501 * step)
    else:
        assert found.tiles is None


def test_scale_includes_the_largest_weight_of_tiles_and_block():
    kernel = np.zeros((784, 40), np.float32)
    kernel[783, 3], kernel[0, 39] = 5.0, -1.0
    found = measure(kernel, parse("Zeros()"))
    assert found.tiles[3, 27, 27] * found.scale / 127 == pytest.approx(5)
    assert found.block[0, 39] * found.scale / 127 == pytest.approx(-1, abs=found.scale / 254)
    zeros = measure(np.zeros((784, 3), np.float32), parse("Zeros()"))
    assert (zeros.scale, zeros.block.any(), zeros.tiles.any()) == (1, False, False)


def test_another_seed_is_another_draw():
    one, two, again = (examine(parse("HeNormal()"), (20, 20), seed).summary for seed in (0, 1, 0))
    assert one.mean != two.mean
    assert one == again


def test_limits_of_size_and_shape():
    kernel = np.zeros((MAX_SINGULAR + 1, MAX_SINGULAR + 1), np.float32)
    assert measure(kernel, parse("Zeros()")).singular is None
    assert len(measure(kernel[:, :5], parse("Zeros()")).singular) == 5
    with pytest.raises(ShapeError, match="Orthogonal needs a shape"):
        examine(parse("Orthogonal()"), (5,), 0)


@pytest.mark.parametrize("text", ["HeNormal()", "Orthogonal()", "Identity(gain=3.0)", "Zeros()"])
def test_network_is_drawn_as_training_draws_it(text):
    spec, net = parse(text), Network((30, 30))
    rows = examine_network(spec, net.layer_names, net.kernel_shapes, seed=4)
    kernels = start_arrays(Start(spec), net, 4)[::2]
    assert [row.name for row in rows] == list(net.layer_names)
    for row, kernel in zip(rows, kernels, strict=True):
        fan_in, fan_out = kernel.shape
        assert (row.shape, row.fan_in, row.fan_out) == (kernel.shape, fan_in, fan_out)
        assert (row.low, row.high) == (kernel.min(), kernel.max())
        assert row.std == pytest.approx(kernel.std(dtype=np.float64))
        assert row.gain == pytest.approx(fan_in * kernel.var(dtype=np.float64))
        assert row.theory_std == pytest.approx(spec.law(kernel.shape).std)
        assert row.theory_gain == pytest.approx(fan_in * row.theory_std**2)
        assert row.counts.sum() == kernel.size
        if row.low < row.high:
            counts, _ = np.histogram(kernel.astype(np.float64), len(row.counts))
            np.testing.assert_array_equal(row.counts, counts)


def test_layer_without_a_law_has_no_theory():
    spec = parse("STFT()")
    row = measure_layer("wave", draw(spec, (9, 1, 5), 0), spec)
    assert (row.theory_std, row.theory_gain) == (None, None)


@pytest.mark.parametrize(
    ("kernel", "first", "last"),
    [
        ([1, np.nextafter(np.float32(1), np.float32(2))], 1, 1),
        ([0, 1e-45], 1, 1),
        ([-3e38, 3e38], 1, 1),
        ([0.0] * 8, 8, 0),
        ([1.0] * 8, 8, 0),
        ([-1e30] * 8, 8, 0),
    ],
)
def test_histogram_of_a_layer_of_equal_nearly_equal_or_huge_weights(kernel, first, last):
    values = np.array([kernel], np.float32)
    row = measure_layer("one", values, parse("Zeros()"))
    assert (row.counts[0], row.counts[-1], row.counts.sum(), len(row.counts)) == (
        first,
        last,
        len(kernel),
        64,
    )
    assert (row.low, row.high) == (values.min(), values.max())
    assert (row.std == 0) == (last == 0)
