"""Find the Keras initializer whose law an array of weights resembles most.

The simplest explanation wins: an exact one (constant, identity, orthogonal) before a law with default arguments,
and that before one whose arguments are fitted to the weights. Chance decides what explains: Kolmogorov's distance,
mean and standard deviation, and the smallest and largest weight, which tell a normal law from a cut one.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from inits.errors import ShapeError
from inits.initializers.catalog import CATALOG
from inits.initializers.laws import Law
from inits.initializers.shapes import Shape
from inits.initializers.spec import InitializerSpec
from inits.measure.fitted_laws import (
    Weights,
    exact_initializer,
    fitted_initializers,
    length,
    orthogonal_initializer,
    shared_initializers,
    std_error,
    weights_of,
)

MIN_WEIGHTS = 20  # with fewer, nearly every law is within chance
SIGNIFICANCE = 2e-4  # p-value below which a difference is not chance; 0.1% of all draws over five tests


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
        """Return True if an argument differs from Keras' default because it was fitted to the weights."""
        return self.spec != InitializerSpec(self.spec.name)

    @property
    def within_chance(self) -> bool:
        """Return True if the weights are consistent with the law; False for at most 0.1% of draws from it."""
        return self.p >= SIGNIFICANCE


def nearest(values: ArrayLike, shape: tuple[int, ...] | None = None) -> Nearest | None:
    """Return the initializer that weights resemble most.

    Args:
        values: real numbers; they are compared as float32.
        shape: of the weights, where `values` has another one.

    Returns:
        None if there is no weight, one is not finite in float32, or there are fewer than MIN_WEIGHTS that are neither
        equal nor an identity nor orthogonal. Of more than 2 million weights as many are compared, taken at random.

    Raises:
        ShapeError: if `shape` does not hold as many weights as there are values.
    """
    kernel = weights_of(values, shape)
    return _nearest(kernel) if kernel else None


def nearest_for_all(kernels: Sequence[ArrayLike]) -> list[Nearest | None]:
    """Return `nearest` of every kernel, with one initializer for all random ones if it is within chance of each.

    A square kernel cannot tell Glorot from Lecun, a small one not many laws apart, and a single one no scale from a
    std; all together can. Kernels that are not independent draws keep their own.
    """
    drawn = [weights_of(kernel) for kernel in kernels]
    found = [_nearest(kernel) if kernel else None for kernel in drawn]
    pairs = list(zip(drawn, found, strict=True))
    random = [kernel for kernel, one in pairs if kernel and one and _independent(one.spec, kernel.shape)]
    common = {id(kernel): one for kernel, one in zip(random, _common(random), strict=False)}
    return [common.get(id(kernel), one) for kernel, one in pairs]


def all_alike(found: Sequence[Nearest | None]) -> bool:
    """Return True if one initializer is within chance of every kernel."""
    return len({one and one.spec for one in found}) == 1 and all(one and one.within_chance for one in found)


def _common(kernels: Sequence[Weights]) -> list[Nearest]:
    """Return how near one initializer is to each kernel; an empty list if none is within chance of all of several.

    Default arguments win over a fitted one, and of fitted ones the shortest number, then a scale.
    """

    def measured(specs: Iterable[InitializerSpec]) -> Iterator[list[Nearest]]:
        for spec in specs:
            each = list(takewhile(lambda one: one.within_chance, (_measure(one, spec) for one in kernels)))
            if len(each) == len(kernels):
                yield each

    def likely(each: list[Nearest]) -> float:
        return min(one.p for one in each)

    def simple(each: list[Nearest]) -> tuple[int, bool, float]:
        spec = each[0].spec
        return -length(spec), spec.name == "VarianceScaling", likely(each)

    if len(kernels) < 2:
        return []
    named = [
        spec for spec in _named(kernels[0].shape) if all(_independent(spec, one.shape) for one in kernels)
    ]
    if found := max(measured(named), key=likely, default=[]):
        return found
    return max(measured(shared_initializers(kernels)), key=simple, default=[])


