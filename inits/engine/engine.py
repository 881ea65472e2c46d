"""The Dask side: one engine for all sessions, jobs that any session can join, progress, stop.

The engine is a local cluster of one worker process, or the scheduler that a setting names. Keras lives there;
this module never imports it.
"""

from __future__ import annotations

import atexit
import logging
import os
import pickle
import signal
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from inits.data.datasets import DIGITS_FINGERPRINT
from inits.engine import cluster
from inits.engine.array_sources import Elsewhere, check_size, is_elsewhere
from inits.engine.fetching import Fetch, Fetches
from inits.engine.jobs import Job, Plan, lanes, run_line
from inits.engine.run_registry import Lane, Shares
from inits.engine.scheduler import Turns
from inits.engine.store import Store, run_key
from inits.engine.worker_status import Status, Workers
from inits.errors import EngineError, InitsError, SpecError
from inits.experiments.experiment import Architecture, Run, Start
from inits.experiments.record import Checkpoint, Given, Record
from inits.measure.examination import Sketch
from inits.measure.signal_measurement import Measurement
from inits.sandbox.client import Sandbox
from inits.settings import Settings
from inits.theory.signal_theory import Inputs
from inits.theory.trainability import Glimpse
from inits.weightfiles.store import WeightStore

if TYPE_CHECKING:  # Dask takes 0.3 s to import: the first page does not wait for it
    from distributed import Client, Future, LocalCluster

log = logging.getLogger(__name__)
T = TypeVar("T")

KEPT_JOBS, KEPT_BYTES = 64, 64_000_000  # in memory; what is older comes from disk
LEARN_AGAIN = 300.0  # seconds, for the largest network
SIGNAL_SECONDS = 120.0  # for the largest network and batch
DEATH = "The training process ended unexpectedly. Your settings are kept. Run again."
TOPIC = "inits"  # of all that workers tell, to every web server
ROUNDS = 5  # in which what was lost is submitted again, at most

