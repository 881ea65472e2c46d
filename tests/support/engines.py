"""Helpers for tests of the engine with a real compute process."""

import os
import time
from collections.abc import Callable

from inits.engine.engine import Engine
from inits.engine.jobs import Job
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec

PATIENCE = 180.0  # seconds after which something is broken
HE = Start(InitializerSpec("HeNormal"))
ZEROS = Start(InitializerSpec("Zeros"))
NET = Network((16,))
LONG = Experiment((HE,), NET, batch_size=1, dataset="digits")  # 12,000 steps


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that becomes true unless the code is broken."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def finished(job: Job) -> Job:
    """Wait for the end of a job."""
    assert job.over.wait(PATIENCE)
    return job


def pid_of_worker(engine: Engine) -> int:
    """Return the process id of the engine's worker, once it is there."""
    (pid,) = engine.connection.client(PATIENCE).run(os.getpid).values()
    return pid
