"""Inside the jail: run the pasted code, draw every array and write the reply. The zygote has imported Keras."""

import linecache
import os
import sys
import traceback
import warnings
from collections.abc import Iterator

import keras
from tensorflow.python.framework import kernels

from inits.sandbox import compat, picking, wire

MAX_OUTPUT = 20_000  # characters of the printed text that are kept


class Output:
    """Replacement of sys.stdout that passes on the first characters, up to a limit."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, descriptor: int):
        self.descriptor, self.left = descriptor, MAX_OUTPUT

    def write(self, text: str) -> int:
        kept = str(text)[: self.left]
        self.left -= len(kept)
        if kept:
            os.write(self.descriptor, kept.encode("utf-8", "replace"))
        return len(text)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self.descriptor


def prepare() -> None:
    """Import everything before the fork, and read the files that TensorFlow reads at its first op. Runs no op."""
    compat.prepare()
    kernels.get_registered_kernels_for_op("MatMul")  # looks up /proc/self/cmdline, which no jailed child can


def format_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """Return a warning with the line of the pasted code that led to it, wherever in the libraries it was raised."""
    lines = [lineno] if filename == picking.FILENAME else []
    lines += [n for frame, n in traceback.walk_stack(None) if frame.f_code.co_filename == picking.FILENAME]
    words = f"{category.__name__}: {message}\n"
    if not lines:
        return words
    code = linecache.getline(picking.FILENAME, lines[0]).strip()
    return f"{picking.FILENAME}:{lines[0]}: {words}" + (f"  {code}\n" if code else "")


def serve(code_from: int, result_to: int, output_to: int) -> None:
    """Read one request and write the reply, each from or to a descriptor."""
    with os.fdopen(code_from, "rb") as file:
        code, rounds = wire.parse_request(file.read())
    sys.stdout = sys.stderr = Output(output_to)
    warnings.formatwarning = format_warning
    with os.fdopen(result_to, "wb") as result:
        result.write(wire.MAGIC)
        try:
            for part in answer(code, rounds):
                result.write(part)
        except BaseException as error:  # also SystemExit and KeyboardInterrupt
            result.write(problem(error))
        result.write(wire.end())


def answer(code: str, rounds: list[list[tuple[wire.Shape, int]]]) -> Iterator[bytes]:
    """Yield the parts of the reply. Raises whatever the code raises."""
    for number, requested in enumerate(rounds):
        keras.utils.set_random_seed(requested[0][1] if requested else 0)
        found = picking.execute(code)
        if number == 0:
            yield wire.picked(found.name, found.kind, found.others)
        for shape, seed in requested:
            keras.utils.set_random_seed(seed)
            yield wire.array(shape, picking.to_array(found.create()(shape)))


def problem(error: BaseException) -> bytes:
    """Describe an error, with the lines of the pasted code only."""
    frames = [
        (frame.lineno or 0, frame.name)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == picking.FILENAME
    ]
    if isinstance(error, SyntaxError) and error.filename == picking.FILENAME:
        frames.append((error.lineno or 0, "<module>"))
        message = error.msg
    elif isinstance(error, MemoryError):
        message = str(error) or "it needs more memory than it may have"
    else:
        message = _message(error)
    kind = "" if isinstance(error, picking.CodeProblem) else type(error).__name__
    return wire.problem(kind, message, frames)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # the code defines this __str__
        return ""
