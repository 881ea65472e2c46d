"""Activations of single units: each function with its derivative, in NumPy, so that theory needs no Keras."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit, ndtr

from inits.errors import SpecError
from inits.experiments.experiment import ACTIVATIONS
from inits.initializers.parameters import nearest
from inits.text import shown

Array = NDArray[np.float64]
Function = Callable[[Array], Array]


@dataclass(frozen=True)
class Activation:
    """phi and phi', arrays to arrays of the same shape, and where phi' or a higher derivative jumps.

    `product` is E[phi phi] = E[phi' phi'] for inputs of length q and correlation c, if only that can be exact.
    """

    value: Function
    slope: Function
    kinks: tuple[float, ...] = ()
    product: Callable[[Array, Array], Array] | None = None


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_ELU = Activation(
    lambda x: np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0))),
    lambda x: np.exp(np.minimum(x, 0.0)),
    kinks=(0.0,),
)


def _mish_slope(x: Array) -> Array:
    """t + x (1 - t^2) sigmoid(x), t = tanh(softplus(x))."""
    t = np.tanh(np.logaddexp(0.0, x))
    return np.asarray(t + x * (1.0 - t) * (1.0 + t) * expit(x), np.float64)


ELEMENTWISE: Mapping[str, Activation] = {
    "relu": Activation(lambda x: np.maximum(x, 0.0), lambda x: np.where(x > 0.0, 1.0, 0.0), kinks=(0.0,)),
    "tanh": Activation(np.tanh, lambda x: 1.0 - np.tanh(x) ** 2),
    "sigmoid": Activation(expit, lambda x: expit(x) * expit(-x)),
    "linear": Activation(lambda x: x, np.ones_like),
    "leaky_relu": Activation(
        lambda x: np.maximum(x, 0.2 * x), lambda x: np.where(x > 0.0, 1.0, 0.2), kinks=(0.0,)
    ),
    "elu": _ELU,
    "selu": Activation(
        lambda x: _SELU_SCALE * np.where(x > 0.0, x, _SELU_ALPHA * np.expm1(np.minimum(x, 0.0))),
        lambda x: _SELU_SCALE * np.where(x > 0.0, 1.0, _SELU_ALPHA * np.exp(np.minimum(x, 0.0))),
        kinks=(0.0,),
    ),
    "gelu": Activation(
        lambda x: x * ndtr(x), lambda x: ndtr(x) + x * np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    ),
    "silu": Activation(lambda x: x * expit(x), lambda x: expit(x) * (1.0 + x * expit(-x))),
    "mish": Activation(lambda x: x * np.tanh(np.logaddexp(0.0, x)), _mish_slope),
    "softplus": Activation(lambda x: np.logaddexp(0.0, x), expit),
    "softsign": Activation(
        lambda x: x / (1.0 + np.abs(x)), lambda x: 1.0 / (1.0 + np.abs(x)) ** 2, kinks=(0.0,)
    ),
    "relu6": Activation(
        lambda x: np.clip(x, 0.0, 6.0), lambda x: np.where((x > 0.0) & (x < 6.0), 1.0, 0.0), kinks=(0.0, 6.0)
    ),
    "celu": _ELU,
    "hard_sigmoid": Activation(
        lambda x: np.clip(x / 6.0 + 0.5, 0.0, 1.0),
        lambda x: np.where(np.abs(x) < 3.0, 1.0 / 6.0, 0.0),
        kinks=(-3.0, 3.0),
    ),
    "hard_silu": Activation(
        lambda x: x * np.clip(x / 6.0 + 0.5, 0.0, 1.0),
        lambda x: np.where(np.abs(x) < 3.0, x / 3.0 + 0.5, x > 0.0),
        kinks=(-3.0, 3.0),
    ),
    "hard_tanh": Activation(
        lambda x: np.clip(x, -1.0, 1.0), lambda x: np.where(np.abs(x) < 1.0, 1.0, 0.0), kinks=(-1.0, 1.0)
    ),
    "exponential": Activation(np.exp, np.exp, product=lambda q, c: np.exp(q * (1.0 + c))),
    "erf": Activation(erf, lambda x: 2.0 / math.sqrt(math.pi) * np.exp(-x * x)),
}
"""The activations of Keras 3 that act on each unit alone, with its defaults, and erf, which theory likes."""


def elementwise(name: str) -> Activation:
    """The activation of that name.

    Raises:
        SpecError: for an unknown one, and for softmax, which mixes the units.
    """
    if isinstance(name, str) and name in ELEMENTWISE:
        return ELEMENTWISE[name]
    if isinstance(name, str) and name in ACTIVATIONS:
        raise SpecError(f"activation must act on each unit alone for this theory. Received {name!r}.")
    guess = nearest(name, ELEMENTWISE) if isinstance(name, str) else None
    advice = f"Did you mean {guess!r}?" if guess else f"Use one of {', '.join(ELEMENTWISE)}."
    raise SpecError(f"activation {shown(name)} is unknown. {advice}")
