"""Trainings handed to Dask: one task a slot, repeated when a worker is lost, and stopped on request."""

from __future__ import annotations

import logging
import pickle
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from inits.engine import worker_state, worker_training
from inits.engine.array_sources import ArraySources, needs_arrays
from inits.engine.connection import TOPIC, Connection
from inits.engine.estimate import Estimate
from inits.engine.jobs import Job, NumberedRuns, split_into_tasks
from inits.engine.results import Results
from inits.engine.run_registry import RunRegistry
from inits.engine.scheduler import Scheduler
from inits.errors import InitsError
from inits.experiments.record import InitialArrays, Record

if TYPE_CHECKING:
    from distributed import Future

log = logging.getLogger(__name__)

CRASHED = "The training process ended unexpectedly. Your settings are kept. Run again."
MAX_ROUNDS = 5  # submissions of what lost workers leave


class Dispatch:
    """Runs jobs whose turn has come.

    Args:
        connection: the compute process.
        results: receive the records.
        scheduler: receives the number of tasks that a job has left.
        estimate: learns from each task.
        sources: arrays for runs that start from code or a file.
        shared: True if several web servers use the same cluster.
        end: called with a job when all of it is over.
    """

    def __init__(
        self,
        connection: Connection,
        results: Results,
        scheduler: Scheduler,
        estimate: Estimate,
        sources: ArraySources,
        shared: bool,
        end: Callable[[Job], None],
    ):
        self._connection, self._results, self._scheduler = connection, results, scheduler
        self._estimate = estimate
        self._sources, self._shared, self._end = sources, shared, end
        self._jobs: dict[str, Job] = {}  # by the name that messages carry
        self._lock = threading.Lock()

    def start(self, job: Job, missing: NumberedRuns, jailed: bool) -> None:
        """Train the missing runs of a job; first fetch the arrays that come from code and files, in a thread."""
        self._jobs[job.name] = job
        job.drawing = sum(needs_arrays(run) for _, run in missing)
        begin = partial(self._begin, job, missing, jailed)
        if job.drawing:
            threading.Thread(target=begin, name="inits-draw", daemon=True).start()
        else:
            begin()

    def _begin(self, job: Job, missing: NumberedRuns, jailed: bool) -> None:
        try:
            arrays, failed = self._sources.draw(job, missing, jailed)
            job.drawing = 0
            job.add_final(failed)
            without = {record.run for record in failed}
            rest = [(number, run) for number, run in missing if number not in without]
            if rest:
                self._submit(job, rest, arrays)
                return
        except Exception:
            log.exception("A training could not begin")
            job.error = CRASHED
        self._finish(job)

    def _submit(self, job: Job, missing: NumberedRuns, arrays: Mapping[int, InitialArrays]) -> None:
        """Submit one task a slot. When all are over, what a lost worker has left is submitted again."""
        slots = self._connection.slots
        tasks: Mapping[str, NumberedRuns] = {
            f"train-{job.name}-{job.rounds}-{i}": runs
            for i, runs in enumerate(split_into_tasks(missing, slots))
        }
        if self._shared:
            tasks = self._agree(job, tasks)
        waiting = set(tasks)
        job.add_tasks(tasks)
        job.rounds += 1
        self._scheduler.set_tasks_left(job, len(tasks))

        def end_task(key: str, runs: NumberedRuns, future: Future) -> None:
            self._end_task(job, key, runs, future)
            with self._lock:
                waiting.discard(key)
                left = len(waiting)
            if left:
                self._scheduler.set_tasks_left(job, left)
            else:
                self._end_round(job, arrays)

        for i, (key, runs) in enumerate(tasks.items()):
            initial = {number: arrays[number] for number, _ in runs if number in arrays}
            # Tasks of one job in their order; a sweep, which has many, lets others go first.
            future = self._submit_task(job, key, runs, initial, -len(tasks) - i / len(tasks))
            future.add_done_callback(partial(end_task, key, runs))
        if not tasks:
            self._end_round(job, arrays)

    def _submit_task(
        self, job: Job, key: str, runs: NumberedRuns, arrays: Mapping[int, InitialArrays], priority: float
    ) -> Future:
        """Submit a task. Dask runs a key once, whichever web server submits it."""
        at_once = -(-job.plan.at_once // self._connection.slots)
        return self._connection.client(timeout=5.0).submit(
            worker_training.train_runs,
            runs,
            arrays,
            job.plan.live,
            at_once,
            job.name,
            key,
            TOPIC,
            key=key,
            resources={"training": 1},
            priority=priority,
            pure=False,
        )

    def _agree(self, job: Job, tasks: Mapping[str, NumberedRuns]) -> Mapping[str, NumberedRuns]:
        """Return the tasks of a job as all web servers of the cluster submit them."""
        status = self._connection.status
        head = f"{job.plan.key} {job.rounds} {status.fingerprint} {status.versions}"
        agreed = self._registry().agree(head, job.name, tasks, job.runs)
        if agreed.joined:
            self._jobs.pop(job.name, None)
            job.name = agreed.job
            self._jobs[job.name] = job
            self._results.add_final(job, agreed.records)
            self._connection.broadcast(worker_training.repeat_reports, job.name)
            if job.stopping:
                self.stop(job, sorted(job.stopping))
        return agreed.tasks

    def _registry(self) -> RunRegistry:
        return RunRegistry(self._connection.client(timeout=5.0))

    def _end_task(self, job: Job, key: str, runs: NumberedRuns, future: Future) -> None:
        from distributed import KilledWorker

        try:
            records = future.result()
            self._results.add_final(job, records)
            self._estimate.learn(job, job.tasks[key])
            if self._shared and all(record.conclusive for record in records):
                self._registry().keep(key, records, job.size)
        except InitsError as error:
            job.error = str(error)
        except KilledWorker:
            log.warning("A worker was lost with a task of %d runs", len(runs))
            job.error = CRASHED if job.plan.live else job.count_crash(key, runs)
        except Exception:
            log.exception("A training failed")
            job.error = CRASHED
        job.tasks[key].ended = time.monotonic()
        future.release()

    def _end_round(self, job: Job, arrays: Mapping[int, InitialArrays]) -> None:
        """Submit what lost workers have left of a sweep, or end the job."""
        if not (job.failed or job.plan.live):
            job.add_final(Record(number, stopped=True) for number in job.stopping)
            rest = [
                (number, job.runs[number]) for number, record in enumerate(job.records) if not record.over
            ]
            if rest and job.rounds < MAX_ROUNDS:
                self._submit(job, rest, arrays)
                return
            job.error = CRASHED if rest else None
        if self._shared and not job.complete:
            self._registry().forget(job.name)
        self._finish(job)

    def _finish(self, job: Job) -> None:
        self._jobs.pop(job.name, None)
        self._end(job)

    def stop(self, job: Job, runs: Iterable[int]) -> None:
        """End runs of a job at their next frame, regardless of who is watching; what was measured is kept."""
        numbers = list(runs)
        job.stopping |= frozenset(numbers)
        self._connection.broadcast(worker_state.stop_runs, job.name, numbers)

    def receive(self, message: Mapping[str, Any]) -> None:
        """Add news from a worker to their job: a task that begins or is ready, frames of a run, or its final record."""
        job = self._jobs.get(message["job"])
        if job is None:
            return
        if "task" in message:
            job.task_news(message["task"], message.get("compiled"))
        elif "frames" in message:
            job.take(*pickle.loads(message["frames"]), at=message["at"])
        else:
            self._results.add_final(job, [pickle.loads(message["record"])])
