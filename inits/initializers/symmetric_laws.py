"""Laws that are symmetric about their mean: uniform, normal, truncated normal, a coordinate on a sphere."""

import math
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from inits.initializers.laws import Array, Atoms, Law, floats

# Normal mass within two standard deviations, and the density at the cut.
_KEPT = math.erf(math.sqrt(2.0))
_DENSITY_AT_CUT = math.exp(-2.0) / math.sqrt(2.0 * math.pi)
TRUNCATED_STD = math.sqrt(1.0 - 4.0 * _DENSITY_AT_CUT / _KEPT)
"""Standard deviation of a standard normal cut at +-2: 0.8796256610342398."""


class _Symmetric(Law):
    """center + spread * z, z of a standard law symmetric about 0, given for z <= 0 and u <= 1/2 only."""

    independent_draws = True

    @property
    @abstractmethod
    def _center(self) -> float: ...

    @property
    @abstractmethod
    def _spread(self) -> float: ...

    @property
    @abstractmethod
    def _edge(self) -> float:
        """Largest z."""

    @abstractmethod
    def _density(self, z: Array) -> Array:
        """Return the density at z in [-edge, 0]."""

    @abstractmethod
    def _lower(self, z: Array) -> Array:
        """Return the probability below z in [-edge, 0]."""

    @abstractmethod
    def _quantile(self, u: Array) -> Array:
        """Return the z <= 0 with probability u in [0, 1/2] below it."""

    @abstractmethod
    def _moment(self, k: int) -> float:
        """Return E[z^k], k even."""

    @property
    def mean(self) -> float:
        return self._center

    @property
    def support(self) -> tuple[float, float]:
        reach = abs(self._spread) * self._edge if self._spread else 0.0
        return self._center - reach, self._center + reach

    @property
    def atoms(self) -> tuple[tuple[float, float], ...]:
        return () if self._spread else ((self._center, 1.0),)

    @property
    def independent(self) -> bool:
        return self.independent_draws and self._spread != 0.0

    @property
    def uncorrelated(self) -> bool:
        return self._spread != 0.0

    def pdf(self, x: ArrayLike) -> Array:
        if self.atoms:
            return Atoms(self.atoms).pdf(x)
        x = floats(x)
        z = self._standard(x)
        inside = (x >= self.support[0]) & (x <= self.support[1])
        with np.errstate(divide="ignore", over="ignore", under="ignore"):
            density = self._density(np.maximum(-np.abs(z), -self._edge)) / abs(self._spread)
        return np.where(inside, density, np.where(np.isnan(x), np.nan, 0.0))

    def cdf(self, x: ArrayLike) -> Array:
        if self.atoms:
            return Atoms(self.atoms).cdf(x)
        z = self._standard(floats(x))
        below = self._lower(np.maximum(-np.abs(z), -self._edge))
        return np.where(z <= 0.0, below, 1.0 - below)

    def ppf(self, u: ArrayLike) -> Array:
        if self.atoms:
            return Atoms(self.atoms).ppf(u)
        u = floats(u)
        valid = np.where((u >= 0.0) & (u <= 1.0), u, np.nan)
        z = np.maximum(self._quantile(np.minimum(valid, 1.0 - valid)), -self._edge)
        low, high = self.support
        inner = self._center + abs(self._spread) * np.where(valid <= 0.5, z, -z)
        return np.where(valid == 0.0, low, np.where(valid == 1.0, high, np.clip(inner, low, high)))

    def moment(self, k: int) -> float:
        return float(abs(self._spread) ** k * self._moment(k))

    @property
    def std(self) -> float:
        return abs(self._spread) * math.sqrt(self._moment(2))

    @property
    def kurtosis(self) -> float | None:
        return self._moment(4) / self._moment(2) ** 2 - 3.0 if self._spread else None

    def _standard(self, x: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.asarray((x - self._center) / abs(self._spread), np.float64)


@dataclass(frozen=True)
class Uniform(_Symmetric):
    """Uniform on [low, high]."""

    low: float
    high: float
    _edge = 1.0

    @property
    def _center(self) -> float:
        return 0.5 * (self.low + self.high)

    @property
    def _spread(self) -> float:
        return 0.5 * (self.high - self.low)

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def _density(self, z: Array) -> Array:
        return np.where(np.isnan(z), np.nan, 0.5)

    def _lower(self, z: Array) -> Array:
        return 0.5 * (1.0 + z)

    def _quantile(self, u: Array) -> Array:
        return 2.0 * u - 1.0

    def _moment(self, k: int) -> float:
        return 1.0 / (k + 1)


@dataclass(frozen=True)
class Normal(_Symmetric):
    """Normal with mean `center` and standard deviation `stddev`."""

    center: float
    stddev: float
    _edge = math.inf

    @property
    def _center(self) -> float:
        return self.center

    @property
    def _spread(self) -> float:
        return self.stddev

    def _density(self, z: Array) -> Array:
        return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi), np.float64)

    def _lower(self, z: Array) -> Array:
        return np.asarray(special.ndtr(z), np.float64)

    def _quantile(self, u: Array) -> Array:
        return np.asarray(special.ndtri(u), np.float64)

    def _moment(self, k: int) -> float:
        return float(math.prod(range(1, k, 2)))


