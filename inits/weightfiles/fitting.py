"""Fit the weights of a file into a Dense network: which layers fit, and their initial arrays.

Layers fit by their shapes and in their order, as in `Model.load_weights`. If the file has other layers in between or
another depth, as many layers as possible are taken in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inits.errors import WeightFileError
from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network
from inits.experiments.record import FloatArray, InitialArrays
from inits.measure.array_summary import ArraySummary
from inits.seeds import derive_seed
from inits.weightfiles.store import WeightStore
from inits.weightfiles.weight_file import WeightFile, missing_file

KERNELS, BIASES = ("kernel", "weight", "0"), ("bias", "1")


@dataclass(frozen=True)
class DenseLayer:
    """A layer of a file that can be Dense: its name, the numbers of its arrays (None: no bias), its kernel's shape."""

    name: str
    kernel: int
    bias: int | None
    shape: tuple[int, int]


def dense_layers(summaries: Sequence[ArraySummary]) -> list[DenseLayer]:
    """Return the layers of a file that have a matrix as kernel, perhaps a bias, and nothing else."""
    groups: dict[str, list[int]] = {}
    for number, one in enumerate(summaries):
        groups.setdefault(one.layer, []).append(number)
    return [layer for name, numbers in groups.items() if (layer := _dense(name, numbers, summaries))]


def _dense(name: str, numbers: Sequence[int], summaries: Sequence[ArraySummary]) -> DenseLayer | None:
    arrays = {summaries[number].name: number for number in numbers}
    kernel = next((arrays.pop(one) for one in KERNELS if one in arrays), None)
    bias = next((arrays.pop(one) for one in BIASES if one in arrays), None)
    if kernel is None or arrays or summaries[kernel].kind not in ("", "Dense"):
        return None
    shape = summaries[kernel].shape
    if len(shape) != 2 or (bias is not None and summaries[bias].shape != shape[1:]):
        return None
    return DenseLayer(name, kernel, bias, (shape[0], shape[1]))


def fit(layers: Sequence[DenseLayer], shapes: Sequence[tuple[int, int]]) -> list[DenseLayer | None]:
    """Return the layer that fills each kernel of a network; None for a kernel that no layer fits.

    This is the longest common subsequence of shapes; of several, the one whose layers come first in the file.
    """
    longest = np.zeros((len(shapes) + 1, len(layers) + 1), int)
    for i in reversed(range(len(shapes))):
        for j in reversed(range(len(layers))):
            both = longest[i + 1, j + 1] + 1 if shapes[i] == layers[j].shape else 0
            longest[i, j] = max(both, longest[i + 1, j], longest[i, j + 1])
    found: list[DenseLayer | None] = [None] * len(shapes)
    place = 0
    for j, layer in enumerate(layers):
        for i in range(place, len(shapes)):
            if shapes[i] == layer.shape and longest[i + 1, j + 1] + 1 == longest[place, j]:
                found[i], place = layer, i + 1
                break
    return found


def network_of(layers: Sequence[DenseLayer], activation: str, inputs: int, outputs: int) -> Network | None:
    """Return the network of a file: its Dense layers, one after the other; None if they are no such network.

    Raises SpecError when it has more or larger layers than a network may have here.
    """
    shapes = [layer.shape for layer in layers]
    units = (inputs, *(shape[1] for shape in shapes))
    if not shapes or [shape[0] for shape in shapes] != list(units[:-1]) or units[-1] != outputs:
        return None
    return Network(units[1:-1], activation, inputs, outputs)


def fitted_arrays(spec: FileSpec, network: Network, seed: int, store: WeightStore) -> InitialArrays:
    """Return kernel (fan_in, fan_out) and bias (fan_out,) of every layer in turn, float32; None if the file has none.

    Raises WeightFileError if the file was removed, no layer fits, or a weight is not finite.
    """
    file = store.get(spec.digest)
    if file is None:
        raise missing_file(spec.name)
    fits = fit(dense_layers(file.summaries), network.kernel_shapes)
    if not any(fits):
        raise WeightFileError(no_fit_message(spec.name, network))
    arrays: list[FloatArray | None] = []
    for number, layer in enumerate(fits):
        if layer is None:
            arrays += [None, None]
            continue
        kernel = _finite(file, layer.kernel, spec.name)
        bias = None if layer.bias is None else _finite(file, layer.bias, spec.name)
        arrays.append(_changed(kernel, spec.how, derive_seed(seed, "file", "kernel", number)))
        arrays.append(
            None if bias is None else _changed(bias, spec.how, derive_seed(seed, "file", "bias", number))
        )
    return arrays


def no_fit_message(name: str, network: Network) -> str:
    """Return the sentence for a file of which no layer fits a network."""
    sizes = " – ".join(map(str, (network.inputs, *(shape[1] for shape in network.kernel_shapes))))
    return f"No layer of {name} fits a network of {sizes}; choose hidden layers as in the file."


def _finite(file: WeightFile, number: int, name: str) -> NDArray[np.float32]:
    one = file.summaries[number]
    values = file.values(number)
    odd = int(np.count_nonzero(~np.isfinite(values)))
    if odd:
        raise WeightFileError(
            f"Weights must be finite, but got {odd:,} NaN or infinite ones in {one.layer}/{one.name} of {name}."
        )
    return values


def _changed(values: NDArray[np.float32], how: str, seed: int) -> FloatArray:
    """Return the array as it is, its values in another order, or normal draws with its mean and std."""
    rng = np.random.Generator(np.random.PCG64(seed))
    if how == "shuffled":
        return rng.permutation(values.reshape(-1)).reshape(values.shape)
    if how == "Gaussian":
        mean, std = values.mean(dtype=np.float64), values.std(dtype=np.float64)
        return rng.normal(mean, std, values.shape).astype(np.float32)
    return np.array(values)
