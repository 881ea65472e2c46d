"""The engine with its real worker process: jobs, frames, stop, death, and what is kept."""

import io
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import dask
import h5py
import numpy as np
import psutil
import pytest
import tensorflow as tf
from dask.utils import parse_timedelta

from inits.data.datasets import DATASETS, load
from inits.data.mnist import read_mnist
from inits.data.standin import digits
from inits.engine import results, worker, worker_plugin, worker_state
from inits.engine.connection import Connection
from inits.engine.dispatch import CRASHED
from inits.engine.engine import Engine
from inits.engine.jobs import Job
from inits.engine.store import Store
from inits.engine.worker_state import OUT_OF_MEMORY
from inits.engine.worker_status import Status
from inits.errors import EngineError, InitsError, ShapeError, SpecError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.experiments.record import Frame, Record
from inits.initializers.spec import InitializerSpec
from inits.seeds import derive_seed
from inits.settings import Settings
from inits.training.draw import examine
from inits.training.layers import build_model, versions
from inits.training.slot import Slots
from inits.training.starts import start_arrays
from inits.training.training import train

pytestmark = pytest.mark.keras

START = Start(InitializerSpec("HeNormal"))
NET = Network((16,))
PATIENCE = 180.0  # seconds after which something is broken
LONG = Experiment((START,), NET, batch_size=1, dataset="digits")  # 12,000 steps
MANY = replace(LONG, seeds=tuple(range(20)))  # in both slots


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens unless the code is broken."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """A small mnist.npz of the stand-in's digits: 640 to learn from, 150 to test on."""
    data, path = digits(), tmp_path_factory.mktemp("data") / "mnist.npz"
    arrays = {"x_train": data.x_train[:640], "x_test": data.x_test[:150]}
    arrays = {name: array.reshape(-1, 28, 28) for name, array in arrays.items()}
    np.savez(path, **arrays, y_train=data.y_train[:640], y_test=data.y_test[:150])
    return path


@pytest.fixture(scope="module")
def settings(mnist):
    """Two cores, and no cache: what is asked for is trained."""
    return Settings(mnist=mnist, cores=2, cache=mnist.parent, cache_mb=0)


@pytest.fixture(scope="module")
def engine(settings):
    engine = Engine(settings)
    yield engine
    engine.close()


def finished(job: Job) -> Job:
    assert job.over.wait(PATIENCE)
    return job


def pid_of_worker(engine: Engine) -> int:
    (pid,) = engine.connection.client(PATIENCE).run(os.getpid).values()
    return pid


def test_it_gets_ready(engine, mnist):
    until(lambda: engine.status.phase in ("ready", "failed"))
    assert engine.status == Status(
        "ready", "mnist", images=640, fingerprint=read_mnist(mnist).fingerprint, versions=versions()
    )
    assert pid_of_worker(engine) != os.getpid()


def test_it_listens_on_this_machine_alone_and_shows_nothing(engine):
    until(lambda: engine.status.ready)
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    found = [one for process in processes for one in process.net_connections("tcp")]
    assert {one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    assert engine.connection._cluster.scheduler.address.startswith("tls://127.0.0.1:")
    port = engine.connection._cluster.scheduler.http_server.port
    for page in ("info/main/workers.html", "json/index.html", "metrics"):
        with pytest.raises(HTTPError, match="404") as caught:
            urlopen(f"http://127.0.0.1:{port}/{page}", timeout=PATIENCE)
        caught.value.close()


def test_without_mnist_the_digits_stand_in_and_it_is_said(engine, settings, tmp_path):
    until(lambda: engine.status.ready)
    engine.connection.broadcast(worker_state.set_mnist, tmp_path / "none.npz")
    engine.connection.find_data()
    until(lambda: engine.status.dataset is not None and engine.status.ready)
    assert (engine.status.dataset, engine.status.images) == ("digits", 12_000)
    assert "'none.npz' cannot be opened" in engine.status.why
    job = finished(engine.run(Experiment((START,), NET, seeds=(77,))))
    assert "'none.npz' cannot be opened" in job.error
    engine.connection.broadcast(worker_state.set_mnist, settings.mnist)
    engine.connection.find_data()
    until(lambda: engine.status.dataset is not None and engine.status.ready)
    assert (engine.status.dataset, engine.status.why) == ("mnist", None)


def test_a_run_is_what_training_gives(engine, mnist):
    experiment = Experiment((START, Start(InitializerSpec("Zeros"))), NET, seeds=(1, 2))
    job = finished(engine.run(experiment))
    assert (job.error, job.failed, job.stopped) == (None, False, False)
    assert [record.run for record in job.records] == [0, 1, 2, 3]
    assert all(record.finished and len(record.losses) == 20 for record in job.records)
    data, slots = read_mnist(mnist), Slots(1)
    with slots.borrow(experiment.runs[0], data) as slot:
        runs = list(enumerate(experiment.runs))
        expected = train(runs, data, slot, lambda frame: None, lambda run: False)
    for ours, theirs in zip(job.records, expected, strict=True):
        np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-5)
        assert [point.step for point in ours.checkpoints] == [point.step for point in theirs.checkpoints]
        assert ours.weights == ()  # they stay in the compute process


