"""One page runs at a time.

Python runs one thread at a time anyway, and a thread hands over at every little wait, of which a page has a hundred:
when a class was at work, each page took as long as all that ran beside it. One after the other, the same pages are
done in a fifth of the time.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 1.0  # seconds; then one goes in beside the others


class Gate:
    """Lets one thread in, and the next when it has left: those that came first, but those marked `later` last.

    Nobody waits longer than `patience` seconds, so whoever stays inside for long holds up nobody for long.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._inside = 0
        self._waiting: tuple[deque[threading.Event], ...] = deque(), deque()
        self._lock = threading.Lock()
        self._mine = threading.local()

    @contextmanager
    def inside(self, later: bool = False) -> Iterator[None]:
        """Be inside; a thread that is already just goes on."""
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

    def _enter(self, later: bool) -> None:
        turn, queue = threading.Event(), self._waiting[later]
        with self._lock:
            if not self._inside:
                self._inside = 1
                return
            queue.append(turn)
        if not turn.wait(self._patience):
            with self._lock:
                if not turn.is_set():
                    queue.remove(turn)
                    self._inside += 1

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and (queue := next(filter(None, self._waiting), None)):
                queue.popleft().set()
                self._inside = 1


gate = Gate()
