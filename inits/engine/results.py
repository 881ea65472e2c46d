"""Results of runs: recent jobs in memory, finished records on disk by key."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from inits.data.datasets import DATASETS, DEFAULT
from inits.engine.jobs import Job, Plan
from inits.engine.store import Store, run_key
from inits.engine.worker_status import Status
from inits.experiments.experiment import Run
from inits.experiments.record import Checkpoint, Record

MAX_JOBS, MAX_BYTES = 64, 64_000_000  # of jobs in memory; older ones are read from disk


class Results:
    """The jobs of this server and the results on disk.

    Args:
        store: the folder of results.
        status: returns what computes, and on which data: both are part of a result's key.
    """

    def __init__(self, store: Store, status: Callable[[], Status]):
        self.store, self._status = store, status
        self._writer = ThreadPoolExecutor(1, "inits-writer")  # a slow disk delays nothing else
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.RLock()

    def job(self, plan: Plan) -> Job | None:
        """Return the newest job of a plan that is in memory, running or not."""
        with self._lock:
            return self._jobs.get(plan.key)

    def add(self, job: Job) -> None:
        """Put a job in the place of an older one of the same plan."""
        with self._lock:
            self._jobs[job.plan.key] = job
            self._jobs.move_to_end(job.plan.key)

    def trim(self) -> None:
        """Keep all jobs that run, and the newest of the others that the limits allow."""
        with self._lock:
            number = size = 0
            for key, job in reversed(list(self._jobs.items())):
                number, size = number + 1, size + job.size
                if number > 1 and (number > MAX_JOBS or size > MAX_BYTES) and job.over.is_set():
                    del self._jobs[key]

    def key(self, run: Run) -> str | None:
        """Return the key of a run's result on disk; None until data and versions are known."""
        status = self._status()
        known = status.fingerprint if status.dataset == run.dataset else ""
        data = known if run.dataset == DEFAULT else DATASETS[run.dataset].fingerprint
        return run_key(run, data, status.versions) if data and status.versions else None

    def missing_runs(self, plan: Plan) -> list[Run]:
        """Return the runs of a plan that have no result on disk."""
        keys = map(self.key, plan.runs)
        return [
            run for run, key in zip(plan.runs, keys, strict=True) if key is None or not self.store.has(key)
        ]

    def missing(self, plan: Plan) -> int:
        """Return how many runs of a plan have no result on disk."""
        return len(self.missing_runs(plan))

    def load(self, plan: Plan) -> list[Record | None]:
        """Read the results of a plan from disk, one for each run; None where there is none."""
        keys = [self.key(run) for run in plan.runs]
        return [self.store.get(key, number) if key else None for number, key in enumerate(keys)]

    def checkpoints(self, run: Run) -> Sequence[Checkpoint]:
        """Return the checkpoints of a run from memory or from disk; () if there are none."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in reversed(jobs):
            if run in job.runs and (points := job.records[job.runs.index(run)].checkpoints):
                return points
        key = self.key(run)
        record = self.store.get(key) if key else None
        return record.checkpoints if record else ()

    def add_final(self, job: Job, records: Iterable[Record]) -> None:
        """Add final records to a job; those that are complete are written to disk in the background."""
        for record in job.add_final(records):
            key = self.key(job.runs[record.run])  # may have been unknown when the job began
            if record.conclusive and key:
                self._writer.submit(self.store.put, key, record)

    def in_background(self, write: Callable[[], None]) -> None:
        """Write something else to disk in the background too."""
        self._writer.submit(write)

    def close(self) -> None:
        """Write what waits, then stop writing."""
        self._writer.shutdown()
