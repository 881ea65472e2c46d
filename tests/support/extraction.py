"""Read weight files with a store: in its process, in this one, or in a process that does something else."""

import hashlib
import io
import json
import os
import sys
from typing import BinaryIO

import pytest

from inits.errors import WeightFileError
from inits.measure.array_summary import ArraySummary
from inits.sandbox.processes import python
from inits.weightfiles import subprocess_reader
from inits.weightfiles.store import SUFFIX, Reading, WeightStore, wait
from inits.weightfiles.subprocess_reader import Readers
from inits.weightfiles.weight_file import WeightFile
from support import PATIENCE

MEMORY = 1_000_000


def digest_of(content: bytes) -> str:
    """Return the digest of a file's content."""
    return hashlib.sha256(content).hexdigest()[:32]


def take(store: WeightStore, content: bytes, name: str = "net.npz", session: str = "") -> Reading:
    """Read a file to its end, or to its error."""
    reading = store.take(io.BytesIO(content), name, session)
    assert wait([reading], PATIENCE)
    return reading


def kept(store: WeightStore, content: bytes, name: str = "net.npz") -> WeightFile:
    """Read a file that is good."""
    reading = take(store, content, name)
    assert reading.error is None
    file = store.get(reading.digest)
    assert file is not None
    return file


def left(store: WeightStore) -> list[str]:
    """Return the names of what is in the folder beside the files that were read."""
    return [path.name for path in store.folder.iterdir() if path.suffix != SUFFIX]


def read_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have files read in this process, which takes no time, and return the names of those that were read."""
    from inits.weightfiles.extract import extract_arrays

    names: list[str] = []

    def read(
        _: Readers, file: BinaryIO, values: BinaryIO, name: str, __: object = None
    ) -> tuple[str, tuple[ArraySummary, ...]]:
        names.append(name)
        answer = json.loads(json.dumps(extract_arrays(file, values, name)))
        values.flush()
        if "error" in answer:
            raise WeightFileError(answer["error"])
        return subprocess_reader.checked(answer, os.fstat(values.fileno()).st_size)

    monkeypatch.setattr(Readers, "read", read)
    return names


def child(monkeypatch: pytest.MonkeyPatch, prelude: str) -> None:
    """Have the process that reads do something first: `t` is the module `inits.weightfiles.extract`."""
    monkeypatch.setattr(
        subprocess_reader,
        "python",
        lambda call: python(f"import io, json, os\nimport inits.weightfiles.extract as t\n{prelude}\n{call}"),
    )


def stand_in(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Have another process in the place of the one that reads, which takes no time to start.

    `body` has the arguments of `inits.weightfiles.extract.start`: values, answer, parent, name.
    """
    start = f"def start(values, answer, parent, name):\n    {body}\n"
    monkeypatch.setattr(
        subprocess_reader,
        "python",
        lambda call: [sys.executable, "-I", "-S", "-c", f"import os, time\n{start}{call.partition('; ')[2]}"],
    )
