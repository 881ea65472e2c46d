"""What was found out for one session is there for all."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from pages.parts.page.gate import gate

LOOKS = 200
T = TypeVar("T")


class Memory:
    """The `most` answers that were used last, by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._turns: dict[Hashable, tuple[threading.Lock, int]] = {}  # and how many use it
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """What is kept under a key, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def ask(self, key: Hashable, ask: Callable[[], T]) -> T:
        """What is kept under a key; asked for when it is not, once for all who want it at the same time."""
        found: T | None = self.get(key)
        if found is None:
            with self.turn(key):
                found = self.get(key)
                if found is None:
                    found = ask()
                    self.keep(key, found)
        return found

    @contextmanager
    def turn(self, key: Hashable) -> Iterator[None]:
        """One at a time: who comes second finds what the first has kept."""
        with self._lock:
            lock, users = self._turns.get(key, (threading.Lock(), 0))
            self._turns[key] = lock, users + 1
        try:
            if not lock.acquire(blocking=False):
                with gate.aside():
                    lock.acquire()
            try:
                yield
            finally:
                lock.release()
        finally:
            with self._lock:
                lock, users = self._turns.pop(key)
                if users > 1:
                    self._turns[key] = lock, users - 1

    def keep(self, key: Hashable, found: Any) -> None:
        """Keep an answer in the place of the oldest."""
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


@st.cache_resource(show_spinner=False)
def shared_looks() -> Memory:
    """Pictures and figures of jobs, worked out once for all who watch the same."""
    return Memory(LOOKS)
