"""The queue of jobs, fair between sessions."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inits.engine.jobs import Job


@dataclass(frozen=True)
class Place:
    """The place of a waiting job: number of jobs before it, estimated seconds until its turn."""

    before: int
    seconds: float


@dataclass(frozen=True)
class Expected:
    """The expected duration of what is not in the queue yet: seconds until it is over, number of jobs before it."""

    seconds: float
    before: int


class Queue:
    """Jobs in the order of their turns: one of each session in turn, however many each session has.

    Several sessions may wait for the same job. Not thread-safe: the owner holds a lock.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[str, list[Job]] = OrderedDict()  # by session; the next one comes first

    def __len__(self) -> int:
        return len({job.name for line in self._lines.values() for job in line})

    def __contains__(self, job: object) -> bool:
        return any(job in line for line in self._lines.values())

    def add(self, job: Job, session: str) -> None:
        """Append a job to the session's line. A session without a line comes after all others."""
        line = self._lines.setdefault(session, [])
        if job not in line:
            line.append(job)

    def leave(self, job: Job, session: str) -> None:
        """Remove a job from the session's line, if it is there."""
        line = self._lines.get(session, [])
        if job in line:
            line.remove(job)
        if not line:
            self._lines.pop(session, None)

    def drop(self, job: Job) -> None:
        """Remove a job from all lines."""
        for session in list(self._lines):
            self.leave(job, session)

    def order(self) -> Iterator[tuple[str, Job]]:
        """Yield all jobs in the order of their turns, each with the session whose turn it is."""
        lines = deque((session, deque(line)) for session, line in self._lines.items())
        yielded: set[str] = set()
        while lines:
            session, line = lines.popleft()
            while line and line[0].name in yielded:
                line.popleft()
            if line:
                job = line.popleft()
                yielded.add(job.name)
                yield session, job
                lines.append((session, line))

    def take(self, fits: Callable[[Job], bool]) -> Job | None:
        """Remove and return the first job that fits; its session then comes after all others."""
        for session, job in self.order():
            if fits(job):
                self._lines.move_to_end(session)
                self.drop(job)
                return job
        return None
