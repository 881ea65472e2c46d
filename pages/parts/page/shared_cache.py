"""A cache whose answers are made once for all sessions."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

import streamlit as st
from cachetools import LRUCache

from pages.parts.page.gate import gate

MAX_FIGURES = 200
T = TypeVar("T")


class SharedCache(Generic[T]):
    """Answers by key, from which the least recently used is dropped when there is no room.

    Args:
        max_size: the largest sum of the sizes of all answers.
        size_of: returns the size of an answer; an answer without it has the size 1.
    """

    def __init__(self, max_size: float, size_of: Callable[[T], float] | None = None) -> None:
        self._answers: LRUCache[Hashable, T] = LRUCache(max_size, size_of)
        self._locks: WeakValueDictionary[Hashable, threading.Lock] = WeakValueDictionary()
        self._guard = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """Return the answer under a key, or None."""
        with self._guard:
            return self._answers.get(key)

    def put(self, key: Hashable, answer: T) -> None:
        """Keep an answer."""
        with self._guard:
            self._answers[key] = answer

    def get_or_make(
        self, key: Hashable, make: Callable[[], T], usable: Callable[[T], bool] = lambda _: True
    ) -> T:
        """Return the answer under a key, and make it if there is none; threads that need the same one wait for it.

        Args:
            key: the key; an answer must not depend on anything that it does not name.
            make: returns the answer; nothing is kept if it raises.
            usable: returns False for an answer that has to be made again.
        """
        found = self.get(key)
        if found is None or not usable(found):
            with self.exclusive(key):
                found = self.get(key)
                if found is None or not usable(found):
                    found = make()
                    self.put(key, found)
        return found

    @contextmanager
    def exclusive(self, key: Hashable) -> Iterator[None]:
        """Let one thread at a time work on a key; the next one finds what it has put."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        if not lock.acquire(blocking=False):
            with gate.aside():
                lock.acquire()
        try:
            yield
        finally:
            lock.release()


@st.cache_resource(show_spinner=False)
def shared_figures() -> SharedCache[Any]:
    """Return the cache of pictures and figures, which are made once for all who watch the same job."""
    return SharedCache(MAX_FIGURES)
