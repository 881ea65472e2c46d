"""What runs in the compute process. Keras is imported at first use there, never with this module."""

import logging
import os
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from distributed import Worker, WorkerPlugin, get_worker, secede

from inits.data import datasets
from inits.data.datasets import Dataset, batches, pixels
from inits.data.downloads import Progress, no_progress
from inits.engine.cluster import Software, difference, software
from inits.errors import DataError, EngineError
from inits.experiments.experiment import Architecture, Experiment, Run, Start
from inits.experiments.record import Frame, Given, Record
from inits.initializers.spec import InitializerSpec
from inits.measure.examination import Sketch, sketch_drawn
from inits.measure.signal_measurement import Measurement
from inits.seeds import derive_seed
from inits.settings import read
from inits.theory.signal_theory import Inputs
from inits.weightfiles import applications

if TYPE_CHECKING:
    from inits.theory.trainability import Glimpse
    from inits.training.propagation import Batch
    from inits.training.training import Slots

log = logging.getLogger(__name__)
Tell = Callable[..., None]
GLIMPSED = 512  # images of the pass before a training
NO_MEMORY = (
    "This computer has too little memory left for this network. Use fewer or narrower layers, or try again when "
    "others are done."
)

_once, _reading = threading.RLock(), threading.Lock()
_cores = threading.Semaphore(os.cpu_count() or 1)
_slots: "Slots | None" = None
_told: dict[str, Any] = {}
_stopped: OrderedDict[tuple[str, int], None] = OrderedDict()
_asked: OrderedDict[str, int] = OrderedDict()
(WARM,) = Experiment(starts=(Start(InitializerSpec.parse("glorot_uniform")),)).runs


class WarmUp(WorkerPlugin):  # type: ignore[misc]
    """Makes every worker ready in the background: Keras imported, data read, the default network compiled.

    Every web server of a cluster registers it: a worker that is warm already only tells so again. One whose
    software differs from `wanted` leaves the cluster.
    """

    name = "inits-warm-up"

    def __init__(self, topic: str, local: Path | None, wanted: Software):
        self.topic, self.local, self.wanted = topic, local, wanted

    def setup(self, worker: Worker) -> None:
        if wrong := difference(self.wanted, software()):
            log.error("This worker %s. It leaves the cluster.", wrong)
            worker.loop.add_callback(worker.close, nanny=True, reason="other versions")
            return
        if hasattr(os, "setpriority"):  # not on Windows
            os.setpriority(os.PRIO_PROCESS, 0, 10)  # pages go before trainings where cores are few
        slots = int(worker.state.total_resources.get("training", 0))
        tell = _teller(worker, self.topic)
        if _told.get("phase", "failed") != "failed":
            tell(**_told)
            return
        tell(slots=slots, phase="starting")
        threading.Thread(target=warm_up, args=(tell, self.local, slots or 1), daemon=True).start()


def _teller(worker: Worker, topic: str) -> Tell:
    """What this worker is doing, told to all web servers, and kept for those that come later."""

    def tell(**status: Any) -> None:
        _told.update(status)
        worker.log_event(topic, {"status": status, "worker": worker.address})

    return tell


def warm_up(tell: Tell, local: Path | None, cores: int) -> None:
    """Tell each phase as it begins: keras, data, compiling, ready; or failed, with the reason."""
    try:
        tell(phase="keras")
        slots = _get_slots(cores)
        from inits.training.layers import versions

        tell(versions=versions())
        data = find_data(tell, local)
        tell(phase="compiling")
        slots.warm(WARM, data)
        tell(phase="ready")
    except Exception as error:
        tell(phase="failed", error=f"{type(error).__name__}: {error}")
        raise


