"""The initializers of layers by default, against what layers of Keras say and hold."""

import keras
import numpy as np
import pytest
from keras import layers

from inits.initializers.layer_defaults import default_of
from inits.initializers.spec import InitializerSpec
from inits.weightfiles.formats.keras_names import VARIABLES

pytestmark = pytest.mark.keras

CELL = "Cell"
# What a constructor must be given besides its defaults, and a batch that builds the layer.
ARGUMENTS = {
    "Dense": ((5,), (2, 4)),
    "EinsumDense": (("ab,bc->ac", (5,), None, "c"), (2, 4)),
    "Embedding": ((7, 3), (2, 4)),
    "BatchNormalization": ((), (2, 4)),
    "LayerNormalization": ((), (2, 4)),
    "GroupNormalization": ((2,), (2, 4)),
    "Normalization": ((), (2, 4)),
    "PReLU": ((), (2, 4)),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), ((5,), (2, 3, 4))),
    **{f"ConvLSTM{n}D": ((5, 2), (2, 3, *(6,) * n, 4)) for n in (1, 2, 3)},
    **{f"{kind}{n}D": ((5, 2), (2, *(6,) * n, 4)) for kind in ("Conv", "SeparableConv") for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": ((5, 2), (2, *(6,) * n, 4)) for n in (1, 2, 3)},
    **{f"DepthwiseConv{n}D": ((2,), (2, *(6,) * n, 4)) for n in (1, 2)},
}
SETTINGS = {
    "depthwise_kernel": "depthwise_initializer",
    "pointwise_kernel": "pointwise_initializer",
    "recurrent_kernel": "recurrent_initializer",
}
PAIRS = [(kind, variable) for kind, variables in VARIABLES.items() for variable in variables]


def built(kind: str) -> keras.Layer:
    """A layer of that class with its variables; a cell is that of its layer."""
    name = kind.removesuffix(CELL)
    arguments, shape = ARGUMENTS[name]
    layer = getattr(layers, name)(*arguments)
    layer.build(shape)
    return layer.cell if kind.endswith(CELL) else layer


def configured(layer: keras.Layer, kind: str, variable: str) -> InitializerSpec | None:
    """Return the initializer that the layer names for a variable; None if it has no such setting."""
    name = SETTINGS.get(variable, f"{variable}_initializer")
    if kind.startswith("Depthwise") and variable == "kernel":
        name = "depthwise_initializer"
    config = layer.get_config().get(name)
    return config and InitializerSpec.parse(config)


def holds(values: np.ndarray, spec: InitializerSpec) -> bool:
    """Return True if the initializer can have drawn the values of a variable."""
    low, high = spec.law(values.shape).support
    slack = 1e-6 * max(abs(low), abs(high))
    return bool(low - slack <= values.min() and values.max() <= high + slack)


def expected(kind: str, variable: str) -> InitializerSpec | None:
    """Return the initializer that the layer names, if it uses it: the bias of an LSTM has other values."""
    layer = built(kind)
    spec = configured(layer, kind, variable)
    if spec is None:
        return None
    (weight,) = (weight for weight in layer.weights if weight.name == variable)
    return spec if holds(np.asarray(weight), spec) else None


@pytest.mark.parametrize(("kind", "variable"), PAIRS)
def test_the_default_is_what_the_layer_of_keras_says_and_does(kind, variable):
    assert default_of(kind, variable) == expected(kind, variable)


def test_the_oracle_finds_initializers_and_where_a_layer_does_something_else():
    assert sum(expected(*pair) is not None for pair in PAIRS) > 60
    assert expected("Embedding", "embeddings") == InitializerSpec("RandomUniform")
    assert expected("GRU", "recurrent_kernel") == InitializerSpec("Orthogonal")
    assert configured(built("LSTM"), "LSTM", "bias") == InitializerSpec("Zeros")
    assert expected("LSTM", "bias") is None
    assert not holds(np.ones((3, 2)), InitializerSpec("Zeros"))


def test_a_name_is_enough_where_the_class_is_not_known():
    for kind in ("", "Dense", "Own"):
        assert default_of(kind, "kernel") == InitializerSpec("GlorotUniform")
        assert default_of(kind, "gamma") == InitializerSpec("Ones")
    for variable in ("", "0", "1", "Kernel", "kernel:0", "weights", "mean", "factor"):
        assert default_of("", variable) is None
