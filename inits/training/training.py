"""The first epoch of runs that share a slot, a few steps of each in turn."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from inits.data.dataset import Dataset
from inits.errors import InitsError
from inits.experiments.experiment import MAX_STARTS, Run
from inits.experiments.record import Divergence, FloatArray, Frame, InitialArrays, Record
from inits.training.beginning import beginning, order_of
from inits.training.slot import Slot

CALL_SECONDS = 0.1  # a call is cut to about this long, so that Stop and the live curve never wait
FIRST_CALL = 8
MEASURED_AT = (0, 1 / 200, 1 / 60, 1 / 30, 1 / 15, 2 / 15, 1 / 4, 1 / 2, 3 / 4, 1)
"""Shares of the epoch at which a checkpoint is taken: most of what an initializer decides happens early."""
APART = 8  # steps from one checkpoint to the next, at least: it takes about as long as they do


def measured_steps(steps: int) -> list[int]:
    """Return the steps of an epoch after which a checkpoint is taken, first 0 and last `steps`."""
    found = [0]
    for step in sorted({round(share * steps) for share in MEASURED_AT}):
        if step - found[-1] >= APART and steps - step >= APART:
            found.append(step)
    return [*found, steps]


def epoch(slot: Slot, run: int, order: NDArray[np.int32]) -> Iterator[Frame]:
    """Train what is loaded in the slot on one epoch and yield its frames.

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


class _Turn:
    """Run that shares a slot with others and uses it for one frame at a time."""

    def __init__(self, number: int, run: Run, data: Dataset, slot: Slot, initial: InitialArrays):
        self._run, self._slot, self._initial = run, slot, initial
        order = order_of(run, data)
        self._frames = epoch(slot, number, order)
        self._saved: list[NDArray[np.generic]] | None = None
        self._begun = False
        self.record = Record(number, len(order), len(data.x_train))

    def advance(self, alone: bool) -> Frame | None:
        """Return the next frame, None if it cannot begin. `alone`: no other run uses the slot until its next turn."""
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
        """End the run with a last checkpoint, if it has learned anything since the last one."""
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
            arrays, self.record.factors = beginning(self._run, self._slot.data, self._initial)
            self._slot.load(arrays, self._run.optimizer.learning_rate)
            self._begun, self._initial = True, ()
        elif self._saved is not None:
            self._slot.restore(self._saved)


def train(
    runs: Sequence[tuple[int, Run]],
    data: Dataset,
    slot: Slot,
    on_frame: Callable[[Frame], None],
    is_stopped: Callable[[int], bool],
    on_record: Callable[[Record], None] = lambda record: None,
    at_once: int = MAX_STARTS,
    initial: Mapping[int, InitialArrays] = MappingProxyType({}),
) -> list[Record]:
    """Train runs of one network in one slot, `at_once` of them a few steps each in turn.

    Args:
        runs: pairs of a number and a run.
        data: the dataset of all runs.
        slot: the compiled network.
        on_frame: called with every frame.
        is_stopped: called with the number of a run before each of its frames; True ends the run.
        on_record: called with the record of each run that is over.
        at_once: number of runs that take turns.
        initial: by number, the arrays of the runs that begin with pasted code or a file.

    Returns:
        One record per run, in the order of `runs`.
    """
    waiting, records = deque(runs), []
    lane: deque[_Turn] = deque()
    while lane or waiting:
        while waiting and len(lane) < at_once:
            number, run = waiting.popleft()
            lane.append(_Turn(number, run, data, slot, initial.get(number, ())))
            records.append(lane[-1].record)
        turn = lane.popleft()
        frame = turn.stop() if is_stopped(turn.record.run) else turn.advance(alone=not lane)
        if frame is not None:
            on_frame(frame)
        if turn.record.over:
            on_record(turn.record)
        else:
            lane.append(turn)
    return records


def weights_after(
    run: Run, steps: int, data: Dataset, slot: Slot, initial: InitialArrays = ()
) -> tuple[FloatArray, ...]:
    """Return kernels and biases of a run after `steps` steps, bit for bit those of the first training."""
    slot.load(beginning(run, data, initial)[0], run.optimizer.learning_rate)
    rows = order_of(run, data)[:steps]
    for first in range(0, steps, slot.call_steps):
        slot.train(rows[first : first + slot.call_steps])
    return slot.weights()
