"""The Dask side: one engine for all sessions, jobs that any session can join, progress, stop.

The engine is a local cluster of one worker process, or the scheduler that a setting names. Keras lives there;
this module never imports it.
"""

from __future__ import annotations

import logging
import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import uuid4

from inits.errors import EngineError, InitsError
from inits.experiment import Experiment
from inits.record import Frame, Record
from inits.settings import Settings

if TYPE_CHECKING:  # Dask takes 0.3 s to import: the first page does not wait for it
    from distributed import Client, Future, LocalCluster

log = logging.getLogger(__name__)
T = TypeVar("T")

Phase = Literal["starting", "keras", "data", "compiling", "ready", "failed"]
KEPT_JOBS = 64
KEPT_WEIGHTS = 50_000_000  # bytes; beyond it the oldest jobs keep their curves and lose their weights
DEATH = "The training process ended unexpectedly. Your settings are kept. Run again."

DASK = {
    "distributed.scheduler.allowed-failures": 0,  # a run is never repeated behind a person's back
    "distributed.admin.low-level-log-length": 100,
    "distributed.admin.system-monitor.log-length": 100,
    "distributed.scheduler.http.routes": [],  # Dask always opens a web server; ours shows nothing
    "distributed.worker.http.routes": [],
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.nanny.pre-spawn-environ": {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # Runs share the cores, not the steps of one run: batches of 32 are too small to be cut in pieces (two
        # threads took 0.27 s an epoch when all went well and 0.65 s when not, one thread 0.34 s).
        "TF_NUM_INTRAOP_THREADS": "1",
        # Else XLA hands the parts of a step to that one thread and two slots take turns.
        "XLA_FLAGS": "--xla_cpu_enable_concurrency_optimized_scheduler=false",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    },
}


@dataclass(frozen=True)
class Status:
    """What the compute process is doing. `dataset` is None until it is known which one can be had."""

    phase: Phase = "starting"
    dataset: str | None = None
    images: int = 0  # to learn from in one epoch
    why: str | None = None  # MNIST could not be had because ...
    done: int = 0  # bytes of MNIST downloaded
    total: int = 0
    error: str | None = None

    @property
    def ready(self) -> bool:
        return self.phase == "ready"


