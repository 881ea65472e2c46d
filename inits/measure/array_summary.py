"""Summarize one array of a weight file: statistics, nearest initializer, units and spectrum.

Done where the file is read, one array at a time, so that nothing but results goes on from there.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from inits.initializers.layer_defaults import default_of
from inits.initializers.shapes import Shape, compute_fans, flattened
from inits.initializers.spec import InitializerSpec
from inits.measure.nearest import Nearest, nearest
from inits.measure.spectrum import Bulk, bulk
from inits.measure.statistics import PIECE, Summary

BINS, MAX_SIDE = 96, 1024  # of a histogram; of the shorter side of what is decomposed
TINY = (
    1e-150  # a share of the largest weight whose square underflows, which takes processors 15 times as long
)
# Axes of PyTorch's kernels in the order of Keras.
LAYOUTS = {2: (1, 0), 3: (2, 1, 0), 4: (2, 3, 1, 0), 5: (2, 3, 4, 1, 0)}


@dataclass(frozen=True, eq=False)
class ArraySummary:
    """Measurements of one array.

    Attributes:
        layer, name, kind: whose it is, what it is called, and the class of the layer ("" when not known).
        shape: as Keras keeps it (PyTorch's kernels are turned).
        dtype: as stored.
        summary: count, NaN, inf, mean, std, min, max, excess kurtosis.
        units: how many units a kernel has; 0 for what is no kernel.
        dead, constant: how many of them have only zeros, or only one other number, as incoming weights.
        nearest: the initializer that the values look most like.
        edges, counts: histogram of the finite values, from the smallest to the largest.
        singular: singular values of a kernel, falling, float32; None where there are none.
        decomposed: shape of the decomposed matrix; of a large kernel MAX_SIDE random units.
    """

    layer: str
    name: str
    kind: str
    shape: Shape
    dtype: str
    summary: Summary
    units: int = 0
    dead: int = 0
    constant: int = 0
    nearest: Nearest | None = None
    edges: tuple[float, float] = (0.0, 0.0)
    counts: tuple[int, ...] = ()
    singular: NDArray[np.float32] | None = None
    decomposed: Shape = ()

    @property
    def is_kernel(self) -> bool:
        return self.units > 0

    @cached_property
    def default(self) -> InitializerSpec | None:
        """Return Keras' default initializer of the array; None if unknown."""
        return default_of(self.kind, self.name)

    @property
    def sigma_w2(self) -> float | None:
        """Return fan_in times the variance, with Keras' fans; None if the array is not a kernel."""
        return compute_fans(self.shape)[0] * self.summary.std**2 if self.is_kernel else None

    @cached_property
    def bulk(self) -> Bulk | None:
        """Return the singular values' random bulk; None if there are none or too few."""
        return None if self.singular is None else bulk(self.singular, self.decomposed)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can store them."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        near = self.nearest
        return found | {
            "summary": asdict(self.summary),
            "nearest": near and [str(near.spec), near.distance, near.chance, near.p],
            "singular": None if self.singular is None else [float(f"{x:.6g}") for x in self.singular],
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Return the summary that `to_dict` wrote. Raises an exception for anything else."""
        near = value["nearest"]
        return cls(
            **{
                **value,
                "shape": tuple(map(int, value["shape"])),
                "decomposed": tuple(map(int, value["decomposed"])),
                "edges": tuple(map(float, value["edges"])),
                "counts": tuple(map(int, value["counts"])),
                "summary": Summary(**value["summary"]),
                "nearest": near and Nearest(InitializerSpec.parse(near[0]), *map(float, near[1:])),
                "singular": None if value["singular"] is None else np.array(value["singular"], np.float32),
            }
        )


def as_keras(name: str, array: NDArray[Any], layout: str) -> NDArray[Any]:
    """Return a kernel in Keras' layout; PyTorch's are (out, in) and (out, in, rows, columns)."""
    turned = LAYOUTS.get(array.ndim) if layout == "torch" and name == "weight" else None
    return array.transpose(turned) if turned else array


def summarize_array(layer: str, name: str, kind: str, array: NDArray[Any]) -> ArraySummary:
    """Measure an array of real numbers, in the layout of Keras."""
    summary = Summary.of(array)
    edges = (summary.min, summary.max) if summary.count > summary.nan + summary.inf else (0.0, 0.0)
    found = ArraySummary(
        layer, name, kind, array.shape, str(array.dtype), summary, edges=edges, counts=_counts(array, *edges)
    )
    found = replace(found, nearest=nearest(array) if array.ndim else None)
    if array.ndim < 2 or not array.size or name == "embeddings":
        return found
    units = _by_unit(array, kind, name)
    largest, smallest = units.max(axis=0), units.min(axis=0)
    dead = int(np.count_nonzero((largest == 0) & (smallest == 0)))
    constant = int(np.count_nonzero(largest == smallest)) - dead
    part = _part(array.reshape(flattened(array.shape)))
    singular = None if summary.nan + summary.inf else _singular(part)
    return replace(
        found,
        units=units.shape[1],
        dead=dead,
        constant=constant,
        singular=singular,
        decomposed=part.shape if singular is not None else (),
    )


def _by_unit(kernel: NDArray[Any], kind: str, name: str) -> NDArray[Any]:
    """Return the kernel with one column for each unit.

    A depthwise kernel (rows, columns, in, multiplier) has in times multiplier, a transposed one ends in (out, in).
    """
    if kind.endswith("Transpose") and kernel.ndim > 2:
        kernel = kernel.swapaxes(-1, -2)
    if (kind.startswith("Depthwise") or name == "depthwise_kernel") and kernel.ndim > 2:
        return kernel.reshape(-1, prod(kernel.shape[-2:]))
    return kernel.reshape(flattened(kernel.shape))


def _counts(array: NDArray[Any], low: float, high: float) -> tuple[int, ...]:
    """Return the histogram; equal values are all in the first bin."""
    flat, total = array.reshape(-1), np.zeros(BINS, np.int64)
    if not high - low > 0:
        return (int(np.isfinite(flat).sum()), *(0,) * (BINS - 1))
    part = 0.5 if math.isinf(high - low) else 1.0  # of the values, whose range float64 cannot hold
    for first in range(0, flat.size, PIECE):
        piece = flat[first : first + PIECE].astype(np.float64)
        piece = piece[np.isfinite(piece)]
        # Between two neighbouring numbers there is no place for the edges that np.histogram wants.
        place = (piece * part - low * part) / (high * part - low * part)
        total += np.bincount(np.minimum((BINS * place).astype(np.intp), BINS - 1), minlength=BINS)
    return tuple(total.tolist())


def _part(matrix: NDArray[Any]) -> NDArray[Any]:
    """Return a matrix with a shorter side of at most MAX_SIDE: random units of a larger one."""
    if min(matrix.shape) <= MAX_SIDE:
        return matrix
    chosen = np.sort(np.random.default_rng(0).choice(matrix.shape[1], MAX_SIDE, replace=False))
    return matrix[:, chosen]


def _singular(matrix: NDArray[Any]) -> NDArray[np.float32] | None:
    """Return singular values from the eigenvalues of the squared matrix: 10 times faster, exact to 1e-7 of the largest.

    None where one is too large for float32.
    """
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    unit = max(float(matrix.max()), -float(matrix.min())) or 1.0  # so that no square over- or underflows
    rows = max(1, PIECE // matrix.shape[1])
    squares = np.zeros((matrix.shape[1], matrix.shape[1]))
    for first in range(0, len(matrix), rows):
        piece = matrix[first : first + rows].astype(np.float64) / unit
        piece[np.abs(piece) < TINY] = 0.0
        squares += piece.T @ piece
    values: NDArray[np.float64] = np.sqrt(np.clip(np.linalg.eigvalsh(squares)[::-1], 0.0, None))
    with np.errstate(over="ignore"):
        found = (values * unit).astype(np.float32)
    return found if np.isfinite(found).all() else None