@dataclass(frozen=True)
class TruncatedNormal(_Symmetric):
    """Normal cut at center +- 2 stddev and not widened again: its std is 0.8796 stddev."""

    center: float
    stddev: float
    _edge = 2.0

    @property
    def _center(self) -> float:
        return self.center

    @property
    def _spread(self) -> float:
        return self.stddev

    def _density(self, z: Array) -> Array:
        return np.asarray(np.exp(-0.5 * z * z) / (math.sqrt(2.0 * math.pi) * _KEPT), np.float64)

    def _lower(self, z: Array) -> Array:
        return np.asarray((special.ndtr(z) - special.ndtr(-2.0)) / _KEPT, np.float64)

    def _quantile(self, u: Array) -> Array:
        return np.asarray(special.ndtri(special.ndtr(-2.0) + u * _KEPT), np.float64)

    def _moment(self, k: int) -> float:
        # By parts: E[z^k] = (k - 1) E[z^(k-2)] - 2^k phi(2) / P(|z| < 2).
        return 1.0 if k == 0 else (k - 1) * self._moment(k - 2) - 2.0**k * _DENSITY_AT_CUT / _KEPT


@dataclass(frozen=True)
class SphereCoordinate(_Symmetric):
    """gain times one coordinate x of a uniform point on the unit sphere in n dimensions.

    x^2 ~ Beta(1/2, (n-1)/2). It is the law of one entry of a random orthogonal matrix (Saxe et al. 2014,
    arXiv:1312.6120), n the larger of its two sides. n = 1 is two atoms, n = 2 the arcsine law.
    """

    n: int
    gain: float = 1.0
    _edge = 1.0
    independent_draws = False

    @property
    def _center(self) -> float:
        return 0.0

    @property
    def _spread(self) -> float:
        return self.gain

    @property
    def atoms(self) -> tuple[tuple[float, float], ...]:
        if self.n == 1 and self.gain:
            return (-abs(self.gain), 0.5), (abs(self.gain), 0.5)
        return super().atoms

    def _density(self, z: Array) -> Array:
        beta = special.beta(0.5, 0.5 * (self.n - 1))
        return np.asarray(((1.0 - z) * (1.0 + z)) ** (0.5 * (self.n - 3)) / beta, np.float64)

    def _lower(self, z: Array) -> Array:
        # x sqrt((n-1)/(1-x^2)) is a Student t variable: exact near 0, where 1 - x^2 is not, and fast.
        with np.errstate(divide="ignore"):
            t = z * np.sqrt((self.n - 1) / ((1.0 - z) * (1.0 + z)))
        return np.asarray(special.stdtr(self.n - 1, t), np.float64)

    def _quantile(self, u: Array) -> Array:
        return np.asarray(-np.sqrt(special.betainccinv(0.5, 0.5 * (self.n - 1), 2.0 * u)), np.float64)

    def _moment(self, k: int) -> float:
        return math.prod((2 * j + 1) / (self.n + 2 * j) for j in range(k // 2))
