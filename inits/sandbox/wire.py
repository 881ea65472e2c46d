"""The format of requests and replies between the web process and the process that runs pasted code.

Replies are untrusted bytes. The reader knows how many arrays of which size it requested and takes exactly those:
no pickles, no files, and no length in a reply that is not checked.
"""

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inits.errors import InitsError
from inits.sandbox.processes import without_folders
from inits.text import one_line, paragraph

FloatArray = NDArray[np.float32]
Shape = tuple[int, ...]
Round = tuple[tuple[Shape, int], ...]  # shapes with their seeds, drawn by code that was started afresh

MAGIC = b"inits1\n\0"
MAX_TEXT, MAX_EXPRESSION, MAX_NAME = 4_000, 1_000, 100  # characters of a message, an expression, a name
MAX_FRAMES, MAX_OTHERS, MAX_AXES = 50, 20, 8
OVERHEAD = 100_000  # bytes of the longest reply that are not weights
_PICKED, _ARRAY, _ODD, _PROBLEM, _END = b"paoe."


class ReplyError(InitsError):
    """The bytes are no valid reply; the message says why."""


@dataclass(frozen=True)
class Picked:
    """The initializer that was found in the code: its name, its kind, and the other candidates."""

    name: str
    kind: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """An exception: its class, its message, and (line, function) in the pasted code, outermost first."""

    kind: str
    message: str
    frames: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Array:
    """The answer for one shape: the shape and dtype that the code returned, and the values if the shape is right."""

    requested: Shape
    received: Shape
    dtype: str
    values: FloatArray | None


@dataclass(frozen=True)
class Reply:
    """A whole reply. Arrays are in the order of the request, up to the problem if there is one."""

    picked: Picked | None
    arrays: tuple[Array, ...]
    problem: Problem | None


def request(code: str, rounds: Sequence[Round]) -> bytes:
    """Encode a request as JSON. In every round the code is started afresh and draws these shapes in turn."""
    return json.dumps({"code": code, "rounds": rounds}).encode()


def parse_request(data: bytes) -> tuple[str, list[list[tuple[Shape, int]]]]:
    """Decode a request into the code and its rounds."""
    value = json.loads(data)
    return value["code"], [[(tuple(shape), seed) for shape, seed in one] for one in value["rounds"]]


def weights(rounds: Sequence[Round]) -> int:
    """Return the number of weights in a request."""
    return sum(math.prod(shape) for one in rounds for shape, _ in one)


def longest_reply(rounds: Sequence[Round]) -> int:
    """Return the bytes of the longest reply to a request."""
    return OVERHEAD + 4 * weights(rounds)


def picked(name: str, kind: str, others: Sequence[str]) -> bytes:
    """Encode the initializer that was found."""
    some = [other[:MAX_NAME] for other in others[:MAX_OTHERS]]
    return bytes([_PICKED]) + _text(name) + _text(kind) + _text(", ".join(some))


def array(requested: Shape, values: NDArray[np.generic]) -> bytes:
    """Encode one array, with its values only if it has the requested shape."""
    if values.shape == requested:
        with np.errstate(over="ignore"):  # what is beyond float32 is infinite, and the page says so
            return bytes([_ARRAY]) + _text(str(values.dtype)) + np.asarray(values, "<f4").tobytes()
    axes = values.shape[:MAX_AXES]
    return bytes([_ODD]) + _text(str(values.dtype)) + struct.pack(f"<B{len(axes)}Q", len(axes), *axes)


def problem(kind: str, message: str, frames: Sequence[tuple[int, str]]) -> bytes:
    """Encode an exception with its innermost frames."""
    kept = [
        struct.pack("<I", min(max(line, 0), 2**32 - 1)) + _text(name[:MAX_NAME])
        for line, name in frames[-MAX_FRAMES:]
    ]
    return bytes([_PROBLEM]) + _text(kind) + _text(message) + bytes([len(kept)]) + b"".join(kept)


def end() -> bytes:
    """Encode the end of a reply."""
    return bytes([_END])


def _text(text: str) -> bytes:
    data = text[: MAX_TEXT + 1].encode("utf-8", "replace")
    return struct.pack("<H", len(data)) + data


def parse_reply(data: bytes, rounds: Sequence[Round]) -> Reply:
    """Decode the reply to a request. Raises ReplyError for any other bytes."""
    reader = _Reader(data)
    if reader.take(len(MAGIC)) != MAGIC:
        raise ReplyError("The reply of the code's process cannot be read. Run again.")
    requested = [shape for one in rounds for shape, _ in one]
    found: Picked | None = None
    arrays: list[Array] = []
    error: Problem | None = None
    while (tag := reader.byte()) != _END:
        if tag == _PICKED and found is None:
            found = reader.picked()
        elif tag in (_ARRAY, _ODD) and len(arrays) < len(requested):
            arrays.append(reader.array(requested[len(arrays)], tag == _ARRAY))
        elif tag == _PROBLEM and error is None:
            error = reader.problem()
        else:
            raise ReplyError(f"The reply of the code's process has the unknown part {tag}. Run again.")
    if reader.left:
        raise ReplyError(f"The reply of the code's process is {reader.left} bytes too long. Run again.")
    if error is None and (len(arrays) < len(requested) or found is None):
        raise ReplyError(f"The code's process returned {len(arrays)} of {len(requested)} arrays. Run again.")
    return Reply(found, tuple(arrays), error)


class _Reader:
    """The bytes of a reply, taken from the beginning to the end. Every method raises ReplyError if they end early.

    Texts lose the server's paths, are cut and made printable here, so that no page has to.
    """

    def __init__(self, data: bytes):
        self._data, self._at = memoryview(data), 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise ReplyError(
                "The code ended its process in the middle of the reply. Remove what ends it, and run again."
            )
        self._at += size
        return bytes(self._data[self._at - size : self._at])

    def byte(self) -> int:
        return self.take(1)[0]

    def raw(self) -> bytes:
        (size,) = struct.unpack("<H", self.take(2))
        return self.take(size)

    def picked(self) -> Picked:
        name, kind, others = _shown(self.raw(), MAX_EXPRESSION), _shown(self.raw()), self.raw()
        some = others.split(b", ")[:MAX_OTHERS] if others else ()
        return Picked(name, kind, tuple(map(_shown, some)))

    def array(self, requested: Shape, whole: bool) -> Array:
        dtype = _shown(self.raw())
        if whole:
            values = np.frombuffer(self.take(4 * math.prod(requested)), "<f4").reshape(requested)
            return Array(requested, requested, dtype, values.astype(np.float32))
        axes = self.byte()
        received = struct.unpack(f"<{axes}Q", self.take(8 * axes))
        return Array(requested, received[:MAX_AXES], dtype, None)

    def problem(self) -> Problem:
        kind, message = _shown(self.raw()), paragraph(_decoded(self.raw(), MAX_TEXT), MAX_TEXT)
        frames = []
        for _ in range(self.byte()):
            (line,) = struct.unpack("<I", self.take(4))
            frames.append((line, self.raw()))
        return Problem(kind, message, tuple((line, _shown(name)) for line, name in frames[-MAX_FRAMES:]))


def _decoded(data: bytes, limit: int) -> str:
    """Return a text without folders of the server; of a long one at least the first `limit` characters."""
    return without_folders(data[: 4 * limit + MAX_TEXT].decode("utf-8", "replace"))


def _shown(data: bytes, limit: int = MAX_NAME) -> str:
    return one_line(_decoded(data, limit), limit)
