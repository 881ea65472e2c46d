"""Measurements of a signal in a random network, as the web process receives them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BINS, OCTAVES = 40, 20
QUANTITIES = ("pre-activations", "activations", "gradients")


@dataclass(frozen=True, eq=False)
class ValueHistogram:
    """Distribution of the values of one layer.

    Attributes:
        low, high: the smallest and largest value; NaN when a value is not finite.
        linear: int32 (BINS,) values between low and high.
        octaves: int32 (OCTAVES,) absolute values from the largest down, each bin half as large as the one before.
        zeros: share of values that are exactly 0.
    """

    low: float
    high: float
    linear: NDArray[np.int32]
    octaves: NDArray[np.int32]
    zeros: float

    @property
    def reach(self) -> float:
        """Return the largest absolute value."""
        return max(abs(self.low), abs(self.high))


@dataclass(frozen=True, eq=False)
class Measurement:
    """Measurements of one start and seed on one batch; L hidden layers and the output. Arrays are float.

    Attributes:
        seed: that the weights were drawn with.
        preactivations: (L + 1,) second moment of the pre-activations.
        activations: (L,) second moment of the activations.
        gradients: (L + 1,) second moment of each image's own gradient by the pre-activations.
        cosines: (L + 1,) cosine of the pre-activations of two images, mean over typical pairs.
        dead: (L,) share of units with the same output for all images.
        saturated: (L,) share of values whose slope is below 5% of the steepest; NaN for softmax.
        singular: float32 (images, outputs) singular values of the Jacobian of the logits by the pixels, falling.
        gains: (L + 1,) fan_in times the variance of the weights as drawn.
        offsets: (L + 1,) distance of the mean weight from 0, in standard errors.
        spreads: histograms of each layer under the names in QUANTITIES.
    """

    seed: int
    preactivations: Array
    activations: Array
    gradients: Array
    cosines: Array
    dead: Array
    saturated: Array
    singular: NDArray[np.float32]
    gains: Array
    offsets: Array
    spreads: Mapping[str, tuple[ValueHistogram, ...]]
