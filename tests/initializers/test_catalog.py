"""The catalog: its entries, their fans and their formulas in words."""

import math

import numpy as np
import pytest
from scipy import signal
from support.cases import IDS, PAIRS, SIZES, TEXTS

from inits.initializers.argument_checks import ZERO_AT_BOTH_ENDS
from inits.initializers.catalog import CATALOG, NAMES, WINDOWS, compute_fans
from inits.initializers.shapes import flattened
from inits.initializers.spec import InitializerSpec

parse = InitializerSpec.parse


@pytest.mark.parametrize("name", CATALOG)
def test_an_entry_is_complete(name):
    entry = CATALOG[name]
    assert entry.name == name == NAMES[name]
    assert entry.summary.endswith(".")
    assert entry.page.startswith("https://keras.io/")
    assert bool(entry.paper) == entry.source.startswith("http")
    assert entry.random == ("seed" in {p.name for p in entry.dropped})


def test_fans_and_flattened_shapes():
    for sizes in SIZES:
        assert (
            compute_fans(sizes.shape) == parse("HeNormal").fans(sizes.shape) == (sizes.fan_in, sizes.fan_out)
        )
    assert compute_fans((2, 3, 5), [0, 1], [-1]) == (6, 5)
    assert compute_fans((2, 3, 5), [0], None) == compute_fans((2, 3, 5)) == (6, 10)
    assert compute_fans(()) == (1, 1)
    assert parse("GlorotNormal(input_axes=[0, 1], output_axes=[2])").fans((2, 3, 5)) == (6, 5)
    law = parse("GlorotNormal(input_axes=[0], output_axes=[-1])").law((2, 3, 5))
    assert law.std == pytest.approx(math.sqrt(2 / (2 + 5)))
    assert flattened((3, 3, 16, 32)) == (144, 32)
    assert flattened((7,)) == (1, 7)
    assert parse("STFT").law((8, 1, 5)) is None


# The table of sigma_w^2 = fan_in * variance that the app teaches with.
GAINS = {
    "GlorotUniform": (1.72, 1.00, 1.86),
    "GlorotNormal": (1.72, 1.00, 1.86),
    "HeNormal": (2.0, 2.0, 2.0),
    "LecunUniform": (1.0, 1.0, 1.0),
    "RandomNormal": (1.96, 0.32, 0.32),
    "RandomUniform": (0.65, 0.11, 0.11),
    "TruncatedNormal": (1.52, 0.25, 0.25),
}


@pytest.mark.parametrize("name", GAINS)
def test_gain_of_each_layer(name):
    for shape, gain in zip([(784, 128), (128, 128), (128, 10)], GAINS[name], strict=True):
        assert shape[0] * parse(name).law(shape).std ** 2 == pytest.approx(gain, abs=0.005)


@pytest.mark.parametrize("text", TEXTS)
def test_a_formula_is_a_sentence_with_its_number_in_bold(text):
    spec = parse(text)
    words = spec.formula((9, 1, 4) if spec.name == "STFT" or "axes" in text else (9, 4))
    assert words.count("**") >= 2
    assert words.endswith(".")
    assert "-" not in words.replace("fan-", "")
    assert len(words) < 300


@pytest.mark.parametrize(("case", "sizes"), PAIRS, ids=IDS)
def test_a_formula_ends_with_the_std_of_the_law(case, sizes):
    words, std = parse(case.text).formula(sizes.shape), case.oracle(sizes).std()
    assert float(words.split("**")[-2]) == pytest.approx(std, rel=0.006)


FORMULAS = {
    (
        "VarianceScaling(scale=2.0)",
        (784, 128),
    ): "A normal distribution cut at ±2.27 of its standard deviations. For a kernel of 784 × 128 its standard "
    "deviation, after the cut, is √(scale/fan_in) = √(2/784) = **0.0505**.",
    (
        "HeUniform",
        (3, 3, 16, 32),
    ): "A uniform distribution from −limit to limit. For a kernel of 3 × 3 × 16 × 32 its limit is "
    "√(6/fan_in) = √(6/144) = **0.204** and its standard deviation "
    "√(2/fan_in) = √(2/144) = **0.118**.",
    (
        "GlorotNormal",
        (100,),
    ): "A normal distribution cut at ±2.27 of its standard deviations. For a vector of 100 its standard "
    "deviation, after the cut, is √(1/fan_avg) = √(1/100) = **0.1**.",
    (
        "TruncatedNormal",
        (784, 128),
    ): "A normal distribution with mean 0, cut at ±2 stddev = ±0.1 about it, whatever the shape. After the cut "
    "its standard deviation is 0.8796 × stddev = 0.8796 × 0.05 = **0.044**.",
    (
        "RandomUniform",
        (784, 128),
    ): "A uniform distribution from −0.05 to 0.05, whatever the shape. Its standard deviation is "
    "(maxval − minval)/√12 = 0.1/√12 = **0.0289**.",
    (
        "Orthogonal(gain=2.0)",
        (10, 40),
    ): "Orthonormal rows times gain, so every singular value is **2**. For a kernel of 10 × 40 one "
    "weight has the standard deviation gain/√40 = **0.316**.",
    (
        "Identity(gain=-1.0)",
        (784, 128),
    ): "−1 on the diagonal and 0 elsewhere. For a kernel of 784 × 128 the diagonal holds **128** of "
    "100,352 weights.",
}


@pytest.mark.parametrize(("text", "shape"), FORMULAS)
def test_formulas_word_for_word(text, shape):
    assert parse(text).formula(shape) == FORMULAS[text, shape]


@pytest.mark.parametrize("window", WINDOWS)
def test_windows_are_scipys_and_never_vanish(window):
    for length in range(1, 9):
        for periodic in (False, True):
            empty = np.abs(signal.get_window(window, length, periodic)).sum() < 1e-6
            assert empty == (window in ZERO_AT_BOTH_ENDS and length == 2 and not periodic)
