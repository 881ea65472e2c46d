"""Draws and the catalog, against the initializers of Keras and the laws of their weights."""

import inspect
import itertools
from math import prod

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras.src.initializers import random_initializers
from support.cases import FIXED, IDS, PAIRS, RANDOM, SIZES, TEXTS

from inits.errors import InitsError, ShapeError, SpecError
from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.initializers.catalog import CATALOG, NAMES, WINDOWS, compute_fans
from inits.initializers.spec import InitializerSpec
from inits.measure.spectrum import singular_values
from inits.measure.statistics import compare, kolmogorov
from inits.seeds import SEED_COUNT, derive_seed
from inits.training.starts import draw, start_arrays

pytestmark = pytest.mark.keras

parse = InitializerSpec.parse


def test_the_catalog_is_what_keras_exports():
    exported = {
        value.__name__
        for value in vars(keras.initializers).values()
        if inspect.isclass(value) and issubclass(value, keras.initializers.Initializer)
    }
    assert set(CATALOG) == exported - {"Initializer"}


@pytest.mark.parametrize("name", CATALOG)
def test_arguments_are_those_of_keras(name):
    """Names, order, defaults, and the values that Glorot, He and Lecun fix."""
    kind, entry = getattr(keras.initializers, name), CATALOG[name]
    constructor = {name: parameter.default for name, parameter in inspect.signature(kind).parameters.items()}
    assert list(entry.signature or (p.name for p in entry.parameters)) == list(constructor)
    assert {p.name: p.default for p in (*entry.parameters, *entry.dropped)} == constructor
    assert {argument: getattr(kind(), argument) for argument in entry.fixed} == entry.fixed


@pytest.mark.parametrize("name", sorted(set(NAMES) | set(keras.src.initializers.ALL_OBJECTS_DICT)))
def test_names_resolve_as_in_keras(name):
    if name in ("Initializer", "initializer"):  # the base class, which draws nothing
        with pytest.raises(SpecError, match="is not a Keras initializer"):
            parse(name)
        return
    try:
        expected = type(keras.initializers.get(name)).__name__
    except (ValueError, KeyError):
        expected = None
    if expected is None:
        with pytest.raises(SpecError):
            parse(name)
    else:
        assert parse(name).name == expected


WRONG = (
    "constant Constant he xavier glorot Uniform Normal kaiming_uniform HE_NORMAL Zero henormal s_t_f_t lecun"
)


@pytest.mark.parametrize("name", [*WRONG.split(), "identity_initializer", "xavier_uniform"])
def test_names_that_keras_refuses_are_refused(name):
    with pytest.raises((ValueError, KeyError)):
        keras.initializers.get(name)
    with pytest.raises(SpecError):
        parse(name)


@pytest.mark.parametrize("text", TEXTS)
def test_keras_configs_read_back(text):
    spec = parse(text)
    for seed in (None, 3) if spec.random else (None,):
        config = keras.initializers.serialize(eval(spec.code(seed), {"keras": keras}))
        if spec.name == "Identity":  # Keras 3.15 loses its gain
            assert config["config"] == {}
        else:
            assert parse(config) == spec


@given(st.lists(st.integers(1, 30), min_size=0, max_size=5), st.data())
def test_fans_are_those_of_keras(shape, data):
    axes = st.none()
    if shape:
        axes |= st.lists(st.integers(-len(shape), len(shape) - 1), max_size=3)
    inputs, outputs = data.draw(axes), data.draw(axes)
    assert compute_fans(shape, inputs, outputs) == random_initializers.compute_fans(shape, inputs, outputs)


@pytest.mark.parametrize(("case", "sizes"), PAIRS, ids=IDS)
def test_draws_follow_the_law(case, sizes):
    spec = parse(case.text)
    law = spec.law(sizes.shape)
    values = draw(spec, sizes.shape, 12345)
    assert values.shape == sizes.shape
    assert values.dtype == np.float32
    low, high = law.support
    slack = 1e-6 * max(abs(low), abs(high)) if np.isfinite(low) else 0.0
    assert low - slack <= values.min() <= values.max() <= high + slack
    for row in compare(values, law, sizes.fan_in):
        assert row.errors is None or abs(row.errors) < 5, row
    gap, p = kolmogorov(values, law)
    assert gap < 2.2 / np.sqrt(values.size)
    assert p is None or p > 1e-4


