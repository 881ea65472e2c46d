"""Test every check of hand-made kernels in every verdict; that of symmetry is in test_symmetry.py."""

import math

import numpy as np
import pytest
from support.kernels import (
    NAMES,
    SHAPES,
    full,
    he,
    kernels,
    layer,
    look,
    misshapen,
    names_of,
    network,
)

from inits.measure.checks import LayerNumbers, checks, numbers
from inits.measure.nearest import nearest

ALL = ["Shape", "Dtype", "Finite", "Same seed", "Layers differ", "Symmetry", "Scale", "Nearest distribution"]
CAST = "Keras casts them to float32."


def test_sound_start_passes_every_check_in_order():
    found = checks(network(), he(SHAPES[0], 0), NAMES)
    assert names_of(found) == ALL
    assert {check.verdict for check in found} == {"good"}
    assert [check.words for check in found[:6]] == [
        "3 of 3 kernels have the requested shape.",
        "3 of 3 kernels are float32.",
        "118,016 of 118,016 weights are finite.",
        "100,352 of 100,352 weights of layer 1 are the same when drawn again with the same seed.",
        "No two kernels begin with the same draws.",
        "No unit of 266 starts as a copy of another unit.",
    ]


def test_each_check_is_one_sentence_of_plain_text():
    odd = he(SHAPES[1], 1)
    odd[0, :3] = np.nan
    for layers in (network(), network(full(1.0)), [layer(odd)] * 3):
        for check in checks(layers, he(SHAPES[0], 9), NAMES):
            assert check.words.endswith(".")
            assert ". " not in check.words
            assert not set("`*-!") & set(check.words.replace("minval=-", "")), check.words


def test_checks_without_data_are_left_out():
    wrong = [misshapen(shape, ()) for shape in SHAPES]
    assert names_of(checks(wrong, he(SHAPES[0], 0), NAMES)) == ["Shape", "Dtype"]
    assert checks([], None, []) == ()
    alone = names_of(checks(network()[:1], None, NAMES[:1]))
    assert alone == [name for name in ALL if name not in ("Same seed", "Layers differ")]
    for draw in (full(0.0), full(1.0), lambda shape, seed: np.eye(*shape)):  # nothing is drawn: may be equal
        assert "Layers differ" not in names_of(checks(network(draw), None, NAMES))


def test_shape_names_the_first_wrong_layers():
    first, second, third = network()
    found = look([misshapen((784, 128), (128, 784)), second, third], "Shape")
    advice = "return an array of the shape that the function is given."
    assert found.verdict == "bad"
    assert found.words == (
        f"1 of 3 kernels has another shape: layer 1 has 128 × 784, not 784 × 128; {advice}"
    )
    single = misshapen((128, 10), (), "float64")
    assert "output has no dimensions, not 128 × 10" in look([first, second, single], "Shape").words
    wrong, names = [misshapen((4, 4), (4,))] * 21, [f"layer {index}" for index in range(21)]
    assert "layer 2 has 4, not 4 × 4 and 18 more;" in look(wrong, "Shape", names=names).words


@pytest.mark.parametrize(
    ("dtypes", "verdict", "words"),
    [
        (["float32"] * 3, "good", "3 of 3 kernels are float32."),
        (["float64"] * 3, "note", f"3 of 3 kernels are float64: {CAST}"),
        (["float32", "bfloat16", "float32"], "note", f"1 of 3 kernels is bfloat16 with 2 digits: {CAST}"),
        (["float16"] * 3, "note", f"3 of 3 kernels are float16 with 3 digits: {CAST}"),
        (["int64"] * 3, "note", f"3 of 3 kernels are int64 without fractions: {CAST}"),
        (["bool"] * 3, "note", f"3 of 3 kernels are bool without fractions: {CAST}"),
        (
            ["float64", "complex128", "float32"],
            "bad",
            "1 of 3 kernels is complex128: return real numbers, as float32.",
        ),
        (["object"] * 3, "bad", "3 of 3 kernels are object: return real numbers, as float32."),
    ],
)
def test_dtype(dtypes, verdict, words):
    layers = [layer(he(shape, 0), dtype) for shape, dtype in zip(SHAPES, dtypes, strict=True)]
    found = look(layers, "Dtype")
    assert (found.verdict, found.words) == (verdict, words)


def test_weights_that_are_not_finite_are_counted_by_layer():
    first, second, third = kernels(he)
    first[3, :5], first[4, :2], third[0, 0] = np.nan, -np.inf, np.inf
    found = checks([layer(first), layer(second), layer(third)], first, NAMES)
    assert (found[2].verdict, found[2].words) == (
        "bad",
        "8 of 118,016 weights are not finite: 5 NaN and 2 infinite in layer 1, 1 infinite in output; look for a "
        "division by 0, or the root or logarithm of a negative number.",
    )
    assert found[3].verdict == "good"  # NaN comes again where it was
    assert "layer 1" not in found[-1].words


def test_same_seed_is_compared_bit_by_bit():
    again = he(SHAPES[0], 0)
    again[0, 0] = np.nextafter(again[0, 0], np.float32(1))
    found = look(network(), "Same seed", again)
    assert (found.verdict, found.words) == (
        "bad",
        "1 of 100,352 weights of layer 1 differ when drawn again with the same seed; draw with np.random or "
        "keras.random, which are seeded before every kernel.",
    )
    other = look(network(), "Same seed", he(SHAPES[0], 7)).words
    assert other.startswith("100,352 of 100,352 weights of layer 1 differ")
    shorter = look(network(), "Same seed", np.zeros((2, 3), np.float32))
    assert shorter.verdict == "bad"
    assert "has 2 × 3 when drawn again, not 784 × 128" in shorter.words


