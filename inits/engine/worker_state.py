"""The state of one compute process: local files of datasets, compiled networks, stopped runs; limits on memory."""

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from inits.data import datasets
from inits.data.dataset import Dataset
from inits.data.downloads import Progress, no_progress
from inits.errors import EngineError
from inits.settings import read

if TYPE_CHECKING:
    from inits.training.slot import Slots

log = logging.getLogger(__name__)

MAX_STOPPED = 10_000  # runs that are remembered as stopped
OUT_OF_MEMORY = (
    "This computer has too little free memory for this network. Use fewer or narrower layers, or try again when "
    "other trainings are over."
)

_local_files: Mapping[str, Path] = {}
_slots: "Slots | None" = None
_stopped: OrderedDict[tuple[str, int], None] = OrderedDict()
_slots_lock = threading.RLock()
_cores = threading.Semaphore(os.cpu_count() or 1)


def set_local_files(files: Mapping[str, Path]) -> None:
    """Set the local files of datasets, by name; if there are none, this process' own settings name them."""
    global _local_files  # noqa: PLW0603  one per process
    _local_files = files


def load(name: str, progress: Progress = no_progress) -> Dataset:
    """Load a dataset, from its local file if it has one. Raises DataError if it cannot be loaded."""
    files = _local_files or datasets.local_files(read())
    return datasets.load(name, files.get(name), progress)


def compiled_slots(cores: int | None = None) -> "Slots":
    """Return the compiled networks of this process; `cores` is the number of trainings at once, on the first call."""
    global _slots  # noqa: PLW0603  one per process, as the compiled models are
    with _slots_lock:
        if _slots is None:
            from inits.training.slot import Slots

            _slots = Slots(keep=3 * (cores or os.cpu_count() or 1))
        return _slots


def stop_runs(job: str, runs: list[int]) -> None:
    """Let runs of a job end at their next frame, or a download (run 0) at its next report.

    Called outside the queue of tasks, on every worker.
    """
    for run in runs:
        _stopped[job, run] = None
    while len(_stopped) > MAX_STOPPED:
        _stopped.popitem(last=False)


def is_stopped(job: str, run: int) -> bool:
    """Return True if a run was stopped."""
    return (job, run) in _stopped


@contextmanager
def memory_errors_explained() -> Iterator[None]:
    """Raise EngineError where memory does not suffice. TensorFlow frees what it had."""
    from inits.training.layers import TOO_LARGE

    try:
        yield
    except TOO_LARGE:
        log.exception("Not enough memory")
        raise EngineError(OUT_OF_MEMORY) from None


@contextmanager
def long_call() -> Iterator[None]:
    """Leave Dask's threads to short calls, and run as many long ones at once as there are cores."""
    from distributed import secede

    secede()
    with memory_errors_explained(), _cores:
        yield
