"""The first epoch of a run, with a real Keras model and a real Keras optimizer, compiled once.

A `Slot` runs many batches in one call of a compiled function: XLA sees the whole training step, and Python
is asked only between the calls. A run writes its arrays into a free slot of its kind and resets the optimizer.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from inits.data.dataset import Dataset, batches
from inits.errors import InitsError
from inits.experiments.experiment import MAX_STARTS, Run
from inits.experiments.network import Network
from inits.experiments.record import Divergence, FloatArray, Frame, Given, Record
from inits.experiments.weight_source import LsuvSpec
from inits.initializers.spec import OptimizerSpec
from inits.seeds import derive_seed
from inits.training.layers import build_model
from inits.training.lsuv import lsuv
from inits.training.probe import Probe, tensors
from inits.training.starts import draw_biases, start_arrays

MAX_CALL = 512  # batches in one call of the compiled function, at most
CALL_SECONDS = 0.1  # a call is cut to about this long, so that Stop and the live curve never wait
FIRST_CALL = 8
MEASURED_AT = (0, 1 / 200, 1 / 60, 1 / 30, 1 / 15, 2 / 15, 1 / 4, 1 / 2, 3 / 4, 1)
"""Shares of the epoch at which a checkpoint is taken: most of what an initializer decides happens early."""
APART = 8  # steps from one checkpoint to the next, at least: it takes about as long as they do


def measured_steps(steps: int) -> list[int]:
    """The steps of an epoch after which a checkpoint is taken, first 0 and last `steps`."""
    found = [0]
    for step in sorted({round(share * steps) for share in MEASURED_AT}):
        if step - found[-1] >= APART and steps - step >= APART:
            found.append(step)
    return [*found, steps]


class Slot:
    """A compiled model with its optimizer and its place for the weights of one run at a time."""

    def __init__(self, network: Network, optimizer: OptimizerSpec, batch_size: int, data: Dataset):
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
        """The images and labels of one row of an order, without its padding."""
        row = row[row >= 0]
        return self.data.x_train[row], self.data.y_train[row].astype(np.int32)

    def state(self) -> list[NDArray[np.generic]]:
        """A copy of everything that a run changes."""
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
        """Steps 0 to `count`. A while loop, not `tf.range`: XLA would compile anew for every `count`."""

        def learn(i: tf.Tensor, results: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            return i + 1, results.write(i, self._step(rows[i]))

        results = tf.TensorArray(tf.float32, size=self.call_steps, element_shape=(2,))
        _, results = tf.while_loop(lambda i, _: i < count, learn, (0, results))
        losses, accuracies = tf.unstack(results.stack(), axis=1)
        return losses, accuracies

    def _step(self, row: tf.Tensor) -> tf.Tensor:
        """One batch learned: its loss and accuracy before the update, float32 (2,)."""
        there = tf.cast(row >= 0, tf.float32)
        row = tf.maximum(row, 0)
        images = tf.cast(tf.gather(self._tensors.train_images, row), tf.float32) / 255.0
        labels = tf.gather(self._tensors.train_labels, row)
        with tf.GradientTape() as tape:
            logits = self.model(images, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            loss = tf.reduce_sum(losses * there) / tf.reduce_sum(there)
        variables = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        right = tf.equal(tf.argmax(logits, -1, output_type=tf.int32), labels)
        return tf.stack([loss, tf.reduce_sum(tf.cast(right, tf.float32) * there) / tf.reduce_sum(there)])


def epoch(slot: Slot, run: int, order: NDArray[np.int32]) -> Iterator[Frame]:
    """Train what is loaded in the slot on one epoch and tell about it, frame by frame.

    `order`: int32 (steps, batch_size), see `inits.data.dataset.batches`. Between two frames the caller may put
    another run into the slot, and must put this one back with `Slot.restore` before it goes on.
    """
    length = len(order), int(np.count_nonzero(order >= 0))
    nothing = np.empty(0, np.float32)
    beginning = slot.state()
    yield Frame(run, *length, nothing, nothing, slot.probe.checkpoint(0))
    done, pace = 0, FIRST_CALL
    for goal in measured_steps(len(order))[1:]:
        while done < goal:
            rows = order[done : min(done + pace, goal, done + slot.call_steps)]
            began = time.perf_counter()
            losses, accuracies = slot.train(rows)
            pace = max(1, int(len(rows) * CALL_SECONDS / (time.perf_counter() - began)))
            if not np.isfinite(losses).all():
                end = int(np.argmin(np.isfinite(losses))) + 1
                why = _explain(slot, beginning, order[: done + end], float(losses[end - 1]))
                yield Frame(run, *length, losses[:end], accuracies[:end], divergence=why)
                return
            done += len(rows)
            checkpoint = slot.probe.checkpoint(done, everything=done == len(order)) if done == goal else None
            yield Frame(run, *length, losses, accuracies, checkpoint)


def _explain(
    slot: Slot, beginning: Sequence[NDArray[np.generic]], rows: NDArray[np.int32], loss: float
) -> Divergence:
    """Learn `rows` again from the beginning up to the last, looking closely at the last two batches."""
    slot.restore(beginning)
    for first in range(0, len(rows) - 2, slot.call_steps):
        slot.train(rows[first : min(first + slot.call_steps, len(rows) - 2)])
    before = None
    if len(rows) > 1:
        before = slot.probe.look(*slot.batch(rows[-2]))
        slot.train(rows[-2:-1])
    last = slot.probe.look(*slot.batch(rows[-1]))
    broken = np.flatnonzero(~np.isfinite(last.largest))
    shown = before or last
    return Divergence(len(rows), loss, shown.largest, shown.gradient, int(broken[0]) if len(broken) else None)


class Slots:
    """Compiled slots that are free, the ones used last kept for the next run of their kind."""

    def __init__(self, keep: int):
        self._keep = keep
        self._free: list[tuple[tuple[object, ...], Slot]] = []
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self, run: Run, data: Dataset) -> Iterator[Slot]:
        """A slot that fits the run, made anew (compiling takes 1 to 2 s) when none is free."""
        network, optimizer, batch_size, _ = run.slot_key
        key = (network, optimizer, batch_size, data.fingerprint)
        slot = self._take(key)
        if slot is None:
            slot = Slot(network, optimizer, batch_size, data)
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


class _Turn:
    """One run in a lane of runs that share a slot: it takes the slot for one frame at a time."""

    def __init__(self, number: int, run: Run, data: Dataset, slot: Slot, given: Given):
        self._run, self._slot, self._given = run, slot, given
        order = order_of(run, data)
        self._frames = epoch(slot, number, order)
        self._saved: list[NDArray[np.generic]] | None = None
        self._begun = False
        self.record = Record(number, len(order), len(data.x_train))

    def advance(self, alone: bool) -> Frame | None:
        """The next frame; None when the run cannot begin. `alone`: nobody else uses the slot until the next turn."""
        try:
            self._enter()
        except InitsError as error:
            self.record.error = str(error)
            return None
        began = time.perf_counter()
        frame = next(self._frames)
        self.record.add(frame)
        self.record.seconds += time.perf_counter() - began
        self.record.finished = self.record.done == self.record.steps and self.record.divergence is None
        if self.record.over:
            self.record.weights = self._slot.weights()
        self._saved = None if alone else self._slot.state()
        return frame

    def stop(self) -> Frame | None:
        """End here: one last look at the network, if it has learned anything since the last one."""
        self.record.stopped = True
        if not self._begun:
            return None
        self._enter()
        self.record.weights = self._slot.weights()
        if self.record.checkpoints and self.record.checkpoints[-1].step == self.record.done:
            return None
        nothing = np.empty(0, np.float32)
        frame = Frame(
            self.record.run,
            self.record.steps,
            self.record.images,
            nothing,
            nothing,
            self._slot.probe.checkpoint(self.record.done),
        )
        self.record.add(frame)
        return frame

    def _enter(self) -> None:
        if not self._begun:
            arrays, self.record.factors = beginning(self._run, self._slot, self._given)
            self._slot.load(arrays, self._run.optimizer.learning_rate)
            self._begun, self._given = True, ()
        elif self._saved is not None:
            self._slot.restore(self._saved)


def beginning(run: Run, slot: Slot, given: Given = ()) -> tuple[list[FloatArray], tuple[float, ...]]:
    """Kernels and biases in turn with which a run begins, and LSUV's factor for each layer if that is its start.

    Raises what `inits.training.starts.draw` and `inits.training.lsuv.lsuv` raise.
    """
    if not isinstance(run.start.kernel, LsuvSpec):
        return start_arrays(run.start, run.network, run.seed, given), ()
    biases = draw_biases(run.start.bias, run.network, run.seed)
    found, factors = lsuv(run.network, run.seed, biases, first_batch(run, slot.data))
    return [array for pair in zip(found, biases, strict=True) for array in pair], tuple(factors)


def first_scaled(run: Run, data: Dataset) -> FloatArray:
    """The first kernel of a run that begins with LSUV: it depends on no other layer. Raises what `lsuv` raises."""
    net = run.network
    shallow = Network((), net.activation, net.inputs, (*net.hidden, net.outputs)[0])
    biases = draw_biases(run.start.bias, shallow, run.seed)
    return lsuv(shallow, run.seed, biases, first_batch(run, data))[0][0]


def first_batch(run: Run, data: Dataset) -> FloatArray:
    """The images that a run learns from first, float32 (batch, inputs) in [0, 1]."""
    row = order_of(run, data)[0]
    images: FloatArray = data.x_train[row[row >= 0]].astype(np.float32) / np.float32(255)
    return images


def order_of(run: Run, data: Dataset) -> NDArray[np.int32]:
    """The batches of a run's epoch: the same for every start and network with its seed and batch size."""
    return batches(len(data.x_train), run.batch_size, derive_seed(run.seed, "batches"))


