"""One engine for all sessions: jobs that any session can join, calls in the compute process, progress, stop.

The engine is a local cluster of one worker process, or the scheduler that a setting names. Keras is imported there,
never here.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from inits.engine import worker
from inits.engine.array_sources import ArraySources, check_size
from inits.engine.connection import TOPIC, Connection
from inits.engine.dispatch import Dispatch
from inits.engine.estimate import Estimate
from inits.engine.fetching import Fetches
from inits.engine.jobs import Job, Plan, run_line
from inits.engine.results import Results
from inits.engine.scheduler import Scheduler
from inits.engine.store import Store
from inits.engine.worker_status import Status
from inits.errors import SpecError
from inits.experiments.experiment import Run
from inits.experiments.record import Record
from inits.sandbox.client import Sandbox
from inits.settings import Settings
from inits.weightfiles.store import WeightStore

log = logging.getLogger(__name__)
T = TypeVar("T")

RETRAIN_SECONDS = 300.0  # for the largest network


class Engine:
    """Trains plans and runs functions in the compute process, which starts in the background.

    Attributes:
        sandbox: runs pasted code.
        files: uploaded weight files.
        connection: the compute process or cluster.
        results: jobs in memory and results on disk.
        scheduler: the queue of jobs.
        fetches: downloads of the weight files that Keras offers.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.sandbox = Sandbox(allowed=settings.code)
        self.files = WeightStore(
            settings.cache / "weights",
            1_000_000 * settings.weights_mb,
            1_000_000 * settings.session_weights_mb,
        )
        self.connection = Connection(settings, self._receive)
        store = Store(settings.cache, 1_000_000 * settings.cache_mb)
        self.results = Results(store, lambda: self.status)
        folder = settings.cache if settings.cache_mb else None
        self._estimate = Estimate(self._images, lambda: self.slots, folder)
        self.scheduler = Scheduler(settings, lambda: self.slots, self._estimate, self._cancel)
        self.sources = ArraySources(self.sandbox, self.files)
        self._dispatch = Dispatch(
            self.connection,
            self.results,
            self.scheduler,
            self._estimate,
            self.sources,
            shared=bool(settings.scheduler),
            end=self._end,
        )
        self.fetches = Fetches(self.connection.client, TOPIC)
        self._lock = threading.Lock()
        self.connection.start()

    @property
    def status(self) -> Status:
        """Status of the compute process; `status.ready` once it can train."""
        return self.connection.status

    @property
    def slots(self) -> int:
        """Number of trainings that run at once."""
        return self.connection.slots

    def _images(self, dataset: str) -> int:
        return self.status.images_of(dataset)

    def call(self, function: Callable[..., T], *arguments: object, timeout: float = 30.0) -> T:
        """Return the result of a function of `inits.engine.worker`, or another, that runs in the compute process.

        Raises:
            InitsError: as the function raises it.
            EngineError: if the compute process is not available, ends or does not answer within `timeout` seconds.
        """
        return self.connection.call(function, *arguments, timeout=timeout)

    def weights_file(self, run: Run, steps: int, jailed: bool = True) -> bytes:
        """Return the weights of a run after some steps as the bytes of a `.weights.h5` file.

        Raises:
            InitsError: as `call` does; also if the run's code draws different weights each time, or its file is gone.
        """
        arrays = self.sources.redraw(run, jailed, self.results.checkpoints(run))
        return self.call(worker.weights_file, run, steps, arrays, timeout=RETRAIN_SECONDS)

    def find(self, plan: Plan) -> Job | None:
        """Return the job of a plan that runs or has run; a finished one if all its results are on disk.

        A job that failed is not returned: the failure may have been that of the machine.
        """
        job = self.results.job(plan)
        if job is not None and (job.usable or job.stopped):
            return job
        if self.results.missing(plan):
            return None
        kept = self.results.load(plan)
        return None if None in kept else self._begin(plan, kept, jailed=True, session="")

    def knows(self, plan: Plan) -> bool:
        """Return True if the plan has been run since the engine started. Takes no time."""
        return self.results.job(plan) is not None

    def run(self, plan: Plan, jailed: bool = True, session: str = "") -> Job:
        """Return the job of a plan: the one that runs or is done, else a new one for what is not on disk.

        A new job waits for the turn of `session`. Pasted code runs in the jail if `jailed`.

        Raises:
            SpecError: if a network is too large for this server, or pasted code would have to draw too much.
            EngineError: if the session or all sessions together have too many jobs, or there is no compute process.
        """
        check_size(plan.runs)
        self._check_networks(plan)
        kept = self.results.load(plan)
        if None in kept:
            self.connection.client(timeout=30.0)  # raises where nothing can be trained
        return self._begin(plan, kept, jailed, session)

    def _check_networks(self, plan: Plan) -> None:
        largest = max(run.network.parameters for run in plan.runs)
        if largest > self.settings.parameters:
            raise SpecError(
                f"A network on this server must have at most {self.settings.parameters:,} parameters, but got "
                f"{largest:,}. Use fewer or narrower layers."
            )

    def _begin(self, plan: Plan, kept: Sequence[Record | None], jailed: bool, session: str) -> Job:
        """Return the running job of a plan, else put a new one in the queue unless all its results are kept."""
        with self._lock:
            old = self.results.job(plan)
            if old is not None and old.usable:
                self.scheduler.join(old, session)
                return old
            if None in kept:
                self.scheduler.check(session)
            job = Job(plan, uuid4().hex)
            self.results.add(job)
        done = [record for record in old.records if record.conclusive] if old else []
        job.keep([*done, *(record for record in kept if record)])
        missing = [(number, run) for number, run in enumerate(job.runs) if number not in job.kept]
        if missing:
            self.scheduler.add(job, session, partial(self._dispatch.start, job, missing, jailed))
        else:
            self._end(job)
        return job

    def leave(self, job: Job, session: str) -> bool:
        """Stop watching a job. Returns True if it goes on for other sessions; otherwise it is stopped."""
        if self.scheduler.leave(job, session):
            return True
        if not job.over.is_set():
            self.stop(job)
        return False

    def stop(self, job: Job, runs: Sequence[int] | None = None) -> None:
        """End some runs of a job, or all, regardless of who is watching; what was measured is kept."""
        if runs is None and self.scheduler.drop(job):
            self._cancel(job)
        else:
            self._dispatch.stop(job, range(len(job.runs)) if runs is None else runs)

    def _cancel(self, job: Job) -> None:
        """End a job that has not begun."""
        job.stopping = frozenset(range(len(job.runs)))
        job.add_final(Record(number, stopped=True) for number in job.stopping)
        self._end(job)

    def _end(self, job: Job) -> None:
        job.end()
        log.info("%s", run_line(job))
        self.results.trim()
        self.results.in_background(self._estimate.save)
        self.scheduler.end(job)

    def _receive(self, message: Mapping[str, Any]) -> None:
        if "fetch" in message:
            self.fetches.receive(message)
        else:
            self._dispatch.receive(message)

    def close(self) -> None:
        """End all processes."""
        self.sandbox.close()
        self.files.close()
        self.connection.close()
        self.results.close()
