"""Jobs: trainings that any session can join, and what is known of them so far."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from inits.experiments.experiment import Run
from inits.experiments.record import Frame, Record


class Plan(Protocol):
    """What can be trained: an experiment or a sweep. The same key, the same runs."""

    @property
    def key(self) -> str: ...

    @property
    def runs(self) -> tuple[Run, ...]: ...

    @property
    def at_once(self) -> int:
        """How many of the runs learn side by side, so that their curves grow together."""
        ...

    @property
    def live(self) -> bool:
        """Whether anybody looks at a run before it is over."""
        ...


@dataclass(frozen=True, eq=False)
class Moment:
    """What is known of a job at a moment, the same for all who look at it: to be read only."""

    records: tuple[Record, ...]
    taken: float  # time.monotonic()


class Job:
    """One training of a plan, shared by all who ask for it. Runs are numbered as in `plan.runs`."""

    def __init__(self, plan: Plan, name: str):
        self.plan, self.name = plan, name
        self.runs = plan.runs
        self.error: str | None = None
        self.over = threading.Event()
        self.stopping: frozenset[int] = frozenset()
        self.began: float | None = None  # time.monotonic() at the first news
        self.ended: float | None = None
        self.kept: frozenset[int] = frozenset()  # runs that were there from before
        self.drawing = 0  # runs whose weights pasted code draws before any of them learns
        self.begun: set[str] = set()  # keys of lanes that a worker has taken up
        self.wanted: set[str] = set()  # the sessions that wait for it or watch it
        self.lost: Counter[int] = Counter()  # how often the worker of a run has died
        self.rounds = 0  # how often lanes were submitted
        self._lock = threading.Lock()
        self._records = [Record(run) for run in range(len(self.runs))]
        self._settled: set[int] = set()
        self._heard: Counter[int] = Counter()  # frames taken
        self._moment: Moment | None = None  # the newest, until there is news and somebody looks again
        self._news = False

    @property
    def records(self) -> list[Record]:
        """One record per run so far; yours to keep."""
        with self._lock:
            return [replace(record) for record in self._records]

    def moment(self, seconds: float) -> Moment:
        """What is known now, or was at most so many seconds ago: who look at about the same time see the same."""
        with self._lock:
            old, now = self._moment, time.monotonic()
            if old and not (self._news and (self.over.is_set() or now - old.taken >= seconds)):
                return old
            self._moment = Moment(tuple(replace(record) for record in self._records), now)
            self._news = False
            return self._moment

    @property
    def stopped(self) -> bool:
        return any(record.stopped for record in self._records)

    @property
    def failed(self) -> bool:
        return self.error is not None

    @property
    def seconds(self) -> float:
        """Since the first news, until the end."""
        return (self.ended or time.monotonic()) - self.began if self.began else 0.0

    @property
    def size(self) -> int:
        """Bytes of what was measured, about."""
        with self._lock:
            return sum(record.nbytes for record in self._records)

    def wait_for_news(self, seconds: float) -> None:
        """Return at the first frame after the first measurement, at the end, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not (self.over.is_set() or any(r.done for r in self._records)):
            self.over.wait(0.02)

    def take(self, *frames: Frame, at: int | None = None) -> None:
        """Add news of one run; what comes after the final record is in that record already.

        `at`: how many frames of the run were told before these. 0 begins it anew; what follows a gap is left out.
        """
        run = frames[0].run
        with self._lock:
            self.began = self.began or time.monotonic()
            if run in self._settled or at not in (None, 0, self._heard[run]):
                return
            if at == 0:
                self._records[run], self._heard[run] = Record(run), 0
            for frame in frames:
                self._records[run].add(frame)
            self._news = True
            self._heard[run] += len(frames)

    def settle(self, records: Iterable[Record]) -> list[Record]:
        """Put final records in their places; returns those that are news."""
        with self._lock:
            self.began = self.began or time.monotonic()
            news = [record for record in records if record.run not in self._settled]
            for record in news:
                self._records[record.run] = record
                self._settled.add(record.run)
                self._news = True
        return news

    def lose(self, lane: str, runs: Sequence[tuple[int, Run]]) -> str | None:
        """A lane has lost its worker, with one run in progress if it had begun. Returns why the job must end, if so."""
        left = [number for number, _ in runs if not self._records[number].over]
        if lane not in self.begun or not left:
            return self.error
        self.lost[left[0]] += 1
        if self.lost[left[0]] < 2:
            return self.error
        run = self.runs[left[0]]
        return (
            f"Two training processes ended unexpectedly while they trained {run.start.kernel} in "
            f"{len(run.architecture.hidden)} layers of {run.architecture.activation}. The other results are kept."
        )

    def keep(self, records: Iterable[Record]) -> None:
        """Take results from before."""
        self.kept = frozenset(record.run for record in self.settle(records))

    def end(self) -> None:
        self.ended = time.monotonic()
        self.over.set()


def lanes(runs: Sequence[tuple[int, Run]], cores: int) -> list[list[tuple[int, Run]]]:
    """Numbered runs dealt to lanes that can be trained at the same time, each of one network.

    Every network gets as many lanes as there are cores, or one when there are more networks than that: then each
    is compiled once. The longest lanes come first, so that all cores end at about the same time.
    """
    groups: dict[object, list[tuple[int, Run]]] = {}
    for number, run in runs:
        groups.setdefault(run.network, []).append((number, run))
    each = -(-cores // max(1, len(groups)))
    dealt = [lane for group in groups.values() for i in range(each) if (lane := group[i::each])]
    return sorted(dealt, key=lambda lane: -len(lane) * lane[0][1].architecture.parameters)


def run_line(job: Job) -> str:
    """A job that is over, in one line. Numbers and words of ours alone: nothing that a person wrote or uploaded."""
    records = job.moment(0.0).records
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
