"""Test every check of hand-made kernels in every verdict; training shows which copies stay copies."""

import math

import numpy as np
import pytest

from inits.measure.checks import LayerNumbers, PastedKernel, checks, numbers
from inits.measure.nearest import nearest
from inits.measure.symmetry import Check

SHAPES = [(784, 128), (128, 128), (128, 10)]
NAMES = ["layer 1", "layer 2", "output"]
ALL = ["Shape", "Dtype", "Finite", "Same seed", "Layers differ", "Symmetry", "Scale", "Nearest law"]
COPIES = "have the same incoming and outgoing weights as another unit and stay identical to it"
HIDDEN = "start as a copy of another unit: only their outgoing weights differ"
OUTPUTS = "start as a copy of another unit: only their targets differ"
CAST = "Keras casts them to float32."


def he(shape, seed):
    return (np.random.default_rng(seed).normal(size=shape) * math.sqrt(2 / shape[0])).astype(np.float32)


def full(value):
    return lambda shape, seed: np.full(shape, value)


def columns_alike(shape, seed):
    return np.repeat(he((shape[0], 1), seed), shape[1], axis=1)


def rows_alike(shape, seed):
    return np.repeat(he((1, shape[1]), seed), shape[0], axis=0)


def some_dead(shape, seed):
    kernel = he(shape, seed)
    kernel[:, 3:5] = -0.0
    return kernel


def layer(array, dtype="float32"):
    array = np.asarray(array, np.float32)
    return PastedKernel(array.shape, array, dtype, array.shape)


def misshapen(shape, received, dtype="float32"):
    return PastedKernel(shape, None, dtype, received)


def kernels(*draws):
    """Return one kernel for each of SHAPES; a single draw makes them all."""
    each = draws if len(draws) == 3 else draws * 3
    return [draw(shape, seed) for seed, (draw, shape) in enumerate(zip(each, SHAPES, strict=True))]


def network(*draws):
    return [layer(kernel) for kernel in kernels(*draws or (he,))]


def look(layers, name, again=None, names=NAMES) -> Check:
    (found,) = [check for check in checks(layers, again, names) if check.name == name]
    return found


def symmetry_of(*arrays) -> Check:
    return look([layer(array) for array in arrays], "Symmetry", names=[*NAMES[: len(arrays) - 1], "output"])


def names_of(found):
    return [check.name for check in found]


def test_sound_start_passes_every_check_in_order():
    found = checks(network(), he(SHAPES[0], 0), NAMES)
    assert names_of(found) == ALL
    assert {check.verdict for check in found} == {"good"}
    assert [check.words for check in found[:6]] == [
        "3 of 3 kernels have the requested shape.",
        "3 of 3 kernels are float32.",
        "118,016 of 118,016 weights are finite.",
        "100,352 of 100,352 weights of layer 1 are the same when drawn again with the same seed.",
        "0 of 3 pairs of layers begin with the same draws.",
        "0 of 266 units start as a copy of another unit.",
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


def test_layers_differ_when_only_some_weights_are_the_same():
    first, second, third = kernels(he)
    second.ravel()[:500] = 2.0 * first.ravel()[:500]
    assert look([layer(first), layer(second), layer(third)], "Layers differ").verdict == "good"


@pytest.mark.parametrize(
    ("draws", "verdict", "words"),
    [
        (
            [columns_alike, rows_alike, he],
            "bad",
            f"128 of 128 units in layer 1 {COPIES}; 128 of 128 rows in layer 2 are equal: each unit receives only the "
            "sum of its inputs.",
        ),
        ([columns_alike, he, he], "note", f"128 of 128 units in layer 1 {HIDDEN}."),
        (
            [he, some_dead, columns_alike],
            "note",
            "2 of 128 units in layer 2 have only zeros as weights: with ReLU they never learn; "
            f"10 of 10 units in output {OUTPUTS}.",
        ),
        (
            [rows_alike, he, he],
            "note",
            "784 of 784 rows in layer 1 are equal: each unit receives only the sum of its inputs.",
        ),
        *(
            (
                [full(value)] * 3,
                "bad",
                f"128 of 128 units in layer 1, 128 of 128 units in layer 2 {COPIES}; "
                f"10 of 10 units in output {OUTPUTS}.",
            )
            for value in (0.0, 0.1, 1.0)
        ),
    ],
)
def test_symmetry_of_whole_kernels(draws, verdict, words):
    found = look(network(*draws), "Symmetry")
    assert (found.verdict, found.words) == (verdict, words)


def test_symmetry_of_single_units():
    first, second, third = kernels(he)
    third[:, 2], third[:, 6] = 0.0, -0.0  # equal; outputs without weights do learn
    assert symmetry_of(first, second, third).words == f"2 of 10 units in output {OUTPUTS}."
    third[:, 2] = 1.0
    assert symmetry_of(first, second, third).verdict == "good"
    first[:, 9], second[9] = first[:, 4], second[4]
    found = symmetry_of(first, second, third)
    assert (found.verdict, found.words) == ("bad", f"2 of 128 units in layer 1 {COPIES}.")


def test_channels_of_a_convolution_are_units():
    first, second = he((3, 3, 2, 8), 0), he((3, 3, 8, 4), 1)
    first[..., 5], second[:, :, 5] = first[..., 1], second[:, :, 1]
    assert symmetry_of(first, second).words == f"2 of 8 units in layer 1 {COPIES}."
    second[0, 0, 5, 0] += 1.0
    assert symmetry_of(first, second).verdict == "note"


def trained(first, second, steps=50):
    """Return the first of two Dense layers after gradient descent with tanh and squared error, by NumPy alone."""
    rng = np.random.default_rng(0)
    first, second = first.astype(np.float64), second.astype(np.float64)
    inputs, targets = rng.normal(size=(64, first.shape[0])), rng.normal(size=(64, second.shape[1]))
    for _ in range(steps):
        hidden = np.tanh(inputs @ first)
        error = hidden @ second - targets
        back = (error @ second.T) * (1.0 - hidden**2)
        second, first = second - 0.01 * hidden.T @ error, first - 0.01 * inputs.T @ back
    return first


@pytest.mark.parametrize(
    ("first", "second", "words", "separate"),
    [
        (columns_alike, rows_alike, COPIES, False),
        (full(0.1), full(0.1), COPIES, False),
        (columns_alike, he, HIDDEN, True),
    ],
)
def test_training_separates_the_copies_that_the_check_says_it_does(first, second, words, separate):
    pair = [first((6, 5), 1).astype(np.float32), second((5, 3), 2).astype(np.float32)]
    assert words in symmetry_of(*pair).words
    assert (np.ptp(trained(*pair), axis=1).max() > 1e-3) == separate


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
    found = look(network(*draws), "Nearest law")
    assert found.verdict == verdict
    assert found.words.startswith(start)
    assert part in found.words


def test_nearest_law_mentions_what_the_distance_does_not_show():
    kernel = np.random.default_rng(0).normal(0, 0.05, (40, 40))
    kernel[0, 0] = 0.5  # ten standard deviations
    found = look([layer(kernel)], "Nearest law", names=["only"])
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