def test_one_experiment_is_trained_once(engine):
    experiment = Experiment((START,), NET, seeds=(5,))
    assert engine.find(experiment) is None
    job = engine.run(experiment)
    assert engine.run(Experiment.from_json(experiment.to_json())) is job
    assert engine.find(experiment) is job
    finished(job)
    assert engine.run(experiment) is job
    assert engine.run(replace(experiment, seeds=(6,))) is not job


def test_fifty_who_press_run_train_once_and_the_last_who_leaves_ends_it(engine):
    jobs = [engine.run(LONG, session=f"student {number}") for number in range(50)]
    job = jobs[0]
    assert all(one is job for one in jobs)
    until(lambda: job.records[0].done > 0)
    assert all(engine.leave(job, f"student {number}") for number in range(49))
    assert (job.stopping, job.over.is_set()) == (frozenset(), False)
    assert not engine.leave(job, "student 49")
    assert finished(job).records[0].stopped
    assert engine.find(LONG) is job


def test_others_wait_their_turn_and_can_leave_the_queue(engine):
    running = engine.run(MANY, session="ann")
    second = engine.run(replace(LONG, seeds=(30,)), session="ann")
    ben = engine.run(replace(LONG, seeds=(31,)), session="ben")
    assert engine.run(replace(LONG, seeds=(30,)), session="cam") is second
    until(lambda: running.records[0].done > 0)
    places = [engine.scheduler.place(job) for job in (running, second, ben)]
    assert places[0] is None
    assert [place.before for place in places[1:]] == [0, 1]
    assert 0 < places[1].seconds < places[2].seconds
    assert engine.leave(second, "ann")  # for cam it keeps its place, behind ben's now
    assert [engine.scheduler.place(job).before for job in (second, ben)] == [1, 0]
    assert not engine.leave(second, "cam")
    assert (second.over.is_set(), second.records[0].stopped, second.records[0].done) == (True, True, 0)
    engine.stop(running)
    finished(running)
    until(lambda: ben.records[0].done > 0)  # it was its turn
    engine.stop(ben)
    finished(ben)


def test_a_job_of_somebody_who_is_gone_does_not_begin(engine, monkeypatch):
    monkeypatch.setattr(engine.scheduler, "present", lambda session: session != "gone")
    running = engine.run(MANY)
    gone = engine.run(replace(LONG, seeds=(7,)), session="gone")
    assert engine.scheduler.place(gone).before == 0
    engine.stop(running)
    finished(running)
    assert finished(gone).records[0].stopped
    assert gone.records[0].done == 0


def test_a_network_beyond_the_servers_limit_is_refused(engine, monkeypatch):
    monkeypatch.setattr(engine, "settings", replace(engine.settings, parameters=10_000))
    words = r"^A network on this server must have at most 10,000 parameters, but got 12,730"
    with pytest.raises(SpecError, match=words):
        engine.run(replace(LONG, seeds=(8,)))


def test_old_jobs_are_dropped_when_one_ends(engine, monkeypatch):
    monkeypatch.setattr(results, "MAX_JOBS", 1)
    one, two = (Experiment((START,), NET, seeds=(seed,)) for seed in (20, 21))
    finished(engine.run(one))
    finished(engine.run(two))
    until(lambda: engine.find(one) is None)
    assert engine.find(two) is not None


def test_the_same_key_gives_the_same_bytes_in_another_job(engine):
    experiment = Experiment((START,), NET, seeds=(9,))
    first = finished(engine.run(experiment))
    engine.results._jobs.pop(experiment.key)
    second = finished(engine.run(experiment))
    assert first is not second
    assert list(map(bytes, first.records)) == list(map(bytes, second.records))


