"""How much is read of a weight file, and the words for what is not."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inits.errors import WeightFileError
from inits.weightfiles.catalog import suggestion

MOST_BYTES = 1_200_000_000  # of all arrays that are read
MOST_LAYERS = 2_000
MOST_ARRAYS = 10_000
MOST_AXES = 8
LARGEST = 1 << 62  # along one axis
MOST_DEPTH = 32  # of models inside models
MOST_ENTRIES = 50_000  # groups and links of an HDF5 file, members of a zip, layers of a config
MOST_TEXT = 20_000_000  # bytes of one JSON text or one list of names
MOST_VALUES = 1_000_000  # in one JSON text: a few bytes of text can be a hundred in memory
LONGEST_NAME = 200
BLOCK = 1 << 20  # bytes read at a time
FREE_RATIO = 64_000_000  # bytes that a file of any size may unfold to
MOST_RATIO = 100  # beyond that; trained weights shrink to nine tenths, and only zeros to a thousandth

AGAIN = "save or download it again"
OTHER = f"use a {suggestion()} file"
SMALLER = "use a smaller model"
CLEANER = "save it again with Keras, or its weights with np.savez"
NUMBERS = frozenset(
    np.dtype(code) for code in ("f2", "f4", "f8", *(f"{s}{n}" for s in "iu" for n in (1, 2, 4, 8)))
)


@dataclass(frozen=True)
class Stored:
    """An array that is declared in a file and not read yet; `dtype` is what it has in memory."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    load: Callable[[], NDArray[Any]]

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        return prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Sketch:
    """A layer whose arrays are not read yet."""

    name: str
    arrays: dict[str, Stored]
    kind: str = ""
    layout: str = ""


def refusal(what: str, remedy: str = AGAIN) -> WeightFileError:
    """One sentence: what the file is or does, and what to do."""
    return WeightFileError(f"The file {what}; {remedy}.")


def clean(name: str) -> str:
    """A name fit to be shown: nothing that cannot be printed, at most 200 characters."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in name[: LONGEST_NAME + 1])
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def quoted(name: str) -> str:
    """A name as it stands in a message."""
    return f"'{clean(name)}'"


def size(number: int) -> str:
    """Bytes for people: 1.2 GB."""
    for unit, bytes_ in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if number >= bytes_:
            return f"{number / bytes_:,.1f} {unit}" if number < 10**18 else "a million TB or more"
    return f"{number:,} bytes"


def natural(name: str) -> list[tuple[bool, int, str]]:
    """A key that sorts dense, dense_1, dense_2, dense_10."""
    parts = re.findall(r"([0-9]{1,18})|([^0-9]+)", name)
    return [(not digits, int(digits or 0), text) for digits, text in parts]


def unique(name: str, taken: dict[str, int]) -> str:
    """The name, with a number behind it when it is taken; `taken` counts, and learns the new one."""
    free = name
    while free in taken:
        taken[name] += 1
        free = f"{name} ({taken[name]})"
    taken[free] = 1
    return free


def checked(name: str, stored: Stored) -> Stored:
    """The array if its shape and dtype are taken. Raises WeightFileError."""
    axes = len(stored.shape)
    if axes > MOST_AXES:
        raise refusal(
            f"has {axes} axes in the array {quoted(name)}, and at most {MOST_AXES} are taken", CLEANER
        )
    if not all(0 <= n < LARGEST for n in stored.shape):
        raise refusal(f"declares an impossible size for the array {quoted(name)}")
    if stored.dtype not in NUMBERS:
        raise no_numbers(name, f"the type {quoted(str(stored.dtype))}")
    return stored


def native(array: NDArray[Any]) -> NDArray[Any]:
    """The same values in the byte order of this machine, in the same memory."""
    if array.dtype.isnative:
        return array
    return array.byteswap(inplace=True).view(array.dtype.newbyteorder("="))


def no_numbers(name: str, what: str) -> WeightFileError:
    """The array has another type than integers and real numbers of 2, 4 or 8 bytes."""
    return refusal(f"has {what} in the array {quoted(name)}, where weights are real numbers", CLEANER)


def check(sketches: list[Sketch], file_bytes: int, most_bytes: int) -> list[Sketch]:
    """The layers with names that tell them apart, if they are not too many or too large. Raises WeightFileError."""
    if len(sketches) > MOST_LAYERS:
        raise refusal(f"has {len(sketches):,} layers, and at most {MOST_LAYERS:,} are read", SMALLER)
    arrays = [array for sketch in sketches for array in sketch.arrays.values()]
    if len(arrays) > MOST_ARRAYS:
        raise refusal(f"has {len(arrays):,} arrays, and at most {MOST_ARRAYS:,} are read", SMALLER)
    total = sum(array.bytes for array in arrays)
    if total > most_bytes:
        raise refusal(f"declares {size(total)} of weights, and at most {size(most_bytes)} are read", SMALLER)
    check_ratio(total, file_bytes, "declares")
    return distinct(sketches)


def check_ratio(unfolded: int, stored: int, verb: str) -> None:
    """Refuse what a few bytes claim to unfold to. Raises WeightFileError."""
    if unfolded > FREE_RATIO and unfolded > MOST_RATIO * stored:
        raise refusal(f"{verb} {size(unfolded)} in only {size(stored)}, which no trained weights do", CLEANER)


def distinct(sketches: list[Sketch]) -> list[Sketch]:
    """The same layers with clean names, none twice."""
    layers: dict[str, int] = {}
    found = []
    for sketch in sketches:
        names: dict[str, int] = {}
        arrays = {unique(clean(name), names): array for name, array in sketch.arrays.items()}
        name = unique(clean(sketch.name), layers)
        found.append(replace(sketch, name=name, arrays=arrays, kind=clean(sketch.kind)))
    return found
