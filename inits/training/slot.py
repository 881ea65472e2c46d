"""A real Keras model with a real Keras optimizer, compiled once for all runs of its kind.

A `Slot` runs many batches in one call of a compiled function: XLA sees the whole training step, and Python
runs only between the calls. A run writes its arrays into a free slot of its kind and resets the optimizer.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from inits.data.dataset import Dataset
from inits.experiments.experiment import Run
from inits.experiments.network import Network
from inits.experiments.record import FloatArray
from inits.initializers.spec import OptimizerSpec
from inits.training.layers import build_model
from inits.training.probe import Probe, scaled, tensors

MAX_CALL = 512  # batches in one call of the compiled function, at most


class Slot:
    """A compiled model with its optimizer and its place for the weights of one run at a time.

    Attributes:
        uses: how often it was borrowed.
    """

    def __init__(self, network: Network, optimizer: OptimizerSpec, batch_size: int, data: Dataset):
        self.uses = 0
        self.model = build_model(network)
        arguments = dict(optimizer.arguments)
        self.optimizer = getattr(keras.optimizers, optimizer.name)(**arguments)
        self.optimizer.build(self.model.trainable_variables)
        self.variables = [*self.model.variables, *self.optimizer.variables]
        self.fresh = [v.numpy() for v in self.optimizer.variables]
        self.data, self._tensors = data, tensors(data)
        self.probe = Probe(self.model, self._tensors)
        self.call_steps = max(1, min(MAX_CALL, -(-len(data.x_train) // batch_size)))
        self._call = tf.function(self._train, jit_compile=True)
        self.train(np.empty((0, batch_size), np.int32))  # no step: only compiles

    def load(self, arrays: Sequence[FloatArray], learning_rate: float) -> None:
        """Begin a run: its arrays in, the optimizer as new."""
        for variable, array in zip(self.model.variables, arrays, strict=True):
            variable.assign(array)
        for variable, array in zip(self.optimizer.variables, self.fresh, strict=True):
            variable.assign(array)
        self.optimizer.learning_rate = learning_rate

    def batch(self, row: NDArray[np.int32]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """Return the images and labels of one row of an order, without its padding."""
        row = row[row >= 0]
        return self.data.x_train[row], self.data.y_train[row].astype(np.int32)

    def state(self) -> list[NDArray[np.generic]]:
        """Return a copy of everything that a run changes."""
        return [v.numpy() for v in self.variables]

    def restore(self, state: Sequence[NDArray[np.generic]]) -> None:
        for variable, array in zip(self.variables, state, strict=True):
            variable.assign(array)

    def weights(self) -> tuple[FloatArray, ...]:
        return tuple(v.numpy() for v in self.model.variables)

    def train(self, rows: NDArray[np.int32]) -> tuple[FloatArray, FloatArray]:
        """Learn from batches, int32 (n, batch_size) of image indices, n at most `call_steps`; -1 is padding.

        Returns the loss and the accuracy of each batch before its update, float32 (n,).
        """
        padded = np.full((self.call_steps, rows.shape[1]), -1, np.int32)
        padded[: len(rows)] = rows
        losses, accuracies = self._call(tf.constant(padded), tf.constant(len(rows)))
        return losses.numpy()[: len(rows)], accuracies.numpy()[: len(rows)]

    def _train(self, rows: tf.Tensor, count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Take steps 0 to `count`. A while loop, not `tf.range`: XLA would compile anew for every `count`."""

        def learn(i: tf.Tensor, results: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            return i + 1, results.write(i, self._step(rows[i]))

        results = tf.TensorArray(tf.float32, size=self.call_steps, element_shape=(2,))
        _, results = tf.while_loop(lambda i, _: i < count, learn, (0, results))
        losses, accuracies = tf.unstack(results.stack(), axis=1)
        return losses, accuracies

    def _step(self, row: tf.Tensor) -> tf.Tensor:
        """Train on one batch and return its loss and accuracy before the update, float32 (2,)."""
        there = tf.cast(row >= 0, tf.float32)
        row = tf.maximum(row, 0)
        images = scaled(tf.gather(self._tensors.train_images, row))
        labels = tf.gather(self._tensors.train_labels, row)
        with tf.GradientTape() as tape:
            logits = self.model(images, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            loss = tf.reduce_sum(losses * there) / tf.reduce_sum(there)
        variables = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        right = tf.equal(tf.argmax(logits, -1, output_type=tf.int32), labels)
        return tf.stack([loss, tf.reduce_sum(tf.cast(right, tf.float32) * there) / tf.reduce_sum(there)])


class Slots:
    """Compiled slots that are free, the ones used last kept for the next run of their kind."""

    def __init__(self, keep: int):
        self._keep = keep
        self._free: list[tuple[tuple[object, ...], Slot]] = []
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self, run: Run, data: Dataset) -> Iterator[Slot]:
        """Borrow a slot that fits the run; a new one is compiled, in 1 to 2 s, if none is free."""
        network, optimizer, batch_size, _ = run.slot_key
        key = (network, optimizer, batch_size, data.fingerprint)
        slot = self._take(key)
        if slot is None:
            slot = Slot(network, optimizer, batch_size, data)
        slot.uses += 1
        yield slot
        with self._lock:  # not after an error: that slot is dropped
            self._free.append((key, slot))
            del self._free[: -self._keep]

    def warm(self, run: Run, data: Dataset) -> None:
        """Have a compiled slot ready for the run."""
        with self.borrow(run, data):
            pass

    def _take(self, key: tuple[object, ...]) -> Slot | None:
        with self._lock:
            for i in range(len(self._free) - 1, -1, -1):
                if self._free[i][0] == key:
                    return self._free.pop(i)[1]
        return None