class Job:
    """One training of an experiment, shared by all who ask for it."""

    def __init__(self, experiment: Experiment, name: str):
        self.experiment, self.name = experiment, name
        self.error: str | None = None
        self.over = threading.Event()
        self.stopping = False
        self.began: float | None = None  # time.monotonic() at the first frame
        self._lock = threading.Lock()
        self._records = {run: Record(run) for run in range(len(experiment.runs))}
        self._settled: set[int] = set()

    @property
    def records(self) -> list[Record]:
        """One record per run so far, in the order of `experiment.runs`; yours to keep."""
        with self._lock:
            return [replace(record) for record in self._records.values()]

    @property
    def stopped(self) -> bool:
        return any(record.stopped for record in self.records)

    @property
    def failed(self) -> bool:
        return self.error is not None

    def wait_for_news(self, seconds: float) -> None:
        """Return at the first frame after the first measurement, at the end, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not (self.over.is_set() or any(r.done for r in self.records)):
            self.over.wait(0.02)

    def take(self, frame: Frame) -> None:
        """Add news; what comes after the final record is in that record already."""
        with self._lock:
            self.began = self.began or time.monotonic()
            if frame.run not in self._settled:
                self._records[frame.run].add(frame)

    def settle(self, records: Sequence[Record]) -> None:
        with self._lock:
            for record in records:
                self._records[record.run] = record
                self._settled.add(record.run)

    def forget_weights(self) -> int:
        """Drop the weights; returns the bytes that frees."""
        with self._lock:
            freed = sum(w.nbytes for record in self._records.values() for w in record.weights)
            for record in self._records.values():
                record.weights = ()
        return freed


class Engine:
    """The compute process, or a cluster of them. Starts in the background; nothing waits for it but its answers."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.status = Status()
        self._topic = f"inits-{uuid4().hex}"
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._by_name: dict[str, Job] = {}
        self._lock = threading.RLock()
        self._there = threading.Event()
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None
        threading.Thread(target=self._start, name="inits-engine", daemon=True).start()

    def _start(self) -> None:
        try:
            import dask

            from inits import worker

            with dask.config.set(DASK):
                self._client = self._connect()
            self._client.subscribe_topic(self._topic, self._hear)
            self._client.register_plugin(worker.WarmUp(self._topic, self.settings.mnist, self.settings.cores))
        except Exception as error:
            log.exception("The compute process did not start")
            self.status = replace(self.status, phase="failed", error=f"{type(error).__name__}: {error}")
        self._there.set()

    def _connect(self) -> Client:
        from distributed import Client, LocalCluster, Security

        settings = self.settings
        if settings.scheduler:
            files = {
                "tls_ca_file": settings.tls_ca,
                "tls_client_cert": settings.tls_cert,
                "tls_client_key": settings.tls_key,
            }
            given = {name: str(path) for name, path in files.items() if path}
            security = Security(require_encryption=True, **given) if given else None
            return Client(settings.scheduler, security=security, set_as_default=False)
        self._cluster = LocalCluster(
            n_workers=1,
            threads_per_worker=settings.cores + 2,  # draws never wait behind trainings
            resources={"training": settings.cores},
            host="127.0.0.1",
            protocol="tls://",
            security=Security.temporary(),
            # A free port, where Dask's own choice is 8787 and a warning when that is taken.
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            memory_limit=None,
            silence_logs=logging.ERROR,
        )
        return Client(self._cluster, set_as_default=False)

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        message = event[1]
        if "frame" in message:
            job = self._by_name.get(message["job"])
            if job is not None:
                job.take(pickle.loads(message["frame"]))
        else:
            self.status = replace(self.status, **message["status"])

    def call(self, function: Callable[..., T], *arguments: object, timeout: float = 30.0) -> T:
        """The result of a function in the compute process.

        Raises the function's own InitsError; EngineError when the process is not there or ended.
        """
        client = self._ready_client(timeout)
        future = client.submit(function, *arguments, pure=False, priority=10)
        try:
            result: T = future.result(timeout)
            return result
        except InitsError:
            raise
        except TimeoutError as error:
            raise EngineError(
                f"The compute process did not answer within {timeout:g} s. Try again."
            ) from error
        except Exception as error:
            log.exception("A call in the compute process failed")
            raise EngineError(
                "The compute process ended unexpectedly. Try again in a few seconds."
            ) from error
        finally:
            future.release()

    def _ready_client(self, timeout: float) -> Client:
        if not self._there.wait(timeout):
            raise EngineError(f"The compute process did not start within {timeout:g} s. Try again.")
        if self._client is None:
            raise EngineError(f"The compute process is not there: {self.status.error}. Restart the app.")
        return self._client

    def find(self, key: str) -> Job | None:
        """The job of an experiment that runs or has run."""
        with self._lock:
            return self._jobs.get(key)

    def run(self, experiment: Experiment) -> Job:
        """The job of an experiment: the one that runs or is done already, else a new one."""
        from inits import worker

        client = self._ready_client(timeout=30.0)
        with self._lock:
            job = self._jobs.get(experiment.key)
            if job is not None and not (job.failed or job.stopped):
                return job
            job = Job(experiment, uuid4().hex)
            self._jobs[experiment.key] = self._by_name[job.name] = job
            self._jobs.move_to_end(experiment.key)  # one that failed or was stopped had an older place
        runs = list(range(len(experiment.runs)))
        lanes = [lane for i in range(self.settings.cores) if (lane := runs[i :: self.settings.cores])]
        waiting = {id(lane) for lane in lanes}
        for i, lane in enumerate(lanes):
            future = client.submit(
                worker.train_runs,
                experiment,
                lane,
                job.name,
                self._topic,
                self.settings.mnist,
                key=f"train-{job.name}-{i}",
                resources={"training": 1},
                pure=False,
            )
            future.add_done_callback(lambda f, lane=lane: self._finish(job, f, waiting, id(lane)))
        return job

    def _finish(self, job: Job, future: Future, waiting: set[int], lane: int) -> None:
        try:
            job.settle(future.result())
        except InitsError as error:
            job.error = str(error)
        except Exception:
            log.exception("A training failed")
            job.error = DEATH
        future.release()
        waiting.discard(lane)
        if not waiting:
            job.over.set()
            self._by_name.pop(job.name, None)
            self._trim()

    def _trim(self) -> None:
        """Keep the newest jobs, and the weights of as many as the limit allows."""
        with self._lock:
            over = [key for key, job in self._jobs.items() if job.over.is_set()]
            for key in over[: max(0, len(self._jobs) - KEPT_JOBS)]:
                del self._jobs[key]
            kept = 0
            for job in reversed(self._jobs.values()):
                kept += sum(w.nbytes for record in job.records for w in record.weights)
                if kept > KEPT_WEIGHTS and job is not next(reversed(self._jobs.values())):
                    kept -= job.forget_weights()

    def stop(self, job: Job, runs: Sequence[int] | None = None) -> None:
        """End some runs of a job, or all, at their next frame; what was measured is kept."""
        from inits import worker

        client = self._ready_client(timeout=5.0)
        chosen = range(len(job.experiment.runs)) if runs is None else runs
        job.stopping = runs is None
        client.run(worker.stop_runs, job.name, list(chosen), on_error="ignore")

    def find_data(self) -> None:
        """Try again to get MNIST; the status tells how it goes."""
        from inits import worker

        self.status = replace(self.status, dataset=None, why=None)
        client = self._ready_client(timeout=5.0)
        client.submit(worker.look_for_data, self._topic, self.settings.mnist, pure=False).add_done_callback(
            lambda future: future.release()
        )

    def close(self) -> None:
        """End the compute process."""
        self._there.wait(30)
        for thing in (self._client, self._cluster):
            if thing is not None:
                thing.close(timeout=5)
