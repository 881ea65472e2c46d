"""The law of one weight from the arguments of an initializer and a shape."""

import math

from inits.initializers.formulas import chosen_fan, real
from inits.initializers.laws import Atoms, Law
from inits.initializers.parameters import Arguments
from inits.initializers.shapes import Shape, flattened
from inits.initializers.symmetric_laws import (
    TRUNCATED_STD,
    Normal,
    SphereCoordinate,
    TruncatedNormal,
    Uniform,
)


def constant_law(arguments: Arguments, shape: Shape) -> Law:
    """Return a point mass at `value`."""
    return point(real(arguments, "value"))


def random_uniform_law(arguments: Arguments, shape: Shape) -> Law:
    """Return the uniform law on [minval, maxval]."""
    return Uniform(real(arguments, "minval"), real(arguments, "maxval"))


def random_normal_law(arguments: Arguments, shape: Shape) -> Law:
    """Return the normal law with `mean` and `stddev`."""
    return Normal(real(arguments, "mean"), real(arguments, "stddev"))


def truncated_normal_law(arguments: Arguments, shape: Shape) -> Law:
    """Return the normal law cut at mean +- 2 stddev and not rescaled."""
    return TruncatedNormal(real(arguments, "mean"), real(arguments, "stddev"))


def orthogonal_law(arguments: Arguments, shape: Shape) -> Law:
    """Return the law of gain times a coordinate of a uniform unit vector of the longer side (Saxe et al. 2014)."""
    return SphereCoordinate(max(flattened(shape)), real(arguments, "gain"))


def no_law(arguments: Arguments, shape: Shape) -> None:
    """Return None: in a fixed pattern every weight has its own value."""


def variance_scaling_law(arguments: Arguments, shape: Shape) -> Law:
    """Return a law of variance scale / fan; the truncated normal one is rescaled to keep it."""
    std = math.sqrt(real(arguments, "scale") / chosen_fan(arguments, shape))
    match arguments["distribution"]:
        case "uniform":
            return Uniform(-math.sqrt(3.0) * std, math.sqrt(3.0) * std)
        case "untruncated_normal":
            return Normal(0.0, std)
        case _:
            return TruncatedNormal(0.0, std / TRUNCATED_STD)


def identity_law(arguments: Arguments, shape: Shape) -> Law:
    """Return point masses: gain with the share of the diagonal, else 0."""
    gain, share = real(arguments, "gain"), min(shape) / math.prod(shape)
    return Atoms(((0.0, 1.0 - share), (gain, share))) if share < 1.0 else point(gain)


def point(value: float) -> Law:
    """Return a point mass with probability 1."""
    return Atoms(((value, 1.0),))
