"""Read `.npz` files: a zip of arrays as NumPy writes them, without pickles."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from inits.weightfiles.formats import zips
from inits.weightfiles.formats.keras_names import grouped
from inits.weightfiles.formats.limits import (
    BLOCK,
    CLEANER,
    Stored,
    StoredLayer,
    checked,
    native,
    no_numbers,
    quoted,
    refusal,
    size,
)
from inits.weightfiles.formats.sources import Window
from inits.weightfiles.formats.work import MEMBER, TEXT, UNFOLD

SUFFIX = ".npy"
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def recognizes(file: Window) -> bool:
    """Return True for a zip with arrays, or with nothing in it. Raises WeightFileError."""
    if not zips.is_zip(file):
        return False
    names = zips.opened(file).namelist()
    return not names or any(name.endswith(SUFFIX) for name in names)


@contextmanager
def stored_layers(file: Window) -> Iterator[list[StoredLayer]]:
    """Open the arrays as layers, in the order in which they were saved. Raises WeightFileError."""
    archive = zips.opened(file)
    members = [member for member in archive.infolist() if member.filename.endswith(SUFFIX)]
    yield grouped(
        [(member.filename.removesuffix(SUFFIX), _stored(file, archive, member)) for member in members]
    )


def _stored(file: Window, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Stored:
    name = member.filename.removesuffix(SUFFIX)
    with archive.open(member) as stream:
        shape, fortran, dtype = _header(stream, name)
        start = stream.tell()
        file.work.spend(MEMBER + TEXT * start)

    def load() -> NDArray[Any]:
        array = np.empty(shape, dtype, "F" if fortran else "C")
        with archive.open(member) as stream:
            file.work.spend(UNFOLD * member.file_size)
            stream.read(start)
            _fill(stream, array)
        return native(array)

    kept = checked(name, Stored(shape, dtype.newbyteorder("="), load))
    if kept.bytes != member.file_size - start:
        held = size(member.file_size - start)
        raise refusal(f"declares {size(kept.bytes)} for the array {quoted(name)} and holds {held}")
    return kept


def _header(stream: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return the shape, True for column-major order, and the dtype. Raises WeightFileError."""
    try:
        shape, fortran, dtype = _HEADERS[npy.read_magic(stream)](stream)
    except zipfile.BadZipFile:
        raise
    except Exception:  # the header is a Python literal, and a bad one can cause nearly any error
        raise refusal(f"has no readable header in the array {quoted(name)}") from None
    if dtype.hasobject:
        raise no_numbers(name, "Python objects, which only a pickle can hold,")
    if not all(type(n) is int for n in shape):
        raise refusal(f"declares no whole numbers as the shape of the array {quoted(name)}")
    return shape, fortran, dtype


def _fill(stream: IO[bytes], array: NDArray[Any]) -> None:
    """Fill the array from a stream, and read the stream to its end, so that its checksum is verified."""
    flat = array.reshape(-1, order="A").view(np.uint8) if array.size else np.empty(0, np.uint8)
    done = 0
    while block := stream.read(BLOCK):
        flat[done : done + len(block)] = np.frombuffer(block, np.uint8)
        done += len(block)
    if done != flat.size:
        raise refusal(f"ends after {done:,} of {prod(array.shape):,} values of an array", CLEANER)
