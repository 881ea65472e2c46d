"""Shapes of weights: the check of a shape, its fans, and the matrix that it is flattened to."""

import math
from collections.abc import Sequence

from inits.errors import ShapeError
from inits.text import plain, shown

Shape = tuple[int, ...]
MAX_DIMENSIONS = 8
LARGEST_SIZE = 50_000_000
"""Maximum number of weights of one kernel (200 MB of float32)."""


def checked(shape: object) -> Shape:
    """Return `shape` as a tuple of ints.

    Raises:
        ShapeError: unless it is a list or tuple of 1 to MAX_DIMENSIONS ints >= 1 with at most LARGEST_SIZE weights.
    """
    if not isinstance(shape, list | tuple) or not shape:
        raise ShapeError(f"shape must be a list of one or more dimensions, but got {shown(shape)}.")
    dimensions = tuple(plain(dimension) for dimension in shape)
    whole = tuple(d for d in dimensions if isinstance(d, int) and not isinstance(d, bool) and d >= 1)
    if len(whole) != len(dimensions):
        raise ShapeError(
            f"shape must have whole numbers of at least 1 as dimensions, but got {shown(dimensions)}."
        )
    if len(whole) > MAX_DIMENSIONS:
        raise ShapeError(f"shape must have at most {MAX_DIMENSIONS} dimensions, but got {len(whole)}.")
    if math.prod(whole) > LARGEST_SIZE:
        raise ShapeError(f"shape must have at most {LARGEST_SIZE:,} weights, but got {shown(whole)}.")
    return whole


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """Return (fan_in, fan_out) of a weight of `shape`, by Keras' rule.

    One dimension (n,): n and n. Two (i, o): i and o. More (k..., i, o): the product of k times i and times o.
    When both axes are given, the products of those dimensions; when only one is, Keras ignores it.
    """
    shape = tuple(int(dimension) for dimension in shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[axis] for axis in input_axes), math.prod(shape[axis] for axis in output_axes)
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    receptive_field = math.prod(shape[:-2])
    return receptive_field * shape[-2], receptive_field * shape[-1]


def flattened(shape: Sequence[int]) -> tuple[int, int]:
    """Return (rows, columns) of the matrix that a weight is flattened to: all dimensions but the last, the last."""
    return math.prod(shape[:-1]), int(shape[-1])


def times(shape: Sequence[int]) -> str:
    """Return a shape as text: "784 × 128"."""
    return " × ".join(str(dimension) for dimension in shape)