def test_news_arrive_while_it_runs_and_stop_keeps_them(engine):
    job = engine.run(LONG)
    job.wait_for_news(PATIENCE)
    early = job.records[0]
    assert early.done > 0
    assert not job.over.is_set()
    assert not early.finished
    assert job.began is not None
    engine.stop(job)
    (record,) = finished(job).records
    assert (record.stopped, record.finished, job.stopped, job.error) == (True, False, True, None)
    assert early.done <= record.done < record.steps == record.images == 12_000
    np.testing.assert_array_equal(record.losses[: early.done], early.losses)
    assert record.checkpoints[-1].step == record.done
    again = engine.run(LONG)
    assert again is not job
    engine.stop(again)
    finished(again)


def test_stop_of_some_runs_lets_the_others_go_on(engine):
    experiment = Experiment((START, START, START), NET, batch_size=8, dataset="digits", seeds=(3,))
    job = engine.run(experiment)
    engine.stop(job, [])
    engine.stop(job, [1])
    records = finished(job).records
    assert [record.stopped for record in records] == [False, True, False]
    assert [record.finished for record in records] == [True, False, True]


def test_a_call_gives_the_answer(engine):
    found = engine.call(examine, InitializerSpec("HeNormal"), (784, 10), 3)
    assert found.summary == examine(InitializerSpec("HeNormal"), (784, 10), 3).summary


def test_an_error_for_people_arrives_as_itself(engine):
    with pytest.raises(ShapeError, match="Identity needs a shape of exactly two dimensions"):
        engine.call(examine, InitializerSpec("Identity"), (3,), 0)


def test_another_error_is_the_engines(engine):
    with pytest.raises(EngineError, match="ended unexpectedly"):
        engine.call(int, "many")


def test_an_answer_that_does_not_come(engine):
    engine.call(int, "1")
    with pytest.raises(EngineError, match=r"did not answer within 0\.01 s"):
        engine.call(time.sleep, 1.0, timeout=0.01)


def test_the_death_of_the_worker_fails_the_job_and_the_next_one_runs(engine):
    before = pid_of_worker(engine)
    experiment = replace(LONG, starts=(START, Start(InitializerSpec("GlorotNormal"))))
    job = engine.run(experiment)
    job.wait_for_news(PATIENCE)
    os.kill(before, signal.SIGKILL)
    finished(job)
    assert (job.error, job.failed) == (CRASHED, True)
    assert any(record.done for record in job.records)
    assert not any(record.finished for record in job.records)
    short = Experiment((START,), NET, seeds=(8,))
    done = finished(engine.run(short))
    assert (done.error, done.records[0].finished) == (None, True)
    assert pid_of_worker(engine) != before
    again = engine.run(experiment)
    assert again is not job
    again.wait_for_news(PATIENCE)
    assert any(record.done for record in again.records)
    engine.stop(again)
    finished(again)


@pytest.mark.parametrize(
    "error", [MemoryError(), tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")]
)
def test_too_little_memory_is_told(error):
    with pytest.raises(EngineError, match="too little free memory"), worker_state.memory_errors_explained():
        raise error


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_AS"), reason="needs a limit on another process")
def test_a_limit_of_memory_is_told_and_the_next_run_works(engine):
    until(lambda: engine.status.ready)
    process = psutil.Process(pid_of_worker(engine))
    before = process.rlimit(psutil.RLIMIT_AS)
    process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms + 40_000_000, before[1]))
    try:
        large = Experiment((START,), Network((1024,) * 20), dataset="digits")
        assert finished(engine.run(large)).error in (
            OUT_OF_MEMORY,
            CRASHED,
        )  # as it is Python or C++ that wants more
    finally:
        with suppress(psutil.NoSuchProcess):
            process.rlimit(psutil.RLIMIT_AS, before)
    assert finished(engine.run(Experiment((START,), NET, seeds=(9,)))).records[0].finished


def test_a_worker_that_comes_back_late_is_still_expected(engine):
    """Dask asks for this when a worker has died, long after the engine was made, and closes its nanny for good."""
    until(lambda: engine.status.ready)  # a worker that was short of memory may have died after its run
    assert parse_timedelta(dask.config.get("distributed.deploy.lost-worker-timeout")) > 86_400


