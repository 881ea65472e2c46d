"""Test the classification of a signal on its way through a network."""

import numpy as np
import pytest

from inits.theory.signal_regime import signal_regime, trend

L = 8


@pytest.mark.parametrize(
    ("squares", "kind", "layer"),
    [
        (np.full(L, 0.1), "kept", None),
        (0.1 * 0.8 ** np.arange(L), "faded", None),
        (0.1 * 1.6 ** np.arange(L), "grown", None),
        (0.1 * 0.1 ** np.arange(L), "vanished", 4),
        (0.1 * 10.0 ** np.arange(L), "exploded", 5),
        (np.r_[np.full(3, 0.1), np.full(5, np.inf)], "exploded", 4),
        (np.r_[np.full(6, 0.1), np.full(2, np.nan)], "nan", 7),
        (np.zeros(L), "vanished", 1),
        (np.full(L, np.inf), "exploded", 1),
        (np.array([0.1]), "kept", None),
    ],
)
def test_trend_of_a_mean_square(squares, kind, layer):
    found = trend(squares, 0.1 * 1.0001)
    assert (found.kind, found.layer) == (kind, layer)


def test_gradients_vanish_on_their_way_back():
    """They vanish at the third layer on their way back from the eighth."""
    gradients = 0.1 ** np.arange(L)[::-1] * 0.999
    found = signal_regime(np.full(L, 0.1), gradients, np.full(L, 0.5), 0.1)
    assert found.forward.survives
    assert (found.backward.kind, found.backward.layer) == ("vanished", 4)
    assert found.backward.ratio == pytest.approx(1e-7)
    assert found.correlated is None


def test_layer_from_which_two_images_look_alike():
    cosines = np.array([0.4, 0.9, 0.96, 0.975, 0.999, 1, 1, 1])
    assert signal_regime(np.ones(L), np.ones(L), cosines, 1.0).correlated == 4
    assert signal_regime(np.ones(L), np.ones(L), np.full(L, np.nan), 1.0).correlated is None


def test_a_gradient_that_overflows_in_the_last_layer_explodes():
    """Its reference overflows, too: the ratio is NaN."""
    found = signal_regime(np.ones(L), np.full(L, np.inf), np.zeros(L), 1.0)
    assert (found.backward.kind, found.backward.layer) == ("exploded", L)
    assert (found.severity, found.changes) == ("lost", ("the gradient explodes",))
