"""Downloads by Keras into its cache, with progress, a timeout and a readable reason of failure."""

import os
import re
import socket
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError

from inits.errors import DataError
from inits.files import disk_problem

T = TypeVar("T")
Progress = Callable[[int, int], None]

TIMEOUT = 10.0  # seconds without data from the network
REPORTS = 0.2  # seconds from one report of progress to the next

# Keras downloads straight into its cache: one at a time for each file.
_writing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_timeouts: list[float | None] = []  # what sockets had before each download that goes on


def no_progress(done: int, total: int) -> None:
    """Ignore progress."""


def keras_cache(folder: str, file: str) -> Path:
    """Return the path that `keras.utils.get_file` writes a file to."""
    home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    there = next(
        folder for folder in (home, *home.parents) if folder.exists()
    )  # Keras makes the rest when imported
    if not os.access(there, os.W_OK):
        home = Path("/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir(), ".keras")
    return home / folder / file


def download(title: str, get: Callable[[], T], path: Path, size: int, progress: Progress, remedy: str) -> T:
    """Return the result of `get()`, which has Keras download about `size` bytes into `path`.

    `get` raises ValueError for bytes that are not what Keras expects; they are fetched anew, once.
    `progress(bytes so far, bytes in all)` is called in this thread about five times a second; an exception it
    raises ends the wait, while the download goes on for the next caller.
    Raises DataError (title, reason, remedy) if the download fails, at the latest after ten seconds without data.
    """
    job: Future[T] = Future()
    threading.Thread(target=_run, args=(job, get, path), name="download", daemon=True).start()
    while not job.done():
        wait([job], REPORTS)
        progress(min(_bytes(path), size), size)
    error = job.exception()
    if error:
        if isinstance(error.__context__, HTTPError):
            error.__context__.close()  # Keras leaves the connection open
        full = disk_problem(title, error) if isinstance(error, OSError) else None
        raise DataError(full or f"{title} could not be downloaded ({_reason(error)}). {remedy}") from error
    return job.result()


def _run(job: "Future[T]", get: Callable[[], T], path: Path) -> None:
    """Run a job in a daemon thread, so that it does not keep the process alive."""
    try:
        # All of it first, for which Python waits when another thread imports it; not so for a part, which then fails.
        import keras

        keras.config.disable_interactive_logging()  # no progress bar on stdout; it holds for this thread alone
        with _writing[str(path)], _timeout():
            found = _twice(get)
        job.set_result(found)
    except BaseException as error:
        job.set_exception(error)


def _twice(get: Callable[[], T]) -> T:
    try:
        return get()
    except ValueError:  # Keras replaces what is in its cache and fails its hash
        return get()


@contextmanager
def _timeout() -> Iterator[None]:
    """Give sockets that are opened meanwhile a timeout; Keras sets none."""
    _timeouts.append(socket.getdefaulttimeout())
    socket.setdefaulttimeout(TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(_timeouts.pop())  # the first one's comes back last, whichever ends last


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _reason(error: BaseException) -> str:
    """Return why a download failed, in a few words, without paths or addresses."""
    cause = error.__context__  # Keras raises another error for what urllib raises
    if isinstance(error, TimeoutError) or isinstance(getattr(cause, "reason", None), TimeoutError):
        return f"no answer for {TIMEOUT:.0f} seconds"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, ValueError):
        return "what arrived is not the file Keras expects"
    said = re.fullmatch(
        r"URL fetch failure on \S+: (?:None -- )?(?:\[Errno -?\d+\] )?(.*)", str(error), re.DOTALL
    )
    return said[1] if said else type(error).__name__
