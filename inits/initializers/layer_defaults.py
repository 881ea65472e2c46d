"""The default initializers of the variables of Keras' layers.

Source: the constructors at https://keras.io/api/layers/, Keras 3.15; a test compares each layer.
"""

from inits.initializers.spec import InitializerSpec

_BY_VARIABLE = {
    **dict.fromkeys(("kernel", "depthwise_kernel", "pointwise_kernel", "weight"), "GlorotUniform()"),
    "recurrent_kernel": "Orthogonal()",
    "embeddings": "RandomUniform()",
    **dict.fromkeys(("bias", "beta", "alpha", "moving_mean"), "Zeros()"),
    **dict.fromkeys(("gamma", "moving_variance"), "Ones()"),
}
# The bias of an LSTM begins with ones for the forget gate and zeros for the others.
_MIXED = {(kind, "bias") for kind in ("LSTM", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")}


def default_of(kind: str, variable: str) -> InitializerSpec | None:
    """Return the default initializer of a variable such as "kernel" in a layer of class `kind` ("" if unknown).

    None where no single one fills it, and for names that Keras does not use.
    """
    text = None if (kind.removesuffix("Cell"), variable) in _MIXED else _BY_VARIABLE.get(variable)
    return InitializerSpec.parse(text) if text else None