def _nearest(kernel: Weights) -> Nearest | None:
    exact = exact_initializer(kernel)
    if exact:
        return Nearest(exact, 0.0, 0.0)
    orthogonal = orthogonal_initializer(kernel)
    if orthogonal:
        return _measure(kernel, orthogonal)
    if kernel.size < MIN_WEIGHTS or kernel.low == kernel.high:
        return None
    found = [_measure(kernel, spec) for spec in _named(kernel.shape)]
    if not any(one.within_chance for one in found):
        found += [_measure(kernel, spec) for spec in fitted_initializers(kernel)]
    likely = [one for one in found if one.within_chance]
    if likely:
        return max(likely, key=lambda one: one.p)  # of two with the same law, the first
    return min(found, key=lambda one: one.distance, default=None)


def _named(shape: Shape) -> Iterator[InitializerSpec]:
    """Yield initializers with default arguments that draw independent weights; those that fix a scale come first."""
    for entry in sorted(CATALOG.values(), key=lambda entry: not entry.fixed):
        spec = InitializerSpec(entry.name)
        if _independent(spec, shape):
            yield spec


def _independent(spec: InitializerSpec, shape: Shape) -> bool:
    """Return True if an initializer fills the shape with independent draws from a law."""
    try:
        law = _law(spec, shape)
    except ShapeError:
        return False
    return law is not None and law.independent


def _law(spec: InitializerSpec, shape: Shape) -> Law | None:
    """Return the law, also for kernels larger than any that is drawn here. Raises ShapeError."""
    arguments = dict(spec.arguments)
    spec.entry.fits(arguments, shape)
    return spec.entry.law(arguments, shape)


def _measure(kernel: Weights, spec: InitializerSpec) -> Nearest:
    law = _law(spec, kernel.shape)
    assert law is not None
    size, distance = kernel.size, _distance(kernel.ordered, law)
    looks = [_exceeded(distance, size)]
    if law.independent:
        looks += [*_moments(kernel, law), *_ends(kernel, law)]
    return Nearest(spec, distance, _rarely_exceeded(size), min(looks))


def _exceeded(distance: float, n: int) -> float:
    """Return the probability that n independent values have a larger distance (see `statistics.kolmogorov`)."""
    root = math.sqrt(n)
    return float(
        special.kolmogorov(distance * root + 1.0 / (6.0 * root) + (distance * root - 1.0) / (4.0 * n))
    )


def _rarely_exceeded(n: int) -> float:
    """Return the distance whose `_exceeded` is SIGNIFICANCE."""
    root = math.sqrt(n)
    scaled = float(special.kolmogi(SIGNIFICANCE)) - 1.0 / (6.0 * root) + 1.0 / (4.0 * n)
    return min(1.0, scaled / (1.0 + 1.0 / (4.0 * n)) / root)


def _distance(ordered: NDArray[np.float32], law: Law) -> float:
    """Return Kolmogorov's exact distance of sorted values from a law without atoms.

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
    """Return the largest gap just before and at the values in these places of n, `cdf` being the law's at them."""
    return float(max((cdf - places / n).max(), ((places + 1) / n - cdf).max()))


def _moments(kernel: Weights, law: Law) -> tuple[float, float]:
    """Return the two-sided p of the mean and of the standard deviation, both about normal."""
    mean = (kernel.mean - law.mean) / law.std * math.sqrt(kernel.size)
    std = (kernel.std / law.std - 1.0) / std_error(law, kernel.size)
    return float(2.0 * special.ndtr(-abs(mean))), float(2.0 * special.ndtr(-abs(std)))


def _ends(kernel: Weights, law: Law) -> tuple[float, float]:
    """Return the two-sided p of the smallest and the largest weight, each moved by a rounding error in its favour."""
    slack = np.array([-kernel.rounding, kernel.rounding])
    above = (1.0 - law.cdf(kernel.low + slack)) ** kernel.size
    below = law.cdf(kernel.high + slack) ** kernel.size
    return 2.0 * float(min(above[0], 1.0 - above[1])), 2.0 * float(min(below[1], 1.0 - below[0]))
