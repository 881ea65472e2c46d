"""Test measurements of an array of a weight file against NumPy, SciPy and real Keras layers."""

import json
from dataclasses import fields

import numpy as np
import pytest
from scipy import stats

from inits.initializers.spec import InitializerSpec
from inits.measure import array_summary, statistics
from inits.measure.array_summary import BINS, ArraySummary, as_keras
from inits.measure.nearest import nearest

SHAPES = [(), (1,), (7,), (30,), (6, 4), (4, 6), (5, 1), (1, 5), (3, 3, 2, 4), (3, 2, 5), (2, 2, 2, 3, 2)]
DTYPES = ["float16", "float32", "float64", "int8", "int32", "uint16", "int64"]
# Squares of singular values are exact to a few float64 roundings of the largest; this is their root.
ROUNDING = 1e-7
rng = np.random.default_rng(3)


def measured(array, kind: str = "", name: str = "kernel") -> ArraySummary:
    return array_summary.summarize_array("layer", name, kind, np.asarray(array))


def drawn(shape, dtype) -> np.ndarray:
    """Return values of both signs, some of them equal."""
    values = np.random.default_rng(len(shape)).normal(2.0, 9.0, shape)
    return np.asarray(np.abs(values) if dtype.startswith("u") else values).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_numbers_are_those_of_numpy_and_scipy(shape, dtype):
    values = drawn(shape, dtype)
    wide, found = values.astype(np.float64), measured(values)
    assert (found.shape, found.dtype) == (shape, dtype)
    assert (found.summary.count, found.summary.nan, found.summary.inf) == (wide.size, 0, 0)
    assert found.edges == (found.summary.min, found.summary.max) == (wide.min(), wide.max())
    assert (found.summary.mean, found.summary.std) == pytest.approx((wide.mean(), wide.std()), abs=1e-12)
    if wide.std():
        assert found.summary.kurtosis == pytest.approx(stats.kurtosis(wide, axis=None), rel=1e-9)
        assert list(found.counts) == np.histogram(wide, BINS)[0].tolist()
    else:
        assert found.summary.kurtosis is None
        assert found.counts == (wide.size, *[0] * (BINS - 1))
    assert found.nearest == (nearest(values) if shape else None)
    assert found.is_kernel == (len(shape) > 1)
    if found.is_kernel:
        matrix = wide.reshape(-1, shape[-1])
        exact = np.linalg.svd(matrix, compute_uv=False)
        assert found.singular.dtype == np.float32
        np.testing.assert_allclose(found.singular, exact, rtol=ROUNDING, atol=ROUNDING * exact[0])
        assert (found.decomposed, found.units) == (matrix.shape, shape[-1])
        assert found.sigma_w2 == pytest.approx(np.prod(shape[:-1]) * wide.var())


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8"])
def test_smallest_integer_has_singular_values(dtype):
    values = np.full((3, 3), np.iinfo(dtype).min or 255, dtype)
    exact = 3.0 * abs(float(values[0, 0]))
    np.testing.assert_allclose(measured(values).singular, [exact, 0.0, 0.0], atol=ROUNDING * exact)


@pytest.mark.parametrize("scale", [1e-38, 1e-20, 1e20, 1e36])
@pytest.mark.parametrize("shape", [(40, 30), (30, 40), (30, 30)])
@pytest.mark.parametrize("rank", [30, 3])
def test_singular_values_neither_over_nor_underflow(shape, rank, scale):
    values = rng.normal(size=(shape[0], rank)) @ rng.normal(size=(rank, shape[1])) * scale
    exact = np.linalg.svd(values, compute_uv=False)
    found = measured(values).singular
    assert (np.diff(found) <= 0).all()
    np.testing.assert_allclose(found, exact, rtol=ROUNDING, atol=ROUNDING * exact[0])
    assert (measured(values).bulk is None) == (rank == 3)


@pytest.mark.parametrize("scale", [1e200, 1e308])
def test_singular_values_beyond_float32_are_none_or_0(scale):
    values = rng.uniform(-1.0, 1.0, (30, 20))
    large, small = measured(scale * values), measured(values / scale)
    assert (large.singular, large.decomposed, large.bulk) == (None, (), None)
    assert (small.singular.tolist(), small.bulk) == ([0.0] * 20, None)
    assert ArraySummary.from_dict(json.loads(json.dumps(large.to_dict()))).units == 20


