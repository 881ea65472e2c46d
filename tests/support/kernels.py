"""Kernels made by hand, and what the checks find in them."""

import math

import numpy as np

from inits.measure.checks import PastedKernel, checks
from inits.measure.symmetry import Check

SHAPES = [(784, 128), (128, 128), (128, 10)]
NAMES = ["layer 1", "layer 2", "output"]


def he(shape, seed):
    return (np.random.default_rng(seed).normal(size=shape) * math.sqrt(2 / shape[0])).astype(np.float32)


def full(value):
    return lambda shape, seed: np.full(shape, value)


def columns_alike(shape, seed):
    return np.repeat(he((shape[0], 1), seed), shape[1], axis=1)


def rows_alike(shape, seed):
    return np.repeat(he((1, shape[1]), seed), shape[0], axis=0)


def some_dead(shape, seed):
    kernel = he(shape, seed)
    kernel[:, 3:5] = -0.0
    return kernel


def layer(array, dtype="float32"):
    array = np.asarray(array, np.float32)
    return PastedKernel(array.shape, array, dtype, array.shape)


def misshapen(shape, received, dtype="float32"):
    return PastedKernel(shape, None, dtype, received)


def kernels(*draws):
    """Return one kernel for each of SHAPES; a single draw makes them all."""
    each = draws if len(draws) == 3 else draws * 3
    return [draw(shape, seed) for seed, (draw, shape) in enumerate(zip(each, SHAPES, strict=True))]


def network(*draws):
    return [layer(kernel) for kernel in kernels(*draws or (he,))]


def look(layers, name, again=None, names=NAMES) -> Check:
    (found,) = [check for check in checks(layers, again, names) if check.name == name]
    return found


def symmetry_of(*arrays) -> Check:
    return look([layer(array) for array in arrays], "Symmetry", names=[*NAMES[: len(arrays) - 1], "output"])


def names_of(found):
    return [check.name for check in found]
