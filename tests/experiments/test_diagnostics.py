"""Explanations of runs that failed, word by word."""

import numpy as np
import pytest

from inits.experiments.diagnostics import Why, why_diverged, why_lost
from inits.experiments.record import Divergence, Record

NAMES = ("layer 1", "layer 2", "output")
INF, NAN = np.inf, np.nan


def diverged(step=37, loss=NAN, largest=(1.0, 2.0, 3.0), gradient=(4.0, 5.0, 6.0), broken=None) -> Divergence:
    return Divergence(step, loss, np.array(largest, np.float32), np.array(gradient, np.float32), broken)


def test_it_names_step_values_layers_and_the_way_out():
    words = why_diverged(diverged(largest=(1, 3.1e19, 5), gradient=(4.5e20, 1, 2)), NAMES, 0.5)
    assert words == (
        "Loss became NaN at step 37. Just before, the largest output was 3.1 × 10¹⁹ in layer 2, and the largest "
        "gradient norm 4.5 × 10²⁰ in layer 1. Lower the learning rate (0.5) or start with smaller weights."
    )


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"loss": INF}, "Loss became infinite"),
        ({"step": 1}, "at step 1. There, the largest"),
        ({"largest": (INF, NAN, 1)}, "largest output was ∞ in layer 1"),
        ({"largest": (1, NAN, 1)}, "largest output was not a number in layer 2"),
        ({"broken": 2}, "The first output that is not finite is that of output."),
    ],
)
def test_each_case(changes, part):
    assert part in why_diverged(diverged(**changes), NAMES, 0.01)


def test_why_a_start_was_lost_is_that_of_its_first_run_that_was():
    good = Record(0, finished=True)
    values = np.array([1.0, 2.0], np.float32)
    lost = Record(1, divergence=Divergence(1234, float("nan"), values, values, None))
    refused = Record(2, error="Weights must be finite, but got 3.")
    names = ["layer 1", "output"]
    assert why_lost([good], names, 0.1) is None
    assert why_lost([good, lost, refused], names, 0.1).short == "diverged, step 1,234"
    assert why_lost([lost], names, 0.1).whole == why_diverged(lost.divergence, names, 0.1)
    assert why_lost([refused, lost], names, 0.1) == Why("not drawn", refused.error)
