"""A Dask cluster on this computer: one compute process that runs several trainings at once."""

from __future__ import annotations

import logging
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import LocalCluster

DASK = {
    "distributed.scheduler.allowed-failures": 0,  # the engine decides whether a run is repeated
    # By default a nanny whose worker is not back 15 s after it died is closed permanently, and no run works any more.
    "distributed.deploy.lost-worker-timeout": "1000 days",
    "distributed.admin.low-level-log-length": 100,
    "distributed.admin.system-monitor.log-length": 100,
    "distributed.scheduler.http.routes": [],  # Dask always opens a web server; ours has no pages
    "distributed.worker.http.routes": [],
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.nanny.pre-spawn-environ": {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # Runs share the cores, not the steps of one run: batches of 32 are too small to be split. (Two threads took
        # between 0.27 s and 0.65 s an epoch, one thread 0.34 s.)
        "TF_NUM_INTRAOP_THREADS": "1",
        # Without this flag XLA hands the parts of a step to that one thread, and two slots take turns.
        "XLA_FLAGS": "--xla_cpu_enable_concurrency_optimized_scheduler=false",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    },
}
"""Settings of Dask. They stay set: Dask reads some of them only when a worker dies."""


def start(cores: int) -> LocalCluster:
    """Start one worker process that trains up to `cores` runs at once and listens on this computer only."""
    from distributed import LocalCluster, Security

    return LocalCluster(
        n_workers=1,
        threads_per_worker=cores + 2,  # draws never wait behind trainings
        resources={"training": cores},
        host="127.0.0.1",
        protocol="tls://",
        security=Security.temporary(),
        # A free port: Dask's default is 8787, with a warning when that is taken.
        scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        memory_limit=None,
        silence_logs=logging.ERROR,
    )


def kill(cluster: LocalCluster) -> None:
    """End the worker process at once. Nothing is lost: all results are in this process."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid:
            os.kill(nanny.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
