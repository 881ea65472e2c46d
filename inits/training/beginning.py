"""What a run begins with: the arrays of its start and the order of its batches. Imports Keras."""

import numpy as np
from numpy.typing import NDArray

from inits.data.dataset import Dataset, batches, pixels
from inits.experiments.experiment import Run
from inits.experiments.network import Network
from inits.experiments.record import FloatArray, InitialArrays
from inits.experiments.weight_source import LsuvSpec
from inits.seeds import derive_seed
from inits.training.lsuv import lsuv
from inits.training.starts import draw_biases, start_arrays


def beginning(
    run: Run, data: Dataset, initial: InitialArrays = ()
) -> tuple[list[FloatArray], tuple[float, ...]]:
    """Return the kernels and biases, in turn, that a run begins with, and the factors of LSUV if that is its start.

    Raises what `inits.training.starts.draw` and `inits.training.lsuv.lsuv` raise.
    """
    if not isinstance(run.start.kernel, LsuvSpec):
        return start_arrays(run.start, run.network, run.seed, initial), ()
    biases = draw_biases(run.start.bias, run.network, run.seed)
    found, factors = lsuv(run.network, run.seed, biases, first_batch(run, data))
    return [array for pair in zip(found, biases, strict=True) for array in pair], tuple(factors)


def first_scaled(run: Run, data: Dataset) -> FloatArray:
    """Return the first kernel of a run that begins with LSUV; it depends on no other layer. Raises as `lsuv` does."""
    net = run.network
    shallow = Network((), net.activation, net.inputs, (*net.hidden, net.outputs)[0])
    biases = draw_biases(run.start.bias, shallow, run.seed)
    return lsuv(shallow, run.seed, biases, first_batch(run, data))[0][0]


def first_batch(run: Run, data: Dataset) -> FloatArray:
    """Return the first batch of images of a run, float32 (batch, inputs) in [0, 1]."""
    row = order_of(run, data)[0]
    return pixels(data.x_train[row[row >= 0]])


def order_of(run: Run, data: Dataset) -> NDArray[np.int32]:
    """Return the batches of a run's epoch: the same for every start and network with its seed and batch size."""
    return batches(len(data.x_train), run.batch_size, derive_seed(run.seed, "batches"))
