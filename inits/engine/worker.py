"""Functions that pages call in the compute process, by `Engine.call`. Keras is imported there, on the first call."""

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from inits.data.dataset import batches, pixels
from inits.engine.worker_state import compiled_slots, load, long_call, memory_errors_explained
from inits.experiments.experiment import Run, Start
from inits.experiments.network import Network
from inits.experiments.record import InitialArrays
from inits.measure.examination import SmallHistogram, small_histogram
from inits.measure.signal_measurement import Measurement
from inits.seeds import derive_seed
from inits.theory.signal_theory import InputStatistics

if TYPE_CHECKING:
    from inits.theory.trainability import FirstPass
    from inits.training.propagation import Batch

PASS_IMAGES = 512  # of the pass before a training
PASS_SECONDS = 120.0  # a timeout for passes through the largest network with the largest batch

_reading = threading.Lock()


def weights_file(run: Run, steps: int, arrays: InitialArrays = ()) -> bytes:
    """Return the weights of a run after some steps as the bytes of a `.weights.h5` file.

    Args:
        run: is trained again.
        steps: 0 for its first weights.
        arrays: as `inits.engine.array_sources` makes them; () if Keras draws all.
    """
    from inits.training import layers
    from inits.training.training import weights_after

    data = load(run.dataset)
    with memory_errors_explained(), compiled_slots().borrow(run, data) as slot:
        weights = weights_after(run, steps, data, slot, arrays)
    return layers.weights_file(run.network, weights)


def first_kernel(run: Run) -> SmallHistogram:
    """Return a histogram of the first kernel of a run that begins with LSUV."""
    from inits.training.beginning import first_scaled

    return small_histogram(first_scaled(run, load(run.dataset)))


def signal_inputs(dataset: str, images: int, seed: int) -> InputStatistics:
    """Return what theory needs to know of a batch: `images` of a dataset, chosen by `seed`."""
    return _batch(dataset, images, seed).inputs


def signal(
    start: Start,
    network: Network,
    seeds: Sequence[int],
    arrays: Sequence[InitialArrays],
    batch: tuple[str, int, int],
) -> list[Measurement]:
    """Measure how a start passes a batch through a network, once for each seed.

    Args:
        start: where the weights begin.
        network: the network.
        seeds: of the weights.
        arrays: for each seed, see `inits.training.propagation.arrays_of`.
        batch: dataset, number of images, and the seed that chooses them.
    """
    from inits.training.propagation import propagate

    with long_call():
        images = _batch(*batch)
        return [
            propagate(start, network, seed, images, initial)
            for seed, initial in zip(seeds, arrays, strict=True)
        ]


def first_pass(run: Run, arrays: InitialArrays = ()) -> "FirstPass":
    """Measure one pass forward and back over the first images of a run, before it is trained."""
    from inits.training import pretrain_probe

    with long_call():
        return pretrain_probe.first_pass(run, _batch(run.dataset, PASS_IMAGES, run.seed), arrays)


def _batch(dataset: str, images: int, seed: int) -> "Batch":
    """Return the first batch of a training with this seed and batch size. Read once for concurrent calls."""
    with _reading:
        return _read_batch(dataset, images, seed)


@lru_cache(maxsize=8)
def _read_batch(dataset: str, images: int, seed: int) -> "Batch":
    from inits.training.propagation import Batch

    data = load(dataset)
    row = batches(len(data.x_train), images, derive_seed(seed, "batches"))[0]
    chosen = row[row >= 0]
    return Batch.of(pixels(data.x_train[chosen]), data.y_train[chosen].astype(np.int32))