def test_closing_leaves_no_process(settings):
    """Only what this engine starts: the browser of other tests starts and ends processes meanwhile."""
    before = {child.pid for child in psutil.Process().children()}
    engine = Engine(settings)
    assert engine.connection._started.wait(PATIENCE)
    new = [child for child in psutil.Process().children() if child.pid not in before]
    ours = [child for child in new if "resource_tracker" not in " ".join(child.cmdline())]
    ours += [below for child in ours for below in child.children(recursive=True)]
    assert pid_of_worker(engine) in {child.pid for child in ours}
    engine.close()
    assert psutil.wait_procs(ours, PATIENCE)[1] == []


def test_an_engine_that_cannot_start_says_so(settings, monkeypatch):
    monkeypatch.setattr(Connection, "_connect", lambda self: 1 / 0)
    engine = Engine(settings)
    with pytest.raises(EngineError, match=r"is not available: ZeroDivisionError: division by zero\. Restart"):
        engine.call(int, "1")
    assert (engine.status.phase, engine.status.error) == ("failed", "ZeroDivisionError: division by zero")
    engine.close()


def test_an_engine_that_is_slow_to_start(settings, monkeypatch):
    monkeypatch.setattr(Connection, "_start", lambda self: None)
    with pytest.raises(EngineError, match=r"did not start within 0\.01 s"):
        Engine(settings).call(int, "1", timeout=0.01)


def frame(run: int, *losses: float) -> Frame:
    values = np.array(losses, np.float32)
    return Frame(run, 4, 128, values, values)


def test_frames_after_the_end_are_not_counted_twice():
    job = Job(replace(LONG, seeds=(0, 1)), "job")
    job.take(frame(0, 1.0, 2.0))
    job.take(frame(1, 5.0))
    seen = job.records
    whole = Record(0)
    for news in (frame(0, 1.0, 2.0), frame(0, 3.0, 4.0)):
        whole.add(news)
    job.settle([whole])
    job.take(frame(0, 3.0, 4.0))
    job.take(frame(1, 6.0))
    np.testing.assert_array_equal(job.records[0].losses, [1, 2, 3, 4])
    np.testing.assert_array_equal(job.records[1].losses, [5, 6])
    np.testing.assert_array_equal(seen[1].losses, [5])


def test_waiting_for_news_ends_with_the_job():
    job = Job(LONG, "job")
    job.take(frame(0))
    job.wait_for_news(0.05)
    job.over.set()
    job.wait_for_news(1e9)


@pytest.fixture
def idle(settings, monkeypatch):
    """An engine without a process, which keeps 3 jobs of 1,600 bytes in all."""
    monkeypatch.setattr(Connection, "_start", lambda self: None)
    monkeypatch.setattr(results, "MAX_JOBS", 3)
    monkeypatch.setattr(results, "MAX_BYTES", 1600)
    return Engine(settings)


def put(engine: Engine, name: str, steps: int = 50, over: bool = True) -> Job:
    """A job that holds 8 bytes a step."""
    job = Job(LONG, name)
    job.settle([Record(0, losses=np.zeros(steps, np.float32))])
    if over:
        job.over.set()
    engine.results._jobs[name] = job
    engine.results.trim()
    return job


def test_the_oldest_jobs_go_first(idle):
    for name in "abcd":
        put(idle, name)
    assert list(idle.results._jobs) == ["b", "c", "d"]
    put(idle, "e", steps=150)
    assert list(idle.results._jobs) == ["d", "e"]


def test_the_newest_job_stays_however_large(idle):
    put(idle, "a")
    put(idle, "b", steps=1000)
    assert list(idle.results._jobs) == ["b"]


def test_jobs_that_run_are_kept(idle):
    for name in "abcd":
        put(idle, name, over=False)
    assert list(idle.results._jobs) == ["a", "b", "c", "d"]
    for name in "efgh":
        put(idle, name)
    assert list(idle.results._jobs) == ["a", "b", "c", "d", "f", "g", "h"]


@pytest.fixture
def cache(engine, tmp_path, monkeypatch):
    """The engine with a cache of its own."""
    until(lambda: engine.status.ready)
    monkeypatch.setattr(engine.results, "store", Store(tmp_path, 10_000_000))
    return engine


def kept(engine: Engine, plan: Experiment, missing: int = 0) -> None:
    """Wait until results are on disk, and forget them in memory."""
    until(lambda: engine.results.missing(plan) == missing)
    engine.results._jobs.clear()


