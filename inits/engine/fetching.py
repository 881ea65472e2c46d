"""Weight files of applications, brought from the compute process: downloads that any session can join.

The compute process downloads into Keras' cache there; the file comes here in pieces, as a cluster shares no disk.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from inits.errors import DataError, EngineError, InitsError
from inits.weightfiles.applications import Application, find

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)
T = TypeVar("T")

PIECE = 16_000_000  # bytes that travel at once
START = 60.0  # seconds for the compute process to be there
ANSWER = 60.0  # seconds for a piece to arrive


class Fetch:
    """One weight file on its way, shared by all who ask for it. When `done` is set it has come, failed or was stopped.

    `progress` is (bytes so far, bytes in all) of the download; then, with `copying`, of the way from there.
    """

    def __init__(self, application: Application, into: Path):
        self.name, self.into, self.file = application.name, into, application.file
        self.key = uuid4().hex
        self.done = threading.Event()
        self.progress = (0, application.size)
        self.copying = self.stopped = False
        self.error: str | None = None  # in a sentence
        self.path: Path | None = None  # the file, as this process has it
        self.news = threading.Event()  # for the thread that brings it: an answer, or somebody cancelled
        self._lock = threading.Lock()

    @property
    def useful(self) -> bool:
        """Whether it goes on, or its file is there still."""
        return not self.done.is_set() or (self.path is not None and self.path.is_file())

    def cancel(self) -> None:
        """Stop for all who wait. What Keras has begun to download goes on to its cache, for the next who asks."""
        with self._lock:
            self.stopped = self.stopped or not self.done.is_set()
            self.done.set()
        self.news.set()

    def end(self, path: Path | None = None, error: str | None = None) -> None:
        """The file has come, or failed; nothing when it was cancelled before."""
        with self._lock:
            if not self.stopped:
                self.path, self.error = path, error
                self.done.set()


class Stopped(Exception):
    """Somebody cancelled."""


class Fetches:
    """All fetches of one engine: one for each application and folder, until it fails or its file is gone."""

    def __init__(self, client: Callable[[float], Client], topic: str):
        self._client, self._topic = client, topic
        self._all: dict[tuple[str, Path], Fetch] = {}
        self._by_key: dict[str, Fetch] = {}
        self._lock = threading.Lock()

    def fetch(self, name: str, into: Path) -> Fetch:
        """The one that goes on or is done already, else a new one. Never waits. Raises SpecError for another name."""
        application = find(name)
        with self._lock:
            old = self._all.get((name, into))
            if old is not None and old.useful:
                return old
            fetch = self._all[name, into] = Fetch(application, into)
            self._by_key[fetch.key] = fetch
        name = f"inits-fetch-{fetch.key}"
        threading.Thread(target=self._bring, args=(fetch,), name=name, daemon=True).start()
        return fetch

    def hear(self, message: dict[str, object]) -> None:
        """Progress, as the worker tells it."""
        fetch = self._by_key.get(str(message["fetch"]))
        if fetch is not None and not fetch.copying:
            fetch.progress = message["progress"]  # type: ignore[assignment]

    def _bring(self, fetch: Fetch) -> None:
        path, error = None, None
        try:
            client = self._client(START)
            path = self._copy(fetch, client, *self._download(fetch, client))
        except Stopped:  # whoever cancelled has ended it
            log.info("%s was cancelled", fetch.name)
        except InitsError as reason:
            error = str(reason)
        except Exception:
            log.exception("A weight file did not come")
            error = f"{fetch.name} could not be fetched. Ask for it again."
        self._by_key.pop(fetch.key, None)
        fetch.end(path, error)

    def _download(self, fetch: Fetch, client: Client) -> tuple[str, int]:
        """Where the file is after the download, and its bytes."""
        from inits.engine import worker

        try:
            return _ask(fetch, client, worker.fetch_application, fetch.name, fetch.key, self._topic)
        except Stopped:
            client.run(worker.stop_runs, fetch.key, [0], on_error="ignore")
            raise

    def _copy(self, fetch: Fetch, client: Client, at: str, size: int) -> Path:
        """The file, piece by piece; under its own name once it is whole."""
        from inits.engine import worker

        fetch.progress, fetch.copying = (0, size), True
        part, path = fetch.into / f"{fetch.key}.part", fetch.into / fetch.file
        try:
            fetch.into.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                while (done := file.tell()) < size:
                    file.write(_ask(fetch, client, worker.read_piece, fetch.name, done, PIECE, at=at))
                    fetch.progress = (file.tell(), size)
            os.replace(part, path)
        except OSError as error:
            raise DataError(
                f"{fetch.name} could not be written ({error.strerror}). Free some space, then ask for it again."
            ) from error
        finally:
            part.unlink(missing_ok=True)
        return path


def _ask(
    fetch: Fetch, client: Client, function: Callable[..., T], *arguments: object, at: str | None = None
) -> T:
    """What a function answers in the compute process, or on the worker `at`.

    Raises Stopped as soon as somebody cancels, the function's InitsError, and EngineError when the worker is gone.
    """
    fetch.news.clear()
    if fetch.stopped:
        raise Stopped
    future = client.submit(function, *arguments, pure=False, priority=10, workers=at)
    future.add_done_callback(lambda _: fetch.news.set())
    try:
        answered = fetch.news.wait(ANSWER if at else None)
        if fetch.stopped:
            raise Stopped
        if answered:
            answer: T = future.result()
            return answer
    except (InitsError, Stopped):
        raise
    except Exception as error:
        log.warning("%s did not come", fetch.name, exc_info=error)
    finally:
        future.release()
    raise EngineError(f"The compute process ended before {fetch.name} had come. Ask for it again.")
