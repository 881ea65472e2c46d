"""The store of weight files: a folder for each file with its values and their summaries, named after its digest.

Access is by digest: anyone with the digest can read the file. Sessions share files, and links name them. A separate
process reads each file (`extract`), and its answer is accepted only if it agrees with what lies in the folder.
"""

import hashlib
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from inits.errors import WeightFileError
from inits.experiments.file_start import DIGEST
from inits.files import Entry, disk_problem, entries, mark_used, remove, remove_abandoned
from inits.weightfiles.room import giving_way
from inits.weightfiles.subprocess_reader import Readers
from inits.weightfiles.turns import Ticket, Turns
from inits.weightfiles.weight_file import VALUES, KnownFiles, WeightFile, read_file, write_summaries

log = logging.getLogger(__name__)

SUFFIX = ".weights"
NOT_COPIED = "The file could not be stored; try again."
NO_FOLDER = "There is no folder for weight files on this server; set INITS_CACHE to a folder."
UNFINISHED = (".new", ".upload", ".part")  # endings of what is being written
ABANDONED = 86_400.0  # seconds after which an unfinished file belongs to a server that died
QUOTA = 1_300_000_000  # bytes that one session can store: the largest file and its summaries
TEMPORARY = 2_000_000_000  # bytes of a temporary folder
MAX_WAITING = 4  # files of one session
MAX_COPIES = 2_000_000_000  # bytes of all files that wait


class Reading:
    """A file that is being read, shared by all sessions that bring the same one.

    Attributes:
        session: the first that has brought it.
        done: set at the end.
        error: a sentence if the file was refused.
        ahead: returns the number of files that are read before this one.
        written: returns the bytes of values that are on the disk.
    """

    def __init__(self, digest: str, size: int, session: str = ""):
        self.digest, self.size, self.session = digest, size, session
        self.done = threading.Event()
        self.error: str | None = None
        self.ahead: Callable[[], int] = lambda: 0
        self.written: Callable[[], int] = lambda: 0

    @property
    def progress(self) -> float:
        """The progress from 0 to 1, an estimate: compressed files expand to more than their size."""
        return 1.0 if self.done.is_set() else min(0.99, self.written() / max(1, self.size))