@pytest.mark.parametrize(
    "values",
    [
        [1.0, np.nextafter(1.0, 2.0)],  # so near that no bins fit between
        [5e-324, 1e-323],
        [1.0, np.nextafter(np.float32(1), np.float32(2))],
        [-1.7e308, 1.7e308],  # so far that the distance is infinite
        *([value, value] for value in (0.0, -0.0, 2.5, -3)),
    ],
    ids=str,
)
def test_every_value_is_counted_at_any_distance(values):
    found = measured([values, [values[0], values[0]]])
    assert found.edges == (min(values), max(values))
    assert (sum(found.counts), len(found.counts)) == (4, BINS)
    if values[0] == values[1]:
        assert found.counts[0] == 4


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_values_that_are_not_finite_are_counted_separately(odd, dtype):
    values = drawn((8, 5), dtype)
    values[1, 2] = values[7, 0] = odd
    finite = values[np.isfinite(values)].astype(np.float64)
    found = measured(values)
    assert (found.summary.nan, found.summary.inf) == ((2, 0) if np.isnan(odd) else (0, 2))
    assert found.edges == (finite.min(), finite.max())
    assert list(found.counts) == np.histogram(finite, BINS)[0].tolist()
    assert (found.singular, found.decomposed, found.bulk, found.nearest) == (None, (), None, None)
    assert (found.units, found.dead, found.constant) == (5, 0, 0)
    nothing = measured(np.full((2, 2), odd, dtype))
    assert (nothing.edges, sum(nothing.counts)) == ((0.0, 0.0), 0)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)])
def test_empty_array_is_not_a_kernel(shape):
    found = measured(np.zeros(shape, np.float32))
    assert (found.summary.count, sum(found.counts), found.edges) == (0, 0, (0.0, 0.0))
    assert (found.is_kernel, found.sigma_w2, found.bulk, found.nearest) == (False, None, None, None)


@pytest.mark.parametrize("shape", [(9, 20), (3, 3, 4, 20), (2, 3, 20)])
def test_dead_and_constant_units_are_counted(shape):
    values = rng.normal(size=shape).astype(np.float32)
    values[..., [1, 17]] = 0.0
    values[..., 5] = -0.0
    values[..., [0, 3, 8, 19]] = [0.25, -1.0, 3.0, 1e-30]
    values[..., 10], values[..., 11] = 0.0, 1.0
    values[(0,) * (len(shape) - 1)][10] = 1e-30  # one weight is enough to live
    values[(-1,) * (len(shape) - 1)][11] = 1.0000001
    found = measured(values)
    assert (found.units, found.dead, found.constant) == (20, 3, 4)
    assert measured(rng.normal(size=shape)).dead == 0


@pytest.mark.parametrize(
    ("kind", "name", "field", "units"),
    [
        # Each channel of a depthwise kernel is a unit.
        ("DepthwiseConv2D", "kernel", (3, 3), 12),
        ("SeparableConv2D", "depthwise_kernel", (3, 3), 12),
        ("DepthwiseConv1D", "kernel", (5,), 12),
        ("SeparableConv1D", "depthwise_kernel", (5,), 12),
        # A transposed kernel has its units before its inputs.
        ("Conv1DTranspose", "kernel", (3,), 6),
        ("Conv2DTranspose", "kernel", (3, 3), 6),
        ("Conv3DTranspose", "kernel", (3, 3, 3), 6),
    ],
)
def test_units_of_depthwise_and_transposed_kernels(kind, name, field, units):
    values = rng.normal(size=(*field, 6, 2))
    values[..., 4, 1] = 0.0
    values[..., 2, :] = 0.5
    if units == 6:
        values[..., 4, :] = 0.0
    found = measured(values, kind, name)
    assert (found.units, found.dead, found.constant) == (units, 1, units // 6)


def test_embeddings_and_biases_have_no_units():
    assert not measured(rng.normal(size=(30, 4)), "Embedding", "embeddings").is_kernel
    bias = measured(np.zeros(30), "Dense", "bias")
    assert not bias.is_kernel
    assert bias.default == InitializerSpec("Zeros")


def test_some_units_of_a_large_kernel_are_decomposed(monkeypatch):
    monkeypatch.setattr(array_summary, "MAX_SIDE", 60)
    for shape in [(200, 60), (60, 200), (3, 25, 60)]:
        assert measured(rng.normal(size=shape)).decomposed == (np.prod(shape[:-1]), shape[-1])
    values = np.arange(1.0, 101.0) * np.linalg.qr(rng.normal(size=(200, 100)))[0]  # columns at right angles
    found = measured(values)
    assert (found.decomposed, found.units, found.singular.shape) == ((200, 60), 100, (60,))
    chosen = np.rint(found.singular)  # each of them the length of a column, none twice
    np.testing.assert_allclose(found.singular, chosen, rtol=1e-6)
    assert len(set(chosen)) == 60
    assert chosen.min() >= 1
    assert chosen.min() < 41  # neither the last 60 nor the first: by chance that hardly happens
    assert chosen.max() > 60
    np.testing.assert_array_equal(measured(values).singular, found.singular)


def test_size_of_pieces_makes_no_difference(monkeypatch):
    values = rng.normal(size=(70, 30))
    values[3, 4] = 9.0
    whole = measured(values)
    monkeypatch.setattr(array_summary, "PIECE", 64)
    monkeypatch.setattr(statistics, "PIECE", 64)
    parts = measured(values)
    assert parts.counts == whole.counts
    np.testing.assert_allclose(parts.singular, whole.singular, rtol=1e-6)
    assert parts.summary.std == pytest.approx(whole.summary.std, rel=1e-12)


KEPT = [
    rng.normal(size=(20, 30)).astype(np.float32),
    np.array([[np.nan, 1.0], [2.0, np.inf]]),
    np.zeros((0, 3), np.float16),
    np.float32(3.5),
    np.full((3, 4), 7, np.int32),
    np.arange(5),
    np.full((2, 2), np.nan),
]


@pytest.mark.parametrize("values", KEPT, ids=lambda one: f"{one.dtype} {one.shape}")
def test_json_keeps_every_field(values):
    before = measured(values, "Dense")
    after = ArraySummary.from_dict(json.loads(json.dumps(before.to_dict())))
    for field in fields(ArraySummary):
        ours, theirs = getattr(after, field.name), getattr(before, field.name)
        if field.name == "singular" and theirs is not None:
            assert ours.dtype == np.float32
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)
        else:
            assert repr(ours) == repr(theirs)  # nan is nan
    assert (after.bulk is None) == (before.bulk is None)
    assert after.default == InitializerSpec("GlorotUniform")


