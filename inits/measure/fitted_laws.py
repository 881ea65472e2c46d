"""Fit initializers to weights: exact ones (constant, identity, orthogonal) and those that draw from a law."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inits.errors import ShapeError, SpecError
from inits.initializers.laws import Law
from inits.initializers.parameters import LARGEST, SMALLEST, Value
from inits.initializers.shapes import Shape, compute_fans, flattened
from inits.initializers.spec import InitializerSpec
from inits.initializers.symmetric_laws import Normal, TruncatedNormal, Uniform

MAX_COMPARED = 2_000_000  # weights that are sorted; of more, as many are taken at random
STANDARD_ERRORS = 3.7  # which draws exceed once in 5,000 times: a fitted number is rounded within them
GAPS = 6.0  # between weights: a uniform law's end is farther from the last weight in 0.25% of all draws
DIGITS = 7  # of a fitted number: the precision of float32
DISTRIBUTIONS: Mapping[str, tuple[str, Law]] = {
    "uniform": ("RandomUniform", Uniform(-1.0, 1.0)),
    "untruncated_normal": ("RandomNormal", Normal(0.0, 1.0)),
    "truncated_normal": ("TruncatedNormal", TruncatedNormal(0.0, 1.0)),
}
"""Distributions of VarianceScaling -> the initializer whose scale does not depend on the shape, and its law."""


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights in their shape, float32, and the sorted weights that are compared, with their statistics.

    `rounding` is the size of a rounding error in the largest.
    """

    values: NDArray[np.float32]
    ordered: NDArray[np.float32]
    low: float
    high: float
    mean: float
    std: float
    rounding: float

    @property
    def shape(self) -> Shape:
        return self.values.shape

    @property
    def size(self) -> int:
        """Number of weights that are compared."""
        return int(self.ordered.size)


def weights_of(values: ArrayLike, shape: tuple[int, ...] | None = None) -> Weights | None:
    """Return the weights of an array; None if there is no weight or one is not finite."""
    array = np.asarray(values)
    with np.errstate(over="ignore"):
        weights = np.atleast_1d(array.astype(np.float32, copy=False))
    if shape is not None:
        if math.prod(shape) != weights.size:
            raise ShapeError(f"shape must hold all {weights.size:,} weights, but got {tuple(shape)}.")
        weights = weights.reshape(shape)
    if not weights.size or not np.isfinite([weights.min(), weights.max()]).all():
        return None
    ordered = np.sort(_some(weights), axis=None)
    low, high = float(ordered[0]), float(ordered[-1])
    mean, std = float(ordered.mean(dtype=np.float64)), float(ordered.std(dtype=np.float64))
    precision = float(np.finfo(np.float16 if array.dtype == np.float16 else np.float32).eps)
    return Weights(weights, ordered, low, high, mean, std, 2.0 * precision * max(-low, high))


