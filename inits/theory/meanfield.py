"""Mean-field theory of one activation phi: statistics of a signal in a wide random network, layer by layer.

Independent weights with fan_in Var(w) = sigma_w^2 and biases with variance sigma_b^2 make the pre-activations
of a wide layer normal with mean 0 and variance q. With z and z' independent standard normal:
- variance:     q' = sigma_w^2 E[phi(sqrt(q) z)^2] + sigma_b^2;
- correlation:  c' = (sigma_w^2 E[phi(sqrt(q) z) phi(sqrt(q) (c z + sqrt(1 - c^2) z'))] + sigma_b^2) / q';
- gradients:    chi = sigma_w^2 E[phi'(sqrt(q) z)^2] multiplies their second moment, one layer back.
Poole et al. 2016, arXiv:1606.05340; Schoenholz et al. 2017, arXiv:1611.01232; Hayou et al. 2019,
arXiv:1902.06853 for where chi = 1.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from inits.errors import SpecError
from inits.initializers.activations import ELEMENTWISE, Activation, Array, Function, elementwise
from inits.text import shown

# Gauss-Legendre on panels: the normal density needs some 3 wide in z, phi some that double away from x = 0.
_REACH = 9.0
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_PANELS = np.linspace(-_REACH, _REACH, 7)
_OCTAVES = 2.0 ** np.arange(14)
_BREAKS = np.concatenate([-_OCTAVES[::-1], [0.0], _OCTAVES])
# Below any standard deviation, but on the right side of a kink at 0; its square is 0 in float64.
_TINY = 1e-170
# Variances between which fixed points are searched: 5% apart where activations bend, to separate pairs.
_GRID = 10.0 ** np.concatenate([np.arange(-60, -4) / 2, np.arange(-100, 150) / 50, np.arange(6, 61) / 2])
_ONE = int(np.searchsorted(_GRID, 1.0))
_ROUNDING = 1e-13
# A variance may overflow to inf: the signal explodes. 0 inf and inf/inf are then NaN.
_quiet = np.errstate(over="ignore", invalid="ignore")


def variance_map(activation: str, q: ArrayLike, sigma_w2: float, sigma_b2: float) -> Array:
    """Return the variance of the next layer, float64, shape of `q`. At q = inf: the limit.

    Raises:
        SpecError: for an unknown activation, a negative or NaN variance or a sigma that is negative or not finite.
    """
    phi, q = elementwise(activation), _variances(q)
    return _sigma("sigma_b2", sigma_b2) + _scaled(_sigma("sigma_w2", sigma_w2), _square(phi, phi.value, q))


def chi(activation: str, q: ArrayLike, sigma_w2: float) -> Array:
    """Return the growth of the gradients' second moment over one layer of variance q, float64, shape of `q`.

    At q = 0 and q = inf: the limit, sigma_w^2/2 for ReLU.

    Raises:
        SpecError: as variance_map.
    """
    phi, q = elementwise(activation), _variances(q)
    return _scaled(_sigma("sigma_w2", sigma_w2), _square(phi, phi.slope, q))


def moments(activation: str, q: Array) -> tuple[Array, Array]:
    """Return E[phi^2] and E[phi'^2] for variances q, float64, shape of `q`."""
    return variance_map(activation, q, 1.0, 0.0), chi(activation, q, 1.0)


@_quiet
def tabulated_moments(activation: str, q: Array) -> tuple[Array, Array]:
    """Return `moments` to about 3 digits from a table, which takes no time."""
    squares, slopes = _table(activation)
    with np.errstate(divide="ignore"):
        place, grid = np.log(q), np.log(_GRID)
    return q * np.interp(place, grid, squares), np.interp(place, grid, slopes)


@_quiet
def correlation_map(activation: str, c: ArrayLike, q: ArrayLike, sigma_w2: float, sigma_b2: float) -> Array:
    """Return the correlation one layer on for inputs of variance q and correlation c, float64, `c` and `q` broadcast.

    At q = 0: the limit. NaN where the next variance is 0 or not finite. Takes 1 to 10 ms per pair.

    Raises:
        SpecError: for c outside [-1, 1], otherwise as variance_map.
    """
    phi, q, c = elementwise(activation), _variances(q), np.asarray(c, np.float64)
    w, b = _sigma("sigma_w2", sigma_w2), _sigma("sigma_b2", sigma_b2)
    if not (np.abs(c) <= 1.0).all():
        raise SpecError(f"c must be from -1 to 1, but got {shown(c)}.")
    c, q = np.broadcast_arrays(c, np.maximum(q, _TINY))
    mixed = np.array([_product(phi, *pair) for pair in zip(q.flat, c.flat, strict=True)])
    ratio = (_scaled(w, mixed.reshape(c.shape)) + b) / (_scaled(w, _square(phi, phi.value, q)) + b)
    return np.clip(ratio, -1.0, 1.0)


@_quiet
def fixed_point(activation: str, sigma_w2: float, sigma_b2: float) -> float:
    """Return q*, the limit of the variance map iterated from q = 1.

    0.0 if the signal vanishes and inf if it explodes (below 1e-30, above 1e30). 1.0 for ReLU at (2, 0), as
    for every map that preserves all variances. An unstable fixed point at exactly 1 counts as repelling downwards.

    Raises:
        SpecError: as variance_map.
    """
    phi = elementwise(activation)
    w, b = _sigma("sigma_w2", sigma_w2), _sigma("sigma_b2", sigma_b2)
    # E[phi^2] rises with q for all activations, so the iteration is monotonic and ends at the first fixed point.
    signs = _signs(_scaled(w, _table(activation)[0]) + b / _GRID - 1.0)
    if signs[_ONE] == 0.0 and signs[_ONE - 1] >= signs[_ONE + 1]:
        return 1.0
    up = bool(signs[_ONE] > 0.0)
    signs, grid = (signs[_ONE:], _GRID[_ONE:]) if up else (-signs[_ONE::-1], _GRID[_ONE::-1])
    crossings = _crossings(signs)
    if not crossings:
        return math.inf if up else 0.0

    def growth(log_q: float) -> float:
        q = np.exp(log_q)
        return float((w * _square(phi, phi.value, q) + b) / q - 1.0)

    before, after = crossings[0]
    return math.exp(_root(growth, math.log(grid[before]), math.log(grid[after])))


def chi1(activation: str, sigma_w2: float, sigma_b2: float) -> float:
    """Return chi at the fixed point: gradients vanish below 1 and explode above 1.

    If the signal vanishes or explodes, this is the limit of chi at q = 0 or inf: sigma_w^2/2 for ReLU, inf for
    the exponential.

    Raises:
        SpecError: as variance_map.
    """
    return float(chi(activation, fixed_point(activation, sigma_w2, sigma_b2), sigma_w2))


def critical_sigma_w2(activation: str, sigma_b2: float = 0.0) -> float | None:
    """Return the sigma_w^2 with chi1 = 1 at a finite fixed point, the edge of chaos.

    None if there is none. chi1 jumps over 1 as the signal begins to explode: the exponential, and with too
    little bias variance Mish (sigma_b^2 < 0.096), GELU (0.173), hard SiLU (0.508) and SiLU (0.555). Or it
    reaches 1 only where the signal explodes: softplus, and ReLU, leaky ReLU and linear once sigma_b^2 > 0.

    Raises:
        SpecError: as variance_map.
    """
    elementwise(activation)
    return _critical(activation, _sigma("sigma_b2", sigma_b2))


def depth_scale(chi1: float) -> float:
    """Return xi = 1/|ln chi1|, the number of layers over which gradients shrink or grow by a factor e; inf at chi1 = 1.

    Raises:
        SpecError: if chi1 is negative or NaN.
    """
    if not chi1 >= 0.0:
        raise SpecError(f"chi1 must be at least 0, but got {shown(chi1)}.")
    rate = abs(math.log(chi1)) if chi1 else math.inf
    return 1.0 / rate if rate else math.inf


@lru_cache(maxsize=1024)
@_quiet
def _critical(activation: str, b: float) -> float | None:
    """Return `critical_sigma_w2`: on the line sigma_w^2 = 1/E[phi'^2] and sigma_b^2 = q - E[phi^2]/E[phi'^2]."""
    phi = ELEMENTWISE[activation]

    def excess(log_q: float) -> float:
        q = np.exp(log_q)
        return float(1.0 - (_square(phi, phi.value, q) / _square(phi, phi.slope, q) + b) / q)

    squares, slopes = _table(activation)
    signs = _signs(1.0 - squares / slopes - b / _GRID)
    ends = [(math.log(_GRID[before]), math.log(_GRID[after])) for before, after in _crossings(signs)]
    for q in [0.0] * (b == 0.0) + [math.exp(_root(excess, *pair)) for pair in ends]:
        w = 1.0 / float(_square(phi, phi.slope, np.asarray(q)))
        # Not every fixed point on the line is stable and reached from q = 1.
        if abs(chi1(activation, w, b) - 1.0) < 1e-6:
            return w
    return None


@lru_cache
def _table(activation: str) -> tuple[Array, Array]:
    """Return E[phi^2]/q and E[phi'^2] on the grid."""
    phi = ELEMENTWISE[activation]
    return _square(phi, phi.value, _GRID) / _GRID, _square(phi, phi.slope, _GRID)


def _signs(values: Array) -> Array:
    """Return -1, 0 or 1; 0 within rounding and for NaN."""
    return np.where(np.abs(values) > _ROUNDING, np.sign(values), 0.0)


def _crossings(signs: Array) -> list[tuple[int, int]]:
    """Return neighbouring indices of different sign, skipping zeros."""
    places = np.flatnonzero(signs)
    turns = np.flatnonzero(np.diff(signs[places]))
    return [(int(places[turn]), int(places[turn + 1])) for turn in turns]


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return a zero of `function` between two points of different sign by the Illinois method."""
    at_low, at_high = function(low), function(high)
    for _ in range(100):
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        at_middle = function(middle)
        if at_middle == 0.0 or abs(middle - high) < 1e-15 * abs(middle):
            return middle
        if (at_middle > 0.0) != (at_high > 0.0):
            low, at_low = high, at_high
        else:
            at_low *= 0.5
        high, at_high = middle, at_middle
    return high


@_quiet
def _square(phi: Activation, function: Function, q: Array) -> Array:
    """Return E[function(sqrt(q) z)^2], shape of q."""
    if phi.product:
        return phi.product(q, np.ones_like(q))
    spread = np.clip(np.sqrt(q), _TINY, math.sqrt(np.finfo(np.float64).max))
    x, weights = _nodes(np.zeros_like(spread), spread, np.append(_BREAKS, phi.kinks))
    return np.asarray((weights * function(x) ** 2).sum(-1), np.float64)


def _product(phi: Activation, q: Array, c: Array) -> float:
    """Return E[phi(x) phi(y)] for x and y of variance q and correlation c, as a mean over x of means over y given x."""
    if phi.product:
        return float(phi.product(q, c))
    spread, rest = np.sqrt(q), np.maximum(np.sqrt(q * (1.0 - c) * (1.0 + c)), _TINY)
    # As c approaches +-1, the inner mean bends at the kinks too, over a width of `rest`. (At -kinks for c < 0; those
    # are kinks as well, or phi is 0 there.)
    rounded = np.add.outer(phi.kinks, rest * np.array([-8.0, -4.0, 4.0, 8.0])).ravel()
    x, outer = _nodes(np.zeros_like(spread), spread, np.concatenate([_BREAKS, phi.kinks, rounded]))
    y, inner = _nodes(c * x, np.full_like(x, rest), np.append(_BREAKS, phi.kinks))
    return float(outer * phi.value(x) @ (inner * phi.value(y)).sum(-1))


def _nodes(center: Array, spread: Array, breaks: Array) -> tuple[Array, Array]:
    """Return points x and weights, shape of center and spread + (n,): E[f(center + spread z)] = sum of f(x) weights.

    f must be smooth between the breaks.
    """
    center, spread = center[..., None], spread[..., None]
    breaks = breaks[np.abs(breaks) <= np.max(np.abs(center) + _REACH * spread, initial=0.0)]
    inside = np.clip((breaks - center) / spread, -_REACH, _REACH)
    panels = np.broadcast_to(_PANELS, (*inside.shape[:-1], _PANELS.size))
    edges = np.sort(np.concatenate([inside, panels], axis=-1), axis=-1)[..., None]
    half = 0.5 * np.diff(edges, axis=-2)
    z = edges[..., :-1, :] + half * (1.0 + _POINTS)
    z = z.reshape(*inside.shape[:-1], z.shape[-2] * z.shape[-1])
    weights = (half * _WEIGHTS).reshape(z.shape) * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return center + spread * z, weights


@_quiet
def _scaled(sigma_w2: float, moment: Array) -> Array:
    """Return sigma_w^2 times the moment; 0 if sigma_w^2 is 0, even for an infinite moment."""
    return np.asarray(sigma_w2 * moment if sigma_w2 else np.zeros_like(moment), np.float64)


def _sigma(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < math.inf:
        raise SpecError(f"{name} must be a finite number of at least 0, but got {shown(value)}.")
    return float(value)


def _variances(q: ArrayLike) -> Array:
    variances = np.asarray(q, np.float64)
    if not (variances >= 0.0).all():
        raise SpecError(f"q must be at least 0, but got {shown(q)}.")
    return variances
