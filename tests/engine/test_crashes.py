"""What happens when the compute process dies or has too little memory."""

import os
import signal
import threading
from contextlib import suppress
from dataclasses import replace

import dask
import psutil
import pytest
import tensorflow as tf
from dask.utils import parse_timedelta
from support import PATIENCE, until
from support.engines import HE, LONG, NET, finished, pid_of_worker
from support.served_applications import KEPT, served, whole

from inits.engine.dispatch import CRASHED
from inits.engine.worker_state import OUT_OF_MEMORY, memory_errors_explained
from inits.errors import EngineError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec

pytestmark = pytest.mark.keras


@pytest.mark.parametrize(
    "error", [MemoryError(), tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")]
)
def test_memory_errors_are_explained(error):
    with pytest.raises(EngineError, match="too little free memory"), memory_errors_explained():
        raise error


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_AS"), reason="needs a limit on another process")
def test_memory_limit_is_reported_and_the_next_run_works(engine):
    until(lambda: engine.status.ready)
    process = psutil.Process(pid_of_worker(engine))
    before = process.rlimit(psutil.RLIMIT_AS)
    process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms + 40_000_000, before[1]))
    try:
        large = Experiment((HE,), Network((1024,) * 20), dataset="digits")
        error = finished(engine.run(large)).error
        assert error in (OUT_OF_MEMORY, CRASHED)  # depending on whether Python or C++ lacks memory
    finally:
        with suppress(psutil.NoSuchProcess):
            process.rlimit(psutil.RLIMIT_AS, before)
    assert finished(engine.run(Experiment((HE,), NET, seeds=(19,)))).records[0].finished


def test_death_ends_jobs_and_downloads_and_the_next_ones_work(engine, tmp_path):
    """Also a download at once, while the new process imports Keras in another thread."""
    until(lambda: engine.status.ready)
    before = pid_of_worker(engine)
    asked, over = threading.Event(), threading.Event()

    def stall(to: object) -> None:
        asked.set()
        over.wait(PATIENCE)

    experiment = replace(LONG, starts=(HE, Start(InitializerSpec("GlorotNormal"))))
    with served(engine, stall, "dies"):
        try:
            fetch = engine.fetches.fetch("VGG16", tmp_path / "into")
            assert asked.wait(PATIENCE)
            job = engine.run(experiment)
            job.wait_for_news(PATIENCE)
            os.kill(before, signal.SIGKILL)
            assert finished(job).error == CRASHED
            assert fetch.done.wait(PATIENCE)
        finally:
            over.set()
    assert fetch.error == "The compute process ended before VGG16 was complete. Try again."
    assert (fetch.path, list(fetch.into.glob("*"))) == (None, [])
    assert job.failed
    assert any(record.done for record in job.records)
    assert not any(record.finished for record in job.records)

    with served(engine, whole, "again"):
        fetch = engine.fetches.fetch("VGG16", tmp_path / "into")
        again = engine.run(experiment)
        assert again is not job
        again.wait_for_news(PATIENCE)
        assert any(record.done for record in again.records)
        engine.stop(again)
        assert fetch.done.wait(PATIENCE)
        assert fetch.path.read_bytes() == KEPT
    assert pid_of_worker(engine) != before
    assert finished(again).error is None


def test_worker_that_comes_back_late_is_still_expected(engine):
    """Dask reads this setting when a worker has died, long after the engine was made, and closes its nanny then."""
    assert engine.connection.client(PATIENCE)
    assert parse_timedelta(dask.config.get("distributed.deploy.lost-worker-timeout")) > 86_400
