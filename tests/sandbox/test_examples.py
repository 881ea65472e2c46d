"""The examples of pasted code are short and plain data; sound ones work, and broken ones fail as described."""

import subprocess
import sys
from math import sqrt

import numpy as np
import pytest
from support import ROOT
from support.snippets import SEEDS, SHAPES, answers

from inits.sandbox.examples import EXAMPLES

SOUND = [one for one in EXAMPLES if not one.broken]


def weights(name):
    answer = answers()[name][0]
    assert "error" not in answer, answer
    return [np.array(layer["values"]) for layer in answer["layers"]]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
def test_example_is_short_and_has_a_note_of_one_sentence(example):
    lines = example.code.splitlines()
    assert len(lines) <= 20
    assert max(map(len, lines)) <= 88
    assert example.code == example.code.strip() + "\n"
    compile(example.code, example.name, "exec")
    assert example.note.endswith(".")
    assert ". " not in example.note
    assert example.name[0].isupper()
    assert len(example.name) <= 40
    assert not set(example.name) & set(":;|<>")


def test_names_are_unique_and_broken_examples_come_last():
    assert len({one.name for one in EXAMPLES}) == len(EXAMPLES)
    assert [one.broken for one in EXAMPLES] == [False] * 4 + [True] * (len(EXAMPLES) - 4)


def test_examples_import_nothing_heavy():
    code = "import sys, inits.sandbox.examples; print({'numpy', 'keras', 'tensorflow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout.strip() == "set()", done.stderr


@pytest.mark.keras
@pytest.mark.parametrize("example", SOUND, ids=lambda one: one.name)
def test_sound_example_gives_the_same_weights_for_the_same_seed(example):
    assert [values.shape for values in weights(example.name)] == list(SHAPES)
    first, again = answers()[example.name]
    assert first["layers"] == again["layers"]


@pytest.mark.keras
def test_class_draws_from_numpy_and_function_within_two_standard_deviations():
    for values, seed, shape in zip(weights("Class of Keras 2"), SEEDS, SHAPES, strict=True):
        expected = np.random.RandomState(seed).random_sample(shape) * 0.1 - 0.05
        np.testing.assert_allclose(values, expected, atol=1e-8)
    for values in weights("Function"):
        assert 0.09 < abs(values).max() <= 0.1


@pytest.mark.keras
@pytest.mark.parametrize(
    ("name", "fan_in_times_variance"), [("He by hand", 2), ("He without the square root", None)]
)
def test_he_examples_have_the_expected_variance(name, fan_in_times_variance):
    for values, shape in zip(weights(name), SHAPES, strict=True):
        wanted = fan_in_times_variance or 4 / shape[0]
        # A normal sample's variance errs by a share of sqrt(2 / n).
        assert shape[0] * values.var() == pytest.approx(wanted, rel=5 * sqrt(2 / values.size))


@pytest.mark.keras
def test_scaled_orthogonal_kernel_is_orthogonal_and_keeps_the_variance():
    for values, shape in zip(weights("Scaled to a batch"), SHAPES, strict=True):
        gram = values.T @ values
        np.testing.assert_allclose(gram, gram[0, 0] * np.eye(shape[1]), atol=1e-5)
        # Orthonormal columns keep variance 1; the batch of 256 that scaled them errs a little.
        assert gram[0, 0] == pytest.approx(1, abs=5 * sqrt(2 / (256 * shape[1])))


@pytest.mark.keras
def test_broken_examples_fail_as_described():
    assert [values.shape for values in weights("Class that ignores the shape")] == [(784, 10)] * 2
    failed = answers()["Function with an error"][0]
    assert (failed["error"], failed["line"]) == ("ValueError", 5)
    for values in weights("He with equal columns"):
        assert (values == values[:, :1]).all()
        assert values.std() > 0
    assert all(np.isnan(values).all() for values in weights("Scaled from zeros"))
