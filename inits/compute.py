"""The Dask side: one engine for all sessions, jobs that any session can join, progress, stop.

The engine is a local cluster of one worker process, or the scheduler that a setting names. Keras lives there;
this module never imports it.
"""

from __future__ import annotations

import logging
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import uuid4

from inits.datasets import DIGITS_FINGERPRINT
from inits.drawing import Elsewhere, check_size, is_elsewhere
from inits.errors import EngineError, InitsError
from inits.examine import Sketch
from inits.experiment import Architecture, Run, Start
from inits.fetching import Fetch, Fetches
from inits.jobs import Job, Plan, lanes
from inits.measured import Measurement
from inits.record import Checkpoint, Given, Record
from inits.sandbox.client import Sandbox
from inits.settings import Settings
from inits.signal import Inputs
from inits.store import Store, run_key
from inits.verdict import Glimpse
from inits.weightstore import WeightStore

if TYPE_CHECKING:  # Dask takes 0.3 s to import: the first page does not wait for it
    from distributed import Client, Future, LocalCluster

log = logging.getLogger(__name__)
T = TypeVar("T")

Phase = Literal["starting", "keras", "data", "compiling", "ready", "failed"]
KEPT_JOBS, KEPT_BYTES = 64, 64_000_000  # in memory; what is older comes from disk
LEARN_AGAIN = 300.0  # seconds, for the largest network
SIGNAL_SECONDS = 120.0  # for the largest network and batch
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
    fingerprint: str = ""  # of the dataset
    versions: str = ""  # of what computes
    why: str | None = None  # MNIST could not be had because ...
    done: int = 0  # bytes of MNIST downloaded
    total: int = 0
    error: str | None = None

    @property
    def ready(self) -> bool:
        return self.phase == "ready"