def find_data(tell: Tell, local: Path | None) -> Dataset:
    """MNIST where it can be had, else the stand-in; tells which, and why."""
    tell(phase="data", done=0, total=0)
    try:
        data = _load("mnist", local, lambda done, total: tell(phase="data", done=done, total=total))
        tell(dataset=data.name, images=len(data.x_train), fingerprint=data.fingerprint, why=None)
    except DataError as error:
        data = _load("digits", local)
        tell(dataset=data.name, images=len(data.x_train), fingerprint=data.fingerprint, why=str(error))
    return data


def look_for_data(topic: str, local: Path | None) -> None:
    """Try again to get MNIST, and tell."""
    tell = _teller(get_worker(), topic)
    find_data(tell, local)
    tell(phase="ready")


def _load(name: str, local: Path | None, progress: Progress = no_progress) -> Dataset:
    """A dataset; MNIST from `local`, else from where this worker's own setting says."""
    return datasets.load(name, local or (read().mnist if name == "mnist" else None), progress)


def _get_slots(cores: int | None = None) -> "Slots":
    global _slots  # noqa: PLW0603  one per process, as the compiled models are
    with _once:
        if _slots is None:
            from inits.training.training import Slots

            _slots = Slots(keep=3 * (cores or os.cpu_count() or 1))
        return _slots


def train_runs(
    runs: list[tuple[int, Run]],
    given: Mapping[int, Given],
    live: bool,
    at_once: int,
    job: str,
    lane: str,
    topic: str,
    local: Path | None,
) -> list[Record]:
    """Train runs of one network in one slot; tell the record of each run that is over, and if live every frame.

    `lane` is the key of the task, which is told when it begins.

    `given` has the arrays of runs that begin with pasted code or a file, by number. Weights stay here: `weights_file`
    makes them again.
    """
    from inits.training.training import train

    worker = get_worker()

    def stopped(number: int) -> bool:
        return (job, number) in _stopped

    voice = Voice(lambda **news: worker.log_event(topic, {"job": job, **news}), job, lane, live)
    if all(stopped(number) for number, _ in runs):
        return [Record(number, stopped=True) for number, _ in runs]
    first = runs[0][1]
    with _within_memory():
        data = _load(first.dataset, local)
        with _get_slots().borrow(first, data) as slot:
            return train(runs, data, slot, voice.frame, stopped, voice.record, at_once, given)


class Voice:
    """What a lane tells: that it begins, frames, records; and all of it again for a web server that comes later."""

    def __init__(self, tell: Tell, job: str, lane: str, live: bool):
        self._tell, self._job, self._lane, self._live = tell, job, lane, live
        self._frames: dict[int, list[Frame]] = {}  # of runs that are not over
        self._records: list[Record] = []
        self._asked = _asked.get(job, 0)
        tell(lane=lane)

    def frame(self, frame: Frame) -> None:
        self._again()
        if self._live:
            before = self._frames.setdefault(frame.run, [])
            self._tell(frames=pickle.dumps([frame]), at=len(before))
            before.append(frame)

    def record(self, record: Record) -> None:
        self._again()
        record.weights = ()
        self._frames.pop(record.run, None)
        self._records.append(record)
        self._tell(record=pickle.dumps(record))

    def _again(self) -> None:
        asked = _asked.get(self._job, 0)
        if asked == self._asked:
            return
        self._asked = asked
        self._tell(lane=self._lane)
        for record in self._records:
            self._tell(record=pickle.dumps(record))
        for frames in self._frames.values():
            self._tell(frames=pickle.dumps(frames), at=0)


def tell_again(job: str) -> None:
    """Lanes of a job tell all that they told before, at their next frame. Called outside the queue, on every worker."""
    _asked[job] = _asked.get(job, 0) + 1
    while len(_asked) > 1000:
        _asked.popitem(last=False)


def weights_file(run: Run, steps: int, local: Path | None, given: Given = ()) -> bytes:
    """The weights of a run after so many steps, as the bytes of a `.weights.h5` file."""
    from inits.training import layers
    from inits.training.training import weights_after

    data = _load(run.dataset, local)
    with _within_memory(), _get_slots().borrow(run, data) as slot:
        weights = weights_after(run, steps, data, slot, given)
    return layers.weights_file(run.architecture, weights)