def test_a_result_on_disk_is_there_at_once_without_a_process(cache, monkeypatch):
    experiment = Experiment((START, Start(InitializerSpec("Zeros"))), NET, seeds=(31, 32))
    assert cache.find(experiment) is None
    job = finished(cache.run(experiment))
    kept(cache, experiment)
    monkeypatch.setattr(cache.connection, "_client", None)
    again = cache.find(experiment)
    assert again is not job
    assert (again.over.is_set(), again.kept) == (True, {0, 1, 2, 3})
    assert list(map(bytes, again.records)) == list(map(bytes, job.records))
    assert cache.run(experiment) is cache.find(experiment) is again
    with pytest.raises(EngineError, match="is not available"):
        cache.run(replace(experiment, seeds=(33,)))


def test_looking_for_a_damaged_result_trains_nothing(cache, tmp_path):
    experiment = Experiment((START,), NET, seeds=(35,))
    first = finished(cache.run(experiment))
    kept(cache, experiment)
    for path in tmp_path.iterdir():
        path.write_bytes(b"damaged")
    assert (cache.results.missing(experiment), cache.find(experiment), len(cache.results._jobs)) == (
        0,
        None,
        0,
    )
    assert cache.results.missing(experiment) == 1
    again = finished(cache.run(experiment))
    assert again.kept == frozenset()
    assert bytes(again.records[0]) == bytes(first.records[0])
    kept(cache, experiment)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that not even root may write to")
def test_a_result_is_there_where_nothing_can_be_kept(cache, monkeypatch, caplog):
    monkeypatch.setattr(cache.results, "store", Store(Path("/proc/inits"), 10_000_000))
    job = finished(cache.run(Experiment((START,), NET, seeds=(34,))))
    assert (job.error, job.records[0].finished) == (None, True)
    until(lambda: "A result was not kept in /proc/inits" in caplog.text)


def test_only_what_is_missing_is_trained(cache):
    one = Experiment((START,), NET, seeds=(41,))
    before = finished(cache.run(one)).records[0]
    kept(cache, one)
    both = replace(one, starts=(Start(InitializerSpec("GlorotNormal")), START))
    assert (cache.results.missing(both), cache.find(both)) == (1, None)
    job = finished(cache.run(both))
    assert job.kept == {1}
    assert bytes(job.records[1]) == bytes(before)
    assert job.records[0].finished
    assert [record.run for record in job.records] == [0, 1]


def test_a_stopped_run_is_not_kept_and_the_others_are(cache):
    experiment = replace(LONG, starts=(START, START), batch_size=4, seeds=(51,))
    other = replace(experiment, starts=(Start(InitializerSpec("Ones")),))
    job = cache.run(replace(experiment, starts=(START, *other.starts)))
    cache.stop(job, [0])
    assert job.stopping == {0}
    finished(job)
    assert [record.stopped for record in job.records] == [True, False]
    kept(cache, job.plan, missing=1)
    assert cache.results.missing(other) == 0
    again = cache.run(job.plan)
    cache.stop(again)
    assert bytes(finished(again).records[1]) == bytes(job.records[1])


def test_a_stopped_job_run_again_keeps_what_was_finished_without_a_cache(engine):
    experiment = replace(LONG, starts=(START, Start(InitializerSpec("Ones"))), batch_size=4, seeds=(52,))
    job = engine.run(experiment)
    engine.stop(job, [0])
    finished(job)
    again = engine.run(experiment)
    assert (again is not job, again.kept) == (True, {1})
    engine.stop(again)
    finished(again)


def test_another_data_set_has_other_results(cache, monkeypatch):
    experiment = Experiment((START,), NET, seeds=(61,))
    finished(cache.run(experiment))
    kept(cache, experiment)
    for changed in ({"fingerprint": "another"}, {"versions": "keras 4"}, {"dataset": None}):
        monkeypatch.setattr(cache.connection, "status", replace(cache.status, **changed))
        assert cache.results.missing(experiment) == 1
        monkeypatch.undo()


def test_weights_are_made_again_for_a_file(engine, mnist, tmp_path):
    experiment = Experiment((START,), NET, seeds=(71,))
    (run,), data = experiment.runs, read_mnist(mnist)
    with Slots(1).borrow(run, data) as slot:
        (record,) = train([(0, run)], data, slot, lambda frame: None, lambda run: False)
    for steps, expected in [(record.steps, record.weights), (0, start_arrays(START, NET, 71))]:
        path = tmp_path / f"{steps}.weights.h5"
        path.write_bytes(engine.call(worker.weights_file, run, steps))
        model = build_model(NET)
        model.load_weights(path)
        for ours, theirs in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