def _mode(spec):
    return {**dict(spec.arguments), **spec.entry.fixed}.get("mode")


ONE_FAN = [
    spec for spec in map(parse, (case.text for case in RANDOM)) if _mode(spec) in ("fan_in", "fan_out")
]


@pytest.mark.parametrize("spec", ONE_FAN, ids=str)
@pytest.mark.parametrize("sizes", [s for s in SIZES if prod(s.shape) > 1000], ids=str)
def test_the_wrong_fan_is_told_apart_by_a_wide_margin(spec, sizes):
    values = draw(spec, sizes.shape, 1)
    swapped = spec.law((sizes.fan_out, sizes.fan_in))
    errors = {row.name: row.errors for row in compare(values, swapped)}
    assert abs(errors["std"]) > 12
    assert kolmogorov(values, swapped).p < 1e-6


def test_truncated_and_rescaled_laws_differ_by_a_wide_margin():
    values = draw(parse("TruncatedNormal"), (784, 128), 1)
    widened = parse("VarianceScaling(scale=0.0025, input_axes=[0], output_axes=[1])").law((1, 1))
    assert widened.std == pytest.approx(0.05)
    assert abs({row.name: row.errors for row in compare(values, widened)}["std"]) > 50


@pytest.mark.parametrize("shape", [(784, 128), (10, 40), (12, 12), (3, 3, 4, 8), (1, 1), (5, 1)])
def test_orthogonal_has_equal_singular_values(shape):
    kernel = draw(parse("Orthogonal(gain=-1.5)"), shape, 2)
    np.testing.assert_allclose(singular_values(kernel), 1.5, rtol=1e-5)


def test_one_entry_of_small_orthogonal_kernels_follows_the_sphere():
    """Take one entry from each kernel: these are independent, so the distance has its usual law."""
    for n in (2, 3, 5):
        values = [draw(parse("Orthogonal"), (n, n), seed)[0, -1] for seed in range(600)]
        assert kolmogorov(values, parse("Orthogonal").law((n, n))).distance < 2.2 / np.sqrt(600)
    ones = {round(float(draw(parse("Orthogonal(gain=2.0)"), (1, 1), seed)[0, 0]), 6) for seed in range(20)}
    assert ones == {-2.0, 2.0}


@pytest.mark.parametrize("text", [text for text in FIXED if not text.startswith("STFT")])
def test_fixed_kernels_are_their_atoms(text):
    for shape in [(4, 7), (1, 1), (30, 2)]:
        law = parse(text).law(shape)
        assert kolmogorov(draw(parse(text), shape, 0), law).distance < 1e-12


@pytest.mark.parametrize("window", [*WINDOWS, None])
@pytest.mark.parametrize("scaling", ["density", "spectrum", None])
def test_stft_kernels_are_the_formula(window, scaling):
    from scipy import signal

    norm = {
        "density": lambda w: np.sqrt((w**2).sum()),
        "spectrum": lambda w: np.abs(w).sum(),
        None: lambda w: 1.0,
    }
    for length, bands, periodic, side in itertools.product(
        (1, 3, 16), (2, 9), (False, True), ("real", "imag")
    ):
        spec = parse("STFT").replace(window=window, scaling=scaling, periodic=periodic, side=side)
        found = draw(spec, (length, 1, bands), 0)[:, 0]
        weight = np.ones(length) if window is None else signal.get_window(window, length, periodic)
        divisor = 1.0 if window is None else norm[scaling](weight)
        angle = 2 * np.pi * np.outer(np.arange(length), np.arange(bands)) / (2 * (bands - 1))
        wave = np.cos(angle) if side == "real" else -np.sin(angle)
        np.testing.assert_allclose(found, weight[:, None] / divisor * wave, atol=2e-5)


FAMILIES = [parse(case.text) for case in RANDOM]


