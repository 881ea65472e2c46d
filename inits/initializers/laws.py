"""The exact law of one weight.

A law is a mixture of a density and of atoms (points with a probability of their own); those of Keras have
one or the other. All arrays are float64 and all values are in the units of the weight.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Law(ABC):
    """The law of one weight.

    `independent` is True when the weights of a kernel are independent draws from it, `uncorrelated` when
    they are random and uncorrelated (which orthogonal ones are without being independent).
    """

    @property
    @abstractmethod
    def mean(self) -> float:
        """Expected value."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """Smallest and largest possible value; may be infinite."""

    @property
    @abstractmethod
    def atoms(self) -> tuple[tuple[float, float], ...]:
        """(value, probability) of each point mass, by rising value."""

    @property
    @abstractmethod
    def independent(self) -> bool:
        """True if the weights of one kernel are independent draws."""

    @property
    @abstractmethod
    def uncorrelated(self) -> bool:
        """True if the weights of one kernel are random and uncorrelated."""

    @abstractmethod
    def pdf(self, x: ArrayLike) -> Array:
        """Return the density of the part without atoms, shape of `x`; inf where it is unbounded."""

    @abstractmethod
    def cdf(self, x: ArrayLike) -> Array:
        """Return the probability of a weight <= x, shape of `x`."""

    @abstractmethod
    def ppf(self, u: ArrayLike) -> Array:
        """Return the smallest x with cdf(x) >= u, shape of `u`; the support's ends at 0 and 1, NaN outside [0, 1]."""

    @abstractmethod
    def moment(self, k: int) -> float:
        """Return the k-th central moment, k = 2, 4, 6 or 8."""

    @property
    def std(self) -> float:
        """Standard deviation."""
        return math.sqrt(self.moment(2))

    @property
    def kurtosis(self) -> float | None:
        """Excess kurtosis (0 for a normal law); None when the standard deviation is 0."""
        return self.moment(4) / self.moment(2) ** 2 - 3.0 if self.moment(2) > 0.0 else None


@dataclass(frozen=True)
class Atoms(Law):
    """Point masses: (value, probability) pairs whose probabilities add up to 1. Equal values are merged."""

    points: tuple[tuple[float, float], ...]

    @property
    def atoms(self) -> tuple[tuple[float, float], ...]:
        values = sorted({value for value, _ in self.points})
        return tuple((v, math.fsum(p for value, p in self.points if value == v)) for v in values)

    @property
    def mean(self) -> float:
        atoms = self.atoms
        return atoms[0][0] if len(atoms) == 1 else math.fsum(value * p for value, p in atoms)

    @property
    def support(self) -> tuple[float, float]:
        return self.atoms[0][0], self.atoms[-1][0]

    @property
    def independent(self) -> bool:
        return False

    @property
    def uncorrelated(self) -> bool:
        return False

    def pdf(self, x: ArrayLike) -> Array:
        return np.where(np.isnan(floats(x)), np.nan, 0.0)

    def cdf(self, x: ArrayLike) -> Array:
        x = floats(x)
        values, cumulative = self._steps()
        total = np.concatenate([[0.0], cumulative])[np.searchsorted(values, x, side="right")]
        return np.where(np.isnan(x), np.nan, total)

    def ppf(self, u: ArrayLike) -> Array:
        u = floats(u)
        values, cumulative = self._steps()
        found = values[np.searchsorted(cumulative[:-1], u, side="left")]
        return np.where((u >= 0.0) & (u <= 1.0), found, np.nan)

    def moment(self, k: int) -> float:
        mean = self.mean
        return math.fsum(p * (value - mean) ** k for value, p in self.atoms)

    def _steps(self) -> tuple[Array, Array]:
        values, probabilities = np.array(self.atoms, np.float64).T
        cumulative = np.cumsum(probabilities)
        cumulative[-1] = 1.0
        return values, cumulative


def floats(x: ArrayLike) -> Array:
    return np.asarray(x, np.float64)
