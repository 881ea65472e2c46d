"""A weight file taken apart, in a process of its own that can do nothing else.

The HDF5 library and zlib are written in C: what a stranger's file makes of them stays in here. The process has
three open files: the weight file (to read), a file for the values (to write, one after the other) and a pipe for the
answer. It enters the jail of pasted code before it looks at the first byte, where the system has one.
"""

import io
import json
import os
import sys
from typing import Any, BinaryIO

import h5py
import numpy as np

from inits.errors import WeightFileError
from inits.measure.array_summary import as_keras, survey
from inits.weightfiles.reader import format_of, iterate

MEMORY, CPU = 2_600_000_000, 300  # bytes beyond the imports, seconds


def start(values_to: int, answer_to: int, parent: int, name: str) -> None:
    """Take apart what is at standard input and was called `name`: the values to one descriptor, the answer to another.

    `parent` is the process that waits for the answer.
    """
    _warm_up()
    jailed = _close_the_jail(parent)
    with os.fdopen(0, "rb", closefd=False) as file, os.fdopen(values_to, "wb", 1 << 20) as values:
        answer = take_apart(file, values, name)
    with os.fdopen(answer_to, "wb") as out:
        out.write(json.dumps(answer | {"jailed": jailed}).encode())


def take_apart(file: BinaryIO, values: BinaryIO, name: str = "") -> dict[str, Any]:
    """Write the values of all arrays, and tell what they are; or why there are none.

    The answer has `format` and `arrays`: the survey of each and its size in `values`, where they are one after the
    other as little-endian float32. Or it has `error`.
    """
    try:
        kind = format_of(file, name)
        arrays = [
            _kept(layer.name, variable, layer.kind, as_keras(variable, array, layer.layout), values)
            for layer in iterate(file, name)
            for variable, array in layer.arrays.items()
        ]
        if not arrays:
            return {"error": "The file has no arrays; use a file with weights."}
        return {"format": kind, "arrays": arrays}
    except WeightFileError as error:
        return {"error": str(error)}


def _kept(layer: str, name: str, kind: str, array: np.ndarray, values: BinaryIO) -> dict[str, Any]:
    about = survey(layer, name, kind, array).to_dict()
    size = 0
    with np.errstate(over="ignore"):
        for part in array if array.ndim > 1 else [array]:  # in the order of Keras, a part at a time
            size += values.write(np.ascontiguousarray(part, "<f4").tobytes())
    return about | {"bytes": size}


def _warm_up() -> None:
    """Whatever is imported or read at first use, before nothing can be opened any more."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file.create_dataset("dense/kernel", data=np.eye(24, dtype=np.float32)[:, ::-1], compression="gzip")
    take_apart(memory, io.BytesIO())
    memory = io.BytesIO()
    np.savez(memory, a=np.linspace(0.0, 1.0, 30), b=np.random.default_rng(0).normal(size=(20, 20)))
    take_apart(memory, io.BytesIO())


def _close_the_jail(parent: int) -> bool:
    """Whether this system has a jail. Where it has one that does not hold, the process ends."""
    if sys.platform != "linux":
        return False
    from inits.sandbox import jail

    try:
        rules = jail.prepare("best")
    except jail.JailError:
        return False
    jail.enter(parent, rules, jail.Limits(MEMORY, CPU, files=MEMORY), os.getpid())
    return True
