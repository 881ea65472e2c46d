"""Predict the signal and its gradient in one network, layer by layer, by mean-field theory with each layer's own fans.

For layers l = 1 .. L + 1 (the last one is the output), N_l units, sigma_l^2 = fan_in Var(w) of layer l and s_l^2 the
variance of its biases, and an image of mean square m:
- pre-activation variances: q_1 = sigma_1^2 m + s_1^2, then q_{l+1} = sigma_{l+1}^2 E[phi(sqrt(q_l) z)^2] + s_{l+1}^2;
- gradients of the image's own loss by pre-activations, mean square over the units of a layer:
  g_{L+1} = E[(p - y)^2] (`inits.theory.logits`), then g_l = (N_{l+1} / N_l) chi_l g_{l+1} with
  chi_l = sigma_{l+1}^2 E[phi'(sqrt(q_l) z)^2]: the *sum* of squares grows by chi_l, the mean only where widths are
  equal;
- the Jacobian of all logits by the input: the mean of its squared singular values is sigma_1^2 chi_1 ... chi_L.
Variances and gradients are averaged over images of several mean squares; correlations are those of one typical pair.
Poole et al. 2016, arXiv:1606.05340; Schoenholz et al. 2017, arXiv:1611.01232; Pennington et al. 2017, arXiv:1711.04735.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inits.data.datasets import DATASETS
from inits.errors import InitsError, SpecError
from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.text import count, number
from inits.theory.logits import expected_squared_gradient
from inits.theory.meanfield import chi, correlation_map, variance_map
from inits.theory.signal_regime import SignalRegime, signal_regime

Array = NDArray[np.float64]

MAX_VALUES = 60_000_000
"""Maximum number of weights of a start, and of pre-activations of a batch (240 MB of float32)."""


@dataclass(frozen=True)
class InputStatistics:
    """Statistics of images with pixels in [0, 1].

    Attributes:
        squares: mean square pixel of images, each standing for an equal share of all.
        pair_square: mean square of both images of a typical pair.
        pair_cosine: cosine of the angle between them.
    """

    squares: tuple[float, ...]
    pair_square: float
    pair_cosine: float


TYPICAL_INPUTS: Mapping[str, InputStatistics] = {
    name: InputStatistics(entry.mean_squares, *entry.pair) for name, entry in DATASETS.items()
}
"""Statistics of all training images of each dataset, used until the batch itself has been read."""


@dataclass(frozen=True)
class Gains:
    """sigma_w^2 and bias variance of every layer, the output last."""

    weights: tuple[float, ...]
    biases: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Prediction for one start, float64; L hidden layers and the output.

    Attributes:
        preactivations: (L + 1,) second moment of the pre-activations, mean over the images.
        activations: (L,) second moment of the activations.
        gradients: (L + 1,) second moment of the loss's gradient by pre-activations, of each image's own loss.
        cosines: (L + 1,) cosine of a typical pair's pre-activations; NaN where there is no signal.
        chi: (L,) growth of the squared gradient back through each hidden layer, mean over the images.
        jacobian: root of the mean squared singular value of the input-output Jacobian.
    """

    preactivations: Array
    activations: Array
    gradients: Array
    cosines: Array
    chi: Array
    jacobian: float


def check_size(network: Network, images: int) -> None:
    """Raise SpecError if a network or its pre-activations on a batch do not fit into memory."""
    units = sum(network.hidden) + network.outputs
    if network.parameters > MAX_VALUES:
        raise SpecError(
            f"weights must be at most {count(MAX_VALUES)}, but got {count(network.parameters)}. "
            "Use fewer layers or units."
        )
    if units * images > MAX_VALUES:
        raise SpecError(
            f"units × images must be at most {count(MAX_VALUES)}, but got {count(units)} × {count(images)}. "
            "Use fewer images, layers or units."
        )


def gains(start: Start, network: Network) -> Gains | None:
    """Return the gains by the laws of a start; None if a law is unknown before the draw.

    Raises:
        SpecError: if the mean of weights or biases is not 0: units then share a component that this theory does not
            cover.
        ShapeError: if an initializer cannot fill a layer.
    """
    weights, biases = [], []
    for shape in network.kernel_shapes:
        kernel, bias = start.kernel.law(shape), start.bias.law(shape[1:])
        if kernel is None or bias is None:
            return None
        weights.append(_gain("weights", str(start.kernel), kernel.mean, kernel.std, shape[0]))
        biases.append(_gain("biases", str(start.bias), bias.mean, bias.std, 1))
    return Gains(tuple(weights), tuple(biases))


