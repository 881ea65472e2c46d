"""The limits of what is read of a weight file, and the messages for what is refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inits.errors import WeightFileError
from inits.text import one_line
from inits.weightfiles.catalog import suggestion

MAX_BYTES = 1_200_000_000  # of all arrays of a file
MAX_LAYERS = 2_000
MAX_ARRAYS = 10_000
MAX_AXES = 8
MAX_SIDE = 1 << 62  # along one axis
MAX_DEPTH = 32  # of models in models
MAX_ENTRIES = 50_000  # groups and links of an HDF5 file, members of a zip, layers of a config
MAX_TEXT = 20_000_000  # bytes of one JSON text or one list of names
MAX_VALUES = 1_000_000  # in one JSON text: a few bytes of text can take a hundred in memory
MAX_NAME = 200  # characters
BLOCK = 1 << 20  # bytes read at a time
ALWAYS_ALLOWED = 64_000_000  # bytes to which a file of any size may expand
MAX_RATIO = (
    25  # beyond that; trained weights compress to nine tenths, and to a sixteenth if one in twenty is left
)
VALUE = 4  # bytes of a value as it is stored

AGAIN = "save or download it again"
OTHER = f"use a {suggestion()} file"
SMALLER = "use a smaller model"
CLEANER = "save it again with Keras, or its weights with np.savez"
NUMBERS = frozenset(
    np.dtype(code) for code in ("f2", "f4", "f8", *(f"{s}{n}" for s in "iu" for n in (1, 2, 4, 8)))
)


@dataclass(frozen=True)
class Stored:
    """An array that is declared in a file and not read yet; `dtype` is its type in memory."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    load: Callable[[], NDArray[Any]]

    @property
    def bytes(self) -> int:
        """The bytes that it takes in memory."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def largest(self) -> int:
        """The bytes that it takes in memory or as float32 on the disk, whichever is more."""
        return prod(self.shape) * max(self.dtype.itemsize, VALUE)


@dataclass(frozen=True)
class StoredLayer:
    """A layer whose arrays are not read yet."""

    name: str
    arrays: dict[str, Stored]
    kind: str = ""
    layout: str = ""


def refusal(what: str, remedy: str = AGAIN) -> WeightFileError:
    """Return an error of one sentence: what is wrong with the file, and what to do."""
    return WeightFileError(f"The file {what}; {remedy}.")


def clean(name: str) -> str:
    """Return a name that can be shown: only printable characters, at most 200."""
    return one_line(name, MAX_NAME)


def quoted(name: str) -> str:
    """Return a name in quotes, for a message."""
    return f"'{clean(name)}'"


def size(number: int) -> str:
    """Return a number of bytes as text: "1.2 GB"."""
    for unit, bytes_ in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if number >= bytes_:
            return f"{number / bytes_:,.1f} {unit}" if number < 10**18 else "a million TB or more"
    return f"{number:,} bytes"


def natural(name: str) -> list[tuple[bool, int, str]]:
    """Return a key that sorts names in natural order, by what is shown of them: dense, dense_1, dense_2, dense_10."""
    parts = re.findall(r"([0-9]{1,18})|([^0-9]+)", name[:MAX_NAME])
    return [(not digits, int(digits or 0), text) for digits, text in parts]


def unique(name: str, taken: dict[str, int]) -> str:
    """Return the name, with a number if it is already in `taken`, and add it there."""
    free = name
    while free in taken:
        taken[name] += 1
        free = f"{name} ({taken[name]})"
    taken[free] = 1
    return free


def checked(name: str, stored: Stored) -> Stored:
    """Return the array if its shape and dtype are allowed. Raises WeightFileError."""
    axes = len(stored.shape)
    if axes > MAX_AXES:
        raise refusal(
            f"has {axes} axes in the array {quoted(name)}, and at most {MAX_AXES} are read", CLEANER
        )
    if not all(0 <= n < MAX_SIDE for n in stored.shape):
        raise refusal(f"declares an impossible size for the array {quoted(name)}")
    if stored.dtype not in NUMBERS:
        raise no_numbers(name, f"the type {quoted(str(stored.dtype))}")
    return stored


def native(array: NDArray[Any]) -> NDArray[Any]:
    """Convert an array to the byte order of this machine, in the same memory."""
    if array.dtype.isnative:
        return array
    return array.byteswap(inplace=True).view(array.dtype.newbyteorder("="))


def no_numbers(name: str, what: str) -> WeightFileError:
    """Return the error for an array of another type than integers and real numbers of at most 8 bytes."""
    return refusal(f"has {what} in the array {quoted(name)}, where weights are real numbers", CLEANER)


def check(stored_layers: list[StoredLayer], file_bytes: int, max_bytes: int) -> list[StoredLayer]:
    """Return the layers with unique names, if they are not too many or too large. Raises WeightFileError."""
    if len(stored_layers) > MAX_LAYERS:
        raise refusal(f"has {len(stored_layers):,} layers, and at most {MAX_LAYERS:,} are read", SMALLER)
    arrays = [array for stored_layer in stored_layers for array in stored_layer.arrays.values()]
    if len(arrays) > MAX_ARRAYS:
        raise refusal(f"has {len(arrays):,} arrays, and at most {MAX_ARRAYS:,} are read", SMALLER)
    total = sum(array.largest for array in arrays)
    if total > max_bytes:
        raise refusal(f"declares {size(total)} of weights, and at most {size(max_bytes)} are read", SMALLER)
    check_ratio(total, file_bytes, "declares")
    return distinct(stored_layers)


def check_ratio(expanded: int, stored: int, verb: str) -> None:
    """Raise WeightFileError if a few bytes claim to expand to very many."""
    if expanded > ALWAYS_ALLOWED and expanded > MAX_RATIO * stored:
        raise refusal(
            f"{verb} {size(expanded)} in only {size(stored)}, which trained weights never do", CLEANER
        )


def distinct(stored_layers: list[StoredLayer]) -> list[StoredLayer]:
    """Return the layers with clean names, each of them unique."""
    layers: dict[str, int] = {}
    found = []
    for stored_layer in stored_layers:
        names: dict[str, int] = {}
        arrays = {unique(clean(name), names): array for name, array in stored_layer.arrays.items()}
        name = unique(clean(stored_layer.name), layers)
        found.append(replace(stored_layer, name=name, arrays=arrays, kind=clean(stored_layer.kind)))
    return found
