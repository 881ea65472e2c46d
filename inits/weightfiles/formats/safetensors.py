"""Read `.safetensors` files: the length of a JSON header, the header, and the values one after the other.

The library maps a path into memory or copies the whole file, and accepts a name that comes twice. Here every offset
is checked first, and one array at a time is read from any file.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inits.weightfiles.formats.config import parse
from inits.weightfiles.formats.keras_names import grouped
from inits.weightfiles.formats.limits import (
    MAX_ARRAYS,
    MAX_SIDE,
    MAX_TEXT,
    Stored,
    StoredLayer,
    checked,
    native,
    natural,
    no_numbers,
    quoted,
    refusal,
)
from inits.weightfiles.formats.sources import Window

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "bf16"} | {
    f"{letter}{8 * n}": f"<{letter.lower()}{n}" for letter in "IU" for n in (1, 2, 4, 8)
}
ABOUT = "__metadata__"


def recognizes(file: Window) -> bool:
    """Return True for a file whose JSON header follows a length that is no text."""
    head = file.head(9)
    return head[8:] == b"{" and not re.fullmatch(rb"[\t\n\r -~]{8}", head[:8])


@contextmanager
def stored_layers(file: Window) -> Iterator[list[StoredLayer]]:
    """Open the layers in natural order: the file sorts its arrays by type and alphabet. Raises WeightFileError."""
    length = int.from_bytes(file.at(0, 8), "little")
    if length > min(MAX_TEXT, file.size - 8):
        raise refusal(
            f"is a .safetensors file that claims a header of {length:,} bytes and has {file.size:,} in all"
        )
    header = parse(file.at(8, length), "a header", once=True)
    if not isinstance(header, dict):
        raise refusal("is a .safetensors file whose header names no arrays")
    about = header.pop(ABOUT, None)
    if len(header) > MAX_ARRAYS:
        raise refusal(f"has {len(header):,} arrays, and at most {MAX_ARRAYS:,} are read")
    spans = {name: _span(name, entry) for name, entry in header.items()}
    _check_order(spans, file.size - 8 - length)
    arrays = [(name, _stored(file, name, header[name], 8 + length)) for name in sorted(spans, key=natural)]
    yield grouped(arrays, torch=isinstance(about, dict) and about.get("format") == "pt")


def _span(name: str, entry: Any) -> tuple[int, int]:
    """Return the begin and end of the values. Raises WeightFileError if these or the shape are not valid."""
    if not isinstance(entry, dict):
        raise refusal(f"does not describe the array {quoted(name)}")
    span = entry.get("data_offsets")
    for numbers in (entry.get("shape"), span):
        if not isinstance(numbers, list) or not all(type(n) is int and 0 <= n < MAX_SIDE for n in numbers):
            raise refusal(f"gives no sizes for the array {quoted(name)}")
    if not isinstance(span, list) or len(span) != 2 or span[0] > span[1]:
        raise refusal(f"gives no place for the array {quoted(name)}")
    return span[0], span[1]


def _check_order(spans: dict[str, tuple[int, int]], end: int) -> None:
    """Raise WeightFileError unless values follow each other without gaps or overlaps to the end of the file."""
    place = 0
    for name, (begin, after) in sorted(spans.items(), key=lambda one: one[1]):
        if begin != place:
            raise refusal(
                f"has the array {quoted(name)} at byte {begin:,} of its values instead of {place:,}"
            )
        place = after
    if place != end:
        raise refusal(f"declares {place:,} bytes of values and has {end:,}")


def _stored(file: Window, name: str, entry: dict[str, Any], base: int) -> Stored:
    code, shape, (begin, end) = (
        TYPES.get(str(entry.get("dtype"))),
        tuple(entry["shape"]),
        entry["data_offsets"],
    )
    if code is None:
        raise no_numbers(name, f"the type {quoted(str(entry.get('dtype')))}")
    halves = code == "bf16"
    raw = np.dtype("<u2" if halves else code)

    def load() -> NDArray[Any]:
        values = np.empty(shape, raw)
        file.seek(base + begin)
        if values.size and file.readinto(values.reshape(-1).view(np.uint8)) != end - begin:
            raise refusal(f"is cut off in the array {quoted(name)}")
        return widened(values) if halves else native(values)

    kept = checked(name, Stored(shape, np.dtype(np.float32) if halves else raw.newbyteorder("="), load))
    if prod(shape) * raw.itemsize != end - begin:
        raise refusal(f"has {end - begin:,} bytes for the array {quoted(name)} of shape {list(shape)}")
    return kept


def widened(halves: NDArray[Any]) -> NDArray[np.float32]:
    """Convert bfloat16, given as uint16, to float32, whose upper half it is."""
    full = np.zeros(halves.shape, np.uint32)
    np.left_shift(halves, 16, out=full, dtype=np.uint32)
    return full.view(np.float32)