class Silent:
    """A client that starts nothing."""

    def submit(self, *arguments, **options):
        return self

    def add_done_callback(self, function):
        pass


def test_a_job_run_again_is_the_newest(idle):
    idle.connection._client = Silent()
    idle.connection._started.set()
    one, two = (Experiment((START,), NET, seeds=(seed,)) for seed in (1, 2))
    first = idle.run(one)
    first.error = CRASHED
    idle.run(two)
    assert idle.run(one) is not first
    assert list(idle.results._jobs) == [two.key, one.key]


def test_the_data_is_told(tmp_path, mnist, monkeypatch):
    told = []
    monkeypatch.setattr(worker_state, "_mnist", mnist)
    data = worker_plugin.find_data(lambda **status: told.append(status))
    assert data is load("mnist", mnist)
    assert told == [
        {"phase": "data", "done": 0, "total": 0},
        {"dataset": "mnist", "images": 640, "fingerprint": data.fingerprint, "why": None},
    ]
    told.clear()
    monkeypatch.setattr(worker_state, "_mnist", tmp_path / "none.npz")
    data = worker_plugin.find_data(lambda **status: told.append(status))
    assert (data.name, told[1]["dataset"], told[1]["images"]) == ("digits", "digits", 12_000)
    assert told[1]["fingerprint"] == DATASETS["digits"].fingerprint
    assert "'none.npz' cannot be opened" in told[1]["why"]


