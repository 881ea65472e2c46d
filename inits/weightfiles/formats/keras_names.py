"""The names that Keras gives to layers and their variables, in the order in which it stores them."""

import re
from collections.abc import Sequence, Set

from inits.weightfiles.formats.limits import Stored, StoredLayer, unique

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
VARIABLES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Dense", "EinsumDense", *_CONVOLUTIONS), ("kernel", "bias")),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), ("kernel", "bias")),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), ("depthwise_kernel", "pointwise_kernel", "bias")),
    **dict.fromkeys(
        (*_RECURRENT, *(f"{kind}Cell" for kind in _RECURRENT)), ("kernel", "recurrent_kernel", "bias")
    ),
    "Embedding": ("embeddings",),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    **dict.fromkeys(("LayerNormalization", "GroupNormalization"), ("gamma", "beta")),
    "Normalization": ("mean", "variance", "count"),
    "PReLU": ("alpha",),
}
SWITCHES = {"bias": "use_bias", "gamma": "scale", "beta": "center"}  # the argument that removes a variable
OLD = {"W": "kernel", "w": "kernel", "b": "bias"}  # of Keras 1 and of hand-made files
_TAILS = {name for names in VARIABLES.values() for name in names} | {*OLD, "weight", "weights"}
_TAIL = re.compile(rf"(.+?)_({'|'.join(sorted(_TAILS, key=len, reverse=True))})")


def snake(kind: str) -> str:
    """Return the name that Keras gives to a layer of a class: conv2d for Conv2D, p_re_lu for PReLU."""
    return re.sub(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", kind).lower()


_KINDS = {snake(kind): kind for kind in VARIABLES}


def kind_of(name: str) -> str:
    """Return the class of a layer with a name by Keras, such as dense_12; else ""."""
    return _KINDS.get(re.sub(r"_[0-9]+$", "", name), "")


def variable_names(kind: str, count: int, off: Set[str] = frozenset()) -> Sequence[str]:
    """Return the names of the variables of a layer: by its class if they are certain, else "0", "1".

    `off` has the arguments that are False in its config.
    """
    names = [name for name in VARIABLES.get(kind, ()) if SWITCHES.get(name) not in off]
    if names[-1:] == ["bias"] and count == len(names) - 1:
        return names[:-1]  # only the bias can be missing
    return names if len(names) == count else [str(number) for number in range(count)]


def split(name: str) -> tuple[str, str]:
    """Split the name of an array (dense/kernel, dense.kernel, layer1_W) into layer and variable; else name and "0"."""
    name = name.removesuffix(":0")
    for separator in "/.":
        layer, _, variable = name.rpartition(separator)
        if layer.strip("/.") and variable:
            return layer, OLD.get(variable, variable)
    found = _TAIL.fullmatch(name)
    return (found[1], OLD.get(found[2], found[2])) if found else (name, "0")


def grouped(arrays: Sequence[tuple[str, Stored]], torch: bool = False) -> list[StoredLayer]:
    """Group arrays into layers by their names, in the given order. Names of PyTorch also mean its layout."""
    layers: dict[str, list[tuple[str, Stored]]] = {}
    for name, array in arrays:
        layer, variable = split(name)
        layers.setdefault(layer, []).append((variable, array))
    return [stored_layer(name, found, torch) for name, found in layers.items()]


def stored_layer(name: str, arrays: list[tuple[str, Stored]], torch: bool) -> StoredLayer:
    """Return one layer of named arrays."""
    taken: dict[str, int] = {}
    named = {unique(variable, taken): array for variable, array in arrays}
    kind = kind_of(re.split(r"[/.]", name)[-1])
    return StoredLayer(name, named, kind, "torch" if torch or "weight" in named else "")
