"""The queue of jobs, fair between sessions, and an estimate of how long jobs take."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from inits.engine.jobs import Job
from inits.experiments.experiment import Run

FLOPS = 1e11  # float32 operations a second of one core in training
STEP_SECONDS = 5e-5  # of a step, beside its float32 operations
COMPILE_SECONDS = 1.5  # of a network that was not compiled before
WEIGHT_OF_LAST = 0.3  # of the last job in the running mean of measured against estimated time


@dataclass(frozen=True)
class Place:
    """The place of a waiting job: number of jobs before it, estimated seconds until its turn."""

    before: int
    seconds: float


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


class Estimate:
    """Estimated training time: operations and steps, scaled by how long earlier jobs took.

    Args:
        images: returns the number of training images of a dataset.
    """

    def __init__(self, images: Callable[[str], int]) -> None:
        self._images = images
        self._factor = 1.0

    def seconds(self, runs: Iterable[Run], slots: int) -> float:
        """Return the seconds that runs take on some slots, from the first run to the last."""
        return self._factor * self._unscaled(runs, slots)

    def learn(self, runs: Iterable[Run], slots: int, seconds: float) -> None:
        """Adjust the estimate to a job of these runs that took some seconds."""
        expected = self._unscaled(runs, slots)
        if expected > 0 and seconds > 0:
            measured = min(max(seconds / expected, 0.05), 20.0)
            self._factor += WEIGHT_OF_LAST * (measured - self._factor)

    def _unscaled(self, runs: Iterable[Run], slots: int) -> float:
        total = 0.0
        for run in runs:
            images = self._images(run.dataset)
            steps = -(-images // run.batch_size)
            # Forward, back to the inputs and back to the weights: two operations each for a weight and an image.
            total += 6 * images * run.network.parameters / FLOPS + steps * STEP_SECONDS
        return total / slots + COMPILE_SECONDS