def first_kernel(run: Run, local: Path | None) -> Sketch:
    """The first kernel of a run that begins with LSUV, as a card shows it."""
    from inits.training.training import first_scaled

    return sketch_drawn(first_scaled(run, _load(run.dataset, local)))


def signal_inputs(dataset: str, images: int, seed: int, local: Path | None) -> Inputs:
    """What theory needs to know of a batch."""
    return _batch(dataset, images, seed, local).inputs


def signal(
    start: Start,
    architecture: Architecture,
    seeds: Sequence[int],
    given: Sequence[Given],
    batch: tuple[str, int, int],
    local: Path | None,
) -> list[Measurement]:
    """What one start does to a batch, seed by seed.

    `given`: for each seed the arrays that were made elsewhere, see `inits.training.propagation.arrays_of`. `batch`: the
    data set, how many images, and the seed that they are chosen with.
    """
    from inits.training.propagation import propagate

    with _measuring():
        images = _batch(*batch, local)
        return [
            propagate(start, architecture, seed, images, mine)
            for seed, mine in zip(seeds, given, strict=True)
        ]


def glimpse(run: Run, given: Given, local: Path | None) -> "Glimpse":
    """What one pass over the images that a run would see first says of it."""
    from inits.training import pretrain_probe

    with _measuring():
        return pretrain_probe.glimpse(run, _batch(run.dataset, GLIMPSED, run.seed, local), given)


@contextmanager
def _measuring() -> Iterator[None]:
    """For what takes long: outside Dask's threads, as many at once as there are cores. So draws never wait for it."""
    secede()
    with _within_memory(), _cores:
        yield


@contextmanager
def _within_memory() -> Iterator[None]:
    """One sentence where memory does not suffice. TensorFlow gives back what it had."""
    from inits.training.layers import TOO_LARGE

    try:
        yield
    except TOO_LARGE:
        log.exception("Not enough memory")
        raise EngineError(NO_MEMORY) from None


def _batch(dataset: str, images: int, seed: int, local: Path | None) -> "Batch":
    """The first batch that a training with this seed and batch size would see. Several starts ask for it at once."""
    with _reading:
        return _read_batch(dataset, images, seed, local)


@lru_cache(maxsize=8)
def _read_batch(dataset: str, images: int, seed: int, local: Path | None) -> "Batch":
    from inits.training.propagation import Batch

    data = _load(dataset, local)
    row = batches(len(data.x_train), images, derive_seed(seed, "batches"))[0]
    chosen = row[row >= 0]
    return Batch.of(pixels(data.x_train[chosen]), data.y_train[chosen].astype(np.int32))


def stop_runs(job: str, runs: list[int]) -> None:
    """Runs of a job end at their next frame. Called outside the queue, on every worker."""
    for run in runs:
        _stopped[job, run] = None
    while len(_stopped) > 10_000:
        _stopped.popitem(last=False)


def fetch_application(name: str, fetch: str, topic: str) -> tuple[str, int]:
    """Have the weight file of an application in Keras' cache here, and tell progress until `stop_runs(fetch, [0])`.

    Returns this worker's address and the file's bytes.
    """
    secede()  # minutes of network leave the threads to those who compute
    worker = get_worker()

    def tell(done: int, total: int) -> None:
        if (fetch, 0) in _stopped:
            raise InterruptedError
        worker.log_event(topic, {"fetch": fetch, "progress": (done, total)})

    return worker.address, applications.fetch(name, tell).stat().st_size


def read_piece(name: str, offset: int, size: int) -> bytes:
    """Up to so many bytes of the weight file of an application. Raises DataError when there are none."""
    try:
        with applications.find(name).path.open("rb") as file:
            file.seek(offset)
            piece = file.read(size)
    except OSError:
        piece = b""
    if not piece:
        raise DataError(f"{name} was taken from Keras' cache while it was read. Ask for it again.")
    return piece
