"""Measure one kernel and compare it with the law of its initializer. Runs in the compute process."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inits.experiments.pasted import PastedSpec
from inits.experiments.record import FloatArray
from inits.experiments.weight_source import Kernel
from inits.initializers.shapes import flattened
from inits.measure.nearest import Nearest, nearest, nearest_for_all
from inits.measure.spectrum import singular_values
from inits.measure.statistics import Row, Summary, compare, histogram, kolmogorov, qq

BINS, LAYER_BINS, SMALL_BINS, QUANTILES = 80, 64, 40, 120
MAX_SINGULAR = 1024  # of the kernel's shorter side: beyond it the decomposition takes seconds
TILES, IMAGE = 32, (28, 28)
BLOCK = 128


@dataclass(frozen=True, eq=False)
class Examination:
    """Measurements of one kernel.

    Attributes:
        summary: count, mean, std, min, max.
        rows: each number beside theory; empty when there is no law.
        edges, density: histogram, float64 (bins + 1,) and (bins,): the density of tiny weights exceeds float32.
        shares: share of the weights at each of the law's atoms, float32; empty when it has none.
        distance, p: Kolmogorov distance to the law and its p-value; None where there is none.
        theory, drawn: quantiles, float32 (points,); empty without a law.
        singular: singular values of the flattened kernel, float64, falling; None when it is too large.
        tiles: int8 (units, 28, 28), incoming weights of the first units in 1/127 of `scale`; None unless the
            kernel has 784 inputs.
        block: int8, the first rows and columns of the flattened kernel in the same unit.
        scale: weight that 127 stands for.
    """

    summary: Summary
    rows: tuple[Row, ...]
    edges: NDArray[np.float64]
    density: NDArray[np.float64]
    shares: FloatArray
    distance: float | None
    p: float | None
    theory: FloatArray
    drawn: FloatArray
    singular: NDArray[np.float64] | None
    tiles: NDArray[np.int8] | None
    block: NDArray[np.int8]
    scale: float


@dataclass(frozen=True, eq=False)
class NearestExamination:
    """The initializer of Keras that a pasted kernel resembles most, and the kernel compared with its law."""

    nearest: Nearest | None
    examination: Examination


def examine_drawn(kernel: FloatArray, spec: PastedSpec) -> NearestExamination:
    """Measure a kernel of finite numbers that pasted code drew."""
    found = nearest(kernel)
    return NearestExamination(found, measure(kernel, found.spec if found else spec))


def measure(kernel: FloatArray, spec: Kernel) -> Examination:
    """Return the measurements of a kernel, compared with the law of `spec`."""
    law = spec.law(kernel.shape)
    edges, density = histogram(kernel, _bins(kernel.size))
    distance = kolmogorov(kernel, law) if law else None
    theory, drawn = qq(kernel, law, QUANTILES) if law and not law.atoms else (np.empty(0), np.empty(0))
    values = [np.float32(value) for value, _ in law.atoms] if law else []
    rows, columns = flattened(kernel.shape)
    matrix = kernel.reshape(rows, columns)
    block, units = matrix[:BLOCK, :BLOCK], matrix[:, :TILES] if rows == IMAGE[0] * IMAGE[1] else None
    scale = max(float(np.abs(shown).max()) for shown in (block, units) if shown is not None) or 1.0
    return Examination(
        summary=Summary.of(kernel),
        rows=compare(kernel, law, spec.fans(kernel.shape)[0]) if law else (),
        edges=edges,
        density=density,
        shares=np.array([np.mean(kernel == value) for value in values], np.float32),
        distance=distance.distance if distance else None,
        p=distance.p if distance else None,
        theory=theory.astype(np.float32),
        drawn=drawn.astype(np.float32),
        singular=singular_values(kernel) if min(rows, columns) <= MAX_SINGULAR else None,
        tiles=None if units is None else _pixels(units.T, scale).reshape(-1, *IMAGE),
        block=_pixels(block, scale),
        scale=scale,
    )


def _bins(weights: int) -> int:
    return int(np.clip(2.5 * weights ** (1 / 3), 8, BINS))


def _pixels(values: FloatArray, scale: float) -> NDArray[np.int8]:
    pixels: NDArray[np.int8] = np.rint(values / np.float64(scale) * 127).astype(np.int8)
    return pixels


@dataclass(frozen=True, eq=False)
class SmallHistogram:
    """A small histogram: int32 (bins,) counts between the smallest and the largest weight."""

    counts: NDArray[np.int32]
    edges: tuple[float, float]


def small_histogram(kernel: FloatArray) -> SmallHistogram:
    """Return the small histogram of a kernel of finite numbers, for a card."""
    low, high = float(kernel.min()), float(kernel.max())
    return SmallHistogram(_counts(kernel, low, high, SMALL_BINS), (low, high))


@dataclass(frozen=True)
class LayerRow:
    """Row of a layer: its fans, and the drawn kernel compared with its law.

    `errors` is the difference of the standard deviations in standard errors; None where nothing varies.
    """

    name: str
    shape: tuple[int, ...]
    fan_in: int
    fan_out: int
    std: float
    theory_std: float | None
    errors: float | None
    low: float
    high: float
    counts: NDArray[np.int32]

    @property
    def gain(self) -> float:
        """Return sigma_w^2 as drawn: fan_in times the variance."""
        return self.fan_in * self.std**2

    @property
    def theory_gain(self) -> float | None:
        return None if self.theory_std is None else self.fan_in * self.theory_std**2


def examine_drawn_network(
    names: Sequence[str], kernels: Sequence[FloatArray], spec: PastedSpec
) -> tuple[list[Nearest | None], list[LayerRow]]:
    """Return the nearest initializer of each kernel that pasted code drew, and the row compared with it."""
    found = nearest_for_all(kernels)
    likenesses = zip(names, kernels, found, strict=True)
    return found, [
        measure_layer(name, kernel, near.spec if near else spec) for name, kernel, near in likenesses
    ]


def measure_layer(name: str, kernel: FloatArray, spec: Kernel) -> LayerRow:
    """Return a row of the network table, compared with the law of `spec`."""
    law, (fan_in, fan_out) = spec.law(kernel.shape), spec.fans(kernel.shape)
    low, high = float(kernel.min()), float(kernel.max())
    std = float(kernel.std(dtype=np.float64))
    errors = next((row.errors for row in compare(kernel, law) if row.name == "std"), None) if law else None
    theory, counts = law.std if law else None, _counts(kernel, low, high)
    return LayerRow(name, kernel.shape, fan_in, fan_out, std, theory, errors, low, high, counts)


def _counts(kernel: FloatArray, low: float, high: float, bins: int = LAYER_BINS) -> NDArray[np.int32]:
    """Return the histogram from the smallest to the largest weight; equal weights are all in the first bin."""
    if low == high:
        return np.bincount([0], [kernel.size], minlength=bins).astype(np.int32)
    # Between two neighbouring numbers float32 has no place for the edges.
    return np.histogram(kernel.astype(np.float64), bins, (low, high))[0].astype(np.int32)