@pytest.mark.parametrize(
    ("first", "second"),
    list(itertools.combinations(FAMILIES, 2)),
    ids=lambda spec: f"{spec.name}({spec.summary})",
)
def test_weights_of_one_family_are_proportional_and_others_are_not(first, second):
    shape = (40, 30)
    a, b = (draw(spec, shape, 9).astype(float) - spec.law(shape).mean for spec in (first, second))
    correlation = abs(float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())))
    if first.family == second.family:
        assert correlation == pytest.approx(1.0, abs=1e-9)
        ratio = np.median(b / a)
        np.testing.assert_allclose(b, ratio * a, atol=2e-6 * np.abs(b).max())
    else:
        assert correlation < 0.99


@pytest.mark.parametrize("spec", FAMILIES, ids=str)
def test_the_seed_decides(spec):
    first, again, other, wrapped = (
        draw(spec, (20, 30), seed) for seed in (5, np.int64(5), 6, 5 + SEED_COUNT)
    )
    np.testing.assert_array_equal(again, first)
    np.testing.assert_array_equal(wrapped, first)
    assert np.abs(other - first).max() > 0


def test_draw_refuses_seeds_shapes_and_weights_that_are_not_finite(monkeypatch):
    for seed in (1.0, True, "1", None, -1, 2**32):
        with pytest.raises(SpecError, match="seed must be a whole number"):
            draw(parse("HeNormal"), (3, 3), seed)
    for text, shape in (("Orthogonal", (3,)), ("GlorotNormal(input_axes=[0], output_axes=[2])", (3, 3))):
        with pytest.raises(ShapeError):
            draw(parse(text), shape, 0)
    values = draw(parse("zeros"), (3, 3), 0)
    values += 1  # can be changed
    assert values.sum() == 9
    broken = np.array([1.0, np.nan, np.inf])
    monkeypatch.setattr(keras.initializers, "Zeros", lambda: lambda shape, dtype: broken)
    refused = r"Weights must be finite, but got 2 NaN or infinite ones from Zeros\(\)."
    with pytest.raises(InitsError, match=refused):
        draw(parse("zeros"), (3,), 0)


def test_start_arrays_have_a_seed_for_each_layer():
    """Starts of one family draw the same numbers with the same seed."""
    network = Network(hidden=(10, 10, 10))
    arrays = start_arrays(Start(parse("he_normal"), parse("random_normal")), network, 0)
    assert [a.shape for a in arrays[2:6]] == [(10, 10), (10,), (10, 10), (10,)]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}
    assert np.abs(arrays[2] - arrays[4]).max() > 0.1
    again = start_arrays(Start(parse("glorot_normal"), parse("zeros")), network, 0)
    for one, two, (fan_in, fan_out) in zip(arrays[::2], again[::2], network.kernel_shapes, strict=True):
        np.testing.assert_allclose(one, two * np.float32(np.sqrt((fan_in + fan_out) / fan_in)), rtol=1e-5)
    assert not again[3].any()
    other = start_arrays(Start(parse("he_normal")), network, 1)
    assert not any(np.allclose(one, two) for one, two in zip(arrays[::2], other[::2], strict=True))


@given(st.integers(0, 2**40), st.lists(st.integers(-5, 5) | st.text(max_size=3), max_size=3))
def test_derived_seeds_are_seeds(seed, path):
    assert 0 <= derive_seed(seed, *path) < SEED_COUNT
    assert derive_seed(np.int64(seed), *path) == derive_seed(seed, *path)


def test_derived_seeds_differ_and_stay_the_same():
    assert (derive_seed(0), derive_seed(7, "kernel", 1)) == (995_427_723, 2_060_297_046)
    assert derive_seed(0, "kernel", 1) == derive_seed(0, "kernel", np.uint8(1))
    paths = [(), (0,), ("0",), (0, 0), ("a", "b"), ("ab",), ("a,b",), ("a", 0), (0, "a")]
    seeds = {derive_seed(seed, *path) for seed in range(2000) for path in paths}
    assert len(seeds) >= 2000 * len(paths) - 3
    for wrong in ((1.0,), (None,), (True,), ("a",), (0, 0.5)):
        with pytest.raises(SpecError, match="but got"):
            derive_seed(*wrong)