def test_a_warm_up_that_fails_says_why(monkeypatch):
    told = []
    monkeypatch.setattr(worker_plugin, "find_data", lambda report: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        worker_plugin.warm_up(lambda **status: told.append(status), 1)
    assert [status.get("phase") for status in told] == ["keras", None, "failed"]
    assert (told[1], told[2]["error"]) == ({"versions": versions()}, "ZeroDivisionError: division by zero")


def test_stops_of_long_ago_are_forgotten():
    worker_state.stop_runs("old", [0])
    worker_state.stop_runs("new", list(range(10_000)))
    assert len(worker_state._stopped) == 10_000
    assert ("old", 0) not in worker_state._stopped
    worker_state._stopped.clear()


# Starts that are pasted code

UNIFORM = "def mine(shape, dtype=None):\n    return np.random.uniform(-0.05, 0.05, shape)\n"
ROUGH = """
import os
def rough(shape):
    rng = np.random.default_rng(int.from_bytes(os.urandom(8), "big"))
    return rng.uniform(-0.05, 0.05, shape)
"""
MINE = Start(PastedSpec("mine", UNIFORM))
KERASES = Start(InitializerSpec.parse("RandomUniform(minval=-0.05, maxval=0.05)"))


def pasted(name: str, code: str) -> Start:
    return Start(PastedSpec(name, code))


def numpys(seed: int) -> list[np.ndarray]:
    """The kernels that UNIFORM draws, by NumPy alone."""
    states = [np.random.RandomState(derive_seed(seed, "kernel", layer)) for layer in range(2)]
    shapes = [(784, 16), (16, 10)]
    drawn = [state.uniform(-0.05, 0.05, shape) for state, shape in zip(states, shapes, strict=True)]
    return [values.astype(np.float32) for values in drawn]


def with_biases(kernels: list[np.ndarray]) -> list[np.ndarray | None]:
    """As they are given to a run: Keras draws the biases."""
    return [array for kernel in kernels for array in (kernel, None)]


def in_file(data: bytes) -> dict[tuple[int, ...], np.ndarray]:
    """All arrays of a weights file by shape: no two of NET are alike."""
    found = {}
    with h5py.File(io.BytesIO(data)) as file:
        file.visititems(lambda name, one: found.update({one.shape: one[()]} if hasattr(one, "shape") else {}))
    return found


def test_pasted_code_learns_beside_keras_and_what_fails_says_why(engine):
    starts = (
        pasted("broken", "def broken(shape):\n    return 1 / 0"),
        MINE,
        pasted("nan", "def nan(shape):\n    return np.full(shape, np.nan)"),
        KERASES,
        pasted("odd", "def odd(shape):\n    return np.zeros((3, 3))"),
    )
    job = finished(engine.run(Experiment(starts, NET, seeds=(1, 2))))
    assert job.error is None
    assert [record.finished for record in job.records] == [False, True, False, True, False] * 2
    assert all(len(record.losses) == 20 for record in job.records if record.finished)
    words = [
        "broken: line 2: ZeroDivisionError: division by zero",
        "Weights must be finite, but got 12,544 NaN or infinite ones from nan.",
        "odd: The returned shape must be (784, 16), but got (3, 3).",
    ]
    assert [record.error for record in job.records if record.error] == words * 2


def test_pasted_code_begins_as_the_law_that_it_means(engine):
    """Its losses before the first step, over seeds, differ from those of Keras' own by sampling alone."""
    job = finished(engine.run(Experiment((MINE, KERASES), NET, seeds=tuple(range(10)))))
    losses = np.array([record.checkpoints[0].loss for record in job.records]).reshape(10, 2)
    error = np.sqrt((losses.var(axis=0, ddof=1) / len(losses)).sum())
    assert abs(np.diff(losses.mean(axis=0))[0]) < 5 * error
    assert error < 0.1


def test_weights_of_pasted_code_are_those_of_the_sandbox(engine, mnist):
    (run,), data = Experiment((MINE,), NET, seeds=(91,)).runs, read_mnist(mnist)
    begun = in_file(engine.weights_file(run, 0))
    for array, ours in zip(
        engine.sandbox.run(UNIFORM, NET.kernel_shapes, 91).arrays, numpys(91), strict=True
    ):
        np.testing.assert_array_equal(begun[array.shape], array)
        np.testing.assert_array_equal(begun[array.shape], ours)
    assert not begun[16,].any()
    with Slots(1).borrow(run, data) as slot:
        (record,) = train(
            [(0, run)], data, slot, lambda frame: None, lambda run: False, given={0: with_biases(numpys(91))}
        )
    ended = in_file(engine.weights_file(run, record.steps))
    for weights in record.weights:
        np.testing.assert_allclose(ended[weights.shape], weights, rtol=0, atol=1e-5)


def test_code_that_draws_others_each_time_learns_but_gives_no_file(engine):
    experiment = Experiment((pasted("rough", ROUGH),), NET)
    job = finished(engine.run(experiment))
    assert job.records[0].finished
    with pytest.raises(InitsError, match="rough draws different weights each time"):
        engine.weights_file(experiment.runs[0], 0)


def test_a_result_of_pasted_code_on_disk_needs_no_code(cache, monkeypatch):
    experiment = Experiment((MINE, KERASES), NET, seeds=(101,))
    job = finished(cache.run(experiment))
    kept(cache, experiment)
    submit, asked = cache.sandbox.submit, []
    monkeypatch.setattr(cache.sandbox, "submit", lambda *what: asked.append(what) or submit(*what))
    again = cache.find(experiment)
    assert (again.over.is_set(), again.kept) == (True, {0, 1})
    assert list(map(bytes, again.records)) == list(map(bytes, job.records))
    more = finished(cache.run(replace(experiment, seeds=(101, 102))))
    assert more.kept == {0, 1}
    assert [record.finished for record in more.records] == [True] * 4
    ((_, rounds, *_),) = asked
    assert [seed for _, seed in rounds[0]] == [derive_seed(102, "kernel", layer) for layer in range(2)]


def test_stop_while_code_draws(engine):
    experiment = Experiment((pasted("endless", "while True: pass"), START), NET, seeds=(111, 112))
    job = engine.run(experiment)
    until(lambda: engine.sandbox.queue.running)
    engine.stop(job)
    first, *rest = finished(job).records
    assert (job.error, job.stopped) == (None, True)
    assert first.stopped or first.error == "endless: The code ran longer than 4 s and was stopped."
    assert [(record.stopped, record.error) for record in rest] == [(True, None)] * 3


def test_code_for_too_many_weights_is_refused(engine):
    plan = Experiment((MINE,), Network((1024,) * 20), seeds=(0, 1))
    with pytest.raises(SpecError, match=r"40,000,000 weights in one experiment, but got 41,512,980"):
        engine.run(plan)
    assert engine.find(plan) is None


@pytest.mark.parametrize("code", [True, False])
def test_pasted_code_can_be_switched_off(idle, settings, code):
    engine = Engine(replace(settings, code=code))
    assert engine.sandbox.state.phase == ("asleep" if code else "off")