DASK = {
    "distributed.scheduler.allowed-failures": 0,  # a run is never repeated behind a person's back
    # Else a nanny whose worker is not back 15 s after its death is closed for good, and no run works any more.
    "distributed.deploy.lost-worker-timeout": "1000 days",
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


class Engine:
    """The compute process, or a cluster of them. Starts in the background; nothing waits for it but its answers."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.status = Status()
        self._topic = TOPIC
        self._workers = Workers(cluster=bool(settings.scheduler))
        self._shares: Shares | None = None
        self.store = Store(settings.cache, 1_000_000 * settings.cache_mb)
        self.sandbox = Sandbox(allowed=settings.code)
        self.files = WeightStore(settings.cache / "weights", 1_000_000 * settings.weights_mb)
        self._elsewhere = Elsewhere(self.sandbox, self.files)
        self._writer = ThreadPoolExecutor(1, "inits-writer")  # a slow disk holds up nobody
        self.turns = Turns(settings, lambda: self.slots, lambda: self.status.images, self._give_up)
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

            from inits.engine import worker

            dask.config.set(DASK)  # for good: some of it is asked for when a worker dies
            client = self._connect()
            wanted: cluster.Software = {}
            if self.settings.scheduler:
                self._shares, wanted = Shares(client), cluster.software()
                self.status = self._workers.together(self.status)
            client.subscribe_topic(self._topic, self._hear)
            client.subscribe_topic("all", self._hear_of_workers)  # the scheduler's own
            client.register_plugin(worker.WarmUp(self._topic, self._mnist, wanted))
            self._client = client
            atexit.register(self._exit)  # before Dask closes, which gives a training 4 s to end
        except InitsError as error:
            log.error("The compute process is not there: %s", error)
            self.status = replace(self.status, phase="failed", error=str(error))
        except Exception as error:
            log.exception("The compute process did not start")
            self.status = replace(self.status, phase="failed", error=f"{type(error).__name__}: {error}")
        self._there.set()

    def _connect(self) -> Client:
        from distributed import Client, LocalCluster, Security

        settings = self.settings
        if settings.scheduler:
            client = cluster.connect(settings)
            try:
                cluster.check_workers(client)
            except InitsError:
                client.close(timeout=5)
                raise
            return client
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
            self._workers.hear(message["worker"], message["status"])
            self.status = self._workers.together(self.status)
            return
        if "fetch" in message:
            self._fetches.hear(message)
            return
        job = self._by_name.get(message["job"])
        if job is None:
            return
        if "lane" in message:
            job.begun.add(message["lane"])
        elif "frames" in message:
            job.take(*pickle.loads(message["frames"]), at=message["at"])
        else:
            self._settle(job, [pickle.loads(message["record"])])

    def _hear_of_workers(self, event: tuple[float, dict[str, Any]]) -> None:
        message = event[1]
        if message.get("action") == "remove-worker":
            self._workers.leave(message["worker"])
            self.status = self._workers.together(self.status)

    @property
    def slots(self) -> int:
        """How many trainings run at once."""
        return max(1, self._workers.slots) if self.settings.scheduler else self.settings.cores

    @property
    def _mnist(self) -> Path | None:
        """Where the compute process finds MNIST; the workers of a cluster have settings of their own."""
        return None if self.settings.scheduler else self.settings.mnist

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
        from inits.engine import worker

        given = self._elsewhere.again(run, jailed, self._measured(run))
        return self.call(worker.weights_file, run, steps, self._mnist, given, timeout=LEARN_AGAIN)

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
        from inits.engine import worker

        return self.call(worker.first_kernel, run, self._mnist)

    def signal_inputs(self, dataset: str, images: int, seed: int) -> Inputs:
        """What theory needs to know of a batch. Raises what `call` does."""
        from inits.engine import worker

        return self.call(worker.signal_inputs, dataset, images, seed, self._mnist)

    def signal(
        self,
        start: Start,
        architecture: Architecture,
        seeds: Sequence[int],
        given: Sequence[Given],
        batch: tuple[str, int, int],
    ) -> list[Measurement]:
        """What one start does to a batch, seed by seed; the arguments are those of `inits.engine.worker.signal`.

        Raises what `call` does.
        """
        from inits.engine import worker

        local = self._mnist
        return self.call(
            worker.signal, start, architecture, seeds, given, batch, local, timeout=SIGNAL_SECONDS
        )

    def glimpse(self, run: Run, given: Given = ()) -> Glimpse:
        """What one pass forward and back says of a run before it trains. Raises what `call` does."""
        from inits.engine import worker

        return self.call(worker.glimpse, run, given, self._mnist, timeout=SIGNAL_SECONDS)

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

    def run(self, plan: Plan, jailed: bool = True, session: str = "") -> Job:
        """The job of a plan: the one that runs or is done already, else a new one for what is not on disk.

        It begins when it is the turn of `session`. Unless `jailed` it runs without a jail.
        Raises SpecError for a network that is too large here, and for pasted code that would have to draw too much;
        EngineError when the session or all together have asked for too much already.
        """
        check_size(plan.runs)
        self._check_networks(plan)
        kept = self._kept(plan)
        client = self._ready_client(timeout=30.0) if None in kept else None
        return self._begin(plan, kept, client, jailed, session)

    def _check_networks(self, plan: Plan) -> None:
        largest = max(run.architecture.parameters for run in plan.runs)
        if largest > self.settings.parameters:
            raise SpecError(
                f"This server trains networks of up to {self.settings.parameters:,} parameters. Received one of "
                f"{largest:,}. Use fewer or narrower layers."
            )

    def _kept(self, plan: Plan) -> list[Record | None]:
        """What is on disk of a plan, run by run."""
        keys = [self._key(run) for run in plan.runs]
        return [self.store.get(key, number) if key else None for number, key in enumerate(keys)]

    def _begin(
        self,
        plan: Plan,
        kept: Sequence[Record | None],
        client: Client | None,
        jailed: bool = True,
        session: str = "",
    ) -> Job:
        job = Job(plan, uuid4().hex)
        with self._lock:
            old = self._jobs.get(plan.key)
            if old is not None and not (old.failed or old.stopped):
                self.turns.join(old, session)
                return old
            if client is not None:
                self.turns.check(session)
            self._jobs[plan.key] = self._by_name[job.name] = job
            self._jobs.move_to_end(plan.key)  # one that failed or was stopped had an older place
        done = [record for record in old.records if record.settled] if old else []
        job.keep([*done, *(record for record in kept if record)])
        missing = [(number, run) for number, run in enumerate(job.runs) if number not in job.kept]
        if client is None or not missing:
            self._over(job)
            return job
        self.turns.add(job, session, partial(self._start_job, client, job, missing, jailed))
        return job

    def _start_job(self, client: Client, job: Job, missing: list[tuple[int, Run]], jailed: bool) -> None:
        """It is the turn of a job."""
        if waiting := sum(is_elsewhere(run) for _, run in missing):
            job.drawing = waiting
            draw = (client, job, missing, jailed)
            threading.Thread(target=self._draw, args=draw, name="inits-draw", daemon=True).start()
            return
        try:
            self._submit(client, job, missing, {})
        except Exception:
            log.exception("A training could not begin")
            job.error = DEATH
            self._over(job)

    def _give_up(self, job: Job) -> None:
        """End a job that has not begun."""
        job.stopping = frozenset(range(len(job.runs)))
        job.settle(Record(number, stopped=True) for number in job.stopping)
        self._over(job)

    def join(self, job: Job, session: str) -> None:
        """A session wants a job too: it does not end while anybody does."""
        self.turns.join(job, session)

    def leave(self, job: Job, session: str) -> bool:
        """A session wants a job no more. It goes on while others do (then True), else it ends as with `stop`."""
        if self.turns.leave(job, session):
            return True
        if not job.over.is_set():
            self.stop(job)
        return False

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
        """Submit lanes. What a lost worker leaves of them is submitted again when all are over."""
        dealt: Mapping[str, Lane] = {
            f"train-{job.name}-{job.rounds}-{i}": lane for i, lane in enumerate(lanes(missing, self.slots))
        }
        if self._shares is not None:
            dealt = self._agree(self._shares, client, job, dealt)
        waiting = set(dealt)
        job.rounds += 1
        self.turns.lanes(job, len(dealt))
        for i, (key, lane) in enumerate(dealt.items()):
            mine = {number: given[number] for number, _ in lane if number in given}
            future = self._submit_lane(client, job, key, lane, mine, -len(dealt) - i / len(dealt))

            def finish(future: Future, key: str = key, lane: Lane = lane) -> None:
                self._finish(job, future, key, lane)
                with self._lock:
                    waiting.discard(key)
                    left = len(waiting)
                if left:
                    self.turns.lanes(job, left)
                else:
                    self._after(client, job, given)

            future.add_done_callback(finish)
        if not dealt:
            self._after(client, job, given)

    def _submit_lane(
        self, client: Client, job: Job, key: str, lane: Lane, given: Mapping[int, Given], priority: float
    ) -> Future:
        """In turn; a sweep lets others go first. Dask runs a key once, whoever submits it."""
        from inits.engine import worker

        return client.submit(
            worker.train_runs,
            lane,
            given,
            job.plan.live,
            -(-job.plan.at_once // self.slots),
            job.name,
            key,
            self._topic,
            self._mnist,
            key=key,
            resources={"training": 1},
            priority=priority,
            pure=False,
        )

    def _agree(
        self, shares: Shares, client: Client, job: Job, dealt: Mapping[str, Lane]
    ) -> Mapping[str, Lane]:
        """The lanes of a job as all web servers of the cluster submit them."""
        from inits.engine import worker

        status = self.status
        head = f"{job.plan.key} {job.rounds} {status.fingerprint} {status.versions}"
        agreed = shares.agree(head, job.name, dealt, job.runs)
        if agreed.joined:
            self._by_name.pop(job.name, None)
            job.name = agreed.job
            self._by_name[job.name] = job
            self._settle(job, agreed.records)
            client.run(worker.tell_again, job.name, on_error="ignore")
            if job.stopping:
                self.stop(job, sorted(job.stopping))
        return agreed.lanes

    def _finish(self, job: Job, future: Future, key: str, lane: Lane) -> None:
        from distributed import KilledWorker

        try:
            records = future.result()
            self._settle(job, records)
            if self._shares is not None and not (job.stopped or job.failed):
                self._shares.keep(key, records, job.size)
        except InitsError as error:
            job.error = str(error)
        except KilledWorker:
            log.warning("A worker was lost with a lane of %d runs", len(lane))
            job.error = DEATH if job.plan.live else job.lose(key, lane)
        except Exception:
            log.exception("A training failed")
            job.error = DEATH
        future.release()

    def _after(self, client: Client, job: Job, given: Mapping[int, Given]) -> None:
        """All lanes are over: submit once more what a lost worker has left, or end the job."""
        if not (job.failed or job.plan.live):
            job.settle(Record(number, stopped=True) for number in job.stopping)
            rest = [
                (number, job.runs[number]) for number, record in enumerate(job.records) if not record.over
            ]
            if rest and job.rounds < ROUNDS:
                self._submit(client, job, rest, given)
                return
            job.error = DEATH if rest else None
        if self._shares is not None and (job.failed or job.stopped):
            self._shares.forget(job.name)
        self._over(job)

    def _settle(self, job: Job, records: Iterable[Record]) -> None:
        """Final records to the job, and to disk those that are worth keeping."""
        for record in job.settle(records):
            key = self._key(job.runs[record.run])  # known now, if not when the job began
            if record.settled and key:
                self._writer.submit(self.store.put, key, record)

    def _over(self, job: Job) -> None:
        job.end()
        log.info("%s", run_line(job))
        self._by_name.pop(job.name, None)
        self._trim()
        self.turns.over(job)

    def _trim(self) -> None:
        """Keep the newest jobs, as many as the limits allow, and all that run."""
        with self._lock:
            number = size = 0
            for key, job in reversed(list(self._jobs.items())):
                number, size = number + 1, size + job.size
                if number > 1 and (number > KEPT_JOBS or size > KEPT_BYTES) and job.over.is_set():
                    del self._jobs[key]

    def stop(self, job: Job, runs: Sequence[int] | None = None) -> None:
        """End some runs of a job, or all, at their next frame, whoever wants it; what was measured is kept."""
        from inits.engine import worker

        if runs is None and self.turns.drop(job):
            self._give_up(job)
            return
        client = self._ready_client(timeout=5.0)
        chosen = range(len(job.runs)) if runs is None else runs
        job.stopping |= frozenset(chosen)
        client.run(worker.stop_runs, job.name, list(chosen), on_error="ignore")

    def find_data(self) -> None:
        """Every worker tries again to get MNIST; the status tells how it goes."""
        from inits.engine import worker

        client = self._ready_client(timeout=5.0)
        self._workers.forget_data()
        self.status = replace(self.status, dataset=None, why=None)
        for address in self._workers.addresses:
            client.submit(
                worker.look_for_data, self._topic, self._mnist, workers=[address], pure=False
            ).add_done_callback(lambda future: future.release())

    def fetch(self, name: str, into: Path) -> Fetch:
        """The weight file of an application, on its way into a folder; one for all who ask. Never waits.

        Raises SpecError for another name.
        """
        return self._fetches.fetch(name, into)

    def close(self) -> None:
        """End the compute process."""
        atexit.unregister(self._exit)
        self._kill()
        self.sandbox.close()
        self.files.close()
        self._there.wait(30)
        self._writer.shutdown()
        for thing in (self._client, self._cluster):
            if thing is not None:
                thing.close(timeout=5)

    def _exit(self) -> None:
        for name in ("distributed", "tornado.application"):  # they would tell of it as of an accident
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._kill()

    def _kill(self) -> None:
        """End what the compute process does. It has nothing to lose: all that was measured is here."""
        for nanny in self._cluster.workers.values() if self._cluster else ():
            nanny.auto_restart = False
            if nanny.pid:
                os.kill(nanny.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
