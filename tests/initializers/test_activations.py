"""Activations and their derivatives: against each other, and against Keras."""

import numpy as np
import pytest

from inits.initializers.activations import ACTIVATIONS, ELEMENTWISE


def test_every_activation_of_one_unit_has_an_entry():
    assert set(ELEMENTWISE) == set(ACTIVATIONS) - {"softmax"} | {"erf"}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slope_is_the_derivative_away_from_kinks(name):
    phi = ELEMENTWISE[name]
    x = np.linspace(-9.03, 9.04, 400)
    far = np.abs(np.subtract.outer(x, [*phi.kinks, np.inf])).min(axis=1) > 1e-3
    step = 1e-5
    differences = (phi.value(x + step) - phi.value(x - step)) / (2 * step)
    np.testing.assert_allclose(phi.slope(x)[far], differences[far], rtol=1e-7, atol=1e-9)


@pytest.mark.keras
@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if name in ACTIVATIONS])
def test_values_and_slopes_are_those_of_keras(name):
    import keras
    import tensorflow as tf

    x = np.concatenate([np.linspace(-8.3, 8.4, 201), [-50.0, 50.0]])
    point = tf.Variable(x, dtype="float64")
    with tf.GradientTape() as tape:
        values = keras.activations.get(name)(point)
    np.testing.assert_allclose(ELEMENTWISE[name].value(x), values, rtol=1e-6, atol=1e-15)
    slopes = tape.gradient(values, point)
    np.testing.assert_allclose(ELEMENTWISE[name].slope(x), slopes, rtol=1e-6, atol=1e-12)
