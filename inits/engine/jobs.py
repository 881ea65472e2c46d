"""Jobs: trainings of a plan that any session can join, and what has been measured so far."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from inits.experiments.experiment import Run
from inits.experiments.record import Frame, Record

NumberedRuns = Sequence[tuple[int, Run]]
"""Runs, each with its number in its plan."""


class Plan(Protocol):
    """An experiment or a sweep. Plans with the same key have the same runs."""

    @property
    def key(self) -> str: ...

    @property
    def runs(self) -> tuple[Run, ...]: ...

    @property
    def at_once(self) -> int:
        """Number of runs that are trained side by side, so that their curves grow together."""
        ...

    @property
    def live(self) -> bool:
        """True if runs are shown before they are over."""
        ...


@dataclass(eq=False)
class Task:
    """Runs of one network that one slot trains. Times are those of `time.monotonic` in this process.

    Attributes:
        runs: with their numbers.
        began: when a worker began with it.
        ready: when its network was compiled.
        compiled: True if the network was compiled for it.
        latest: when news of its runs came last.
        ended: when it was over.
    """

    runs: NumberedRuns
    began: float | None = None
    ready: float | None = None
    compiled: bool = False
    latest: float | None = None
    ended: float | None = None


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The records of a job at one moment, shared by all viewers: do not change them."""

    records: tuple[Record, ...]
    taken: float  # time.monotonic()


class Job:
    """A training of a plan, shared by all sessions that ask for it.

    Runs are numbered as in `plan.runs`.

    Attributes:
        error: why the job failed, as a sentence for users; None if it did not.
        over: set at the end.
        stopping: numbers of the runs that are to be stopped.
        began, ended: time.monotonic() of the first news and of the end.
        kept: numbers of the runs whose results were known before.
        drawing: number of runs whose arrays still have to come from pasted code or a file.
        tasks: all tasks that were submitted, by key.
        sessions: sessions that wait for the job or watch it.
        crashes: for each run, how often its worker has died.
        rounds: how often tasks were submitted.
    """

    def __init__(self, plan: Plan, name: str):
        self.plan, self.name = plan, name
        self.runs = plan.runs
        self.error: str | None = None
        self.over = threading.Event()
        self.stopping: frozenset[int] = frozenset()
        self.began: float | None = None
        self.ended: float | None = None
        self.kept: frozenset[int] = frozenset()
        self.drawing = 0
        self.tasks: dict[str, Task] = {}
        self.sessions: set[str] = set()
        self._task_of: dict[int, Task] = {}  # by number of a run
        self.crashes: Counter[int] = Counter()
        self.rounds = 0
        self._lock = threading.Lock()
        self._records = [Record(run) for run in range(len(self.runs))]
        self._final: set[int] = set()
        self._frames: Counter[int] = Counter()  # taken so far
        self._snapshot: Snapshot | None = None  # the newest one
        self._changed = False  # since then

    @property
    def records(self) -> list[Record]:
        """A copy of the record of each run so far."""
        with self._lock:
            return [replace(record) for record in self._records]

    def snapshot(self, max_age: float) -> Snapshot:
        """Return the records of now, or of at most `max_age` seconds ago: concurrent viewers share one snapshot."""
        with self._lock:
            old, now = self._snapshot, time.monotonic()
            if old and not (self._changed and (self.over.is_set() or now - old.taken >= max_age)):
                return old
            self._snapshot = Snapshot(tuple(replace(record) for record in self._records), now)
            self._changed = False
            return self._snapshot

    @property
    def stopped(self) -> bool:
        """True if any run was stopped."""
        return any(record.stopped for record in self._records)

    @property
    def failed(self) -> bool:
        """True if the job ended with an error."""
        return self.error is not None

    @property
    def complete(self) -> bool:
        """True if all runs finished or diverged."""
        return all(record.conclusive for record in self._records)

    @property
    def usable(self) -> bool:
        """True while it goes on, and after it if it is complete: otherwise its plan is run again."""
        return self.complete if self.over.is_set() else not (self.failed or self.stopped)

    @property
    def seconds(self) -> float:
        """Seconds from the first news to the end, or until now."""
        return (self.ended or time.monotonic()) - self.began if self.began else 0.0

    @property
    def size(self) -> int:
        """Approximate number of bytes of all records."""
        with self._lock:
            return sum(record.nbytes for record in self._records)

    def wait_for_news(self, seconds: float) -> None:
        """Wait for the first measurement or the end, at most some seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not (self.over.is_set() or any(r.done for r in self._records)):
            self.over.wait(0.02)

    def add_tasks(self, tasks: Mapping[str, NumberedRuns]) -> None:
        """Add tasks that are submitted, by key."""
        new = {key: Task(runs) for key, runs in tasks.items()}
        with self._lock:
            self.tasks = {**self.tasks, **new}
            self._task_of.update({number: task for task in new.values() for number, _ in task.runs})

    def task_news(self, key: str, compiled: bool | None = None) -> None:
        """Note that a worker has begun with a task or, if `compiled` is given, that its network is ready."""
        if task := self.tasks.get(key):
            now = time.monotonic()
            task.began = task.began or now
            if compiled is not None and task.ready is None:
                task.ready, task.compiled = now, compiled

    def _note_news(self, runs: Iterable[int]) -> None:
        for run in runs:
            if task := self._task_of.get(run):
                task.latest = time.monotonic()

    def take(self, *frames: Frame, at: int | None = None) -> None:
        """Add frames of one run. After its final record, which contains them all, frames are ignored.

        Args:
            frames: in order.
            at: number of frames of the run that came before these. 0 starts the run's record again; frames after a
                gap are ignored.
        """
        run = frames[0].run
        with self._lock:
            self.began = self.began or time.monotonic()
            if run in self._final or at not in (None, 0, self._frames[run]):
                return
            if at == 0:
                self._records[run], self._frames[run] = Record(run), 0
            for frame in frames:
                self._records[run].add(frame)
            self._changed = True
            self._frames[run] += len(frames)
            self._note_news([run])

    def add_final(self, records: Iterable[Record]) -> list[Record]:
        """Add final records. Returns those of runs that had none yet."""
        with self._lock:
            self.began = self.began or time.monotonic()
            new = [record for record in records if record.run not in self._final]
            for record in new:
                self._records[record.run] = record
                self._final.add(record.run)
                self._changed = True
            self._note_news(record.run for record in new)
        return new

    def count_crash(self, task: str, runs: NumberedRuns) -> str | None:
        """Count a task whose worker was lost. Returns the job's error if one run has lost two workers."""
        left = [number for number, _ in runs if not self._records[number].over]
        if self.tasks[task].began is None or not left:
            return self.error
        self.crashes[left[0]] += 1
        if self.crashes[left[0]] < 2:
            return self.error
        run = self.runs[left[0]]
        return (
            f"Two training processes ended unexpectedly while they trained {run.start.kernel} in "
            f"{len(run.network.hidden)} layers of {run.network.activation}. The other results are kept."
        )

    def keep(self, records: Iterable[Record]) -> None:
        """Add results that were known before."""
        self.kept = frozenset(record.run for record in self.add_final(records))

    def end(self) -> None:
        """Mark the job as over."""
        self.ended = time.monotonic()
        self.over.set()


