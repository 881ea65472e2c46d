"""What a network does with images at one moment: loss, gradients, dead units. Real Keras, traced."""

from dataclasses import dataclass
from functools import lru_cache

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from inits.data.dataset import MAX_PIXEL, Dataset
from inits.experiments.record import Checkpoint, FloatArray

VALIDATION_IMAGES = 1000  # of the test images at each checkpoint; all of them at the end
PROBE_IMAGES = 128
BINS = 64


@dataclass(frozen=True, eq=False)
class Tensors:
    """A data set where TensorFlow reads it: images uint8 (n, 784), labels int32 (n,)."""

    train_images: tf.Tensor
    train_labels: tf.Tensor
    test_images: tf.Tensor
    test_labels: tf.Tensor


@lru_cache(maxsize=2)
def tensors(data: Dataset) -> Tensors:
    """Return the data as tensors, shared by all slots."""
    return Tensors(
        tf.constant(data.x_train),
        tf.constant(data.y_train.astype(np.int32)),
        tf.constant(data.x_test),
        tf.constant(data.y_test.astype(np.int32)),
    )


def scaled(images: tf.Tensor) -> tf.Tensor:
    """Return pixels uint8 as float32 in [0, 1], see `inits.data.dataset.pixels`."""
    return tf.cast(images, tf.float32) / MAX_PIXEL


@dataclass(frozen=True)
class Look:
    """Measurements of one batch, float32 (layers,) each, see `inits.experiments.record.Checkpoint`."""

    largest: FloatArray
    dead: FloatArray
    gradient: FloatArray


class Probe:
    """Measures a model between training steps, always on the same images.

    Validation uses every k-th test image: MNIST's first 5,000 test images are cleaner than its last 5,000.
    """

    def __init__(self, model: keras.Sequential, data: Tensors):
        self.model = model
        images, labels = data.test_images, data.test_labels
        stride = -(-len(labels) // VALIDATION_IMAGES)
        self._some = [(images[::stride], labels[::stride])]
        pieces = range(0, len(labels), VALIDATION_IMAGES)
        self._all = [(images[i : i + VALIDATION_IMAGES], labels[i : i + VALIDATION_IMAGES]) for i in pieces]
        step = max(1, len(self._some[0][1]) // PROBE_IMAGES)
        self._batch = tuple(values[::step][:PROBE_IMAGES] for values in self._some[0])
        # Not by XLA, which takes a second longer to compile them and is no faster for ten calls an epoch.
        self._evaluate = tf.function(self._loss_and_hits, jit_compile=False)
        self._look = tf.function(self._see, jit_compile=False)
        self.checkpoint(0)  # traces

    def evaluate(self, everything: bool) -> tuple[float, float, int]:
        """Return mean loss and accuracy on the validation images or on all test images, and the number of images."""
        pieces = self._all if everything else self._some
        sums = np.array([self._evaluate(*piece).numpy() for piece in pieces], np.float64)
        held_out = sum(len(labels) for _, labels in pieces)
        loss, hits = sums.sum(axis=0) / held_out
        return float(loss), float(hits), held_out

    def _loss_and_hits(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        logits = self.model(scaled(images))
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        right = tf.equal(tf.argmax(logits, -1, output_type=tf.int32), labels)
        return tf.stack([tf.reduce_sum(losses), tf.reduce_sum(tf.cast(right, tf.float32))])

    def look(self, images: NDArray[np.uint8] | tf.Tensor, labels: NDArray[np.int32] | tf.Tensor) -> Look:
        """Measure a forward and backward pass of one batch, uint8 (n, inputs) and int32 (n,)."""
        return Look(
            *(
                values.numpy()
                for values in self._look(tf.convert_to_tensor(images), tf.convert_to_tensor(labels))
            )
        )

    def _see(self, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        values = scaled(images)
        largest, dead = [], []
        with tf.GradientTape() as tape:
            for layer in self.model.layers:
                values = layer(values)
                largest.append(tf.reduce_max(tf.abs(values)))
                same = tf.equal(tf.reduce_max(values, 0), tf.reduce_min(values, 0))
                dead.append(tf.reduce_mean(tf.cast(same, tf.float32)))
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=values)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, [layer.kernel for layer in self.model.layers])
        return tf.stack(largest), tf.stack(dead), tf.stack([tf.norm(g) for g in gradients])

    def checkpoint(self, step: int, everything: bool = False) -> Checkpoint:
        """Return all measurements that the pages show at this step."""
        loss, accuracy, held_out = self.evaluate(everything)
        seen = self.look(*self._batch)
        kernels = [layer.kernel.numpy() for layer in self.model.layers]
        bars = [kernel_histogram(kernel) for kernel in kernels]
        with np.errstate(invalid="ignore"):  # the last step may have made some infinite
            std = [kernel.std(dtype=np.float64) for kernel in kernels]
        return Checkpoint(
            step=step,
            loss=loss,
            accuracy=accuracy,
            held_out=held_out,
            edges=np.array([edges for edges, _ in bars], np.float32),
            counts=np.array([counts for _, counts in bars], np.int32),
            std=np.array(std, np.float32),
            gradient=seen.gradient,
            dead=seen.dead,
            largest=seen.largest,
        )


def kernel_histogram(kernel: FloatArray, bins: int = BINS) -> tuple[tuple[float, float], NDArray[np.int64]]:
    """Return the smallest and largest weight, and the counts of `bins` equal bins between them.

    About three times as fast as `numpy.histogram`. All in the first bin when the weights are all equal; no
    counts at all when one is not finite.
    """
    low, high = float(kernel.min()), float(kernel.max())
    if not np.isfinite([low, high]).all():
        return (low, high), np.zeros(bins, np.int64)
    values: NDArray[np.floating] = kernel.ravel()
    if not 1e-30 < high - low < 1e38:  # where float32 does not reach
        values = values.astype(np.float64)
    scale = bins / (high - low) if low < high else 0.0
    index = np.minimum((values - low) * scale, bins - 1).astype(np.uint8)
    return (low, high), np.bincount(index, minlength=bins)
