"""How long trainings take on this server, before and while they run."""

import heapq
import json
import logging
import math
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from inits.engine.cost import DEFAULT_KIND, LARGEST, Correction, cost, kind_of
from inits.engine.jobs import Job, NumberedRuns, Task, split_into_tasks
from inits.experiments.experiment import Run
from inits.experiments.record import Record
from inits.files import write_atomically

log = logging.getLogger(__name__)

NAME = "speed.json"
KEPT_PER_SLOT = 3  # compiled networks of a worker
OWN_SECONDS = 0.2  # a job's own speed counts half after this time
LATE = 0.1  # of the time so far: what is left of a compilation that takes longer than expected


class Estimate:
    """The expected duration of trainings on this server.

    Args:
        images: returns the number of training images of a dataset.
        slots: returns the number of trainings that run at once.
        folder: keeps what was learned; None keeps nothing.
    """

    def __init__(self, images: Callable[[str], int], slots: Callable[[], int], folder: Path | None = None):
        self._images, self._slots = images, slots
        self._file = folder and folder / NAME
        self._compiling, self._epoch = map(Correction, self._read())
        self._compiled = deque([DEFAULT_KIND])  # as far as known, the last used at the end
        self._lock = threading.Lock()

    def seconds(self, runs: Iterable[Run]) -> float:
        """Return the seconds until runs that begin now are over, if nothing else runs."""
        return max(_filled([0.0] * self._slots(), self._new(runs)))

    def free_after(self, jobs: Iterable[Job], now: float) -> list[float]:
        """Return after how many seconds each slot is free, if these jobs go first."""
        free = [0.0] * self._slots()
        for job in jobs:
            free = _filled(free, self._of_job(job, now))
        return free

    def seconds_after(self, jobs: Iterable[Job], runs: Iterable[Run], now: float) -> float:
        """Return the seconds until runs are over that begin after these jobs."""
        return max(_filled(self.free_after(jobs, now), self._new(runs)))

    def left(self, job: Job, now: float) -> float:
        """Return the seconds until a job is over, at the speed it has had so far."""
        running = sum(task.began is not None and task.ended is None for task in job.tasks.values())
        waits = any(task.began is None for task in job.tasks.values())
        slots = running if running and waits else self._slots()  # other jobs have the rest
        return max(_filled([0.0] * slots, self._of_job(job, now)))

    def learn(self, job: Job, task: Task) -> None:
        """Learn from a task that is over."""
        if task.began is None or task.ready is None or task.latest is None:
            return
        _, run = task.runs[0]
        kind, records = kind_of(run), job.records
        with self._lock:
            if task.compiled:
                expected = cost(run, self._images(run.dataset)).compiling
                self._compiling.learn(kind, task.ready - task.began, expected)
            elif kind in self._compiled:
                self._compiled.remove(kind)
            self._compiled.append(kind)
            while len(self._compiled) > KEPT_PER_SLOT * self._slots():
                self._compiled.popleft()
            expected = sum(_taken(records[number]) * self._cost(one) for number, one in task.runs)
            self._epoch.learn(kind, task.latest - task.ready, expected)

    def save(self) -> None:
        """Write what was learned, for the next start of this server."""
        if self._file is None:
            return
        learned = {"compiling": self._compiling.server, "epoch": self._epoch.server}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, json.dumps(learned).encode())
        except OSError as error:
            log.warning("The measured speed was not kept in %s: %s", self._file.parent, error)

    def _read(self) -> tuple[float, float]:
        """Return the logarithms of the two factors that were learned before; 0 where there are none."""
        try:
            learned = json.loads(self._file.read_bytes()) if self._file else {}
            values = float(learned.get("compiling", 0)), float(learned.get("epoch", 0))
        except FileNotFoundError:
            return 0.0, 0.0
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("Ignored %s: %s", self._file, error)
            return 0.0, 0.0
        return values if all(abs(value) <= LARGEST for value in values) else (0.0, 0.0)

    def _cost(self, run: Run) -> float:
        return cost(run, self._images(run.dataset)).epoch

    def _epochs(self, runs: Iterable[Run]) -> float:
        """Return the expected seconds to train runs one after the other."""
        return sum(self._cost(run) * self._epoch.factor(kind_of(run)) for run in runs)

    def _compilation(self, run: Run) -> float:
        """Return the expected seconds to compile the network of a run."""
        return cost(run, self._images(run.dataset)).compiling * self._compiling.factor(kind_of(run))

    def _new(self, runs: Iterable[Run]) -> list[float]:
        """Return the expected seconds of the tasks that runs are split into."""
        return self._waiting(split_into_tasks(list(enumerate(runs)), self._slots()))

    def _waiting(
        self, tasks: Sequence[NumberedRuns], compiling: float = 1.0, training: float = 1.0
    ) -> list[float]:
        """Return the expected seconds of tasks that no worker has begun, with factors for both of their parts."""
        compiled, found = Counter(self._compiled), []
        for task in tasks:
            run = task[0][1]
            kind = kind_of(run)
            first = 0.0 if compiled[kind] > 0 else compiling * self._compilation(run)
            compiled[kind] -= 1
            found.append(first + training * self._epochs(run for _, run in task))
        return found

    def _of_job(self, job: Job, now: float) -> list[float]:
        """Return the expected seconds that are left of each task of a job, the running ones first."""
        records, tasks = job.snapshot(0.0).records, list(job.tasks.values())
        if not tasks:  # it waits
            return self._new(run for run, record in zip(job.runs, records, strict=True) if not record.over)
        begun = [task for task in tasks if task.began is not None and task.ended is None]
        compiling, training = self._pace(tasks, records, now)
        left = []
        for task in begun:
            rest = sum(
                self._epochs([run]) * _left(records[number])
                for number, run in task.runs
                if number not in job.stopping
            )
            since = now - (task.latest or task.ready or now)
            left.append(max(0.0, rest * training - since) + self._rest_of_compilation(task, compiling, now))
        waiting = [task.runs for task in tasks if task.began is None and task.ended is None]
        return [*left, *self._waiting(waiting, compiling, training)]

    def _rest_of_compilation(self, task: Task, pace: float, now: float) -> float:
        if task.began is None or task.ready is not None:
            return 0.0
        since = now - task.began
        return max(self._compilation(task.runs[0][1]) * pace - since, LATE * since)

    def _pace(self, tasks: Iterable[Task], records: Sequence[Record], now: float) -> tuple[float, float]:
        """Return the factors by which a job has compiled and trained more slowly than expected."""
        compiling, expected_compiling, training, expected_training = 0.0, 0.0, 0.0, 0.0
        for task in tasks:
            if task.began is None:
                continue
            expected = self._compilation(task.runs[0][1])
            since = (task.ready or now) - task.began
            if task.compiled or since > expected:
                compiling += since
                expected_compiling += expected
            if task.ready is not None:
                training += (task.latest or task.ready) - task.ready
                expected_training += sum(
                    self._epochs([run]) * _taken(records[number]) for number, run in task.runs
                )
        first = _ratio(compiling, expected_compiling, 1.0)
        return first, _ratio(training, expected_training, math.sqrt(first))  # load slows down both


def _ratio(measured: float, expected: float, otherwise: float) -> float:
    """Return measured by expected seconds, close to `otherwise` where few were measured."""
    return (measured + otherwise * OWN_SECONDS) / (expected + OWN_SECONDS)


def _filled(free: Sequence[float], durations: Iterable[float]) -> list[float]:
    """Return when slots are free after tasks, each begun on the slot that is free first."""
    heap = list(free)
    heapq.heapify(heap)
    for seconds in durations:
        heapq.heapreplace(heap, heap[0] + seconds)
    return heap


def _taken(record: Record) -> float:
    """Return the share of an epoch that a run has taken. A loss that became NaN is explained by training again."""
    share = record.done / record.steps if record.steps else 0.0
    return 2 * share if record.divergence is not None else share


def _left(record: Record) -> float:
    return 0.0 if record.over else 1 - _taken(record)
