"""Start the process that reads a weight file, and check its answer.

The answer is untrusted text and the values are plain float32. It is accepted only if it agrees with the values.
"""

import json
import logging
import math
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from inits.errors import WeightFileError
from inits.measure.array_summary import BINS, ArraySummary
from inits.sandbox.processes import environment, python
from inits.text import printable
from inits.weightfiles.catalog import FORMATS

log = logging.getLogger(__name__)

MAX_ANSWER = 64_000_000  # bytes
PATIENCE = 300.0  # seconds for one file
SHARED = 60.0  # while files of other sessions wait
IDLE, IDLE_PER_BYTE = 30.0, 2e-7  # without another value: seconds, and more for each byte of the file
WATCH = 0.25  # seconds from one look at the process to the next
DISK_ERRORS = range(1, 256)
MAX_NAME = 250  # characters
MAX_WEIGHTS = 1 << 40  # of a shape, without sides of length 0
TOO_LONG = "The file took longer than {:.0f} s to read; use a smaller model."
TOO_LONG_NOW = "The file took longer than {:.0f} s to read while other files wait; try again later."
NO_RESULT = "The file gave no values for {:.0f} s; save it again with Keras, or its weights with np.savez."
BROKEN = "The file stopped the process that read it, since it is damaged or made to do that; save it again."


class _Watch:
    """Ends a process that takes too long: in all, or until the next values.

    Attributes:
        reason: a sentence if the process was ended.
    """

    def __init__(
        self,
        child: "subprocess.Popen[bytes]",
        file: BinaryIO,
        values: BinaryIO,
        contested: Callable[[], bool],
    ):
        self.reason = ""
        self._child, self._values, self._contested = child, values.fileno(), contested
        self._idle = IDLE + IDLE_PER_BYTE * os.fstat(file.fileno()).st_size
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inits-weights-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        began = grew = time.monotonic()
        written = 0
        while not self._over.wait(WATCH):
            now, size = time.monotonic(), os.fstat(self._values).st_size
            if size > written:
                grew, written = now, size
            if now - began > PATIENCE:
                self.reason = TOO_LONG.format(PATIENCE)
            elif now - began > SHARED and self._contested():
                self.reason = TOO_LONG_NOW.format(SHARED)
            elif now - grew > self._idle:
                self.reason = NO_RESULT.format(self._idle)
            if self.reason:
                self._child.kill()
                return

    def end(self) -> None:
        """Stop watching."""
        self._over.set()
        self._thread.join()


class Readers:
    """The processes that read weight files at this moment."""

    def __init__(self) -> None:
        self._children: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def read(
        self, file: BinaryIO, values: BinaryIO, name: str, contested: Callable[[], bool] = lambda: False
    ) -> tuple[str, tuple[ArraySummary, ...]]:
        """Read an open file of that name, and write the values of its arrays one after the other.

        While `contested()` is true, less time is allowed. Returns the format and a summary of each array.

        Raises:
            WeightFileError: with the sentence of the process, or if its answer cannot be true.
            OSError: if the values could not be written.
        """
        answer = self._answer(file, values, name, contested)
        if set(answer) >= {"error"}:
            raise WeightFileError(_text(answer["error"], 1000))
        if type(number := answer.get("errno")) is int and number in DISK_ERRORS:
            raise OSError(number, os.strerror(number))
        try:
            return checked(answer, os.fstat(values.fileno()).st_size)
        except Exception as error:  # a broken process can write any JSON
            log.warning("The answer of the process that read a weight file is wrong: %s", error)
            raise WeightFileError(BROKEN) from error

    def _answer(
        self, file: BinaryIO, values: BinaryIO, name: str, contested: Callable[[], bool]
    ) -> dict[str, Any]:
        read, write = os.pipe()
        with os.fdopen(read, "rb") as pipe:
            try:
                child = self._start(file, values, write, name[-40:])
            finally:
                os.close(write)
            watch = _Watch(child, file, values, contested)
            try:
                text = pipe.read(MAX_ANSWER + 1)
                if len(text) > MAX_ANSWER:
                    child.kill()
                code = child.wait()
            finally:
                watch.end()
                child.kill()
                child.wait()
                self._children.discard(child)
        try:
            found = json.loads(text) if not code and len(text) <= MAX_ANSWER else None
        except (ValueError, RecursionError):
            found = None
        if watch.reason:
            raise WeightFileError(watch.reason)
        if not isinstance(found, dict):
            log.warning("The process that read a weight file ended with %s", code)
            raise WeightFileError(BROKEN)
        return found

    def _start(self, file: BinaryIO, values: BinaryIO, write: int, name: str) -> "subprocess.Popen[bytes]":
        arguments = f"{values.fileno()}, {write}, {os.getpid()}, {name!r}"
        call = f"from inits.weightfiles.extract import start; start({arguments})"
        child = subprocess.Popen(
            python(call),
            cwd="/",
            env=environment(),
            stdin=file,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[values.fileno(), write],
            start_new_session=True,  # Ctrl-C in the terminal is for the server
        )
        self._children.add(child)
        if self._closed:
            child.kill()
        return child

    def close(self) -> None:
        """End all processes, and those that start later."""
        self._closed = True
        for child in list(self._children):
            child.kill()


def checked(answer: Mapping[str, Any], written: int) -> tuple[str, tuple[ArraySummary, ...]]:
    """Return the format and the summaries of an answer. Raises an exception if they disagree with the bytes written."""
    kind = answer["format"]
    if kind not in FORMATS:
        raise ValueError(f"the format {kind!r}")
    summaries = tuple(_summary(dict(one)) for one in answer["arrays"])
    if not summaries or sum(4 * one.summary.count for one in summaries) != written:
        raise ValueError(f"{len(summaries)} arrays and {written} bytes")
    return kind, summaries


def _summary(value: dict[str, Any]) -> ArraySummary:
    size = value.pop("bytes")
    whole = (*value["shape"], *value["decomposed"], *value["counts"], size)
    numbers = value["summary"]
    whole += tuple(value[name] for name in ("units", "dead", "constant"))
    whole += tuple(numbers[name] for name in ("count", "nan", "inf"))
    if not all(type(one) is int and 0 <= one < 1 << 62 for one in whole):
        raise ValueError("an invalid size")
    real = [numbers[name] for name in ("mean", "std", "min", "max")] + [*value["edges"]]
    real += [] if numbers["kurtosis"] is None else [numbers["kurtosis"]]
    if not all(type(one) in (int, float) for one in real):
        raise ValueError("an invalid number")
    for name in ("layer", "name", "kind", "dtype"):
        _text(value[name], MAX_NAME)
    one = ArraySummary.from_dict(value)
    if size != 4 * one.summary.count or math.prod(one.shape) != one.summary.count:
        raise ValueError("an array of another size")
    if math.prod(max(side, 1) for side in one.shape) > MAX_WEIGHTS or len(one.counts) != BINS:
        raise ValueError("an array that is too large")
    singular = None if one.singular is None else one.singular.size
    sides = one.decomposed or (0, 0)
    if len(sides) != 2 or (min(sides) or None) != singular:
        raise ValueError("singular values of another matrix")
    return one


def _text(value: object, max_length: int) -> str:
    """Return a text that can be shown. Raises ValueError for anything else."""
    if not isinstance(value, str) or len(value) > max_length or value != printable(value):
        raise ValueError("an invalid name")
    return value
