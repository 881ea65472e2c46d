"""Read a weight file and measure its arrays, in a process that can do nothing else.

The HDF5 library and zlib are written in C: a file that breaks them breaks this process only. The process has three
open files: the weight file to read, a file for the values to write, and a pipe for the answer. It enters the jail of
pasted code, if the system has one, before it looks at the first byte.
"""

import io
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import h5py
import numpy as np

from inits.errors import WeightFileError
from inits.measure.array_summary import as_keras, summarize_array
from inits.measure.statistics import PIECE
from inits.weightfiles.reader import format_of, iterate

MEMORY, CPU = 2_600_000_000, 300  # bytes beyond the imports, seconds


def start(values_to: int, answer_to: int, parent: int, name: str) -> None:
    """Read the weight file at standard input.

    Args:
        values_to: the descriptor of the file for the values.
        answer_to: the descriptor of the pipe for the answer.
        parent: the process that waits for the answer.
        name: the name of the weight file.
    """
    _warm_up()
    jailed = _enter_jail(parent)
    values = os.fdopen(
        values_to, "wb", 1 << 20
    )  # closed at the end of the process: on a full disk that fails again
    with os.fdopen(0, "rb", closefd=False) as file:
        answer = extract_arrays(file, values, name)
    with os.fdopen(answer_to, "wb") as out:
        out.write(json.dumps(answer | {"jailed": jailed}).encode())


def extract_arrays(file: BinaryIO, values: BinaryIO, name: str = "") -> dict[str, Any]:
    """Write the values of all arrays, and return their descriptions.

    The answer has `format` and `arrays`: the summary of each array and its bytes in `values`, which contains them one
    after the other as little-endian float32. Or it has `error`, a sentence, or `errno`, if values cannot be written.
    """
    try:
        kind = format_of(file, name)
        arrays = [
            _extracted(layer.name, variable, layer.kind, as_keras(variable, array, layer.layout), values)
            for layer in iterate(file, name)
            for variable, array in layer.arrays.items()
        ]
        values.flush()
        if not arrays:
            return {"error": "The file has no arrays; use a file with weights."}
        return {"format": kind, "arrays": arrays}
    except WeightFileError as error:
        return {"error": str(error)}
    except OSError as error:  # those of reading have become a WeightFileError
        return {"errno": error.errno}


def _extracted(layer: str, name: str, kind: str, array: np.ndarray, values: BinaryIO) -> dict[str, Any]:
    about = summarize_array(layer, name, kind, array).to_dict()
    size = 0
    with np.errstate(over="ignore"):
        for part in _parts(array):
            size += values.write(np.ascontiguousarray(part, "<f4").tobytes())
    return about | {"bytes": size}


def _parts(array: np.ndarray) -> Iterator[np.ndarray]:
    """Yield an array in the order of Keras, some rows at a time."""
    if array.ndim < 2:
        yield array
        return
    rows = max(1, PIECE * len(array) // max(1, array.size))
    for first in range(0, len(array), rows):
        yield array[first : first + rows]


def _warm_up() -> None:
    """Import and read all that is needed at first use, before the jail closes."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file.create_dataset("dense/kernel", data=np.eye(24, dtype=np.float32)[:, ::-1], compression="gzip")
    extract_arrays(memory, io.BytesIO())
    memory = io.BytesIO()
    np.savez(memory, a=np.linspace(0.0, 1.0, 30), b=np.random.default_rng(0).normal(size=(20, 20)))
    extract_arrays(memory, io.BytesIO())


def _enter_jail(parent: int) -> bool:
    """Enter the jail; return False if this system has none. Raises an error if the jail does not hold."""
    if sys.platform != "linux":
        return False
    from inits.sandbox import jail

    try:
        rules = jail.prepare("best")
    except jail.JailError:
        return False
    jail.enter(parent, rules, jail.Limits(MEMORY, CPU, files=MEMORY), os.getpid())
    return True
