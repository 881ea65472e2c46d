"""Measurements of a run as plain arrays, made in the compute process and shown by the pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
InitialArrays = Sequence[FloatArray | None]
"""Kernel and bias of every layer in turn, of code or a file; None where an initializer of Keras draws."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The network between two steps. All arrays have one row per Dense layer, the output last.

    Attributes:
        step: batches learned so far.
        loss, accuracy: cross-entropy in nats and share of right answers on `held_out` test images.
        edges: float32 (layers, 2), smallest and largest weight of each kernel.
        counts: int32 (layers, bins), histogram of each kernel between its edges.
        std: float32 (layers,), standard deviation of each kernel.
        gradient: float32 (layers,), L2 norm of the loss gradient with respect to each kernel, on a fixed batch.
        dead: float32 (layers,), share of units with the same output for every image of that batch.
        largest: float32 (layers,), largest absolute output of a unit on that batch.
    """

    step: int
    loss: float
    accuracy: float
    held_out: int
    edges: FloatArray
    counts: NDArray[np.int32]
    std: FloatArray
    gradient: FloatArray
    dead: FloatArray
    largest: FloatArray


@dataclass(frozen=True)
class Divergence:
    """Circumstances in which a loss became NaN or infinite.

    Attributes:
        step: the batch, counted from 1, whose loss was not finite.
        loss: that loss (inf or nan).
        largest, gradient: float32 (layers,), as in Checkpoint, on the batch before (on the batch itself when
            it was the first).
        broken: index of the first layer whose output is not finite on the batch itself; None when all are.
    """

    step: int
    loss: float
    largest: FloatArray
    gradient: FloatArray
    broken: int | None


@dataclass(frozen=True)
class Frame:
    """The losses and accuracies of some consecutive steps of a run, and a checkpoint after them if there is one.

    `steps` and `images` are the length of the whole epoch.
    """

    run: int
    steps: int
    images: int
    losses: FloatArray
    accuracies: FloatArray
    checkpoint: Checkpoint | None = None
    divergence: Divergence | None = None


@dataclass
class Record:
    """Measurements of one run so far.

    `losses[i]` and `accuracies[i]` belong to batch i, before its update: in a first epoch every batch is new to
    the network, so they are honest estimates of how it does on images that it has not seen.

    `weights`: kernels and biases in turn, as `Model.get_weights` gives them; at the end, or where it stopped.
    They stay in the compute process, which can make them again.
    `error`: why the run could not begin, in words for people.
    `factors`: what LSUV multiplied each orthonormal kernel with; () for all other starts.
    """

    run: int
    steps: int = 0
    images: int = 0
    losses: FloatArray = field(default_factory=lambda: np.empty(0, np.float32))
    accuracies: FloatArray = field(default_factory=lambda: np.empty(0, np.float32))
    checkpoints: tuple[Checkpoint, ...] = ()
    divergence: Divergence | None = None
    finished: bool = False
    stopped: bool = False
    error: str | None = None
    seconds: float = 0.0
    factors: tuple[float, ...] = ()
    weights: tuple[FloatArray, ...] = ()

    def add(self, frame: Frame) -> None:
        """Append a frame of this run."""
        self.steps, self.images = frame.steps, frame.images
        self.losses = np.concatenate([self.losses, frame.losses])
        self.accuracies = np.concatenate([self.accuracies, frame.accuracies])
        if frame.checkpoint is not None:
            self.checkpoints = (*self.checkpoints, frame.checkpoint)
        self.divergence = frame.divergence or self.divergence

    @property
    def done(self) -> int:
        """Number of batches trained on."""
        return len(self.losses)

    def images_done(self, batch_size: int) -> int:
        """Return the number of images trained on: the last batch may be a short one."""
        return min(self.done * batch_size, self.images)

    @property
    def conclusive(self) -> bool:
        """True if the run finished or diverged: another run would give the same result."""
        return self.finished or self.divergence is not None

    @property
    def over(self) -> bool:
        return self.conclusive or self.stopped or self.error is not None

    @property
    def test_accuracy(self) -> float | None:
        """Share of right answers on all test images after the epoch; None before the end."""
        return self.checkpoints[-1].accuracy if self.finished and self.checkpoints else None

    @property
    def nbytes(self) -> int:
        """Approximate size of its arrays in bytes."""
        points = sum(point.counts.nbytes + point.edges.nbytes for point in self.checkpoints)
        return points + 2 * self.losses.nbytes + sum(array.nbytes for array in self.weights)

    def __bytes__(self) -> bytes:
        """Return all measurements except the time as bytes: equal bytes mean equal results."""
        parts: list[NDArray[Any]] = [self.losses, self.accuracies, *self.weights]
        for point in self.checkpoints:
            numbers = np.array([point.step, point.loss, point.accuracy, point.held_out])
            parts += [
                numbers,
                point.edges,
                point.counts,
                point.std,
                point.gradient,
                point.dead,
                point.largest,
            ]
        if self.divergence is not None:
            parts += [self.divergence.largest, self.divergence.gradient]
        return b"".join(part.tobytes() for part in parts)
