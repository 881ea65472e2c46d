"""Fit initializers to weights: exact ones (constant, identity, orthogonal) and those that draw from a law."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inits.errors import ShapeError, SpecError
from inits.initializers.laws import Law
from inits.initializers.parameters import LARGEST, SMALLEST, Value
from inits.initializers.shapes import Shape, compute_fans, flattened
from inits.initializers.spec import InitializerSpec
from inits.initializers.symmetric_laws import Normal, TruncatedNormal

MAX_COMPARED = 2_000_000  # weights that are sorted; of more, as many are taken at random
STANDARD_ERRORS = 3.7  # which draws exceed once in 5,000 times: a fitted number is rounded within them
GAPS = 6.0  # between weights: a uniform law's end is farther from the last weight in 0.25% of all draws
DIGITS = 7  # of a fitted number: the precision of float32


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
            rounded = float(f"{self.best:.{digits}e}")
            if self.low <= rounded <= self.high:
                return rounded
        return float(f"{self.best:.{DIGITS}e}")


def fitted_initializers(kernel: Weights) -> Iterator[InitializerSpec]:
    """Yield initializers with arguments fitted to the weights, each in its shortest notations."""
    error = STANDARD_ERRORS * kernel.std / math.sqrt(kernel.size)
    mean = _Range(kernel.mean - error, kernel.mean, kernel.mean + error).round()
    normal = _bell(kernel, mean, Normal(0.0, 1.0), "RandomNormal", "untruncated_normal")
    cut = _bell(kernel, mean, TruncatedNormal(0.0, 1.0), "TruncatedNormal", "truncated_normal")
    for ways in (_uniform(kernel), normal, cut):
        known = [spec for spec in ways if spec]
        yield from (spec for spec in known if _length(spec) == min(map(_length, known)))


def _bell(
    kernel: Weights, mean: float, law: Law, name: str, distribution: str
) -> Iterator[InitializerSpec | None]:
    """Fit a normal law to the moments; the end of a truncated one lies beyond all weights."""
    error = STANDARD_ERRORS * std_error(law, kernel.size) * kernel.std
    reach = max(kernel.high - mean, mean - kernel.low) - kernel.rounding
    low = max(kernel.std - error, reach / law.support[1] * law.std)
    std = _Range(low, max(low, kernel.std), kernel.std + error)
    if std.low > std.high:  # some weights lie beyond every cut
        return
    yield _spec(name, mean=mean, stddev=_Range(*(x / law.std for x in std)).round())
    if mean == 0.0:
        yield from _scaled(kernel, std, distribution)


def _uniform(kernel: Weights) -> Iterator[InitializerSpec | None]:
    """Fit a uniform law: its ends lie beyond the weights, on average by one gap between weights."""
    gap = (kernel.high - kernel.low) / kernel.size
    low, high = (_Range(x - kernel.rounding, x + gap, x + GAPS * gap) for x in (-kernel.low, kernel.high))
    symmetric = abs(kernel.low + kernel.high) <= GAPS * gap
    if symmetric:
        low = high = max(low, high)
    yield _spec("RandomUniform", minval=-low.round(), maxval=high.round())
    if symmetric:
        yield from _scaled(kernel, _Range(*(x / math.sqrt(3.0) for x in high)), "uniform")


def _scaled(kernel: Weights, std: _Range, distribution: str) -> Iterator[InitializerSpec | None]:
    """Yield a law of mean 0 as VarianceScaling; a bias has no inputs to scale by."""
    if len(kernel.shape) < 2:
        return
    fan_in, fan_out = compute_fans(kernel.shape)
    for mode, fan in (("fan_in", fan_in), ("fan_avg", 0.5 * (fan_in + fan_out))):
        scale = _Range(*(fan * x * x for x in std)).round()
        yield _spec("VarianceScaling", scale=scale, mode=mode, distribution=distribution)


def _length(spec: InitializerSpec) -> int:
    """Return the digits of its longest number: 1 for 2.0 and 0.05, 3 for 0.0505 and 100.0.

    One more for a scale other than 1 and 2, which no theory stands behind.
    """
    numbers = [abs(value) for _, value in spec.arguments if isinstance(value, float)]
    written = [f"{x:.{DIGITS}e}".split("e") for x in numbers]
    digits = max(max(len(digits.replace(".", "").rstrip("0")), int(power) + 1) for digits, power in written)
    return digits + (spec.name == "VarianceScaling" and spec.get("scale") not in (1.0, 2.0))
