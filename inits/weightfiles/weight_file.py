"""A weight file that was read: a folder with its values as float32 and a summary of each array."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inits.errors import WeightFileError
from inits.measure.array_summary import ArraySummary

ABOUT, VALUES = "about.json", "values.f32"
FORMAT = 1  # with another number, older folders are ignored
MAX_KNOWN = 50_000  # summaries of arrays in memory, about 2 kB each


@dataclass(frozen=True, eq=False)
class WeightFile:
    """A weight file that was read: digest, format (a key in FORMATS), folder, and a summary of each array."""

    digest: str
    kind: str
    folder: Path
    summaries: tuple[ArraySummary, ...]

    @property
    def parameters(self) -> int:
        """The number of all weights."""
        return sum(one.summary.count for one in self.summaries)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers in the order of the file."""
        return tuple(dict.fromkeys(one.layer for one in self.summaries))

    @cached_property
    def _places(self) -> list[int]:
        return list(accumulate((4 * one.summary.count for one in self.summaries), initial=0))

    def values(self, number: int) -> NDArray[np.float32]:
        """Return an array as float32, mapped from the disk. Raises WeightFileError if the file was removed."""
        one = self.summaries[number]
        if not one.summary.count:
            return np.empty(one.shape, np.float32)
        try:
            path = self.folder / VALUES
            return np.memmap(path, "<f4", "r", self._places[number], one.shape or (1,)).reshape(one.shape)
        except (OSError, ValueError):
            raise missing_file("The weight file") from None


def missing_file(name: str) -> WeightFileError:
    """Return the error for a file that was removed, or never was here."""
    return WeightFileError(f"{name} is not available; choose the file again under Weight files.")


def write_summaries(folder: Path, kind: str, summaries: Sequence[ArraySummary]) -> None:
    """Write what `read_file` reads beside the values."""
    about = {"version": FORMAT, "kind": kind, "arrays": [one.to_dict() for one in summaries]}
    (folder / ABOUT).write_text(json.dumps(about))


def read_file(digest: str, folder: Path) -> WeightFile:
    """Return the file in a folder. Raises an exception if it is damaged or of another version."""
    about = json.loads((folder / ABOUT).read_text())
    if about["version"] != FORMAT:
        raise ValueError(f"it has version {about['version']}")
    summaries = tuple(ArraySummary.from_dict(one) for one in about["arrays"])
    return WeightFile(digest, about["kind"], folder, summaries)


class KnownFiles:
    """The files that are in memory, the last used of them: their summaries take more than their values may."""

    def __init__(self) -> None:
        self._files: dict[str, WeightFile] = {}
        self._lock = threading.Lock()

    def get(self, digest: str) -> WeightFile | None:
        with self._lock:
            found = self._files.pop(digest, None)
            if found is not None:
                self._files[digest] = found
            return found

    def add(self, file: WeightFile) -> None:
        """Add a file, and forget the least recently used beyond the limit."""
        with self._lock:
            self._files[file.digest] = file
            while (
                len(self._files) > 1 and sum(len(one.summaries) for one in self._files.values()) > MAX_KNOWN
            ):
                del self._files[next(iter(self._files))]

    def pop(self, digest: str) -> None:
        with self._lock:
            self._files.pop(digest, None)