def _some(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return all weights or about MAX_COMPARED of them: every k-th, k coprime to the size, to include every unit."""
    step = -(-weights.size // MAX_COMPARED)
    while math.gcd(step, weights.size) > 1:
        step += 1
    return weights.reshape(-1)[::step]


def std_error(law: Law, n: int) -> float:
    """Return the standard error of the standard deviation of n weights, in units of it (delta method)."""
    return math.sqrt((law.moment(4) / law.std**4 - 1.0) / (4.0 * n))


def exact_initializer(kernel: Weights) -> InitializerSpec | None:
    """Return the deterministic initializer of weights that are all equal or an identity; None otherwise."""
    values, first = kernel.values, kernel.values.flat[0]
    written = float(str(first))  # 0.1 for the float32 nearest to it
    if kernel.low == kernel.high and (values == first).all():
        if kernel.low in (0.0, 1.0):
            return InitializerSpec("Ones" if first else "Zeros")
        return _spec("Constant", value=written) if values.size > 1 else None
    if not first or values.ndim != 2 or np.count_nonzero(values) != min(values.shape):
        return None
    return _spec("Identity", gain=written) if (values.diagonal() == first).all() else None


def orthogonal_initializer(kernel: Weights) -> InitializerSpec | None:
    """Return Orthogonal if W^T (W v) = gain^2 v for a few random v; the product W^T W could take seconds.

    Independent weights come no nearer than about 1 / sqrt(longer side). A single row or column is always
    orthogonal: it counts when its length is 1.
    """
    if kernel.values.ndim < 2:
        return None
    matrix = kernel.values.reshape(flattened(kernel.shape))
    matrix = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    long, short = matrix.shape
    gain = math.sqrt(_sum_of_squares(matrix) / short)
    if not SMALLEST <= gain <= LARGEST or (short == 1 and abs(gain - 1.0) > 3e-6):
        return None  # no initializer has a smaller or larger gain, and products in float32 would overflow
    probes = np.random.default_rng(0).standard_normal((short, 3)).astype(np.float32)
    again = matrix.T @ ((matrix @ probes) / np.float32(gain)) / np.float32(gain)
    if not np.abs(again - probes).max() <= max(5e-5, 3e-3 / math.sqrt(long)):
        return None
    return _spec("Orthogonal", gain=float(f"{gain:.4e}"))


def _sum_of_squares(matrix: NDArray[np.float32]) -> float:
    """Return the sum of squares in float64, some rows at a time."""
    rows = max(1, (1 << 20) // matrix.shape[1])
    parts = (matrix[first : first + rows].astype(np.float64) for first in range(0, len(matrix), rows))
    return math.fsum(float(np.vdot(part, part)) for part in parts)


def _spec(name: str, **arguments: Value) -> InitializerSpec | None:
    """Return the initializer; None if a number is too large or too small for it."""
    try:
        return InitializerSpec(name, tuple(arguments.items()))
    except SpecError:
        return None


class _Range(NamedTuple):
    """A fitted number with the smallest and the largest value that the weights allow."""

    low: float
    best: float
    high: float

    def round(self) -> float:
        """Return the number with the fewest digits."""
        if self.low <= 0.0 <= self.high:
            return 0.0
        for digits in range(DIGITS):
            step = 10.0 ** (math.floor(math.log10(abs(self.best))) - digits)
            first, last = math.ceil(self.low / step), math.floor(self.high / step)
            if first <= last:
                return float(f"{min(max(round(self.best / step), first), last) * step:.{digits + 1}e}")
        return float(f"{self.best:.{DIGITS}e}")


def fitted_initializers(kernel: Weights) -> Iterator[InitializerSpec]:
    """Yield initializers with arguments fitted to the weights, each in its shortest notations."""
    fans = _fans(kernel.shape)
    modes = {mode: fan for mode, fan in fans.items() if mode != "fan_out"}
    for distribution in DISTRIBUTIONS:
        ways = [_fixed(kernel, distribution)]
        if len(kernel.shape) > 1 and (std := _std(kernel, distribution)):  # a bias has no inputs to scale by
            ways += [_scaled(std, mode, fan, distribution) for mode, fan in modes.items()]
        known = [spec for spec in ways if spec]
        yield from (spec for spec in known if length(spec) == min(map(length, known)))


def shared_initializers(kernels: Sequence[Weights]) -> Iterator[InitializerSpec]:
    """Yield initializers with one argument fitted to all kernels: a scale by each of the fans, or the same law for all.

    Weights times the root of their fan have the same law in all kernels if that fan sets the scale.
    """
    if all(len(kernel.shape) > 1 for kernel in kernels):
        for mode in _fans(kernels[0].shape):
            fans = [_fans(kernel.shape)[mode] for kernel in kernels]
            pooled = _pooled(kernels, [math.sqrt(fan / max(fans)) for fan in fans])
            found = ((name, _std(pooled, name)) for name in DISTRIBUTIONS)
            yield from (spec for name, std in found if std and (spec := _scaled(std, mode, max(fans), name)))
    pooled = _pooled(kernels, [1.0] * len(kernels))
    yield from (spec for name in DISTRIBUTIONS if (spec := _fixed(pooled, name)))


def _fans(shape: Shape) -> dict[str, float]:
    """Return the fans by the modes of VarianceScaling."""
    fan_in, fan_out = compute_fans(shape)
    return {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": 0.5 * (fan_in + fan_out)}


def _pooled(kernels: Sequence[Weights], factors: Sequence[float]) -> Weights:
    """Return the weights of all kernels, each times its factor, as one row."""
    pairs = list(zip(kernels, factors, strict=True))
    weights = np.concatenate([kernel.ordered * np.float32(factor) for kernel, factor in pairs])
    found = weights_of(weights)
    assert found is not None
    return replace(found, rounding=max(kernel.rounding * factor for kernel, factor in pairs))


def _fixed(kernel: Weights, distribution: str) -> InitializerSpec | None:
    """Fit the initializer whose scale does not depend on the shape."""
    if distribution == "uniform":
        low, high = _ends(kernel)
        return _spec("RandomUniform", minval=-low.round(), maxval=high.round())
    error = STANDARD_ERRORS * kernel.std / math.sqrt(kernel.size)
    mean = _Range(kernel.mean - error, kernel.mean, kernel.mean + error).round()
    name, law = DISTRIBUTIONS[distribution]
    std = _bell(kernel, mean, law)
    return std and _spec(name, mean=mean, stddev=_Range(*(x / law.std for x in std)).round())


def _std(kernel: Weights, distribution: str) -> _Range | None:
    """Return the standard deviations that a law of mean 0 may have; None if the weights do not allow mean 0."""
    if distribution == "uniform":
        low, high = _ends(kernel)
        return _Range(*(x / math.sqrt(3.0) for x in high)) if low == high else None
    if abs(kernel.mean) > STANDARD_ERRORS * kernel.std / math.sqrt(kernel.size):
        return None
    return _bell(kernel, 0.0, DISTRIBUTIONS[distribution][1])


def _bell(kernel: Weights, mean: float, law: Law) -> _Range | None:
    """Fit a normal law to the moments; the ends of a truncated one lie beyond all weights, but not far."""
    error = STANDARD_ERRORS * std_error(law, kernel.size) * kernel.std
    reaches = kernel.high - mean, mean - kernel.low
    low = max(kernel.std - error, (max(reaches) - 0.5 * kernel.rounding) / law.support[1] * law.std)
    high = kernel.std + error
    if low > high:  # some weights lie beyond every cut
        return None
    if math.isfinite(law.support[1]):
        farthest = float(law.ppf(1.0 - GAPS / kernel.size))
        high = max(low, min(high, (min(reaches) + kernel.rounding) / farthest * law.std))
    return _Range(low, min(max(low, kernel.std), high), high)


def _ends(kernel: Weights) -> tuple[_Range, _Range]:
    """Fit a uniform law: its ends lie beyond the weights, on average by one gap between weights.

    Returns:
        The distances of its ends from 0, equal if the weights allow that.
    """
    gap = (kernel.high - kernel.low) / kernel.size
    low, high = (_Range(x - kernel.rounding, x + gap, x + GAPS * gap) for x in (-kernel.low, kernel.high))
    if abs(kernel.low + kernel.high) <= GAPS * gap:
        low = high = max(low, high)
    return low, high


def _scaled(std: _Range, mode: str, fan: float, distribution: str) -> InitializerSpec | None:
    """Return a law of mean 0 as VarianceScaling."""
    scale = _Range(*(fan * x * x for x in std)).round()
    return _spec("VarianceScaling", scale=scale, mode=mode, distribution=distribution)


def length(spec: InitializerSpec) -> int:
    """Return the digits of its longest number: 1 for 2.0 and 0.05, 3 for 0.0505 and 100.0.

    One more for a scale other than 1 and 2, which no theory stands behind.
    """
    numbers = [abs(value) for _, value in spec.arguments if isinstance(value, float)]
    written = [f"{x:.{DIGITS}e}".split("e") for x in numbers]
    digits = max(max(len(digits.replace(".", "").rstrip("0")), int(power) + 1) for digits, power in written)
    return digits + (spec.name == "VarianceScaling" and spec.get("scale") not in (1.0, 2.0))
