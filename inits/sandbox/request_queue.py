"""The queue of pasted code: each session has one request running, all sessions together a few."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from inits.errors import InitsError
from inits.sandbox import wire
from inits.sandbox.processes import GONE
from inits.sandbox.results import CodeError, Result

log = logging.getLogger(__name__)

STOPPED = Result(error=CodeError("Stopped.", ours=True))
CLOSING = Result(error=CodeError("The app is closing.", ours=True))


@dataclass(eq=False)
class Request:
    """A piece of code that waits, runs or has run.

    Attributes:
        rounds: the arrays to draw; in each round the code starts afresh.
        jailed: False for code that runs without a jail, with the consent of its owner.
        done: set when `result` is there.
    """

    code: str
    rounds: tuple[wire.Round, ...]
    session: str
    jailed: bool = True
    done: threading.Event = field(default_factory=threading.Event)
    cancelled: bool = False
    result: Result = field(default_factory=Result)
    _stop: list[Callable[[], None]] = field(default_factory=list)
    _callbacks: list[Callable[[], None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, seconds: float | None = None) -> Result | None:
        """Wait for the result; return None if it is not there in time."""
        return self.result if self.done.wait(seconds) else None

    def finish(self, result: Result) -> None:
        """Set the result, and call what `when_done` has added."""
        self.result = result
        with self._lock:
            self.done.set()
        for callback in self._callbacks:
            callback()

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call a function once the result is there, or now if it is."""
        with self._lock:
            if not self.done.is_set():
                self._callbacks.append(callback)
                return
        callback()


class RequestQueue:
    """Requests in the order of their arrival, served by `threads` threads, one at a time for each session.

    `serve` runs a request and calls `on_start` once its code runs. The message of an InitsError that it raises
    becomes the result.
    """

    def __init__(self, serve: Callable[[Request], Result], threads: int):
        self.waiting: list[Request] = []
        self.running: list[Request] = []
        self.threads: list[threading.Thread] = []
        self._serve, self._count = serve, threads
        self._changed = threading.Condition()
        self._closed = False

    def submit(self, request: Request) -> None:
        """Add a request. The threads start with the first one."""
        with self._changed:
            if self._closed:
                request.finish(CLOSING)
                return
            if not self.threads:
                self._start_threads()
            self.waiting.append(request)
            self._changed.notify_all()

    def _start_threads(self) -> None:
        self.threads = [
            threading.Thread(target=self._work, name=f"inits-code-{number}", daemon=True)
            for number in range(self._count)
        ]
        for thread in self.threads:
            thread.start()

    def place(self, request: Request) -> int:
        """Return how many requests wait or run before this one; 0 when it runs or has run."""
        with self._changed:
            if request not in self.waiting:
                return 0
            return self.waiting.index(request) + len(self.running)

    def cancel(self, request: Request) -> None:
        """End a request that waits or runs."""
        with self._changed:
            request.cancelled = True
            if request in self.waiting:
                self.waiting.remove(request)
                request.finish(STOPPED)
            for stop in request._stop:
                stop()

    def on_start(self, request: Request, stop: Callable[[], None]) -> None:
        """Note that `stop` ends a request that runs now, and call it if the request was cancelled meanwhile."""
        with self._changed:
            request._stop.append(stop)
            if request.cancelled:
                stop()

    def close(self) -> None:
        """Refuse all requests that wait and all later ones. Those that run end with their process."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            for request in self.waiting:
                request.finish(CLOSING)
            self.waiting.clear()

    def _work(self) -> None:
        while (request := self._next()) is not None:
            began = time.monotonic()
            try:
                result = self._serve(request)
            except InitsError as error:
                result = Result(error=CodeError(str(error), ours=True))
            except Exception:
                log.exception("A request for pasted code failed")
                result = Result(error=CodeError(GONE, ours=True))
            with self._changed:
                self.running.remove(request)
                self._changed.notify_all()
            request.finish(replace(result, seconds=time.monotonic() - began))

    def _next(self) -> Request | None:
        """Wait for the first request of a session that has none running; return None when the queue is closed."""
        with self._changed:
            while not self._closed:
                busy = {request.session for request in self.running}
                for request in self.waiting:
                    if request.session not in busy:
                        self.waiting.remove(request)
                        self.running.append(request)
                        return request
                self._changed.wait()
        return None
