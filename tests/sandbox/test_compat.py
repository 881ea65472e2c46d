"""Pasted code for all versions of Keras runs as its author meant it, or fails with a clear message."""

from math import sqrt

import numpy as np
import pytest
from support.snippets import SEEDS, SHAPES, SNIPPETS, TRUNCATED, Snippet, answers, random_values

pytestmark = pytest.mark.keras

SOUND = [one for one in SNIPPETS if one.picked]
VARIANCE_SCALING = next(one for one in SOUND if "VarianceScaling" in one.name)


def cases(snippets):
    return pytest.mark.parametrize("snippet", snippets, ids=[one.name for one in snippets])


def layers(snippet: Snippet, turn: int = 0):
    answer = answers()[snippet.name][turn]
    assert "error" not in answer, answer
    return [np.array(layer["values"]) for layer in answer["layers"]]


@cases(SOUND)
def test_the_initializer_is_picked(snippet):
    answer = answers()[snippet.name][0]
    assert "error" not in answer, answer
    assert (answer["picked"], answer["kind"], tuple(answer["others"])) == (
        snippet.picked,
        snippet.kind,
        snippet.others,
    )


@cases(SOUND)
def test_weights_have_the_shape_and_the_dtype(snippet):
    assert [values.shape for values in layers(snippet)] == list(SHAPES)
    assert {layer["dtype"] for layer in answers()[snippet.name][0]["layers"]} == {snippet.dtype}
    assert all(np.isfinite(values).all() for values in layers(snippet))


@cases(SOUND)
def test_the_same_seeds_give_the_same_weights(snippet):
    same = [np.array_equal(*pair) for pair in zip(layers(snippet), layers(snippet, 1), strict=True)]
    assert same == [snippet.repeats] * 2


@cases([one for one in SOUND if one.values])
def test_weights_are_those_of_the_generator(snippet):
    for values, seed, shape in zip(layers(snippet), SEEDS, SHAPES, strict=True):
        expected = snippet.values(np.random.RandomState(seed), shape)
        np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-8)


def test_weights_are_those_of_python_s_generator():
    snippet = next(one for one in SOUND if "Python's own random" in one.name)
    for values, seed, shape in zip(layers(snippet), SEEDS, SHAPES, strict=True):
        np.testing.assert_allclose(values, random_values(seed, shape), rtol=1e-6)


@cases([one for one in SOUND if one.std])
def test_weights_have_the_mean_and_std_of_their_law(snippet):
    for values, shape in zip(layers(snippet), SHAPES, strict=True):
        std = snippet.std(shape)
        assert abs(values.mean()) < 5 * std / sqrt(values.size)
        # A normal sample's std errs by std / sqrt(2 n); of the laws here none errs by more.
        assert values.std() == pytest.approx(std, abs=5 * std / sqrt(2 * values.size))


def test_normal_law_of_keras_2_is_truncated_at_two_standard_deviations():
    for values, shape in zip(layers(VARIANCE_SCALING), SHAPES, strict=True):
        # A uniform law ends at 1.73 std, and some of that many normal draws exceed 2.5 std.
        assert 2.1 < abs(values).max() / VARIANCE_SCALING.std(shape) < 2 / TRUNCATED + 1e-3


def test_normal_law_of_keras_1_is_not_truncated():
    snippet = next(one for one in SOUND if "he_normal" in one.name)
    for values, shape in zip(layers(snippet), SHAPES, strict=True):
        assert abs(values).max() / snippet.std(shape) > 2.5  # 15 of 1,200 normal draws lie beyond


def test_every_sound_snippet_is_checked_for_its_values():
    assert [one.name for one in SOUND if (one.values is None) == (one.std is None)] == []
    assert len(SOUND) >= 30


@cases([one for one in SNIPPETS if one.problem])
def test_code_without_weights_is_explained(snippet):
    answer = answers()[snippet.name][0]
    assert answer["error"] == "CodeProblem", answer
    assert [words for words in snippet.problem if words not in answer["message"]] == []


@cases([one for one in SNIPPETS if one.error])
def test_an_error_has_the_line_of_the_pasted_text(snippet):
    answer = answers()[snippet.name][0]
    assert (answer["error"], answer["line"]) == snippet.error


def test_every_snippet_expects_one_thing():
    names = [one.name for one in SNIPPETS]
    assert len(set(names)) == len(names)
    expected = [(bool(one.picked), bool(one.problem), bool(one.error)) for one in SNIPPETS]
    assert [sum(one) for one in expected] == [1] * len(SNIPPETS)


def test_preparing_runs_no_tensorflow_op_and_starts_no_thread():
    assert answers()["op ran in prepare"] is False
    before, after = answers()["threads"]
    assert before == after
    assert answers()["op ran in snippets"] is True  # the check can detect it


def test_snippets_cause_no_deprecation_warnings():
    warnings = [
        line for line in answers()["stderr"].splitlines() if "Warning" in line or "deprecated" in line
    ]
    assert {line.split(":")[0] for line in warnings} == {"<your code>"}, warnings  # about invalid numbers


@cases(SNIPPETS)
def test_no_snippet_imports_what_was_not_prepared(snippet):
    assert answers()[snippet.name][0]["imports"] == []
