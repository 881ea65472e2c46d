"""Who waits for whom when many come at once: threads that work at the same time hold up each other and all else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

PATIENCE = 1.0  # seconds
OPEN = "app:open"


class Line:
    """So many at once; whoever has waited a second goes on all the same."""

    def __init__(self, at_once: int = 1):
        self._room = threading.Semaphore(at_once)

    @contextmanager
    def turn(self) -> Iterator[None]:
        mine = self._room.acquire(timeout=PATIENCE)
        try:
            yield
        finally:
            if mine:
                self._room.release()


looks, openings = Line(), Line()


@contextmanager
def opening(page: str) -> Iterator[None]:
    """A page that this session did not have open waits in line, and lets pass whoever only moves a slider."""
    if st.session_state.get(OPEN) == page:
        yield
        return
    st.session_state[OPEN] = page
    with openings.turn():
        yield
