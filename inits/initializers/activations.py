"""The activations of Keras: names, titles, and each function with its derivative in NumPy.

They stand here, and not in `inits.theory`, because a network names one too and theory builds on networks.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit, ndtr

from inits.errors import SpecError
from inits.initializers.parameters import nearest
from inits.text import shown

Array = NDArray[np.float64]
Function = Callable[[Array], Array]


@dataclass(frozen=True)
class Activation:
    """An activation that acts on each unit alone.

    Attributes:
        name: in Keras.
        title: as people write it.
        value, slope: phi and phi', arrays to arrays of the same shape.
        kinks: where phi' or a higher derivative jumps.
        product: E[phi phi] = E[phi' phi'] for inputs of variance q and correlation c, where only that is exact.
        keras: False if Keras does not have it.
    """

    name: str
    title: str
    value: Function
    slope: Function
    kinks: tuple[float, ...] = ()
    product: Callable[[Array, Array], Array] | None = None
    keras: bool = True


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_ELU = Activation(
    "elu",
    "ELU",
    lambda x: np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0))),
    lambda x: np.exp(np.minimum(x, 0.0)),
    kinks=(0.0,),
)


def _mish_slope(x: Array) -> Array:
    """Return t + x (1 - t^2) sigmoid(x), t = tanh(softplus(x))."""
    t = np.tanh(np.logaddexp(0.0, x))
    return np.asarray(t + x * (1.0 - t) * (1.0 + t) * expit(x), np.float64)


_ENTRIES = (
    Activation(
        "relu", "ReLU", lambda x: np.maximum(x, 0.0), lambda x: np.where(x > 0.0, 1.0, 0.0), kinks=(0.0,)
    ),
    Activation("tanh", "tanh", np.tanh, lambda x: 1.0 - np.tanh(x) ** 2),
    Activation("sigmoid", "sigmoid", expit, lambda x: expit(x) * expit(-x)),
    Activation("linear", "linear", lambda x: x, np.ones_like),
    Activation(
        "leaky_relu",
        "leaky ReLU",
        lambda x: np.maximum(x, 0.2 * x),
        lambda x: np.where(x > 0.0, 1.0, 0.2),
        kinks=(0.0,),
    ),
    _ELU,
    Activation(
        "selu",
        "SELU",
        lambda x: _SELU_SCALE * np.where(x > 0.0, x, _SELU_ALPHA * np.expm1(np.minimum(x, 0.0))),
        lambda x: _SELU_SCALE * np.where(x > 0.0, 1.0, _SELU_ALPHA * np.exp(np.minimum(x, 0.0))),
        kinks=(0.0,),
    ),
    Activation(
        "gelu",
        "GELU",
        lambda x: x * ndtr(x),
        lambda x: ndtr(x) + x * np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi),
    ),
    Activation("silu", "SiLU", lambda x: x * expit(x), lambda x: expit(x) * (1.0 + x * expit(-x))),
    Activation("mish", "Mish", lambda x: x * np.tanh(np.logaddexp(0.0, x)), _mish_slope),
    Activation("softplus", "softplus", lambda x: np.logaddexp(0.0, x), expit),
    Activation(
        "softsign",
        "softsign",
        lambda x: x / (1.0 + np.abs(x)),
        lambda x: 1.0 / (1.0 + np.abs(x)) ** 2,
        kinks=(0.0,),
    ),
    Activation(
        "relu6",
        "ReLU6",
        lambda x: np.clip(x, 0.0, 6.0),
        lambda x: np.where((x > 0.0) & (x < 6.0), 1.0, 0.0),
        kinks=(0.0, 6.0),
    ),
    replace(_ELU, name="celu", title="CELU"),
    Activation(
        "hard_sigmoid",
        "hard sigmoid",
        lambda x: np.clip(x / 6.0 + 0.5, 0.0, 1.0),
        lambda x: np.where(np.abs(x) < 3.0, 1.0 / 6.0, 0.0),
        kinks=(-3.0, 3.0),
    ),
    Activation(
        "hard_silu",
        "hard SiLU",
        lambda x: x * np.clip(x / 6.0 + 0.5, 0.0, 1.0),
        lambda x: np.where(np.abs(x) < 3.0, x / 3.0 + 0.5, x > 0.0),
        kinks=(-3.0, 3.0),
    ),
    Activation(
        "hard_tanh",
        "hard tanh",
        lambda x: np.clip(x, -1.0, 1.0),
        lambda x: np.where(np.abs(x) < 1.0, 1.0, 0.0),
        kinks=(-1.0, 1.0),
    ),
    Activation("exponential", "exponential", np.exp, np.exp, product=lambda q, c: np.exp(q * (1.0 + c))),
    Activation("erf", "erf", erf, lambda x: 2.0 / math.sqrt(math.pi) * np.exp(-x * x), keras=False),
)

ELEMENTWISE: Mapping[str, Activation] = {entry.name: entry for entry in _ENTRIES}
"""The activations of Keras 3 that act on each unit alone, with its defaults, and erf, which theory likes."""

ACTIVATIONS: Mapping[str, str] = {e.name: e.title for e in _ENTRIES if e.keras} | {"softmax": "softmax"}
"""Keras name -> title, for https://keras.io/api/layers/activations/. Softmax mixes the units."""


def elementwise(name: str) -> Activation:
    """Return the activation of that name.

    Raises:
        SpecError: for an unknown one, and for softmax, which mixes the units.
    """
    if isinstance(name, str) and name in ELEMENTWISE:
        return ELEMENTWISE[name]
    if isinstance(name, str) and name in ACTIVATIONS:
        raise SpecError(f"activation must act on each unit alone for this theory, but got {shown(name)}.")
    guess = nearest(name, ELEMENTWISE) if isinstance(name, str) else None
    advice = f"Did you mean {guess!r}?" if guess else f"Use one of {', '.join(ELEMENTWISE)}."
    raise SpecError(f"activation {shown(name)} is unknown. {advice}")
