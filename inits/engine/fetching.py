"""Weight files of Keras' applications: downloads in the compute process that any session can join.

The compute process downloads into its Keras cache; the file comes here in pieces, as a cluster shares no disk.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from inits.engine import worker_downloads, worker_state
from inits.errors import DataError, EngineError, InitsError
from inits.files import disk_problem
from inits.weightfiles.applications import Application, find

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)
T = TypeVar("T")

PIECE_BYTES = 16_000_000  # read from the worker at once
START_SECONDS = 60.0  # a timeout for the start of the compute process
PIECE_SECONDS = 60.0  # a timeout for a piece


class Fetch:
    """The download of one weight file, shared by all who ask for it.

    Attributes:
        done: set when the file is here, or the download failed or was stopped.
        progress: bytes so far and in all: of the download; then, with `copying`, of the way from the worker.
        error: why it failed, as a sentence.
        path: the file in this process' folder.
    """

    def __init__(self, application: Application, into: Path):
        self.name, self.into, self.file = application.name, into, application.file
        self.key = uuid4().hex
        self.done = threading.Event()
        self.progress = (0, application.size)
        self.copying = self.stopped = False
        self.error: str | None = None
        self.path: Path | None = None
        self.wake = threading.Event()  # for the thread that fetches: an answer, or cancelled
        self._lock = threading.Lock()

    @property
    def usable(self) -> bool:
        """True while it goes on, and after it as long as its file exists."""
        return not self.done.is_set() or (self.path is not None and self.path.is_file())

    def cancel(self) -> None:
        """Stop for all who wait. Keras completes a download that it has begun in its cache."""
        with self._lock:
            self.stopped = self.stopped or not self.done.is_set()
            self.done.set()
        self.wake.set()

    def end(self, path: Path | None = None, error: str | None = None) -> None:
        """Set the file or the error, unless it was cancelled before."""
        with self._lock:
            if not self.stopped:
                self.path, self.error = path, error
                self.done.set()


class Cancelled(Exception):
    """A fetch was cancelled."""


class Fetches:
    """Fetches of one engine: one for each application and folder, until it fails or its file is gone.

    Args:
        client: returns Dask's client within some seconds, or raises EngineError.
        topic: of progress reports.
    """

    def __init__(self, client: Callable[[float], Client], topic: str):
        self._client, self._topic = client, topic
        self._all: dict[tuple[str, Path], Fetch] = {}
        self._by_key: dict[str, Fetch] = {}
        self._lock = threading.Lock()

    def fetch(self, name: str, into: Path) -> Fetch:
        """Return the fetch of an application's weight file into a folder: one that goes on or is done, else a new one.

        Never waits. Raises SpecError if Keras has no application of that name.
        """
        application = find(name)
        with self._lock:
            old = self._all.get((name, into))
            if old is not None and old.usable:
                return old
            fetch = self._all[name, into] = Fetch(application, into)
            self._by_key[fetch.key] = fetch
        thread = f"inits-fetch-{fetch.key}"
        threading.Thread(target=self._run, args=(fetch,), name=thread, daemon=True).start()
        return fetch

    def receive(self, message: Mapping[str, Any]) -> None:
        """Update the progress of a download, as the worker reports it."""
        fetch = self._by_key.get(message["fetch"])
        if fetch is not None and not fetch.copying:
            fetch.progress = message["progress"]

    def _run(self, fetch: Fetch) -> None:
        path, error = None, None
        try:
            client = self._client(START_SECONDS)
            path = self._copy(fetch, client, *self._download(fetch, client))
        except Cancelled:
            log.info("%s was cancelled", fetch.name)
        except InitsError as reason:
            error = str(reason)
        except Exception:
            log.exception("A weight file could not be fetched")
            error = f"{fetch.name} could not be fetched. Try again."
        self._by_key.pop(fetch.key, None)
        fetch.end(path, error)

    def _download(self, fetch: Fetch, client: Client) -> tuple[str, int]:
        """Download the file on a worker. Returns the worker's address and the number of bytes."""
        try:
            return _call(
                fetch, client, worker_downloads.fetch_application, fetch.name, fetch.key, self._topic
            )
        except Cancelled:
            client.run(worker_state.stop_runs, fetch.key, [0], on_error="ignore")
            raise

    def _copy(self, fetch: Fetch, client: Client, worker: str, size: int) -> Path:
        """Copy the file from a worker, piece by piece; it gets its own name once it is complete."""
        fetch.progress, fetch.copying = (0, size), True
        part, path = fetch.into / f"{fetch.key}.part", fetch.into / fetch.file
        try:
            fetch.into.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                while (done := file.tell()) < size:
                    read = worker_downloads.read_piece
                    file.write(_call(fetch, client, read, fetch.name, done, PIECE_BYTES, worker=worker))
                    fetch.progress = (file.tell(), size)
            os.replace(part, path)
        except OSError as error:
            words = f"{fetch.name} could not be stored ({error.strerror}). Try again."
            raise DataError(disk_problem(fetch.name, error) or words) from error
        finally:
            part.unlink(missing_ok=True)
        return path


def _call(
    fetch: Fetch, client: Client, function: Callable[..., T], *arguments: object, worker: str | None = None
) -> T:
    """Return the result of a function in the compute process, or on one worker of a cluster.

    Raises:
        Cancelled: as soon as the fetch is cancelled.
        InitsError: as the function raises it.
        EngineError: if the worker is gone.
    """
    fetch.wake.clear()
    if fetch.stopped:
        raise Cancelled
    future = client.submit(function, *arguments, pure=False, priority=10, workers=worker)
    future.add_done_callback(lambda _: fetch.wake.set())
    try:
        answered = fetch.wake.wait(PIECE_SECONDS if worker else None)
        if fetch.stopped:
            raise Cancelled
        if answered:
            result: T = future.result()
            return result
    except (InitsError, Cancelled):
        raise
    except Exception as error:
        log.warning("%s was not fetched", fetch.name, exc_info=error)
    finally:
        future.release()
    raise EngineError(f"The compute process ended before {fetch.name} was complete. Try again.")
