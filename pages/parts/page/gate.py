"""One page runs at a time.

Python runs one thread at a time anyway, and a thread hands over at every little wait, of which a page has a hundred:
when a class was at work, each page took as long as all that ran beside it. One after the other, each is done sooner.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count

PATIENCE = 0.5  # seconds
LATER = 0.5  # seconds by which what runs by itself stands back


class Gate:
    """Lets one thread in, and when it has left the one that came first of those that wait.

    One that stays for longer than `patience` seconds is not waited for: the next goes in beside it. Only the next: were
    all who have waited that long let in, a crowd would be inside at once just when there is most to do.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._inside, self._since = 0, 0.0  # how many, and when the last of them was let in
        self._waiting: list[tuple[float, int, threading.Event]] = []  # a heap, by when they came
        self._numbers = count()
        self._lock = threading.Lock()
        self._mine = threading.local()

    @contextmanager
    def inside(self, later: float = 0.0) -> Iterator[None]:
        """Be inside, in its turn as if it had come so many seconds later. One that is inside already just goes on."""
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
        """Let the next one in while this thread waits for something. It comes back without waiting again."""
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
        """The next, if any."""
        if self._waiting:
            heappop(self._waiting)[-1].set()
            self._inside, self._since = self._inside + 1, time.monotonic()


gate = Gate()
