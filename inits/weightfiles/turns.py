"""Whose file is read next: the one of the session that has waited longest since its last turn."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True, eq=False)
class Ticket:
    """A place in the queue."""

    session: str
    number: int


class Turns:
    """A queue in which one file is read at a time, and sessions take turns whatever number of files they bring."""

    def __init__(self) -> None:
        self._numbers = count()
        self._last: dict[str, int] = {}  # sessions that wait or were just served -> number of their last turn
        self._waiting: list[Ticket] = []
        self._reading: Ticket | None = None
        self._changed = threading.Condition()

    def enter(self, session: str) -> Ticket:
        """Return a new place in the queue."""
        with self._changed:
            ticket = Ticket(session, next(self._numbers))
            self._waiting.append(ticket)
            return ticket

    @contextmanager
    def turn(self, ticket: Ticket) -> Iterator[None]:
        """Wait for the turn of a ticket, and have it until the end of the context."""
        with self._changed:
            self._changed.wait_for(lambda: self._reading is None and self._order()[0] is ticket)
            self._waiting.remove(ticket)
            self._reading, self._last[ticket.session] = ticket, next(self._numbers)
        try:
            yield
        finally:
            with self._changed:
                self._reading = None
                if not self._waiting:
                    self._last.clear()
                self._changed.notify_all()

    def ahead(self, ticket: Ticket) -> int:
        """Return how many files are read before that of a ticket, the present one included."""
        with self._changed:
            if ticket not in self._waiting:
                return 0
            return self._order().index(ticket) + (self._reading is not None)

    def waiting(self, session: str) -> int:
        """Return how many files of a session wait."""
        with self._changed:
            return sum(one.session == session for one in self._waiting)

    def contested(self) -> bool:
        """Return True if another session waits than the one whose file is read."""
        with self._changed:
            return self._reading is not None and any(
                one.session != self._reading.session for one in self._waiting
            )

    def _order(self) -> list[Ticket]:
        """Return the tickets that wait in the order of their turns, if no others come."""
        last, rest, found = dict(self._last), list(self._waiting), list[Ticket]()
        for turn in range(len(rest)):
            following = min(rest, key=lambda one: (last.get(one.session, -1), one.number))
            rest.remove(following)
            found.append(following)
            last[following.session] = 1 << 62 | turn
        return found
