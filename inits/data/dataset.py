"""A dataset in memory, its pixels as numbers and the order of its batches."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inits.errors import SpecError

Bytes = NDArray[np.uint8]

KEYS = ("x_train", "y_train", "x_test", "y_test")
MAX_PIXEL = 255
"""Largest value of a pixel, the same in every dataset. Networks get pixels / MAX_PIXEL, as in Keras' examples."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images as rows of pixels 0..MAX_PIXEL and labels 0..9, all uint8 and read-only: x (n, pixels), y (n,)."""

    name: str
    x_train: Bytes
    y_train: Bytes
    x_test: Bytes
    y_test: Bytes

    def __post_init__(self) -> None:
        for key in KEYS:
            getattr(self, key).setflags(write=False)

    @cached_property
    def fingerprint(self) -> str:
        """The first 16 hex digits of the SHA-256 of the arrays."""
        digest = hashlib.sha256()
        for key in KEYS:
            array = getattr(self, key)
            digest.update(f"{key}{array.shape}".encode())
            digest.update(array)
        return digest.hexdigest()[:16]


def pixels(x: Bytes) -> NDArray[np.float32]:
    """Return bytes 0..255 as float32 in [0, 1]."""
    return x.astype(np.float32) / np.float32(MAX_PIXEL)


def batches(n: int, batch_size: int, seed: int) -> NDArray[np.int32]:
    """Return the order of one epoch over n examples, int32 (steps, batch_size).

    It is a permutation of 0..n-1 by seed, row by row, and the same on every platform. If batch_size does not
    divide n, the end of the last row is padded with -1: leave those out, as Keras trains on the smaller batch.
    Raises SpecError if a number is out of range.
    """
    for name, value, least in (("n", n, 1), ("batch_size", batch_size, 1), ("seed", seed, 0)):
        if value < least:
            raise SpecError(f"{name} must be at least {least}, but got {value!r}.")
    order = np.full(-(-n // batch_size) * batch_size, -1, np.int32)
    order[:n] = np.random.Generator(np.random.PCG64(seed)).permutation(n)
    return order.reshape(-1, batch_size)
