"""One page runs at a time.

Python runs one thread at a time, and a thread yields at each short wait, of which a page has a hundred. Pages that run
side by side therefore all end late; one after the other, each ends sooner.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count

PATIENCE = 0.5  # seconds after which the next thread is let in beside the one inside
LATER = 0.5  # seconds of handicap for runs that the user did not request


class Gate:
    """A queue that lets one thread in at a time, in the order in which they came.

    If a thread stays longer than `patience` seconds, the next one is let in beside it. Only one: if all that have
    waited that long were let in, many would be inside at once just when the load is highest.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._inside, self._since = 0, 0.0  # number of threads inside, and when the last one was let in
        self._waiting: list[tuple[float, int, threading.Event]] = []  # a heap, ordered by arrival
        self._numbers = count()
        self._lock = threading.Lock()
        self._mine = threading.local()

    @contextmanager
    def inside(self, later: float = 0.0) -> Iterator[None]:
        """Wait for the turn of this thread, queued with a handicap of `later` seconds; do nothing if it is inside."""
        if getattr(self._mine, "inside", False):
            yield
            return
        self._enter(later)
        self._mine.inside = True
        try:
            yield
        finally:
            self._mine.inside = False
            self._leave()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let the next thread in while this one waits for something; it returns without queueing again."""
        if not getattr(self._mine, "inside", False):
            yield
            return
        self._leave()
        try:
            yield
        finally:
            with self._lock:
                self._inside += 1

    def _enter(self, later: float) -> None:
        turn = threading.Event()
        with self._lock:
            heappush(self._waiting, (time.monotonic() + later, next(self._numbers), turn))
            if not self._inside:
                self._let_in()
        while not turn.wait(self._patience):
            with self._lock:
                if time.monotonic() - self._since >= self._patience:
                    self._let_in()

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._let_in()

    def _let_in(self) -> None:
        """Let in the next thread, if there is one."""
        if self._waiting:
            heappop(self._waiting)[-1].set()
            self._inside, self._since = self._inside + 1, time.monotonic()


gate = Gate()
