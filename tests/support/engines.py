"""Helpers for tests of the engine with a real compute process."""

import os

from inits.engine.engine import Engine
from inits.engine.jobs import Job
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec
from support import PATIENCE

HE = Start(InitializerSpec("HeNormal"))
ZEROS = Start(InitializerSpec("Zeros"))
NET = Network((16,))
LONG = Experiment((HE,), NET, batch_size=1, dataset="digits")  # 12,000 steps


def finished(job: Job) -> Job:
    """Wait for the end of a job."""
    assert job.over.wait(PATIENCE)
    return job


def pid_of_worker(engine: Engine) -> int:
    """Return the process id of the engine's worker, once it is there."""
    (pid,) = engine.connection.client(PATIENCE).run(os.getpid).values()
    return pid
