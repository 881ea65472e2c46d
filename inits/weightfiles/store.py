"""The store of weight files: a folder for each file with its values and their summaries, named after its digest.

Access is by digest: anyone with the digest can read the file. Sessions share files, and links name them. A separate
process reads each file (`extract`), and its answer is accepted only if it agrees with what lies in the folder.
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
from inits.measure.array_summary import ArraySummary
from inits.weightfiles.subprocess_reader import Readers

log = logging.getLogger(__name__)

ABOUT, VALUES, SUFFIX = "about.json", "values.f32", ".weights"
UNFINISHED = (".new", ".upload", ".part")  # endings of what is being written
ABANDONED = 86_400.0  # seconds after which an unfinished file belongs to a server that died
FORMAT = 1  # with another number, older folders are ignored
AT_ONCE = 1  # files that are read at the same time; each takes a core


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
        sizes = [4 * one.summary.count for one in self.summaries]
        return [sum(sizes[:number]) for number in range(len(sizes))]

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


class Reading:
    """A file that is being read, shared by all sessions that bring the same one.

    Attributes:
        done: set at the end.
        error: a sentence if the file was refused.
        ahead: returns the number of files that are read before this one.
        written: returns the bytes of values that are on the disk.
    """

    def __init__(self, digest: str, size: int):
        self.digest, self.size = digest, size
        self.done = threading.Event()
        self.error: str | None = None
        self.ahead: Callable[[], int] = lambda: 0
        self.written: Callable[[], int] = lambda: 0

    @property
    def progress(self) -> float:
        """The progress from 0 to 1, an estimate: compressed files expand to more than their size."""
        return 1.0 if self.done.is_set() else min(0.99, self.written() / max(1, self.size))


class WeightStore:
    """A folder of weight files of at most `limit` bytes. The least recently used go first; the newest always stays.

    If `folder` cannot be written to, or the limit is 0, a temporary folder takes its place until `close`.
    """

    def __init__(self, folder: Path, limit: int):
        self.limit = limit
        self._wanted, self._own = folder, limit <= 0
        self._folder: Path | None = None
        self._creating, self._lock = threading.Lock(), threading.Lock()
        self._readings: dict[str, Reading] = {}
        self._files: dict[str, WeightFile] = {}
        self._turn = threading.Semaphore(AT_ONCE)
        self._readers = Readers()
        self._at_work: set[Path] = set()  # unfinished, but not abandoned

    @property
    def folder(self) -> Path:
        """The folder of the files, created at first use."""
        with self._creating:
            if self._folder is None:
                self._folder = self._create_folder()
            return self._folder

    def _create_folder(self) -> Path:
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
        """Return the file of that digest, or None."""
        folder = self.folder / f"{digest}{SUFFIX}"
        try:
            mark_used(folder)
        except OSError:
            self._files.pop(digest, None)
            return None
        if digest not in self._files:
            try:
                self._files[digest] = _read(digest, folder)
            except Exception as error:  # not a folder of ours, or damaged
                log.warning("Ignored %s: %s: %s", folder, type(error).__name__, error)
                return None
        return self._files[digest]

    def take(self, file: BinaryIO, name: str) -> Reading:
        """Copy a file and start to read it. Raises WeightFileError if the disk is full."""
        try:
            copy, digest, size = _copied(file, self.folder)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise WeightFileError(f"The file could not be kept: {reason}; make room on the disk.") from error
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
            with self._turn, self._new_folder() as target:
                reading.ahead = lambda: 0
                reading.written = lambda: _size(target / VALUES)
                with copy.open("rb") as file, (target / VALUES).open("wb") as values:
                    kind, summaries = self._readers.read(file, values, name)
                _write(target / ABOUT, kind, summaries)
                self._put(target, self.folder / f"{reading.digest}{SUFFIX}")
            self._make_room(reading.digest)
        except WeightFileError as error:
            reading.error = str(error)
        except Exception:
            log.exception("A weight file could not be read")
            reading.error = "The file could not be read (the log of the server has the reason); try again."
        finally:
            self._at_work.discard(copy)
            copy.unlink(missing_ok=True)
            reading.written = lambda: 0
            reading.done.set()
            self._forget()

    @contextmanager
    def _new_folder(self) -> Iterator[Path]:
        """Create a folder to write to; at the end it is removed unless it was renamed."""
        target = Path(tempfile.mkdtemp(dir=self.folder, suffix=".new"))
        self._at_work.add(target)
        try:
            yield target
        finally:
            self._at_work.discard(target)
            remove(target)

    def _put(self, target: Path, folder: Path) -> None:
        """Give a finished folder its name; an unreadable one of that name is removed."""
        remove(folder)
        os.replace(target, folder)

    def _forget(self) -> None:
        """Keep only the last readings in memory."""
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
        """End the processes that read, and remove a temporary folder."""
        self._readers.close()
        if self._folder is not None and self._own:
            remove(self._folder)


def _copied(file: BinaryIO, folder: Path) -> tuple[Path, str, int]:
    """Copy a file to the folder; return the path of the copy, its digest and its bytes."""
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


def _write(path: Path, kind: str, summaries: Sequence[ArraySummary]) -> None:
    about = {"version": FORMAT, "kind": kind, "arrays": [one.to_dict() for one in summaries]}
    path.write_text(json.dumps(about))


def _read(digest: str, folder: Path) -> WeightFile:
    about = json.loads((folder / ABOUT).read_text())
    if about["version"] != FORMAT:
        raise ValueError(f"it has version {about['version']}")
    summaries = tuple(ArraySummary.from_dict(one) for one in about["arrays"])
    return WeightFile(digest, about["kind"], folder, summaries)


def _size(path: Path) -> int:
    """Return the bytes of a file; 0 if it does not exist."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def wait(readings: Sequence[Reading], seconds: float) -> bool:
    """Wait until all are done; return False if that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    return all(one.done.wait(max(0.0, deadline - time.monotonic())) for one in readings)