@pytest.mark.parametrize(
    ("draw", "pairs"),
    [
        (lambda shape, seed: he(shape, 0), 3),  # the same draws, scaled by fan_in
        (lambda shape, seed: np.random.default_rng(0).uniform(size=shape), 3),
        (lambda shape, seed: he(shape, min(seed, 1)), 1),
    ],
)
def test_generator_that_is_seeded_in_every_call_is_found(draw, pairs):
    found = look(network(draw), "Layers differ")
    assert found.verdict == "bad"
    assert found.words.startswith(f"{pairs} of 3 pairs of layers begin with the same draws: ")
    assert "layer 2 and output; do not seed a generator" in found.words


def test_one_initializer_object_is_no_seeded_function():
    """An object of Keras 3 repeats its draws by design, so the advice is another."""
    layers = network(lambda shape, seed: he(shape, 0))
    found = {check.name: check for check in checks(layers, None, NAMES, one_object=True)}["Layers differ"]
    assert found.verdict == "note"
    assert (
        "one initializer object draws the same values at every call: use one object for each layer"
        in found.words
    )
    assert "inside the function" not in found.words


def test_layers_differ_when_only_some_weights_are_the_same():
    first, second, third = kernels(he)
    second.ravel()[:500] = 2.0 * first.ravel()[:500]
    assert look([layer(first), layer(second), layer(third)], "Layers differ").verdict == "good"


@pytest.mark.parametrize(
    ("draw", "verdict", "part"),
    [
        (he, "good", "std 0.126)."),
        (full(0.0), "note", "where it is 0, all weights of a layer are equal"),
        (
            lambda shape, seed: np.random.default_rng(seed).normal(0, 0.05, shape),
            "note",
            "the largest is 6.2 times the smallest, because the std does not depend on fan_in, 128 to 784.",
        ),
        (lambda shape, seed: he(shape, seed) * 3**seed, "note", "times the smallest."),
        (
            lambda shape, seed: he(shape, seed) + 0.5 / math.sqrt(shape[0]),
            "note",
            "σ_w² excludes the mean, which is not 0 in layer 1, layer 2, output",
        ),
    ],
)
def test_scale(draw, verdict, part):
    found = look(network(draw), "Scale")
    assert found.verdict == verdict
    assert part in found.words


def test_scale_gives_the_numbers_of_every_layer():
    kernel = np.array([[1, -1], [3, -3]], np.float32)  # variance 5, fan_in 2
    found = look([layer(kernel), layer(2 - kernel[:, :1])], "Scale", names=["hidden", "output"])
    assert found.words == (
        "σ_w² is 10 in hidden (mean 0, std 2.24), 2 in output (mean 0, std 1); the largest is 5 times the smallest."
    )


def sharp(shape, seed):
    return np.random.default_rng(3).uniform(-0.05, 0.05, shape)


@pytest.mark.parametrize(
    ("draws", "verdict", "start", "part"),
    [
        ([he], "good", "3 of 3 kernels are consistent with VarianceScaling(scale=2.0, ", "by chance up to"),
        (
            [he, sharp, he],
            "good",
            "3 of 3 kernels are consistent with an initializer of Keras: ",
            "layer 2 from RandomUniform(minval=-0.05, maxval=0.05) at distance 0.0",
        ),
        ([full(0.1)], "good", "3 of 3 kernels are Constant(value=0.1), exactly.", ""),
        (
            [lambda shape, seed: 0.05 * np.random.default_rng(seed).standard_t(3, shape)],
            "note",
            "0 of 3 kernels are consistent with ",
            ", the nearest: layer 1",
        ),
    ],
)
def test_nearest_law(draws, verdict, start, part):
    found = look(network(*draws), "Nearest distribution")
    assert found.verdict == verdict
    assert found.words.startswith(start)
    assert part in found.words


def test_nearest_law_mentions_what_the_distance_does_not_show():
    kernel = np.random.default_rng(0).normal(0, 0.05, (40, 40))
    kernel[0, 0] = 0.5  # ten standard deviations
    found = look([layer(kernel)], "Nearest distribution", names=["only"])
    assert found.verdict == "note"
    assert "but chance does not explain its mean, std or range" in found.words


def test_numbers_are_those_of_numpy():
    layers = [*network()[:2], misshapen((128, 10), ())]
    rows = numbers(layers, NAMES)
    assert [row.name for row in rows] == NAMES[:2]
    for row, one in zip(rows, layers, strict=False):
        wide = one.array.astype(np.float64)
        assert row.shape == one.shape
        assert (row.min, row.max) == (wide.min(), wide.max())
        assert row.mean == pytest.approx(wide.mean(), abs=1e-12)
        assert row.std == pytest.approx(wide.std())
        assert row.sigma_w2 == pytest.approx(one.shape[0] * wide.var())
    assert rows[0].nearest.distance == pytest.approx(nearest(layers[0].array).distance, abs=0.005)
    (odd,) = numbers([layer([[np.nan, 1.0], [3.0, np.inf]])], ["only"])
    assert odd == LayerNumbers("only", (2, 2), 2.0, 1.0, 2.0, 1.0, 3.0, None)
