"""Test the expected squared gradient of the loss at the logits against drawn logits."""

import numpy as np
import pytest
from scipy.special import softmax

from inits.errors import SpecError
from inits.theory.logits import expected_squared_gradient


@pytest.mark.parametrize("q", [0.01, 0.5, 0.99, 1.01, 4.0, 50.0, 2000.0])
@pytest.mark.parametrize("classes", [2, 10])
def test_mean_over_random_logits(q, classes):
    rng = np.random.default_rng(1)
    logits = rng.normal(0.0, np.sqrt(q), (200_000, classes))
    labels = np.eye(classes)[rng.integers(classes, size=len(logits))]
    squares = ((softmax(logits, axis=1) - labels) ** 2).mean(axis=1)
    error = squares.std() / np.sqrt(len(squares))
    assert abs(squares.mean() - expected_squared_gradient(q, classes)) < 4 * error


def test_equal_logits_and_a_single_winner():
    assert expected_squared_gradient([0.0, np.inf]) == pytest.approx([0.09, 0.18], abs=1e-12)
    assert expected_squared_gradient(1e30) == pytest.approx(0.18, abs=1e-8)


def test_two_classes_against_an_integral():
    """E[p^2] of two classes is that of a logistic function of a normal variable of variance 2 q."""
    z = np.linspace(-12.0, 12.0, 400_001)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    for q in (0.3, 0.999, 1.001, 30.0):
        p = 1.0 / (1.0 + np.exp(-np.sqrt(2 * q) * z))
        expected = np.trapezoid(p**2 * density, z) - 2 / 4 + 1 / 2
        assert expected_squared_gradient(q, 2) == pytest.approx(expected, rel=1e-8)


def test_gradient_rises_and_both_quadratures_meet_at_one():
    q = np.geomspace(1e-6, 1e12, 300)
    squares = expected_squared_gradient(q)
    assert (np.diff(squares) > 0).all()
    assert float(expected_squared_gradient(1.0) - expected_squared_gradient(1.0 - 1e-12)) == pytest.approx(
        0.0, abs=1e-9
    )


@pytest.mark.parametrize("q", [-1.0, np.nan])
def test_variance_must_not_be_negative(q):
    with pytest.raises(SpecError, match="q must be at least 0"):
        expected_squared_gradient(q)