def convolved(images, weight):
    """Return an unpadded convolution as torch.nn.functional computes it: images (n, in, ...), weight (out, in, ...)."""
    field, space = weight.shape[2:], images.shape[2:]
    size = [side - reach + 1 for side, reach in zip(space, field, strict=True)]
    out = np.zeros((len(images), len(weight), *size))
    for place in np.ndindex(*size):
        patch = images[(..., *(slice(at, at + n) for at, n in zip(place, field, strict=True)))]
        for unit in range(len(weight)):
            out[(slice(None), unit, *place)] = (patch * weight[unit]).reshape(len(images), -1).sum(1)
    return out


@pytest.mark.keras
@pytest.mark.parametrize("field", [(), (3,), (2, 3), (2, 3, 2)])
def test_transposed_kernel_computes_in_keras_what_it_did_in_pytorch(field):
    from keras import layers

    weight = rng.normal(size=(4, 3, *field)).astype(np.float32)
    images = rng.normal(size=(2, 3, *(6, 7, 4)[: len(field)])).astype(np.float32)
    expected = convolved(images, weight) if field else images @ weight.T
    layer = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D)[len(field)](
        4, *([field] if field else [])
    )
    last = np.moveaxis(images, 1, -1)
    layer.build(last.shape)
    layer.set_weights([as_keras("weight", weight, "torch"), np.zeros(4)])
    found = np.moveaxis(np.asarray(layer(last)), -1, 1)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "layout", "shape", "turned"),
    [
        ("weight", "torch", (2, 3), (3, 2)),
        ("weight", "torch", (2, 3, 5), (5, 3, 2)),
        ("weight", "torch", (2, 3, 5, 7), (5, 7, 3, 2)),
        ("weight", "torch", (2, 3, 5, 7, 9), (5, 7, 9, 3, 2)),
        ("weight", "torch", (2,), (2,)),
        ("weight", "torch", (), ()),
        ("weight", "", (2, 3), (2, 3)),
        ("kernel", "torch", (2, 3), (2, 3)),
        ("bias", "torch", (2,), (2,)),
    ],
)
def test_only_kernels_of_pytorch_are_transposed(name, layout, shape, turned):
    assert as_keras(name, np.zeros(shape), layout).shape == turned


def test_tiny_values_beside_large_ones_cause_no_underflow():
    """Processors take 15 times as long for numbers that are nearly zero."""
    kernel = np.random.default_rng(0).normal(size=(40, 30)) * np.where(np.arange(30) < 15, 1.0, 1e-200)
    with np.errstate(under="raise"):
        found = array_summary._singular(kernel)
    np.testing.assert_allclose(found[:15], np.linalg.svd(kernel)[1][:15], rtol=1e-6)
