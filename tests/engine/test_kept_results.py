"""Results of the real compute process that are kept on disk."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support import until
from support.engines import HE, LONG, NET, finished

from inits.engine import Engine
from inits.engine.store import Store
from inits.errors import EngineError
from inits.experiments.experiment import Experiment, Start
from inits.initializers.spec import InitializerSpec

pytestmark = pytest.mark.keras


@pytest.fixture
def cache(engine, tmp_path, monkeypatch):
    """The engine with a folder of results."""
    until(lambda: engine.status.ready)
    monkeypatch.setattr(engine.results, "store", Store(tmp_path, 10_000_000))
    return engine


def kept(engine: Engine, plan: Experiment, missing: int = 0) -> None:
    """Wait until results are on disk, and drop them from memory."""
    until(lambda: engine.results.missing(plan) == missing)
    engine.results._jobs.clear()


def test_results_on_disk_need_no_process_and_only_missing_runs_are_trained(cache, monkeypatch):
    one = Experiment((HE,), NET, seeds=(31, 32))
    assert cache.find(one) is None
    job = finished(cache.run(one))
    kept(cache, one)
    with monkeypatch.context() as patch:
        patch.setattr(cache.connection, "_client", None)
        again = cache.find(one)
        assert again is not job
        assert (again.over.is_set(), again.kept) == (True, {0, 1})
        assert list(map(bytes, again.records)) == list(map(bytes, job.records))
        assert cache.run(one) is cache.find(one) is again
        with pytest.raises(EngineError, match="is not available"):
            cache.run(replace(one, seeds=(33,)))
    for changed in ({"fingerprint": "another"}, {"versions": "keras 4"}, {"dataset": None}):
        with monkeypatch.context() as patch:
            patch.setattr(cache.connection, "status", replace(cache.status, **changed))
            assert cache.results.missing(one) == 2
    both = replace(one, starts=(Start(InitializerSpec("GlorotNormal")), HE))
    assert (cache.results.missing(both), cache.find(both)) == (2, None)
    more = finished(cache.run(both))
    assert more.kept == {1, 3}
    assert [bytes(more.records[run]) for run in (1, 3)] == list(map(bytes, job.records))
    assert [(record.run, record.finished) for record in more.records] == [(run, True) for run in range(4)]


@pytest.mark.parametrize("damage", [lambda data: b"damaged", lambda data: data[:-1000]], ids=["other", "cut"])
def test_damaged_result_is_trained_again_when_it_is_run(cache, tmp_path, damage):
    experiment = Experiment((HE,), NET, seeds=(35,))
    first = finished(cache.run(experiment))
    kept(cache, experiment)
    for path in tmp_path.iterdir():
        path.write_bytes(damage(path.read_bytes()))
    assert (cache.results.missing(experiment), cache.find(experiment)) == (0, None)
    assert len(cache.results._jobs) == 0  # looking trains nothing
    assert cache.results.missing(experiment) == 1
    again = finished(cache.run(experiment))
    assert again.kept == frozenset()
    assert bytes(again.records[0]) == bytes(first.records[0])
    kept(cache, experiment)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that not even root may write to")
def test_job_ends_well_where_nothing_can_be_written(cache, monkeypatch, caplog):
    monkeypatch.setattr(cache.results, "store", Store(Path("/proc/inits"), 10_000_000))
    job = finished(cache.run(Experiment((HE,), NET, seeds=(34,))))
    assert (job.error, job.records[0].finished) == (None, True)
    until(lambda: "A result was not kept in /proc/inits" in caplog.text)


def test_stopped_run_is_not_kept_but_the_others_are(cache, monkeypatch):
    """On disk, and without a cache in the next job of the plan."""
    plan = replace(LONG, starts=(HE, Start(InitializerSpec("Ones"))), batch_size=8, seeds=(51,))
    job = cache.run(plan)
    cache.stop(job, [])
    cache.stop(job, [0])
    assert job.stopping == {0}
    assert [(one.stopped, one.finished) for one in finished(job).records] == [(True, False), (False, True)]
    until(lambda: cache.results.missing(plan) == 1)
    for forget in (False, True):
        with monkeypatch.context() as patch:
            if forget:
                cache.results._jobs.clear()
            else:
                patch.setattr(cache.results.store, "limit", 0)
            again = cache.run(plan)
            cache.stop(again)
            assert (again is not job, again.kept) == (True, {1})
            assert bytes(finished(again).records[1]) == bytes(job.records[1])