class Engine:
    """The compute process, or a cluster of them. Starts in the background; nothing waits for it but its answers."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.status = Status()
        self._topic = f"inits-{uuid4().hex}"
        self.store = Store(settings.cache, 1_000_000 * settings.cache_mb)
        self.sandbox = Sandbox(allowed=settings.code)
        self.files = WeightStore(settings.cache / "weights", 1_000_000 * settings.weights_mb)
        self._elsewhere = Elsewhere(self.sandbox, self.files)
        self._writer = ThreadPoolExecutor(1, "inits-writer")  # a slow disk holds up nobody
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._by_name: dict[str, Job] = {}
        self._fetches = Fetches(self._ready_client, self._topic)
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
        if "status" in message:
            self.status = replace(self.status, **message["status"])
            return
        if "fetch" in message:
            self._fetches.hear(message)
            return
        job = self._by_name.get(message["job"])
        if job is not None and "frame" in message:
            job.take(pickle.loads(message["frame"]))
        elif job is not None:
            self._settle(job, [pickle.loads(message["record"])])

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

    def weights_file(self, run: Run, steps: int, jailed: bool = True) -> bytes:
        """The weights of a run after so many steps as a `.weights.h5` file.

        Raises what `call` does; InitsError for code that does not draw the same again, and for a file that is gone.
        """
        from inits import worker

        given = self._elsewhere.again(run, jailed, self._measured(run))
        return self.call(worker.weights_file, run, steps, self.settings.mnist, given, timeout=LEARN_AGAIN)

    def _measured(self, run: Run) -> Sequence[Checkpoint]:
        """The checkpoints of a run that is known, from memory or from disk."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in reversed(jobs):
            if run in job.runs and (points := job.records[job.runs.index(run)].checkpoints):
                return points
        key = self._key(run)
        kept = self.store.get(key) if key else None
        return kept.checkpoints if kept else ()

    def first_kernel(self, run: Run) -> Sketch:
        """The first kernel of a run that begins with LSUV, as a card shows it. Raises what `call` does."""
        from inits import worker

        return self.call(worker.first_kernel, run, self.settings.mnist)

    def signal_inputs(self, dataset: str, images: int, seed: int) -> Inputs:
        """What theory needs to know of a batch. Raises what `call` does."""
        from inits import worker

        return self.call(worker.signal_inputs, dataset, images, seed, self.settings.mnist)

    def signal(
        self,
        start: Start,
        architecture: Architecture,
        seeds: Sequence[int],
        given: Sequence[Given],
        batch: tuple[str, int, int],
    ) -> list[Measurement]:
        """What one start does to a batch, seed by seed; the arguments are those of `inits.worker.signal`.

        Raises what `call` does.
        """
        from inits import worker

        local = self.settings.mnist
        return self.call(
            worker.signal, start, architecture, seeds, given, batch, local, timeout=SIGNAL_SECONDS
        )

    def glimpse(self, run: Run, given: Given = ()) -> Glimpse:
        """What one pass forward and back says of a run before it trains. Raises what `call` does."""
        from inits import worker

        return self.call(worker.glimpse, run, given, self.settings.mnist, timeout=SIGNAL_SECONDS)

    def _ready_client(self, timeout: float) -> Client:
        if not self._there.wait(timeout):
            raise EngineError(f"The compute process did not start within {timeout:g} s. Try again.")
        if self._client is None:
            raise EngineError(f"The compute process is not there: {self.status.error}. Restart the app.")
        return self._client

    def find(self, plan: Plan) -> Job | None:
        """The job of a plan that runs or has run; one that is over at once when all of it is on disk."""
        with self._lock:
            job = self._jobs.get(plan.key)
        if job is not None or self.missing(plan):
            return job
        kept = self._kept(plan)
        return None if None in kept else self._begin(plan, kept, None)

    def knows(self, plan: Plan) -> bool:
        """Whether somebody has begun the plan since the engine started. Costs nothing."""
        with self._lock:
            return plan.key in self._jobs

    def missing(self, plan: Plan) -> int:
        """How many runs of a plan are not on disk."""
        return sum(key is None or not self.store.has(key) for key in map(self._key, plan.runs))

    def _key(self, run: Run) -> str | None:
        """What its result is kept under; None while it is not known what computes, and on which data."""
        status = self.status
        known = status.fingerprint if status.dataset == run.dataset else ""
        data = DIGITS_FINGERPRINT if run.dataset == "digits" else known
        return run_key(run, data, status.versions) if data and status.versions else None

    def run(self, plan: Plan, jailed: bool = True) -> Job:
        """The job of a plan: the one that runs or is done already, else a new one for what is not on disk.

        Raises SpecError for pasted code that would have to draw too much. Unless `jailed` it runs without a jail.
        """
        check_size(plan.runs)
        kept = self._kept(plan)
        return self._begin(plan, kept, self._ready_client(timeout=30.0) if None in kept else None, jailed)

    def _kept(self, plan: Plan) -> list[Record | None]:
        """What is on disk of a plan, run by run."""
        keys = [self._key(run) for run in plan.runs]
        return [self.store.get(key, number) if key else None for number, key in enumerate(keys)]

    def _begin(
        self, plan: Plan, kept: Sequence[Record | None], client: Client | None, jailed: bool = True
    ) -> Job:
        job = Job(plan, uuid4().hex)
        with self._lock:
            old = self._jobs.get(plan.key)
            if old is not None and not (old.failed or old.stopped):
                return old
            self._jobs[plan.key] = self._by_name[job.name] = job
            self._jobs.move_to_end(plan.key)  # one that failed or was stopped had an older place
        done = [record for record in old.records if record.settled] if old else []
        job.keep([*done, *(record for record in kept if record)])
        missing = [(number, run) for number, run in enumerate(job.runs) if number not in job.kept]
        if client is None or not missing:
            self._over(job)
        elif waiting := sum(is_elsewhere(run) for _, run in missing):
            job.drawing = waiting
            draw = (client, job, missing, jailed)
            threading.Thread(target=self._draw, args=draw, name="inits-draw", daemon=True).start()
        else:
            self._submit(client, job, missing, {})
        return job

    def _draw(self, client: Client, job: Job, missing: list[tuple[int, Run]], jailed: bool) -> None:
        """Get what comes from pasted code and files, then submit all that can be trained."""
        try:
            given, without = self._elsewhere.all(job, missing, jailed)
            job.drawing = 0
            job.settle(without)
            gone = {record.run for record in without}
            rest = [(number, run) for number, run in missing if number not in gone]
            if rest:
                self._submit(client, job, rest, given)
                return
        except Exception:
            log.exception("A training could not begin")
            job.error = DEATH
        self._over(job)

    def _submit(
        self,
        client: Client,
        job: Job,
        missing: list[tuple[int, Run]],
        given: Mapping[int, Given],
    ) -> None:
        from inits import worker

        dealt = lanes(missing, self.settings.cores)
        waiting = set(range(len(dealt)))
        for i, lane in enumerate(dealt):
            future = client.submit(
                worker.train_runs,
                lane,
                {number: given[number] for number, _ in lane if number in given},
                job.plan.live,
                -(-job.plan.at_once // self.settings.cores),
                job.name,
                self._topic,
                self.settings.mnist,
                key=f"train-{job.name}-{i}",
                resources={"training": 1},
                priority=-len(dealt) - i / len(dealt),  # in turn; a sweep lets others go first
                pure=False,
            )
            future.add_done_callback(lambda f, i=i: self._finish(job, f, waiting, i))

    def _finish(self, job: Job, future: Future, waiting: set[int], lane: int) -> None:
        try:
            self._settle(job, future.result())
        except InitsError as error:
            job.error = str(error)
        except Exception:
            log.exception("A training failed")
            job.error = DEATH
        future.release()
        with self._lock:
            waiting.discard(lane)
            last = not waiting
        if last:
            self._over(job)

    def _settle(self, job: Job, records: Iterable[Record]) -> None:
        """Final records to the job, and to disk those that are worth keeping."""
        for record in job.settle(records):
            key = self._key(job.runs[record.run])  # known now, if not when the job began
            if record.settled and key:
                self._writer.submit(self.store.put, key, record)

    def _over(self, job: Job) -> None:
        job.end()
        self._by_name.pop(job.name, None)
        self._trim()

    def _trim(self) -> None:
        """Keep the newest jobs, as many as the limits allow, and all that run."""
        with self._lock:
            number = size = 0
            for key, job in reversed(list(self._jobs.items())):
                number, size = number + 1, size + job.size
                if number > 1 and (number > KEPT_JOBS or size > KEPT_BYTES) and job.over.is_set():
                    del self._jobs[key]

    def stop(self, job: Job, runs: Sequence[int] | None = None) -> None:
        """End some runs of a job, or all, at their next frame; what was measured is kept."""
        from inits import worker

        client = self._ready_client(timeout=5.0)
        chosen = range(len(job.runs)) if runs is None else runs
        job.stopping |= frozenset(chosen)
        client.run(worker.stop_runs, job.name, list(chosen), on_error="ignore")

    def find_data(self) -> None:
        """Try again to get MNIST; the status tells how it goes."""
        from inits import worker

        self.status = replace(self.status, dataset=None, why=None)
        client = self._ready_client(timeout=5.0)
        client.submit(worker.look_for_data, self._topic, self.settings.mnist, pure=False).add_done_callback(
            lambda future: future.release()
        )

    def fetch(self, name: str, into: Path) -> Fetch:
        """The weight file of an application, on its way into a folder; one for all who ask. Never waits.

        Raises SpecError for another name.
        """
        return self._fetches.fetch(name, into)

    def close(self) -> None:
        """End the compute process."""
        self.sandbox.close()
        self.files.close()
        self._there.wait(30)
        self._writer.shutdown()
        for thing in (self._client, self._cluster):
            if thing is not None:
                thing.close(timeout=5)
