"""What goes to the process that runs pasted code, and what comes back: bytes that are trusted in nothing.

A reply has no structure of its own choosing: the reader knows how many arrays of which size it asked for, and takes
exactly that much. No pickles, no files, no lengths that a reply could lie about without being refused.
"""

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inits.errors import InitsError

FloatArray = NDArray[np.float32]
Shape = tuple[int, ...]
Round = tuple[tuple[Shape, int], ...]  # shapes with their seeds, asked of code that was started afresh

MAGIC = b"inits1\n\0"
MOST_TEXT, MOST_NAME, MOST_FRAMES, MOST_AXES = 8_000, 100, 50, 8
OVERHEAD = 100_000  # bytes of a reply that are not weights
_PICKED, _ARRAY, _ODD, _PROBLEM, _END = b"paoe."


class ReplyError(InitsError):
    """The reply is not one; the message says what is wrong with it."""


@dataclass(frozen=True)
class Picked:
    """What in the code was taken for the initializer, of which kind, and what else could have been."""

    name: str
    kind: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """What an exception said: its class, its message, and (line, function) of the pasted code, outermost first."""

    kind: str
    message: str
    frames: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Array:
    """What came for one shape: the shape and dtype that the code returned; values when the shape is as asked."""

    asked: Shape
    received: Shape
    dtype: str
    values: FloatArray | None


@dataclass(frozen=True)
class Reply:
    """Everything of one reply. Arrays are in the order they were asked for, up to the problem if there is one."""

    picked: Picked | None
    arrays: tuple[Array, ...]
    problem: Problem | None


def request(code: str, rounds: Sequence[Round]) -> bytes:
    """A request, as JSON. In every round the code is started afresh and asked for these shapes in turn."""
    return json.dumps({"code": code, "rounds": rounds}).encode()


def parse_request(data: bytes) -> tuple[str, list[list[tuple[Shape, int]]]]:
    value = json.loads(data)
    return value["code"], [[(tuple(shape), seed) for shape, seed in one] for one in value["rounds"]]


def most(rounds: Sequence[Round]) -> int:
    """The bytes of the longest reply to a request."""
    return OVERHEAD + sum(4 * math.prod(shape) for one in rounds for shape, _ in one)


def picked(name: str, kind: str, others: Sequence[str]) -> bytes:
    return bytes([_PICKED]) + _text(name) + _text(kind) + _text(", ".join(others))


def array(asked: Shape, values: NDArray[np.generic]) -> bytes:
    """One array; its values only when the shape is as asked."""
    if values.shape == asked:
        return bytes([_ARRAY]) + _text(str(values.dtype)) + np.asarray(values, "<f4").tobytes()
    axes = values.shape[:MOST_AXES]
    return bytes([_ODD]) + _text(str(values.dtype)) + struct.pack(f"<B{len(axes)}Q", len(axes), *axes)


def problem(kind: str, message: str, frames: Sequence[tuple[int, str]]) -> bytes:
    # The innermost are those that matter.
    kept = [
        struct.pack("<I", min(max(line, 0), 2**32 - 1)) + _text(name[:MOST_NAME])
        for line, name in frames[-MOST_FRAMES:]
    ]
    return bytes([_PROBLEM]) + _text(kind) + _text(message) + bytes([len(kept)]) + b"".join(kept)


def end() -> bytes:
    return bytes([_END])


def _text(text: str) -> bytes:
    data = text[:MOST_TEXT].encode("utf-8", "replace")[:MOST_TEXT]
    return struct.pack("<H", len(data)) + data


def parse_reply(data: bytes, rounds: Sequence[Round]) -> Reply:
    """The reply to a request. Raises ReplyError for bytes that are none, whoever wrote them."""
    reader = _Reader(data)
    if reader.take(len(MAGIC)) != MAGIC:
        raise ReplyError("The code's process gave no readable answer. Run again.")
    asked = [shape for one in rounds for shape, _ in one]
    what: Picked | None = None
    arrays: list[Array] = []
    wrong: Problem | None = None
    while (tag := reader.byte()) != _END:
        if tag == _PICKED and what is None:
            what = reader.picked()
        elif tag in (_ARRAY, _ODD) and len(arrays) < len(asked):
            arrays.append(reader.array(asked[len(arrays)], tag == _ARRAY))
        elif tag == _PROBLEM and wrong is None:
            wrong = reader.problem()
        else:
            raise ReplyError(f"The code's process gave an answer with an odd part {tag}. Run again.")
    if reader.left:
        raise ReplyError(f"The code's process answered {reader.left} bytes too many. Run again.")
    if wrong is None and (len(arrays) < len(asked) or what is None):
        raise ReplyError(f"The code's process answered {len(arrays)} of {len(asked)} arrays. Run again.")
    return Reply(what, tuple(arrays), wrong)


class _Reader:
    def __init__(self, data: bytes):
        self._data, self._at = memoryview(data), 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise ReplyError(
                "The code ended its process in the middle of its answer. Take out what ends it. Run again."
            )
        self._at += size
        return bytes(self._data[self._at - size : self._at])

    def byte(self) -> int:
        return self.take(1)[0]

    def text(self) -> str:
        (size,) = struct.unpack("<H", self.take(2))
        return self.take(size).decode("utf-8", "replace")

    def picked(self) -> Picked:
        name, kind, others = self.text(), self.text(), self.text()
        return Picked(name, kind, tuple(others.split(", ")) if others else ())

    def array(self, asked: Shape, whole: bool) -> Array:
        dtype = self.text()
        if whole:
            values = np.frombuffer(self.take(4 * math.prod(asked)), "<f4").reshape(asked)
            return Array(asked, asked, dtype, values.astype(np.float32))
        axes = self.byte()
        received = struct.unpack(f"<{axes}Q", self.take(8 * axes))
        return Array(asked, received, dtype, None)

    def problem(self) -> Problem:
        kind, message = self.text(), self.text()
        frames = []
        for _ in range(self.byte()):
            (line,) = struct.unpack("<I", self.take(4))
            frames.append((line, self.text()))
        return Problem(kind, message, tuple(frames))
