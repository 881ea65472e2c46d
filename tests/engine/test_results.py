"""Jobs in memory, keys of results, and engines that cannot start: all without a compute process."""

from dataclasses import replace

import numpy as np
import pytest
from support.engines import HE, LONG

from inits.data.datasets import DATASETS
from inits.engine import Engine, results
from inits.engine.connection import Connection
from inits.engine.jobs import Job
from inits.engine.worker_status import Status
from inits.errors import EngineError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.experiments.record import Record
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.settings import Settings


@pytest.fixture
def idle(tmp_path, monkeypatch):
    """An engine without a process, which keeps 3 jobs of 1,600 bytes in all."""
    monkeypatch.setattr(Connection, "_start", lambda self: None)
    monkeypatch.setattr(results, "MAX_JOBS", 3)
    monkeypatch.setattr(results, "MAX_BYTES", 1600)
    return Engine(Settings(cores=2, cache=tmp_path, cache_mb=0))


def put(engine: Engine, name: str, steps: int = 50, over: bool = True) -> None:
    """Add a job that holds 8 bytes a step."""
    job = Job(replace(LONG, seeds=(ord(name),)), name)
    job.add_final([Record(0, losses=np.zeros(steps, np.float32))])
    if over:
        job.over.set()
    engine.results.add(job)
    engine.results.trim()


def names(engine: Engine) -> str:
    return "".join(job.name for job in engine.results._jobs.values())


def test_oldest_jobs_that_are_over_are_dropped_first(idle):
    for name in "abcd":
        put(idle, name)
    assert names(idle) == "bcd"
    put(idle, "b")  # again: the newest
    assert names(idle) == "cdb"
    put(idle, "e", steps=150)
    assert names(idle) == "be"
    put(idle, "f", steps=1000)  # the newest stays, however large
    assert names(idle) == "f"
    for name in "ghij":
        put(idle, name, over=False)
    for name in "klmn":
        put(idle, name)
    assert names(idle) == "ghijlmn"


def test_engine_that_cannot_start_reports_why(tmp_path, monkeypatch):
    monkeypatch.setattr(Connection, "_connect", lambda self: 1 / 0)
    engine, why = Engine(Settings(cores=2, cache=tmp_path)), "ZeroDivisionError, see the log of the server"
    with pytest.raises(EngineError, match=rf"is not available: {why}\. Restart"):
        engine.call(int, "1")
    assert (engine.status.phase, engine.status.error) == ("failed", why)
    engine.close()


def test_engine_that_starts_slowly_reports_it(idle):
    with pytest.raises(EngineError, match=r"did not start within 0\.01 s"):
        idle.call(int, "1", timeout=0.01)


def test_stand_in_replaces_mnist_only_where_mnist_was_chosen():
    unknown, found = Status(), Status("ready", "mnist", 60_000)
    missing = Status("ready", "digits", 12_000)
    assert [one.dataset_for("mnist") for one in (unknown, found, missing)] == [None, "mnist", "digits"]
    assert [one.dataset_for("digits") for one in (unknown, found, missing)] == ["digits"] * 3
    assert [one.images_of("digits") for one in (unknown, found, missing)] == [12_000] * 3
    assert (unknown.images_of("mnist"), found.images_of("mnist")) == (0, 60_000)


VERSIONS = "keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6"
CODE = PastedSpec("mine", "def mine(shape):\n    return np.zeros(shape)")
KEYS = {
    "d6c5f4b383cdcd7d": Experiment((HE,)),
    "3053abcc69e53b77": Experiment(
        (HE,), Network((16, 8), "tanh"), OptimizerSpec("Adam"), 256, (7,), "digits"
    ),
    "94692c4fa3726f22": Experiment((Start(InitializerSpec.parse("random_normal(stddev=0.1)")),)),
    "121c6c274352a7ff": Experiment((Start(CODE),)),
}


@pytest.mark.parametrize(("key", "plan"), KEYS.items(), ids=KEYS)
def test_keys_of_results_are_those_of_earlier_versions(idle, key, plan):
    """A changed key would leave all results on disk unused."""
    idle.connection.status = Status("ready", "mnist", 60_000, DATASETS["mnist"].fingerprint, VERSIONS)
    assert idle.results.key(plan.runs[0]).startswith(key)


def test_keys_need_known_data_and_versions(idle):
    (run,), (digits,) = KEYS["d6c5f4b383cdcd7d"].runs, KEYS["3053abcc69e53b77"].runs
    assert (idle.results.key(run), idle.results.key(digits)) == (None, None)
    idle.connection.status = Status("ready", "digits", 12_000, "1234", VERSIONS)
    assert idle.results.key(run) is None
    assert idle.results.key(digits) is not None
