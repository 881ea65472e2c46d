"""Test that exact matrices are named, such as identity and orthogonal ones, but none that are nearly so."""

import math

import numpy as np
import pytest
from scipy import stats
from support.draws import drawn, normal

from inits.initializers.spec import InitializerSpec
from inits.measure.nearest import MIN_WEIGHTS, nearest


def rotation(rows, columns, gain=1.0, seed=0):
    matrix = stats.ortho_group(max(rows, columns), seed=seed).rvs()
    return (gain * matrix[:rows, :columns]).astype(np.float32)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (np.zeros(1), "Zeros()"),
        (-np.zeros((3, 4)), "Zeros()"),
        (np.ones((2, 2)), "Ones()"),
        ([[1]], "Ones()"),
        (np.full((3, 3), 0.1), "Constant(value=0.1)"),
        (np.full(100_000, -2.5e-4), "Constant(value=-0.00025)"),
        (np.eye(5, 3), "Identity(gain=1.0)"),
        (np.eye(3, 5), "Identity(gain=1.0)"),
        (0.3 * np.eye(4), "Identity(gain=0.3)"),
        (rotation(200, 50), "Orthogonal(gain=1.0)"),
        (rotation(50, 200), "Orthogonal(gain=1.0)"),
        (rotation(64, 64, 1.5), "Orthogonal(gain=1.5)"),
        (rotation(90, 20, math.sqrt(2)).reshape(3, 3, 10, 20), "Orthogonal(gain=1.4142)"),
        (rotation(784, 1), "Orthogonal(gain=1.0)"),
        (rotation(3, 2), "Orthogonal(gain=1.0)"),
        (np.eye(6)[[1, 0, 2, 3, 4, 5]], "Orthogonal(gain=1.0)"),
    ],
)
def test_exact_initializers_are_named_for_any_number_of_weights(values, text):
    found = nearest(values)
    assert str(found.spec) == text
    assert found.fitted == (found.spec != InitializerSpec(found.spec.name))
    if found.spec.name != "Orthogonal":
        assert (found.distance, found.chance, found.within_chance) == (0.0, 0.0, True)


def test_orthogonal_matrices_follow_the_law_of_their_entries_except_permutations():
    for seed in range(10):
        assert nearest(rotation(100, 40, seed=seed)).within_chance
    assert not nearest(np.eye(30)[::-1]).within_chance


def nearly_orthogonal():
    values = rotation(200, 50)
    values[:, 7] *= 1.01
    return values


@pytest.mark.parametrize(
    "values",
    [
        drawn(normal(1 / math.sqrt(500)), (500, 2)),  # columns of about length 1, about at right angles
        drawn(normal(1 / math.sqrt(500)), (500, 1)),
        drawn(normal(1 / math.sqrt(20_000)), (20_000, 8)),
        nearly_orthogonal(),
        1.3 * rotation(784, 1),  # every single column is orthogonal: it says nothing
        rotation(200, 50).ravel(),
    ],
)
def test_nearly_orthogonal_weights_are_not_orthogonal(values):
    assert nearest(values).spec.name != "Orthogonal"


@pytest.mark.parametrize(
    "values",
    [
        [],
        np.zeros((0, 3)),
        [0.3],
        np.arange(MIN_WEIGHTS - 1.0),
        [np.nan, *np.arange(30.0)],
        [np.inf, *np.arange(30.0)],
        np.linspace(1e300, 2e300, 30),  # infinite as float32
        np.full(5, 1e35),  # beyond what an initializer takes
    ],
)
def test_too_few_or_infinite_weights_have_no_name(values):
    assert nearest(values) is None
