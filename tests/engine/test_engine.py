"""The engine with its real compute process: jobs, frames and stop. See test_kept_results.py and test_crashes.py too."""

import time
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import psutil
import pytest
from support import PATIENCE, until
from support.engines import HE, LONG, NET, ZEROS, finished, pid_of_worker

from inits.data.datasets import DATASETS, load
from inits.data.mnist import read_mnist
from inits.engine import Engine, worker, worker_plugin, worker_state
from inits.engine.worker_status import Status
from inits.errors import EngineError, ShapeError, SpecError
from inits.experiments.experiment import Experiment
from inits.initializers.spec import InitializerSpec
from inits.training.draw import examine
from inits.training.layers import build_model, versions
from inits.training.slot import Slots
from inits.training.starts import start_arrays
from inits.training.training import train

pytestmark = pytest.mark.keras

MANY = replace(LONG, seeds=tuple(range(20)))  # in both slots


def test_status_and_ports(engine, small_mnist):
    """It listens on this machine only, under TLS, and Dask's web server has no pages."""
    until(lambda: engine.status.ready)
    fingerprint = read_mnist(small_mnist).fingerprint
    assert engine.status == Status("ready", "mnist", images=640, fingerprint=fingerprint, versions=versions())
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    assert pid_of_worker(engine) in {process.pid for process in processes[1:]}
    found = [one for process in processes for one in process.net_connections("tcp")]
    assert {one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    scheduler = engine.connection._cluster.scheduler
    assert scheduler.address.startswith("tls://127.0.0.1:")
    for page in ("info/main/workers.html", "json/index.html", "metrics"):
        with pytest.raises(HTTPError, match="404") as caught:
            urlopen(f"http://127.0.0.1:{scheduler.http_server.port}/{page}", timeout=PATIENCE)
        caught.value.close()


def test_stand_in_replaces_missing_mnist_and_the_status_says_why(engine, small_mnist, tmp_path):
    def look(path: Path) -> None:
        engine.connection.broadcast(worker_state.set_local_files, {"mnist": path})
        engine.connection.find_data()
        until(lambda: engine.status.dataset is not None and engine.status.ready)

    until(lambda: engine.status.ready)
    try:
        look(tmp_path / "none.npz")
        assert (engine.status.dataset, engine.status.images) == ("digits", 12_000)
        assert "'none.npz' cannot be opened" in engine.status.why
        job = finished(engine.run(Experiment((HE,), NET, seeds=(77,))))
        assert "'none.npz' cannot be opened" in job.error
    finally:
        look(small_mnist)
    assert (engine.status.dataset, engine.status.why) == ("mnist", None)


def test_run_equals_training_in_this_process(engine, small_mnist):
    experiment = Experiment((HE, ZEROS), NET, seeds=(1, 2))
    job = engine.run(experiment)  # as scripts outside the project do
    assert job.over.wait(PATIENCE)
    assert (job.error, job.failed, job.stopped) == (None, False, False)
    data, runs = read_mnist(small_mnist), list(enumerate(experiment.runs))
    with Slots(1).borrow(runs[0][1], data) as slot:
        expected = train(runs, data, slot, lambda frame: None, lambda run: False)
    for ours, theirs in zip(job.records, expected, strict=True):
        assert (ours.run, ours.finished, len(ours.losses)) == (theirs.run, True, 20)
        assert ours.test_accuracy == pytest.approx(theirs.test_accuracy, abs=0.02)
        np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-5)
        assert [point.step for point in ours.checkpoints] == [point.step for point in theirs.checkpoints]
        assert ours.weights == ()  # they stay in the compute process


def test_equal_plans_share_one_job_and_repeat_the_same_bytes(engine):
    experiment = Experiment((HE,), NET, seeds=(5,))
    assert engine.find(experiment) is None
    job = engine.run(experiment)
    assert engine.run(Experiment.from_json(experiment.to_json())) is engine.find(experiment) is job
    finished(job)
    assert engine.run(experiment) is job
    assert engine.run(replace(experiment, seeds=(6,))) is not job
    engine.results._jobs.pop(experiment.key)
    again = finished(engine.run(experiment))
    assert again is not job
    assert list(map(bytes, again.records)) == list(map(bytes, job.records))


def test_fifty_sessions_share_one_job_and_the_last_one_stops_it(engine):
    """Frames arrive while it runs, and stay."""
    jobs = [engine.run(LONG, session=f"student {number}") for number in range(50)]
    job = jobs[0]
    assert all(one is job for one in jobs)
    job.wait_for_news(PATIENCE)
    early = job.records[0]
    assert early.done > 0
    assert not early.finished
    assert job.began is not None
    assert all(engine.leave(job, f"student {number}") for number in range(49))
    assert (job.stopping, job.over.is_set()) == (frozenset(), False)
    assert not engine.leave(job, "student 49")
    (record,) = finished(job).records
    assert (record.stopped, record.finished, job.stopped, job.error) == (True, False, True, None)
    assert early.done <= record.done < record.steps == record.images == 12_000
    np.testing.assert_array_equal(record.losses[: early.done], early.losses)
    assert record.checkpoints[-1].step == record.done
    assert engine.find(LONG) is job
    again = engine.run(LONG)
    assert again is not job
    engine.stop(again)
    finished(again)


