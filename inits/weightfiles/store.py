"""Weight files that were taken apart: a folder for each with its values and what was measured, under its digest.

Whoever has a digest has the file: sessions share them, and links name them. Files are read in a process of their own
(`extract`), whose answer is checked here: whatever it says, no more is believed than lies in the folder.
"""

import hashlib
import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from inits.errors import WeightFileError
from inits.experiments.file_start import DIGEST
from inits.files import entries, mark_used, remove, remove_abandoned, trim
from inits.measure.array_summary import Survey
from inits.weightfiles.subprocess_reader import Readers

log = logging.getLogger(__name__)

ABOUT, VALUES, SUFFIX = "about.json", "values.f32", ".weights"
UNFINISHED = (".new", ".upload", ".part")  # endings of what is being written
ABANDONED = 86_400.0  # seconds after which an unfinished file belongs to a server that died
FORMAT = 1  # another number makes all older folders foreign
AT_ONCE = 1  # files that are read at the same time: each takes a core


@dataclass(frozen=True, eq=False)
class WeightFile:
    """A file that was taken apart: its digest, its format, and what was measured of each array in turn."""

    digest: str
    kind: str
    folder: Path
    surveys: tuple[Survey, ...]

    @property
    def parameters(self) -> int:
        return sum(one.summary.count for one in self.surveys)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, each once, in the order of the file."""
        return tuple(dict.fromkeys(one.layer for one in self.surveys))

    @cached_property
    def _places(self) -> list[int]:
        sizes = [4 * one.summary.count for one in self.surveys]
        return [sum(sizes[:number]) for number in range(len(sizes))]

    def values(self, number: int) -> NDArray[np.float32]:
        """An array as float32, from the disk as far as it is looked at. Raises WeightFileError when it is gone."""
        one = self.surveys[number]
        if not one.summary.count:
            return np.empty(one.shape, np.float32)
        try:
            path = self.folder / VALUES
            return np.memmap(path, "<f4", "r", self._places[number], one.shape or (1,)).reshape(one.shape)
        except (OSError, ValueError):
            raise gone("The weight file") from None


def gone(name: str) -> WeightFileError:
    """What is said of a file that is not kept any more, or never was."""
    return WeightFileError(f"{name} is not here any more; choose the file again under Weight files.")


class Reading:
    """A file on its way: shared by all who bring the same one."""

    def __init__(self, digest: str, size: int):
        self.digest, self.size = digest, size
        self.done = threading.Event()
        self.error: str | None = None
        self.ahead: Callable[[], int] = lambda: 0
        self.written: Callable[[], int] = lambda: 0

    @property
    def progress(self) -> float:
        """About how far it is, 0 to 1: packed files unfold to more than they are."""
        return 1.0 if self.done.is_set() else min(0.99, self.written() / max(1, self.size))


class WeightStore:
    """The folders. `limit` in bytes; the one unused for longest goes first, the newest always stays.

    Where `folder` cannot be written to, or with a limit of 0, a temporary one takes its place until `close`.
    """

    def __init__(self, folder: Path, limit: int):
        self.limit = limit
        self._wanted, self._own = folder, limit <= 0
        self._folder: Path | None = None
        self._making, self._lock = threading.Lock(), threading.Lock()
        self._readings: dict[str, Reading] = {}
        self._files: dict[str, WeightFile] = {}
        self._turn = threading.Semaphore(AT_ONCE)
        self._readers = Readers()
        self._at_work: set[Path] = set()  # what only looks as if a server that died had left it

    @property
    def folder(self) -> Path:
        """Where files are kept, made at first use."""
        with self._making:
            if self._folder is None:
                self._folder = self._made()
            return self._folder

    def _made(self) -> Path:
        if not self._own:
            try:
                self._wanted.mkdir(parents=True, exist_ok=True)
                tempfile.TemporaryFile(dir=self._wanted).close()
                return self._wanted
            except OSError as error:
                log.warning("Weight files are kept for this run of the server only: %s", error)
        self._own = True
        return Path(tempfile.mkdtemp(prefix="inits-weights-"))

    def get(self, digest: str) -> WeightFile | None:
        """The file of that digest, if it is here."""
        folder = self.folder / f"{digest}{SUFFIX}"
        try:
            mark_used(folder)
        except OSError:
            self._files.pop(digest, None)
            return None
        if digest not in self._files:
            try:
                self._files[digest] = _read(digest, folder)
            except Exception as error:  # whatever stands there, it is none of ours
                log.warning("Ignored %s: %s: %s", folder, type(error).__name__, error)
                return None
        return self._files[digest]

    def take(self, file: BinaryIO, name: str) -> Reading:
        """Begin to take a file apart, which is copied first. Raises WeightFileError when the disk is full."""
        try:
            copy, digest, size = _copied(file, self.folder)
        except OSError as error:
            words = f"The file could not be kept: {error.strerror or type(error).__name__}; make room on the disk."
            raise WeightFileError(words) from error
        with self._lock:
            reading, known = self._readings.get(digest), self.get(digest) is not None
            begin = not known and (reading is None or reading.done.is_set())
            if begin or reading is None:
                reading = self._readings[digest] = Reading(digest, size)
        if begin:
            self._at_work.add(copy)
            arguments = (reading, copy, name)
            threading.Thread(target=self._work, args=arguments, name="inits-weights", daemon=True).start()
            return reading
        copy.unlink()
        if known:
            reading.done.set()
        return reading

    def _work(self, reading: Reading, copy: Path, name: str) -> None:
        others = [one for one in list(self._readings.values()) if one is not reading]
        waiting = [one for one in others if not one.done.is_set()]
        reading.ahead = lambda: sum(not one.done.is_set() for one in waiting)
        try:
            with self._turn, self._place() as target:
                reading.ahead = lambda: 0
                reading.written = lambda: _size(target / VALUES)
                with copy.open("rb") as file, (target / VALUES).open("wb") as values:
                    kind, surveys = self._readers.ask(file, values, name)
                _write(target / ABOUT, kind, surveys)
                self._put(target, self.folder / f"{reading.digest}{SUFFIX}")
            self._make_room(reading.digest)
        except WeightFileError as error:
            reading.error = str(error)
        except Exception:
            log.exception("A weight file could not be read")
            reading.error = "The file could not be read; the reason is in the server's log: try again."
        finally:
            self._at_work.discard(copy)
            copy.unlink(missing_ok=True)
            reading.written = lambda: 0
            reading.done.set()
            self._forget()

    @contextmanager
    def _place(self) -> Iterator[Path]:
        """A new folder to write to, gone at the end unless it has been renamed."""
        target = Path(tempfile.mkdtemp(dir=self.folder, suffix=".new"))
        self._at_work.add(target)
        try:
            yield target
        finally:
            self._at_work.discard(target)
            remove(target)

    def _put(self, target: Path, folder: Path) -> None:
        """Give a finished folder its name; one of that name that could not be read makes way."""
        remove(folder)
        os.replace(target, folder)

    def _forget(self) -> None:
        """Only the last readings are remembered."""
        with self._lock:
            over = [digest for digest, one in self._readings.items() if one.done.is_set()]
            for digest in over[:-64]:
                del self._readings[digest]

    def _make_room(self, newest: str) -> None:
        """Remove what takes too much space, the least recently used first, and what was left unfinished."""
        unfinished = [path for ending in UNFINISHED for path in self.folder.glob(f"*{ending}")]
        remove_abandoned([path for path in unfinished if path not in self._at_work], ABANDONED)
        if not self._own:
            kept = entries(self.folder.glob(f"*{SUFFIX}"), VALUES)
            trim(kept, self.limit, keep=self.folder / f"{newest}{SUFFIX}")

    def close(self) -> None:
        """End what is being read; a temporary folder goes."""
        self._readers.close()
        if self._folder is not None and self._own:
            remove(self._folder)


def _copied(file: BinaryIO, folder: Path) -> tuple[Path, str, int]:
    """A copy on the disk, the digest of its bytes, and how many they are."""
    digest, size = hashlib.sha256(), 0
    descriptor, name = tempfile.mkstemp(dir=folder, suffix=".upload")
    try:
        with os.fdopen(descriptor, "wb") as copy:
            while part := file.read(1 << 20):
                digest.update(part)
                size += copy.write(part)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name), digest.hexdigest()[:DIGEST], size


def _write(path: Path, kind: str, surveys: Sequence[Survey]) -> None:
    about = {"version": FORMAT, "kind": kind, "arrays": [one.to_dict() for one in surveys]}
    path.write_text(json.dumps(about))


def _read(digest: str, folder: Path) -> WeightFile:
    about = json.loads((folder / ABOUT).read_text())
    if about["version"] != FORMAT:
        raise ValueError(f"it is of version {about['version']}")
    surveys = tuple(Survey.from_dict(one) for one in about["arrays"])
    return WeightFile(digest, about["kind"], folder, surveys)


def _size(path: Path) -> int:
    """In bytes; 0 when it is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def wait(readings: Sequence[Reading], seconds: float) -> bool:
    """Whether all are done within so many seconds."""
    deadline = time.monotonic() + seconds
    return all(one.done.wait(max(0.0, deadline - time.monotonic())) for one in readings)
