"""Preparation of a worker: import Keras, load data, compile the default network, and report each step."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

from inits import logs
from inits.data.dataset import Dataset
from inits.data.datasets import DATASETS, DEFAULT
from inits.engine.cluster import Software, difference, software
from inits.engine.worker_state import compiled_slots, load, set_local_files
from inits.errors import DataError, unexpected
from inits.experiments.experiment import Experiment, Start
from inits.initializers.spec import InitializerSpec

log = logging.getLogger(__name__)

Report = Callable[..., None]
_status: dict[str, Any] = {}  # as last reported by this process
(DEFAULT_RUN,) = Experiment(starts=(Start(InitializerSpec.parse("glorot_uniform")),)).runs


class WarmUp(WorkerPlugin):  # type: ignore[misc]
    """Prepares every worker in the background.

    Every web server of a cluster registers it: a worker that is ready only reports that again.

    Args:
        topic: of the reports.
        files: local files of datasets, by name; if there are none, the worker's own settings name them.
        required: versions that the worker must have; a worker with others leaves the cluster.
    """

    name = "inits-warm-up"

    def __init__(self, topic: str, files: Mapping[str, Path], required: Software):
        self.topic, self.files, self.required = topic, files, required

    def setup(self, worker: Worker) -> None:
        """Begin to prepare a worker; called by Dask when it starts."""
        if wrong := difference(self.required, software()):
            log.error("This worker %s. It leaves the cluster.", wrong)
            worker.loop.add_callback(worker.close, nanny=True, reason="other versions")
            return
        logs.hide_texts()
        set_local_files(self.files)
        if hasattr(os, "setpriority"):  # not on Windows
            os.setpriority(os.PRIO_PROCESS, 0, 10)  # pages go before trainings where cores are few
        slots = int(worker.state.total_resources.get("training", 0))
        report = _reporter(worker, self.topic)
        if _status.get("phase", "failed") != "failed":
            report(**_status)
            return
        report(slots=slots, phase="starting")
        threading.Thread(target=warm_up, args=(report, slots or 1), daemon=True).start()


def _reporter(worker: Worker, topic: str) -> Report:
    """Return a function that reports changes of this worker's status to all web servers."""

    def report(**status: Any) -> None:
        _status.update(status)
        worker.log_event(topic, {"status": status, "worker": worker.address})

    return report


def warm_up(report: Report, cores: int) -> None:
    """Report each phase as it begins: keras, data, compiling, ready; or failed, with the error."""
    try:
        report(phase="keras")
        slots = compiled_slots(cores)
        from inits.training.layers import versions

        report(versions=versions())
        data = find_data(report)
        report(phase="compiling")
        slots.warm(DEFAULT_RUN, data)
        report(phase="ready")
    except Exception as error:
        report(phase="failed", error=unexpected(error))
        raise


def find_data(report: Report) -> Dataset:
    """Load the default dataset, or its stand-in if that fails; report which one, and why."""
    report(phase="data", done=0, total=0)
    why = None
    try:
        data = load(DEFAULT, lambda done, total: report(phase="data", done=done, total=total))
    except DataError as error:
        data, why = load(DATASETS[DEFAULT].fallback), str(error)
    report(dataset=data.name, images=len(data.x_train), fingerprint=data.fingerprint, why=why)
    return data


def reload_data(topic: str) -> None:
    """Try again to load the default dataset."""
    report = _reporter(get_worker(), topic)
    find_data(report)
    report(phase="ready")