def split_into_tasks(runs: NumberedRuns, cores: int) -> list[NumberedRuns]:
    """Split runs into tasks that can be trained at the same time, each of one network.

    Every network gets as many tasks as there are cores, or one if there are more networks than cores: then each
    network is compiled once. The longest tasks come first, so that all cores end at about the same time.
    """
    groups: dict[object, list[tuple[int, Run]]] = {}
    for number, run in runs:
        groups.setdefault(run.slot_key, []).append((number, run))
    each = -(-cores // max(1, len(groups)))
    tasks = [task for group in groups.values() for i in range(each) if (task := group[i::each])]
    return sorted(tasks, key=lambda task: -len(task) * task[0][1].network.parameters)


def run_line(job: Job) -> str:
    """Return a line for the log on a job that is over, without any text that a user wrote or uploaded."""
    records = job.snapshot(0.0).records
    if job.failed:
        outcome = "failed"
    elif any(record.stopped for record in records):
        outcome = "stopped"
    else:
        outcome = "done"
    fields = {
        "name": job.name[:8],
        "kind": "experiment" if job.plan.live else "sweep",
        "runs": len(records),
        "kept": len(job.kept),
        "finished": sum(record.finished for record in records),
        "diverged": sum(record.divergence is not None for record in records),
        "steps": sum(record.done for number, record in enumerate(records) if number not in job.kept),
        "seconds": f"{job.seconds:.1f}",
        "outcome": outcome,
    }
    return " ".join(["run", *(f"{name}={value}" for name, value in fields.items())])
