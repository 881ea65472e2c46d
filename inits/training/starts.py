"""Initializers to weights, drawn by the real Keras classes. Imports Keras: never for the web process."""

import keras
import numpy as np
from numpy.typing import NDArray

from inits.errors import InitsError, SpecError
from inits.experiments.experiment import Start
from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network
from inits.experiments.record import InitialArrays
from inits.initializers.spec import InitializerSpec
from inits.seeds import derive_seed
from inits.text import plain, shown

LARGEST_SEED = 2**32 - 1


def draw(spec: InitializerSpec, shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Draw weights of `shape` with Keras and `seed`, float32.

    Keras takes seeds modulo 2**31 - 2. Initializers that draw nothing ignore the seed.

    Raises:
        ShapeError: if the initializer cannot fill the shape.
        SpecError: if the seed is not a whole number from 0 to 2**32 - 1.
        InitsError: if a weight is not finite.
    """
    dimensions = spec.check_shape(shape)
    number = plain(seed)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= LARGEST_SEED:
        raise SpecError(f"seed must be a whole number from 0 to {LARGEST_SEED}, but got {shown(seed)}.")
    arguments = {name: list(value) if isinstance(value, tuple) else value for name, value in spec.arguments}
    if spec.random:
        arguments["seed"] = number
    initializer = getattr(keras.initializers, spec.name)(**arguments)
    values = np.array(initializer(dimensions, dtype="float32"), np.float32)
    return finite(values, str(spec))


def finite(values: NDArray[np.float32], source: str) -> NDArray[np.float32]:
    """Return the values. Raises InitsError if some are NaN or infinite."""
    if not np.isfinite(values).all():
        count = int(np.count_nonzero(~np.isfinite(values)))
        raise InitsError(f"Weights must be finite, but got {count:,} NaN or infinite ones from {source}.")
    return values


def start_arrays(
    start: Start, network: Network, seed: int, initial: InitialArrays = ()
) -> list[NDArray[np.float32]]:
    """Return kernel (fan_in, fan_out) and bias (fan_out,) of every layer in turn, each with its own derived seed.

    `initial`: arrays from pasted code or a file. Raises what `draw` raises.
    """
    initial = initial or [None] * 2 * len(network.kernel_shapes)
    biases = draw_biases(start.bias, network, seed)
    arrays = []
    for layer, shape in enumerate(network.kernel_shapes):
        kernel, bias = initial[2 * layer : 2 * layer + 2]
        if kernel is None:
            kernel = draw(_drawn_by(start), shape, derive_seed(seed, "kernel", layer))
        arrays += [
            finite(kernel, start.kernel.label),
            biases[layer] if bias is None else finite(bias, start.kernel.label),
        ]
    return arrays


def _drawn_by(start: Start) -> InitializerSpec:
    """Return the initializer of the kernels that are not in the initial arrays."""
    kernel = start.kernel.rest if isinstance(start.kernel, FileSpec) else start.kernel
    assert isinstance(kernel, InitializerSpec), "pasted code is drawn in the jail, before this"
    return kernel


def draw_biases(bias: InitializerSpec, network: Network, seed: int) -> list[NDArray[np.float32]]:
    """Return the bias (fan_out,) of every layer, each with its own derived seed. Raises what `draw` raises."""
    shapes = [shape[1:] for shape in network.kernel_shapes]
    return [draw(bias, shape, derive_seed(seed, "bias", layer)) for layer, shape in enumerate(shapes)]
