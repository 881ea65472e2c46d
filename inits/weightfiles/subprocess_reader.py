"""The process that takes a weight file apart, seen from the web process: it is asked, and its answer is checked.

Whatever it says, no more is believed than lies on the disk: the answer is untrusted text, the values plain float32.
"""

import json
import logging
import math
import os
import subprocess
import threading
from collections.abc import Mapping
from typing import Any, BinaryIO

from inits.errors import WeightFileError
from inits.measure.array_summary import BINS, Survey
from inits.sandbox.processes import environment, python
from inits.weightfiles.catalog import FORMATS

log = logging.getLogger(__name__)

MOST_ANSWER = 64_000_000  # bytes
PATIENCE = 300.0  # seconds for one file
LONGEST = 250  # characters of a name
MOST_WEIGHTS = 1 << 40  # that a shape may stand for, sides of nothing left out
BROKEN = "The file stopped the process that read it; it is damaged or made to break readers: save it again."


class Readers:
    """The processes that read at this moment."""

    def __init__(self) -> None:
        self._children: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def ask(self, file: BinaryIO, values: BinaryIO, name: str) -> tuple[str, tuple[Survey, ...]]:
        """The format of an open file that was called `name`, and its arrays; their values are written in turn.

        Raises WeightFileError with the sentence of the reader, or when it gave no answer that can be true.
        """
        answer = self._answer(file, values, name)
        if set(answer) >= {"error"}:
            raise WeightFileError(_text(answer["error"], 1000))
        try:
            return checked(answer, os.fstat(values.fileno()).st_size)
        except Exception as error:  # whatever a broken process can make of JSON
            log.warning("The answer of the process that read a weight file is wrong: %s", error)
            raise WeightFileError(BROKEN) from error

    def _answer(self, file: BinaryIO, values: BinaryIO, name: str) -> dict[str, Any]:
        read, write = os.pipe()
        with os.fdopen(read, "rb") as pipe:
            try:
                child = self._start(file, values, write, name[-40:])
            finally:
                os.close(write)
            timer = threading.Timer(PATIENCE, child.kill)
            timer.start()
            try:
                text = pipe.read(MOST_ANSWER + 1)
                if len(text) > MOST_ANSWER:
                    child.kill()
                code = child.wait()
            finally:
                timer.cancel()
                child.kill()
                child.wait()
                self._children.discard(child)
        try:
            found = json.loads(text) if not code and len(text) <= MOST_ANSWER else None
        except (ValueError, RecursionError):
            found = None
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
        """End them all, and each that begins after."""
        self._closed = True
        for child in list(self._children):
            child.kill()


def checked(answer: Mapping[str, Any], written: int) -> tuple[str, tuple[Survey, ...]]:
    """The format and the surveys of an answer. Raises some exception unless it is true of so many bytes of values."""
    kind = answer["format"]
    if kind not in FORMATS:
        raise ValueError(f"the format {kind!r}")
    surveys = tuple(_survey(dict(one)) for one in answer["arrays"])
    if not surveys or sum(4 * one.summary.count for one in surveys) != written:
        raise ValueError(f"{len(surveys)} arrays and {written} bytes")
    return kind, surveys


def _survey(value: dict[str, Any]) -> Survey:
    size = value.pop("bytes")
    whole = (*value["shape"], *value["decomposed"], *value["counts"], size)
    numbers = value["summary"]
    whole += tuple(value[name] for name in ("units", "dead", "constant"))
    whole += tuple(numbers[name] for name in ("count", "nan", "inf"))
    if not all(type(one) is int and 0 <= one < 1 << 62 for one in whole):
        raise ValueError("a size that is none")
    real = [numbers[name] for name in ("mean", "std", "min", "max")] + [*value["edges"]]
    real += [] if numbers["kurtosis"] is None else [numbers["kurtosis"]]
    if not all(type(one) in (int, float) for one in real):
        raise ValueError("a number that is none")
    for name in ("layer", "name", "kind", "dtype"):
        _text(value[name], LONGEST)
    one = Survey.from_dict(value)
    if size != 4 * one.summary.count or math.prod(one.shape) != one.summary.count:
        raise ValueError("an array of another size")
    if math.prod(max(side, 1) for side in one.shape) > MOST_WEIGHTS or len(one.counts) != BINS:
        raise ValueError("an array beyond measure")
    singular = None if one.singular is None else one.singular.size
    sides = one.decomposed or (0, 0)
    if len(sides) != 2 or (min(sides) or None) != singular:
        raise ValueError("singular values of another matrix")
    return one


def _text(value: object, most: int) -> str:
    """A text that can be shown. Raises ValueError for anything else."""
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise ValueError("a name that is none")
    return value