def _gain(what: str, source: str, mean: float, std: float, fan_in: int) -> float:
    if abs(mean) > 1e-9 * std:
        raise SpecError(
            f"mean of the {what} must be 0 for mean-field theory, but got {number(mean)} from {source}. "
            "Only measured points are shown."
        )
    return fan_in * std**2


@lru_cache(maxsize=512)
def signal_strengths(start: Start, network: Network, dataset: str) -> Array | None:
    """Return the second moments of the input and of each layer's pre-activations over that of the input.

    Returns:
        (L + 2,), of typical images of the dataset; None if mean-field theory does not cover the start.
    """
    try:
        found, inputs = gains(start, network), TYPICAL_INPUTS[dataset]
        if found is None:
            return None
        moments = predict(network, found, inputs).preactivations
    except InitsError:
        return None
    return np.concatenate([[1.0], moments / np.mean(inputs.squares)])


def predict(network: Network, gains: Gains, inputs: InputStatistics) -> Prediction:
    """Return the prediction for a network that starts with these gains.

    Raises:
        SpecError: for softmax, which mixes units.
    """
    phi = network.activation
    variances = [gains.weights[0] * np.array(inputs.squares) + gains.biases[0]]
    squares, growth = [], []
    for weight, bias in zip(gains.weights[1:], gains.biases[1:], strict=True):
        squares.append(variance_map(phi, variances[-1], 1.0, 0.0))
        growth.append(chi(phi, variances[-1], weight))
        with np.errstate(over="ignore"):
            variances.append(weight * squares[-1] + bias if weight else np.full_like(squares[-1], bias))
    gradients = _back(network, variances[-1], growth)
    with np.errstate(over="ignore", invalid="ignore"):
        jacobian = gains.weights[0] * np.prod(growth, axis=0) * np.ones(len(inputs.squares))
        return Prediction(
            preactivations=_mean(variances),
            activations=_mean(squares),
            gradients=_mean(gradients),
            cosines=_cosines(phi, gains, inputs),
            chi=_mean(growth),
            jacobian=float(np.sqrt(jacobian.mean())),
        )


def predicted_regime(network: Network, found: Prediction, inputs: InputStatistics) -> SignalRegime:
    """Return the regime of a prediction in the hidden layers."""
    return signal_regime(
        found.preactivations[:-1],
        found.gradients[:-1] * np.array(network.hidden),
        found.cosines[:-1],
        float(np.mean(inputs.squares)),
    )


def _mean(layers: Sequence[Array]) -> Array:
    """Return the means over the images, (layers,)."""
    return np.array([layer.mean() for layer in layers], np.float64)


def _back(network: Network, logits: Array, growth: Sequence[Array]) -> list[Array]:
    """Return the gradient's second moment in every layer, from the first on, for images of each mean square."""
    found = [expected_squared_gradient(logits, network.outputs)]
    widths = (*network.hidden, network.outputs)
    with np.errstate(over="ignore", invalid="ignore"):
        for (units, above), chi_l in zip(reversed(list(pairwise(widths))), reversed(growth), strict=True):
            found.append(above / units * chi_l * found[-1])
    return found[::-1]


def _cosines(phi: str, gains: Gains, inputs: InputStatistics) -> Array:
    """Return the cosine of the pre-activations of the typical pair in every layer, (layers,)."""
    q = gains.weights[0] * inputs.pair_square + gains.biases[0]
    common = gains.weights[0] * inputs.pair_square * inputs.pair_cosine + gains.biases[0]
    found = [common / q if q else np.nan]
    for weight, bias in zip(gains.weights[1:], gains.biases[1:], strict=True):
        known = np.isfinite([q, found[-1]]).all()
        # Rounding may leave a cosine a little above 1.
        cosine = min(found[-1], 1.0)
        found.append(float(correlation_map(phi, cosine, q, weight, bias)) if known else np.nan)
        q = float(variance_map(phi, q, weight, bias))
    return np.array(found, np.float64)