def test_queue_serves_sessions_in_turn(engine, monkeypatch):
    """Jobs wait with a place, can be left, and do not begin once their session is gone."""
    monkeypatch.setattr(engine.scheduler, "present", lambda session: session != "gone")
    running = engine.run(MANY, session="ann")
    second = engine.run(replace(LONG, seeds=(30,)), session="ann")
    ben = engine.run(replace(LONG, seeds=(31,)), session="ben")
    assert engine.run(replace(LONG, seeds=(30,)), session="cam") is second
    gone = engine.run(replace(LONG, seeds=(7,)), session="gone")
    until(lambda: running.records[0].done > 0)
    places = [engine.scheduler.place(job) for job in (running, second, ben, gone)]
    assert places[0] is None
    assert [place.before for place in places[1:]] == [0, 1, 2]
    assert places[1].seconds > 0
    assert places[2].seconds > 0
    assert places[3].seconds > max(place.seconds for place in places[1:3])  # those two fill both slots
    assert engine.leave(second, "ann")  # it waits for cam, behind ben's now
    assert [engine.scheduler.place(job).before for job in (ben, second)] == [0, 1]
    assert not engine.leave(second, "cam")
    assert (second.over.is_set(), second.records[0].stopped, second.records[0].done) == (True, True, 0)
    engine.stop(running)
    finished(running)
    until(lambda: ben.records[0].done > 0)
    engine.stop(ben)
    finished(ben)
    assert finished(gone).records[0].stopped
    assert gone.records[0].done == 0


def test_network_beyond_the_limit_of_the_server_is_refused(engine, monkeypatch):
    monkeypatch.setattr(engine, "settings", replace(engine.settings, parameters=10_000))
    words = r"^A network on this server must have at most 10,000 parameters, but got 12,730"
    with pytest.raises(SpecError, match=words):
        engine.run(replace(LONG, seeds=(8,)))


def test_calls_return_results_and_explain_errors(engine):
    found = engine.call(examine, InitializerSpec("HeNormal"), (784, 10), 3, timeout=PATIENCE)
    assert found.summary == examine(InitializerSpec("HeNormal"), (784, 10), 3).summary
    with pytest.raises(ShapeError, match="Identity needs a shape of exactly two dimensions"):
        engine.call(examine, InitializerSpec("Identity"), (3,), 0)
    with pytest.raises(EngineError, match="ended unexpectedly"):
        engine.call(int, "many")
    with pytest.raises(EngineError, match=r"did not answer within 0\.01 s"):
        engine.call(time.sleep, 1.0, timeout=0.01)


def test_closing_leaves_no_process(engine):
    """Another engine; only what it starts counts, as other tests start and end processes meanwhile."""
    until(lambda: engine.status.ready)
    before = {child.pid for child in psutil.Process().children()}
    other = Engine(engine.settings)
    assert other.connection._started.wait(PATIENCE)
    new = [child for child in psutil.Process().children() if child.pid not in before]
    ours = [child for child in new if "resource_tracker" not in " ".join(child.cmdline())]
    ours += [below for child in ours for below in child.children(recursive=True)]
    assert pid_of_worker(other) in {child.pid for child in ours}
    other.close()
    assert psutil.wait_procs(ours, PATIENCE)[1] == []


def test_weights_file_has_the_weights_of_the_run(engine, small_mnist, tmp_path):
    (run,), data = Experiment((HE,), NET, seeds=(71,)).runs, read_mnist(small_mnist)
    with Slots(1).borrow(run, data) as slot:
        (record,) = train([(0, run)], data, slot, lambda frame: None, lambda run: False)
    for steps, expected in [(record.steps, record.weights), (0, start_arrays(HE, NET, 71))]:
        path = tmp_path / f"{steps}.weights.h5"
        path.write_bytes(engine.call(worker.weights_file, run, steps, timeout=PATIENCE))
        model = build_model(NET)
        model.load_weights(path)
        for ours, theirs in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


# The worker's functions in this process


@pytest.fixture
def reports() -> list[dict[str, object]]:
    return []


def test_worker_reports_its_dataset(tmp_path, small_mnist, monkeypatch, reports):
    monkeypatch.setattr(worker_state, "_local_files", {"mnist": small_mnist})
    data = worker_plugin.find_data(lambda **status: reports.append(status))
    assert data is load("mnist", small_mnist)
    assert reports == [
        {"phase": "data", "done": 0, "total": 0},
        {"dataset": "mnist", "images": 640, "fingerprint": data.fingerprint, "why": None},
    ]
    monkeypatch.setattr(worker_state, "_local_files", {"mnist": tmp_path / "none.npz"})
    data = worker_plugin.find_data(lambda **status: reports.append(status))
    assert (data.name, reports[3].pop("fingerprint")) == ("digits", DATASETS["digits"].fingerprint)
    assert "'none.npz' cannot be opened" in reports[3].pop("why")
    assert reports[3] == {"dataset": "digits", "images": 12_000}


def test_warm_up_that_fails_reports_why(monkeypatch, reports):
    monkeypatch.setattr(worker_plugin, "find_data", lambda report: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        worker_plugin.warm_up(lambda **status: reports.append(status), 1)
    failed = {"phase": "failed", "error": "ZeroDivisionError, see the log of the server"}
    assert reports == [{"phase": "keras"}, {"versions": versions()}, failed]


def test_old_stops_are_forgotten(monkeypatch):
    monkeypatch.setattr(worker_state, "_stopped", worker_state._stopped.copy())
    worker_state.stop_runs("old", [0])
    worker_state.stop_runs("new", list(range(10_000)))
    assert len(worker_state._stopped) == 10_000
    assert not worker_state.is_stopped("old", 0)
    assert worker_state.is_stopped("new", 9_999)
