"""Second moment of the gradient by random logits, where backpropagation starts: softmax cross-entropy.

The gradient of one image's loss by its logits is p - y, with p their softmax and y the label as 0 and 1. At a random
start the logits of an image are independent normal with variance q and independent of the label, so with n classes
    E[(p_j - y_j)^2] = E[p_1^2] - 2/n^2 + 1/n.
With S = sum of exp(z_j) and 1/S^2 = integral of t exp(-t S) dt over t > 0, and t = exp(u),
    E[p_1^2] = integral of E[f2(u + z)] E[f0(u + z)]^(n-1) du,  f0(v) = exp(-exp(v)), f2(v) = exp(2v) f0(v).
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from inits.errors import SpecError
from inits.text import shown

Array = NDArray[np.float64]

CLASSES = 10
# The trapezoidal rule suffices for functions this smooth. f1 and f2 are negligible outside about -25 to 4.
_STEP = 0.25
_V = np.arange(-28.0, 4.5, _STEP)
_F1, _F2 = (np.exp(power * _V - np.exp(_V)) for power in (1, 2))
_U = np.arange(-24.0, 12.0, 0.15)
_Z, _WEIGHTS = np.polynomial.hermite_e.hermegauss(48)


def expected_squared_gradient(q: ArrayLike, classes: int = CLASSES) -> Array:
    """Return E[(p_j - y_j)^2] for logits of variance `q`, float64, shape of `q`; at q = inf the limit.

    From 0.09 for ten equal logits to 0.18 if one is far above the others. Correct to 8 digits.

    Raises:
        SpecError: if q is negative or NaN.
    """
    q = np.asarray(q, np.float64)
    if not (q >= 0.0).all():
        raise SpecError(f"q must be at least 0, but got {shown(q)}.")
    squares = [_largest(math.sqrt(one), classes) for one in q.flat]
    return np.reshape(squares, q.shape) - 2.0 / classes**2 + 1.0 / classes


def _largest(spread: float, classes: int) -> float:
    """Return E[p_1^2] for logits of standard deviation `spread`."""
    if spread > 1e8:
        return 1.0 / classes
    return _narrow(spread, classes) if spread < 1.0 else _wide(spread, classes)


def _narrow(spread: float, classes: int) -> float:
    """Return E[p_1^2] for a small spread: the means over z by Gauss-Hermite quadrature."""
    v = _U[:, None] + spread * _Z
    weights = _WEIGHTS / _WEIGHTS.sum()
    with np.errstate(over="ignore"):
        f0 = np.exp(-np.exp(v))
        first, others = np.exp(2.0 * v) * f0 @ weights, f0 @ weights
    return float(0.15 * (first * others ** (classes - 1)).sum())


def _wide(spread: float, classes: int) -> float:
    """Return E[p_1^2] for a large spread: the means over z as integrals over v = u + z.

    That of f0 is integrated by parts: its derivative -f1 vanishes on both sides.
    """
    u = np.arange(-10.0 * spread - 14.0, 10.0 * spread + 4.0, 0.1 * spread)
    z = (_V - u[:, None]) / spread
    first = np.exp(-0.5 * z * z) @ _F2 * (_STEP / (spread * math.sqrt(2.0 * math.pi)))
    others = ndtr(z) @ _F1 * _STEP
    return float(0.1 * spread * (first * others ** (classes - 1)).sum())