class WeightStore:
    """A folder of weight files of at most `limit` bytes, of which those of one session take at most `quota`.

    `room` decides which files go first. If `folder` cannot be written to, or the limit is 0, a temporary folder takes
    its place until `close`.
    """

    def __init__(self, folder: Path, limit: int, quota: int = QUOTA):
        self.limit, self.quota = limit, quota
        self._wanted, self._own = folder, limit <= 0
        self._folder: Path | None = None
        self._creating, self._lock = threading.Lock(), threading.Lock()
        self._readings: dict[str, Reading] = {}
        self._known = KnownFiles()
        self._holders: dict[Path, str] = {}  # finished files -> the session that has brought them
        self._turns = Turns()
        self._readers = Readers()
        self._at_work: dict[Path, int] = {}  # unfinished, but not abandoned -> bytes of a copy

    @property
    def folder(self) -> Path:
        """The folder of the files, created at first use. Raises WeightFileError if no folder can be created."""
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
        try:
            return Path(tempfile.mkdtemp(prefix="inits-weights-"))
        except OSError as error:
            raise WeightFileError(disk_problem("Weight files", error) or NO_FOLDER) from error

    def get(self, digest: str) -> WeightFile | None:
        """Return the file of that digest, or None."""
        try:
            folder = self.folder / f"{digest}{SUFFIX}"
            mark_used(folder)
        except (OSError, WeightFileError):
            self._known.pop(digest)
            return None
        found = self._known.get(digest)
        if found is None:
            try:
                found = read_file(digest, folder)
            except Exception as error:  # not a folder of ours, or damaged
                log.warning("Ignored %s: %s: %s", folder, type(error).__name__, error)
                return None
            self._known.add(found)
        return found

    def take(self, file: BinaryIO, name: str, session: str = "") -> Reading:
        """Copy a file of a session and start to read it.

        Raises WeightFileError if the disk is full, or if too many files wait.
        """
        if self._turns.waiting(session) >= MAX_WAITING:
            raise WeightFileError(
                f"{MAX_WAITING} of your files wait to be read; wait until one of them is read."
            )
        copy, digest, size = self._copied(file)
        with self._lock:
            reading, known = self._readings.get(digest), self.get(digest) is not None
            begin = not known and (reading is None or reading.done.is_set())
            if begin or reading is None:
                reading = self._readings[digest] = Reading(digest, size, session)
        if begin:
            ticket = self._turns.enter(session)
            reading.ahead = partial(self._turns.ahead, ticket)
            arguments = (reading, ticket, copy, name)
            threading.Thread(target=self._work, args=arguments, name="inits-weights", daemon=True).start()
            return reading
        self._discard(copy)
        if known:
            reading.done.set()
        return reading

    def _copied(self, file: BinaryIO) -> tuple[Path, str, int]:
        """Copy a file to the folder; return the path of the copy, its digest and its bytes."""
        try:
            copy, digest, size = _copied(file, self.folder)
        except OSError as error:
            raise WeightFileError(disk_problem("The file", error) or NOT_COPIED) from error
        self._at_work[copy] = size
        if sum(self._at_work.values()) > max(MAX_COPIES, size):
            self._discard(copy)
            raise WeightFileError("Too many files of other people wait to be read; try again in a minute.")
        return copy, digest, size

    def _discard(self, copy: Path) -> None:
        self._at_work.pop(copy, None)
        copy.unlink(missing_ok=True)

    def _work(self, reading: Reading, ticket: Ticket, copy: Path, name: str) -> None:
        try:
            with self._turns.turn(ticket), self._new_folder() as target:
                reading.written = lambda: _size(target / VALUES)
                with copy.open("rb") as content, (target / VALUES).open("wb") as values:
                    kind, summaries = self._readers.read(content, values, name, self._turns.contested)
                write_summaries(target, kind, summaries)
                file = WeightFile(reading.digest, kind, self.folder / f"{reading.digest}{SUFFIX}", summaries)
                self._put(target, file, reading.session)
        except WeightFileError as error:
            reading.error = str(error)
        except Exception as error:
            reading.error = disk_problem("The file", error) if isinstance(error, OSError) else None
            if reading.error is None:
                log.exception("A weight file could not be read")
                reading.error = (
                    "The file could not be read (the log of the server has the reason); try again."
                )
        finally:
            self._discard(copy)
            reading.written = lambda: 0
            reading.done.set()
            self._forget()

    @contextmanager
    def _new_folder(self) -> Iterator[Path]:
        """Create a folder to write to; at the end it is removed unless it was renamed."""
        target = Path(tempfile.mkdtemp(dir=self.folder, suffix=".new"))
        self._at_work[target] = 0
        try:
            yield target
        finally:
            self._at_work.pop(target, None)
            remove(target)

    def _put(self, target: Path, file: WeightFile, session: str) -> None:
        """Make room for a finished folder and give it its name. Raises WeightFileError if there is no room for it."""
        folder, limit = file.folder, self.limit if self.limit > 0 else TEMPORARY
        remove(folder)  # an unreadable one
        found = entries(self.folder.glob(f"*{SUFFIX}"), folders=True)
        size = sum(map(_size, target.iterdir()))
        holders = {one.path: self._holders[one.path] for one in found if one.path in self._holders}
        self._holders = holders | {folder: session}
        newest = Entry(time.time(), size, folder)
        for one in giving_way(found, newest, self._holders, limit, self.quota):
            remove(one.path)
        for summary in file.summaries:
            _ = summary.bulk  # computed here, since pages wait for each other
        os.replace(target, folder)
        self._known.add(file)
        self._remove_unfinished()

    def _forget(self) -> None:
        """Keep only the last readings in memory."""
        with self._lock:
            over = [digest for digest, one in self._readings.items() if one.done.is_set()]
            for digest in over[:-64]:
                del self._readings[digest]

    def _remove_unfinished(self) -> None:
        """Remove what servers that died have left unfinished."""
        unfinished = [path for ending in UNFINISHED for path in self.folder.glob(f"*{ending}")]
        remove_abandoned([path for path in unfinished if path not in self._at_work], ABANDONED)

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
