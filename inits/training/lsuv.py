"""Layer-sequential unit variance: a start that looks at the data. Imports Keras: never for the web process."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from inits.errors import InitsError
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec
from inits.seeds import derive_seed
from inits.training.starts import draw

FloatArray = NDArray[np.float32]

TOLERANCE, TRIES = 0.1, 10
ORTHONORMAL = InitializerSpec("Orthogonal")


def lsuv(
    network: Network, seed: int, biases: Sequence[FloatArray], images: FloatArray
) -> tuple[list[FloatArray], list[float]]:
    """Return kernels float32 (fan_in, fan_out) with pre-activations of variance 1 on a batch, and each layer's factor.

    Every kernel begins orthonormal; then, layer by layer, W <- W / sqrt(Var(x W + b)) until |Var - 1| <= 0.1, at most
    10 times, the output layer included. The factor is what the orthonormal kernel was multiplied with.
    Mishkin & Matas 2016, https://arxiv.org/abs/1511.06422.

    Args:
        biases: float32 (fan_out,) of every layer.
        images: float32 (batch, inputs), the first batch of the run.

    Raises:
        InitsError: when a layer's pre-activations do not vary on the batch, so that no factor gives them variance 1.
    """
    activation = keras.activations.get(network.activation)
    kernels, factors, signal = [], [], np.asarray(images, np.float32)
    for layer, (shape, bias) in enumerate(zip(network.kernel_shapes, biases, strict=True)):
        first = draw(ORTHONORMAL, shape, derive_seed(seed, "kernel", layer))
        kernel, factor, before = _scaled(first, bias, signal, network.layer_names[layer])
        kernels.append(kernel)
        factors.append(factor)
        signal = keras.ops.convert_to_numpy(activation(before))
    return kernels, factors


def _scaled(
    kernel: FloatArray, bias: FloatArray, signal: FloatArray, name: str
) -> tuple[FloatArray, float, FloatArray]:
    """Return the kernel with its factor, and its pre-activations."""
    factor = 1.0
    for _ in range(TRIES):
        before = signal @ (kernel * np.float32(factor)) + bias
        variance = float(before.var(dtype=np.float64))
        if not (np.isfinite(variance) and variance > 1e-30):
            raise InitsError(
                f"LSUV needs pre-activations that vary, but got a variance of {variance:g} in {name}: "
                "take another activation or bias."
            )
        if abs(variance - 1.0) <= TOLERANCE:
            break
        factor /= variance**0.5
    return kernel * np.float32(factor), factor, signal @ (kernel * np.float32(factor)) + bias
