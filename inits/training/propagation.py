"""What a random network does to a batch of images, forward and back. Imports Keras: never for the web process."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.experiments.record import FloatArray, InitialArrays
from inits.experiments.weight_source import LsuvSpec
from inits.initializers.activations import ELEMENTWISE
from inits.measure.signal_measurement import BINS, OCTAVES, Measurement, ValueHistogram
from inits.theory.signal_theory import InputStatistics, check_size
from inits.training.lsuv import lsuv
from inits.training.starts import draw_biases, start_arrays

PAIRS, PAIRED = 32, 256  # pairs of images that are followed, and the images that they are chosen from
SAMPLE = 8_192  # values of a layer that are counted in its histogram
FLAT = 0.05  # of the steepest slope: below it a unit is saturated
JACOBIANS = 8  # images


@dataclass(frozen=True, eq=False)
class Batch:
    """Images float32 (n, inputs) in [0, 1], labels int32 (n,), and pairs of images int (2, pairs) as alike as most."""

    images: FloatArray
    labels: NDArray[np.int32]
    pairs: NDArray[np.intp]

    @classmethod
    def of(cls, images: FloatArray, labels: NDArray[np.int32]) -> "Batch":
        return cls(images, labels, typical_pairs(images[:PAIRED]))

    @property
    def inputs(self) -> InputStatistics:
        """The statistics of the images that theory needs."""
        squares = np.square(self.images, dtype=np.float64).mean(axis=1)
        shares = (np.arange(8) + 0.5) / 8
        a, b = self.images[self.pairs].astype(np.float64)
        square = float(np.sqrt((a**2).mean(1) * (b**2).mean(1)).mean())
        return InputStatistics(
            tuple(np.quantile(squares, shares).tolist()), square, float(cosines(a, b).mean())
        )


def typical_pairs(images: FloatArray) -> NDArray[np.intp]:
    """Return the pairs whose two lengths and angle are nearest to the medians, (2, at most 32)."""
    squares = np.maximum(np.square(images).mean(axis=1), np.float32(1e-12))
    i, j = np.triu_indices(len(images), 1)
    angles = (images @ images.T / images.shape[1])[i, j] / np.sqrt(squares[i] * squares[j])
    away = np.abs(np.log(squares / np.median(squares)))
    far = away[i] + away[j] + np.abs(angles - np.median(angles))
    nearest = np.argpartition(far, min(PAIRS, far.size) - 1)[:PAIRS]
    return np.array([i[nearest], j[nearest]])


def cosines(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Cosine of the angle between the rows of two matrices, float64; NaN where a row is 0 or not finite."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        a, b = (rows / np.abs(rows).max(axis=1, keepdims=True).astype(np.float64) for rows in (a, b))
        return np.asarray((a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1)), np.float64)


def arrays_of(
    start: Start, network: Network, seed: int, images: FloatArray, initial: InitialArrays = ()
) -> list[FloatArray]:
    """Kernel and bias of every layer in turn, with the seeds that training would give them.

    Args:
        images: float32 (n, inputs) that LSUV looks at.
        initial: arrays that were made elsewhere, in the same order; None where Keras draws. Empty: Keras draws all.

    Raises what `inits.training.starts.draw` and `inits.training.lsuv.lsuv` raise.
    """
    if not isinstance(start.kernel, LsuvSpec):
        return start_arrays(start, network, seed, initial)
    biases = draw_biases(start.bias, network, seed)
    kernels = lsuv(network, seed, biases, images)[0]
    return [array for pair in zip(kernels, biases, strict=True) for array in pair]


def propagate(
    start: Start, network: Network, seed: int, batch: Batch, initial: InitialArrays = ()
) -> Measurement:
    """Measure one start and seed; `initial` as in `arrays_of`, whose errors it raises.

    Raises SpecError when network and batch are too large.
    """
    check_size(network, len(batch.images))
    arrays = arrays_of(start, network, seed, batch.images, initial)
    before, after, gradients, jacobians = _pass(arrays, network.activation, batch)
    i, j = batch.pairs
    slope = ELEMENTWISE.get(network.activation)
    flat = FLAT * slope.slope(np.linspace(-3.0, 3.0, 601)).max() if slope else 0.0
    gains, offsets = np.array([_gain_and_offset(kernel) for kernel in arrays[::2]]).T
    spreads = {"pre-activations": before, "activations": after, "gradients": gradients}
    return Measurement(
        seed=seed,
        preactivations=_moments(before),
        activations=_moments(after),
        gradients=_moments(gradients),
        cosines=np.array([cosines(layer[i], layer[j]).mean() for layer in before]),
        dead=np.array([np.mean(layer.max(0) == layer.min(0)) for layer in after], np.float64),
        saturated=np.array(
            [np.mean(slope.slope(_sample(layer).astype(np.float64)) < flat) for layer in before[:-1]]
            if slope
            else [np.nan] * len(after)
        ),
        singular=_singular(jacobians),
        gains=gains,
        offsets=offsets,
        spreads={name: tuple(map(spread, layers)) for name, layers in spreads.items()},
    )


def layers_of(
    arrays: Sequence[FloatArray], activation: str, values: tf.Tensor
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """Return the pre-activations of all layers, the logits last, and the activations of the hidden ones."""
    phi = keras.activations.get(activation)
    before, after = [], []
    for kernel, bias in zip(arrays[::2], arrays[1::2], strict=True):
        before.append(values @ tf.constant(kernel) + tf.constant(bias))
        values = phi(before[-1])
        after.append(values)
    return before, after[:-1]


def _pass(
    arrays: Sequence[FloatArray], activation: str, batch: Batch
) -> tuple[list[FloatArray], list[FloatArray], list[FloatArray], FloatArray]:
    """Pre-activations, activations, the gradient of each image's own loss by the former, and some Jacobians.

    Those are of the logits by the pixels, (images, outputs, inputs). Their images stand behind the batch once more for
    each logit: then one pass back gives every row.
    """
    n, outputs = len(batch.images), arrays[-1].size
    again = batch.images[:JACOBIANS]
    values = tf.constant(np.concatenate([batch.images, np.repeat(again, outputs, axis=0)]))
    with tf.GradientTape() as tape:
        tape.watch(values)
        before, after = layers_of(arrays, activation, values)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=batch.labels, logits=before[-1][:n])
        chosen = before[-1][n:] * tf.tile(tf.eye(outputs), [len(again), 1])
        total = tf.reduce_sum(losses) + tf.reduce_sum(chosen)
    gradients = tape.gradient(total, before)
    first, second, third = ([_view(one)[:n] for one in layers] for layers in (before, after, gradients))
    rows = _view(gradients[0])[n:] @ arrays[0].T
    return first, second, third, rows.reshape(len(again), outputs, -1)


def _view(tensor: tf.Tensor) -> FloatArray:
    """Return the values of a tensor in place: `numpy()` copies them, which takes a third of the time of a pass."""
    return np.asarray(memoryview(tensor))


def _singular(jacobians: FloatArray) -> FloatArray:
    """Their singular values, falling, float32 (images, outputs); NaN when a number is not finite."""
    if not np.isfinite(jacobians).all():
        return np.full(jacobians.shape[:2], np.nan, np.float32)
    return np.asarray(np.linalg.svd(jacobians.astype(np.float64), compute_uv=False), np.float32)


def _gain_and_offset(kernel: FloatArray) -> tuple[float, float]:
    """Return fan_in times the variance, and the distance of the mean weight from 0 in standard errors."""
    mean, variance = kernel.mean(dtype=np.float64), kernel.var(dtype=np.float64)
    error = np.sqrt(variance / kernel.size)
    return len(kernel) * variance, abs(mean) / error if error else np.inf if mean else 0.0


def _moments(layers: Sequence[FloatArray]) -> NDArray[np.float64]:
    """Return the mean square of each layer, also where float32 cannot hold a square."""
    return np.array([_moment(layer) for layer in layers], np.float64)


def _moment(values: FloatArray) -> float:
    scale = float(np.abs(values).max())
    if not np.isfinite(scale):
        return float("nan") if np.isnan(values).any() else float("inf")
    if scale < 1e-37:  # its reciprocal overflows
        return float(np.square(values, dtype=np.float64).mean())
    scaled = values.ravel() * np.float32(1.0 / scale)
    return float(np.vdot(scaled, scaled)) / values.size * scale**2


def _sample(values: FloatArray) -> FloatArray:
    """Return at most SAMPLE of the values, chosen at random but always the same."""
    flat = values.ravel()
    return flat if flat.size <= SAMPLE else flat[_places(flat.size)]


@lru_cache(maxsize=100)
def _places(size: int) -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(size, size=SAMPLE)


def spread(values: FloatArray) -> ValueHistogram:
    """Return histograms of the values of a layer on a linear and on a logarithmic scale."""
    sample = _sample(values).astype(np.float64)
    low, high, zeros = float(sample.min()), float(sample.max()), float(np.mean(sample == 0.0))
    linear, octaves = np.zeros(BINS, np.int32), np.zeros(OCTAVES, np.int32)
    if not np.isfinite([low, high]).all():
        return ValueHistogram(np.nan, np.nan, linear, octaves, zeros)
    places = ((sample - low) * (BINS / ((high - low) or 1.0))).astype(np.intp)
    linear += np.bincount(np.minimum(places, BINS - 1), minlength=BINS).astype(np.int32)
    halvings = -np.log2(np.abs(sample[sample != 0.0]) / max(abs(low), abs(high), 1e-300)).astype(np.float64)
    octaves += np.bincount(halvings[halvings < OCTAVES].astype(np.intp), minlength=OCTAVES).astype(np.int32)
    return ValueHistogram(low, high, linear, octaves, zeros)
