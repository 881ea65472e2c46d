"""Pasted code for all versions of Keras runs as its author meant it, or fails with a clear message."""

from math import sqrt

import numpy as np
import pytest
from support.snippets import SEEDS, SHAPES, SNIPPETS, TRUNCATED, Snippet, answers

pytestmark = pytest.mark.keras


def cases(keyword):
    chosen = [one for one in SNIPPETS if (one.picked if keyword == "picked" else keyword in one.expected)]
    return pytest.mark.parametrize("snippet", chosen, ids=[one.name for one in chosen])


def layers(snippet: Snippet, turn: int = 0):
    answer = answers()[snippet.name][turn]
    assert "error" not in answer, answer
    return [np.array(layer["values"]) for layer in answer["layers"]]


@cases("picked")
def test_initializer_is_picked_and_draws_weights_of_its_shape_and_dtype(snippet):
    first, again = layers(snippet), layers(snippet, 1)
    answer = answers()[snippet.name][0]
    assert (answer["kind"], answer["picked"], tuple(answer["others"])) == snippet.picked
    assert [values.shape for values in first] == list(SHAPES)
    assert {layer["dtype"] for layer in answer["layers"]} == {snippet.expected.get("dtype", "float32")}
    assert all(np.isfinite(values).all() for values in first)
    same = [np.array_equal(*pair) for pair in zip(first, again, strict=True)]
    assert same == ["differs" not in snippet.expected] * 2


@cases("values")
def test_weights_are_those_of_the_generator(snippet):
    for values, seed, shape in zip(layers(snippet), SEEDS, SHAPES, strict=True):
        np.testing.assert_allclose(values, snippet.values(shape, seed), rtol=1e-6)


@cases("std")
def test_weights_have_the_mean_and_std_of_their_law(snippet):
    for values, shape in zip(layers(snippet), SHAPES, strict=True):
        std = snippet.std(shape)
        assert abs(values.mean()) < 5 * std / sqrt(values.size)
        # A normal sample's std errs by std / sqrt(2 n); of the laws here none errs by more.
        assert values.std() == pytest.approx(std, abs=5 * std / sqrt(2 * values.size))


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        # A uniform law ends at 1.73 std, and some of that many normal draws exceed 2.5 std.
        ("Keras 2 VarianceScaling of a normal law", 2.1, 2 / TRUNCATED + 1e-3),
        ("Keras 1 he_normal with dim_ordering asked for", 2.5, 9),  # 15 of 1,200 normal draws lie beyond
    ],
)
def test_normal_law_is_truncated_since_keras_2(name, low, high):
    (snippet,) = (one for one in SNIPPETS if one.name == name)
    for values, shape in zip(layers(snippet), SHAPES, strict=True):
        assert low < abs(values).max() / snippet.std(shape) < high


@cases("problem")
def test_code_without_weights_is_explained(snippet):
    answer = answers()[snippet.name][0]
    assert answer["error"] == "CodeProblem", answer
    assert [
        words for words in snippet.expected["problem"].split(" | ") if words not in answer["message"]
    ] == []


@cases("error")
def test_error_has_the_line_of_the_pasted_text(snippet):
    answer = answers()[snippet.name][0]
    assert f"{answer['error']} {answer['line']}" == snippet.expected["error"]


def test_every_snippet_has_one_kind_of_expectation():
    assert len({one.name for one in SNIPPETS}) == len(SNIPPETS)
    sound = [one for one in SNIPPETS if one.picked]
    assert [one.name for one in sound if ("values" in one.expected) == ("std" in one.expected)] == []
    assert len(sound) >= 30
    rest = [one for one in SNIPPETS if not one.picked]
    assert [one.name for one in rest if ("problem" in one.expected) == ("error" in one.expected)] == []


def test_preparing_runs_no_tensorflow_op_and_starts_no_thread():
    assert answers()["op ran in prepare"] is False
    before, after = answers()["threads"]
    assert before == after
    assert answers()["op ran in snippets"] is True  # the check can detect it


def test_snippets_import_nothing_unprepared_and_cause_no_deprecation_warnings():
    assert {name: imports for one in SNIPPETS if (imports := answers()[name := one.name][0]["imports"])} == {}
    warnings = [
        line for line in answers()["stderr"].splitlines() if "Warning" in line or "deprecated" in line
    ]
    assert {line.split(":")[0] for line in warnings} == {"<your code>"}, warnings  # about invalid numbers
