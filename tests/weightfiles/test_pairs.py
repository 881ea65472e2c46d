"""Pairs of arrays in two weight files, and the change of each pair."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.measure.array_summary import summarize_array
from inits.weightfiles import pairs as weightpairs
from inits.weightfiles.pairs import Change, change, pairs

FIRST = (("a/kernel", (3, 4)), ("a/bias", (4,)), ("b/kernel", (4, 3)))
RENAMED = (("x/kernel", (3, 4)), ("x/bias", (4,)), ("y/kernel", (4, 3)))
CHANGED = (("b/kernel", (4, 3)), ("a/kernel", (3, 5)), ("a/bias", (4,)), ("c/kernel", (2, 2)))


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (RENAMED, [(0, 0), (1, 1), (2, 2)]),  # equal shapes in the same order
        (CHANGED, [(1, 2), (2, 0)]),  # by name and shape
        (RENAMED[:1], []),
    ],
)
def test_arrays_are_paired_in_order_or_by_name_and_shape(second, expected):
    first, other = (
        [summarize_array(*name.split("/"), "", np.zeros(shape, np.float32)) for name, shape in arrays]
        for arrays in (FIRST, second)
    )
    assert pairs(first, other) == expected


@pytest.mark.parametrize("shape", [(7,), (30, 20), (3, 3, 4, 5)])
@pytest.mark.parametrize("piece", [1 << 20, 64])
def test_change_agrees_with_numpy(shape, piece, monkeypatch):
    monkeypatch.setattr(weightpairs, "PIECE", piece)
    rng = np.random.default_rng(1)
    a = rng.normal(0.3, 2.0, shape).astype(np.float32)
    b = (0.5 * a + rng.normal(0.0, 1.0, shape)).astype(np.float32)
    found = change(a, b)
    x, y = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    assert found.relative == pytest.approx(np.linalg.norm(y - x) / np.linalg.norm(x), rel=1e-12)
    assert found.correlation == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-9)
    assert not found.equal


def test_unchanged_arrays_are_recognized():
    a = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    assert change(a, a.copy()) == Change(0.0, pytest.approx(1.0), True)
    b = a.copy()
    b[19, 29] = np.nextafter(b[19, 29], np.float32(9))
    assert not change(a, b).equal


def test_change_from_zeros_and_to_a_constant():
    zeros, ones, empty = np.zeros(5, np.float32), np.ones(5, np.float32), np.empty(0, np.float32)
    assert change(zeros, ones) == Change(math.inf, None, False)
    assert change(zeros, zeros) == change(empty, empty) == Change(0.0, None, True)
    assert change(ones, 2 * ones) == Change(1.0, None, False)


@given(st.floats(1e-20, 1e18), st.integers(0, 9))
def test_change_does_not_depend_on_the_scale(scale, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=40).astype(np.float32) for _ in range(2))
    one, other = change(a, b), change((a * scale).astype(np.float32), (b * scale).astype(np.float32))
    assert other.relative == pytest.approx(one.relative, rel=1e-4)
    assert other.correlation == pytest.approx(one.correlation, rel=1e-3, abs=1e-5)
