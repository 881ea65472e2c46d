"""Jobs that wait for their turn: of each session one after the other, however many each has asked for."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from inits.data.datasets import STANDIN_IMAGES
from inits.engine.jobs import Job
from inits.experiments.experiment import Run

SPEED, STEP = (
    1e11,
    5e-5,
)  # float32 operations a second of one core in training, and seconds a step beside them
COMPILING = 1.5  # seconds for a network that was never compiled
LEARNED = 0.3  # how much the last job counts in what jobs are found to take


@dataclass(frozen=True)
class Place:
    """Where a job stands: how many come before it, and the seconds until its turn, about."""

    before: int
    seconds: float


class Queue:
    """Whose turn it is. Several sessions may wait for one job. Not safe for threads: its owner holds a lock."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, list[Job]] = OrderedDict()  # the session whose turn it is comes first

    def __len__(self) -> int:
        return len({job.name for line in self._lines.values() for job in line})

    def __contains__(self, job: object) -> bool:
        return any(job in line for line in self._lines.values())

    def add(self, job: Job, session: str) -> None:
        """Behind all others of the session, which comes behind all other sessions if it had none."""
        line = self._lines.setdefault(session, [])
        if job not in line:
            line.append(job)

    def leave(self, job: Job, session: str) -> None:
        """Take a job out of one session's line, if it is there."""
        line = self._lines.get(session, [])
        if job in line:
            line.remove(job)
        if not line:
            self._lines.pop(session, None)

    def drop(self, job: Job) -> None:
        """Take a job out for all who wait for it."""
        for session in list(self._lines):
            self.leave(job, session)

    def order(self) -> Iterator[tuple[str, Job]]:
        """All jobs as their turn will come, each with the session whose turn that is."""
        lines = deque((session, deque(line)) for session, line in self._lines.items())
        seen: set[str] = set()
        while lines:
            session, line = lines.popleft()
            while line and line[0].name in seen:
                line.popleft()
            if line:
                job = line.popleft()
                seen.add(job.name)
                yield session, job
                lines.append((session, line))

    def take(self, fits: Callable[[Job], bool]) -> Job | None:
        """The first job for which there is room; its session comes last from now on."""
        for session, job in self.order():
            if fits(job):
                self._lines.move_to_end(session)
                self.drop(job)
                return job
        return None


class Estimate:
    """Seconds that runs take: so many operations and steps, times what jobs were found to take of that so far."""

    def __init__(self) -> None:
        self._factor = 1.0

    def seconds(self, runs: Iterable[Run], images: int, slots: int) -> float:
        """About, from the first run to the last, with so many slots. `images`: of MNIST, for one epoch."""
        return self._factor * _seconds(runs, images, slots)

    def learn(self, runs: Iterable[Run], images: int, slots: int, seconds: float) -> None:
        """A job of these runs has taken so long."""
        expected = _seconds(runs, images, slots)
        if expected > 0 and seconds > 0:
            found = min(max(seconds / expected, 0.05), 20.0)
            self._factor += LEARNED * (found - self._factor)


def _seconds(runs: Iterable[Run], images: int, slots: int) -> float:
    total = 0.0
    for run in runs:
        number = STANDIN_IMAGES if run.dataset == "digits" else images
        steps = -(-number // run.batch_size)
        # Forward, back to the inputs and back to the weights, two operations each for a weight and an image.
        total += 6 * number * run.architecture.parameters / SPEED + steps * STEP
    return total / slots + COMPILING