def train(
    runs: Sequence[tuple[int, Run]],
    data: Dataset,
    slot: Slot,
    tell: Callable[[Frame], None],
    stopped: Callable[[int], bool],
    settle: Callable[[Record], None] = lambda record: None,
    at_once: int = MAX_STARTS,
    given: Mapping[int, Given] = MappingProxyType({}),
) -> list[Record]:
    """Train runs of one network in one slot, so many at once, a few steps each in turn.

    `runs` are pairs of a number and a run; `tell` is called with every frame, `stopped(number)` is asked before
    it, `settle` is called with the record of each run that is over. `given` has the arrays of the runs that begin
    with pasted code or a file, by number. Returns one record per run, in the order of `runs`.
    """
    waiting, records = deque(runs), []
    lane: deque[_Turn] = deque()
    while lane or waiting:
        while waiting and len(lane) < at_once:
            number, run = waiting.popleft()
            lane.append(_Turn(number, run, data, slot, given.get(number, ())))
            records.append(lane[-1].record)
        turn = lane.popleft()
        frame = turn.stop() if stopped(turn.record.run) else turn.advance(alone=not lane)
        if frame is not None:
            tell(frame)
        if turn.record.over:
            settle(turn.record)
        else:
            lane.append(turn)
    return records


def weights_after(
    run: Run, steps: int, data: Dataset, slot: Slot, given: Given = ()
) -> tuple[FloatArray, ...]:
    """Kernels and biases of a run after so many steps: the same to the bit as when it was trained first."""
    slot.load(beginning(run, slot, given)[0], run.optimizer.learning_rate)
    rows = order_of(run, data)[:steps]
    for first in range(0, steps, slot.call_steps):
        slot.train(rows[first : first + slot.call_steps])
    return slot.weights()
