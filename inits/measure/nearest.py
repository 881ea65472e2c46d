"""The named Keras initializer whose law an array of weights looks most like.

The simplest explanation wins: an exact one (constant, identity, orthogonal) before a law with default arguments,
and that before one whose arguments are fitted to the weights. Chance decides what explains: Kolmogorov's distance,
mean and standard deviation, and the smallest and largest weight, which tell a normal law from a cut one.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from inits.errors import ShapeError, SpecError
from inits.initializers.catalog import CATALOG
from inits.initializers.laws import Law
from inits.initializers.parameters import Value
from inits.initializers.shapes import Shape, compute_fans, flattened
from inits.initializers.spec import InitializerSpec
from inits.initializers.symmetric_laws import Normal, TruncatedNormal

FEW = 20  # weights: with fewer, nearly every law is within chance
MOST = 2_000_000  # weights that are sorted; of more, as many are taken at random
RARE = 2e-4  # what draws do less often is not called chance; with five looks, 0.1% of all draws
SURE = 3.7  # standard errors, which draws exceed as rarely: a fitted number is rounded within them
BEYOND = 6.0  # gaps between weights: a uniform law's end is farther from the last one in 0.25% of all draws
DIGITS = 7  # of a fitted number that nothing shorter fits: float32 has no more


@dataclass(frozen=True)
class Nearest:
    """An initializer and how far weights are from its law.

    Attributes:
        spec: the initializer.
        distance: Kolmogorov's, 0 to 1.
        chance: the distance that as many draws from the law exceed once in 5,000 times (about, for Orthogonal); 0
            where nothing is drawn.
        p: the least probability of five: that draws from the law differ from it as much in distance, mean, std,
            smallest or largest weight (of Orthogonal's only the first, about); 1 where nothing is drawn.
    """

    spec: InitializerSpec
    distance: float
    chance: float
    p: float = 1.0

    @property
    def fitted(self) -> bool:
        """Whether an argument differs from Keras' default: it was fitted to the weights."""
        return self.spec != InitializerSpec(self.spec.name)

    @property
    def within_chance(self) -> bool:
        """Whether draws from the law look like this; false for at most 0.1% of them."""
        return self.p >= RARE


def nearest(values: ArrayLike, shape: tuple[int, ...] | None = None) -> Nearest | None:
    """The initializer that weights most look like.

    Args:
        values: real numbers; they are compared as float32.
        shape: of the weights, where `values` has another one.

    Returns:
        None if there is no weight, one is not finite in float32, or there are fewer than FEW that are neither equal nor
        an identity nor orthogonal. Of more than 2 million weights as many are compared, taken at random.

    Raises:
        ShapeError: if `shape` does not hold as many weights as there are values.
    """
    kernel = _kernel(values, shape)
    return _nearest(kernel) if kernel else None


def nearest_for_all(kernels: Sequence[ArrayLike]) -> list[Nearest | None]:
    """`nearest` of every kernel, under one name for all of them where one is within chance of each.

    A square kernel cannot tell Glorot from Lecun and a small one not many laws apart; the others can.
    """
    drawn = [_kernel(kernel) for kernel in kernels]
    found = [_nearest(kernel) if kernel else None for kernel in drawn]
    pairs = [(kernel, one.spec) for kernel, one in zip(drawn, found, strict=True) if kernel and one]
    if not all(_independent(spec, kernel.shape) for kernel, spec in pairs):
        return found
    for _, spec in pairs:
        tried = [_measure(kernel, spec) for kernel, _ in pairs]
        if all(one.within_chance for one in tried):
            common = iter(tried)
            return [next(common) if one else None for one in found]
    return found


@dataclass(frozen=True, eq=False)
class _Kernel:
    """Weights in their shape, float32, and those that are compared, sorted, with their numbers.

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
        """How many weights are compared."""
        return int(self.ordered.size)


def _kernel(values: ArrayLike, shape: tuple[int, ...] | None = None) -> _Kernel | None:
    """None if there is no weight or one is not finite."""
    array = np.asarray(values)
    with np.errstate(over="ignore"):
        weights = np.atleast_1d(array.astype(np.float32, copy=False))
    if shape is not None:
        if math.prod(shape) != weights.size:
            raise ShapeError(f"shape must hold all {weights.size:,} weights. Received {tuple(shape)}.")
        weights = weights.reshape(shape)
    if not weights.size or not np.isfinite([weights.min(), weights.max()]).all():
        return None
    ordered = np.sort(_some(weights), axis=None)
    low, high = float(ordered[0]), float(ordered[-1])
    mean, std = float(ordered.mean(dtype=np.float64)), float(ordered.std(dtype=np.float64))
    precision = float(np.finfo(np.float16 if array.dtype == np.float16 else np.float32).eps)
    return _Kernel(weights, ordered, low, high, mean, std, 2.0 * precision * max(-low, high))


def _some(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """All weights, or about MOST of them: every k-th, k prime to the sides, so that no unit is left out."""
    step = -(-weights.size // MOST)
    while math.gcd(step, weights.size) > 1:
        step += 1
    return weights.reshape(-1)[::step]


def _nearest(kernel: _Kernel) -> Nearest | None:
    exact = _exact(kernel)
    if exact:
        return Nearest(exact, 0.0, 0.0)
    orthogonal = _orthogonal(kernel)
    if orthogonal:
        return _measure(kernel, orthogonal)
    if kernel.size < FEW or kernel.low == kernel.high:
        return None
    found = [_measure(kernel, spec) for spec in _named(kernel.shape)]
    if not any(one.within_chance for one in found):
        found += [_measure(kernel, spec) for spec in _fitted(kernel)]
    likely = [one for one in found if one.within_chance]
    if likely:
        return max(likely, key=lambda one: one.p)  # of two with the same law, the first
    return min(found, key=lambda one: one.distance, default=None)


def _named(shape: Shape) -> Iterator[InitializerSpec]:
    """Initializers with default arguments that draw independent weights; those that fix a scale come first."""
    for entry in sorted(CATALOG.values(), key=lambda entry: not entry.fixed):
        spec = InitializerSpec(entry.name)
        if _independent(spec, shape):
            yield spec


def _independent(spec: InitializerSpec, shape: Shape) -> bool:
    """Whether it fills the shape with independent draws from a law."""
    try:
        law = _law(spec, shape)
    except ShapeError:
        return False
    return law is not None and law.independent


def _law(spec: InitializerSpec, shape: Shape) -> Law | None:
    """Also for kernels larger than any that is drawn here. Raises ShapeError."""
    arguments = dict(spec.arguments)
    spec.entry.fits(arguments, shape)
    return spec.entry.law(arguments, shape)


def _measure(kernel: _Kernel, spec: InitializerSpec) -> Nearest:
    law = _law(spec, kernel.shape)
    assert law is not None
    size, distance = kernel.size, _distance(kernel.ordered, law)
    looks = [_exceeded(distance, size)]
    if law.independent:
        looks += [*_moments(kernel, law), *_ends(kernel, law)]
    return Nearest(spec, distance, _rarely_exceeded(size), min(looks))


def _exceeded(distance: float, n: int) -> float:
    """Probability that n independent values have a larger Kolmogorov distance (see `statistics.kolmogorov`)."""
    root = math.sqrt(n)
    return float(
        special.kolmogorov(distance * root + 1.0 / (6.0 * root) + (distance * root - 1.0) / (4.0 * n))
    )


def _rarely_exceeded(n: int) -> float:
    """The distance with `_exceeded` RARE."""
    root = math.sqrt(n)
    scaled = float(special.kolmogi(RARE)) - 1.0 / (6.0 * root) + 1.0 / (4.0 * n)
    return min(1.0, scaled / (1.0 + 1.0 / (4.0 * n)) / root)


def _distance(ordered: NDArray[np.float32], law: Law) -> float:
    """Kolmogorov's distance of sorted values from a law without atoms, exactly.

    The law is evaluated at a few of the values first. Both distribution functions rise, so what is known on both
    sides of the values between bounds their gaps: they are looked at only where the bound exceeds the largest gap.
    """
    n = ordered.size
    marks = np.append(np.arange(0, n - 1, max(1, math.isqrt(n) // 8)), n - 1)
    cdf = law.cdf(ordered[marks])
    largest = _gap(cdf, marks, n)
    bound = np.maximum(cdf[1:] - (marks[:-1] + 1) / n, marks[1:] / n - cdf[:-1])
    between = np.flatnonzero(np.repeat(bound > largest, np.diff(marks)))
    return max(largest, _gap(law.cdf(ordered[between]), between, n)) if between.size else largest


def _gap(cdf: NDArray[np.float64], places: NDArray[np.intp], n: int) -> float:
    """Largest gap just before and at the values in these places of n, `cdf` being the law's at them."""
    return float(max((cdf - places / n).max(), ((places + 1) / n - cdf).max()))


def _moments(kernel: _Kernel, law: Law) -> tuple[float, float]:
    """Two-sided p of the mean and of the standard deviation, both about normal."""
    mean = (kernel.mean - law.mean) / law.std * math.sqrt(kernel.size)
    std = (kernel.std / law.std - 1.0) / _std_error(law, kernel.size)
    return float(2.0 * special.ndtr(-abs(mean))), float(2.0 * special.ndtr(-abs(std)))


def _std_error(law: Law, n: int) -> float:
    """Standard error of the standard deviation of n weights, in units of it (delta method)."""
    return math.sqrt((law.moment(4) / law.std**4 - 1.0) / (4.0 * n))


def _ends(kernel: _Kernel, law: Law) -> tuple[float, float]:
    """Two-sided p of the smallest and of the largest weight, each moved by a rounding error in its favour."""
    slack = np.array([-kernel.rounding, kernel.rounding])
    above = (1.0 - law.cdf(kernel.low + slack)) ** kernel.size
    below = law.cdf(kernel.high + slack) ** kernel.size
    return 2.0 * float(min(above[0], 1.0 - above[1])), 2.0 * float(min(below[1], 1.0 - below[0]))


def _exact(kernel: _Kernel) -> InitializerSpec | None:
    """What the weights are without any chance: all equal, or an identity."""
    values, first = kernel.values, kernel.values.flat[0]
    written = float(str(first))  # 0.1 for the float32 nearest to it
    if kernel.low == kernel.high and (values == first).all():
        if kernel.low in (0.0, 1.0):
            return InitializerSpec("Ones" if first else "Zeros")
        return _spec("Constant", value=written) if values.size > 1 else None
    if not first or values.ndim != 2 or np.count_nonzero(values) != min(values.shape):
        return None
    return _spec("Identity", gain=written) if (values.diagonal() == first).all() else None


def _orthogonal(kernel: _Kernel) -> InitializerSpec | None:
    """W^T W = gain^2 I, which W^T (W v) = gain^2 v shows for a few random v; the whole product can take seconds.

    Independent weights come no nearer than about 1 / sqrt(longer side). A single row or column is always
    orthogonal: it counts when its length is 1.
    """
    if kernel.values.ndim < 2:
        return None
    matrix = kernel.values.reshape(flattened(kernel.shape))
    matrix = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    long, short = matrix.shape
    gain = math.sqrt(_sum_of_squares(matrix) / short)
    if gain == 0.0 or (short == 1 and abs(gain - 1.0) > 3e-6):
        return None
    probes = np.random.default_rng(0).standard_normal((short, 3)).astype(np.float32)
    again = matrix.T @ ((matrix @ probes) / np.float32(gain)) / np.float32(gain)
    if not np.abs(again - probes).max() <= max(5e-5, 3e-3 / math.sqrt(long)):
        return None
    return _spec("Orthogonal", gain=float(f"{gain:.4e}"))


def _sum_of_squares(matrix: NDArray[np.float32]) -> float:
    """In float64, some rows at a time."""
    rows = max(1, (1 << 20) // matrix.shape[1])
    parts = (matrix[first : first + rows].astype(np.float64) for first in range(0, len(matrix), rows))
    return math.fsum(float(np.vdot(part, part)) for part in parts)


def _spec(name: str, **arguments: Value) -> InitializerSpec | None:
    """None where a number is too large or too small for the initializer."""
    try:
        return InitializerSpec(name, tuple(arguments.items()))
    except SpecError:
        return None


class _Range(NamedTuple):
    """A fitted number between the least and the largest that the weights allow."""

    low: float
    best: float
    high: float

    def round(self) -> float:
        """The number with the fewest digits."""
        if self.low <= 0.0 <= self.high:
            return 0.0
        for digits in range(DIGITS):
            rounded = float(f"{self.best:.{digits}e}")
            if self.low <= rounded <= self.high:
                return rounded
        return float(f"{self.best:.{DIGITS}e}")


def _fitted(kernel: _Kernel) -> Iterator[InitializerSpec]:
    """Laws with arguments fitted to the weights, each in the shortest ways in which it can be written."""
    error = SURE * kernel.std / math.sqrt(kernel.size)
    mean = _Range(kernel.mean - error, kernel.mean, kernel.mean + error).round()
    normal = _bell(kernel, mean, Normal(0.0, 1.0), "RandomNormal", "untruncated_normal")
    cut = _bell(kernel, mean, TruncatedNormal(0.0, 1.0), "TruncatedNormal", "truncated_normal")
    for ways in (_uniform(kernel), normal, cut):
        known = [spec for spec in ways if spec]
        yield from (spec for spec in known if _length(spec) == min(map(_length, known)))


def _bell(
    kernel: _Kernel, mean: float, law: Law, name: str, distribution: str
) -> Iterator[InitializerSpec | None]:
    """The moments give the standard deviation; the end of the standard law, if any, lies beyond all weights."""
    error = SURE * _std_error(law, kernel.size) * kernel.std
    reach = max(kernel.high - mean, mean - kernel.low) - kernel.rounding
    low = max(kernel.std - error, reach / law.support[1] * law.std)
    std = _Range(low, max(low, kernel.std), kernel.std + error)
    if std.low > std.high:  # some weights lie beyond every cut
        return
    yield _spec(name, mean=mean, stddev=_Range(*(x / law.std for x in std)).round())
    if mean == 0.0:
        yield from _scaled(kernel, std, distribution)


def _uniform(kernel: _Kernel) -> Iterator[InitializerSpec | None]:
    """The law's ends lie a little beyond those of the weights, on average one gap between weights."""
    gap = (kernel.high - kernel.low) / kernel.size
    low, high = (_Range(x - kernel.rounding, x + gap, x + BEYOND * gap) for x in (-kernel.low, kernel.high))
    symmetric = abs(kernel.low + kernel.high) <= BEYOND * gap
    if symmetric:
        low = high = max(low, high)
    yield _spec("RandomUniform", minval=-low.round(), maxval=high.round())
    if symmetric:
        yield from _scaled(kernel, _Range(*(x / math.sqrt(3.0) for x in high)), "uniform")


def _scaled(kernel: _Kernel, std: _Range, distribution: str) -> Iterator[InitializerSpec | None]:
    """A law of mean 0 as VarianceScaling; a bias has no inputs to scale by."""
    if len(kernel.shape) < 2:
        return
    fan_in, fan_out = compute_fans(kernel.shape)
    for mode, fan in (("fan_in", fan_in), ("fan_avg", 0.5 * (fan_in + fan_out))):
        scale = _Range(*(fan * x * x for x in std)).round()
        yield _spec("VarianceScaling", scale=scale, mode=mode, distribution=distribution)


def _length(spec: InitializerSpec) -> int:
    """Digits of its longest number: 1 for 2.0 and 0.05, 3 for 0.0505 and 100.0.

    One more for a scale other than 1 and 2, which no theory stands behind.
    """
    numbers = [abs(value) for _, value in spec.arguments if isinstance(value, float)]
    written = [f"{x:.{DIGITS}e}".split("e") for x in numbers]
    digits = max(max(len(digits.replace(".", "").rstrip("0")), int(power) + 1) for digits, power in written)
    return digits + (spec.name == "VarianceScaling" and spec.get("scale") not in (1.0, 2.0))
