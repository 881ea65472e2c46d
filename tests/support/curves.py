"""Build records of runs and their curves."""

from collections.abc import Sequence

import numpy as np

from inits.experiments.record import Checkpoint, Divergence, Record
from inits.figures.curve_data import Curve, start_curves

STEPS, BATCH, WINDOW = 1875, 32, 31


def run(
    losses: Sequence[float],
    accuracies: Sequence[float] | None = None,
    points: Sequence[tuple[int, float, float]] = (),
    steps: int | None = None,
    images: int | None = None,
    diverged: bool = False,
) -> Record:
    """Return the record of a run with these values of its batches, and (step, loss, accuracy) held out."""
    array = np.array(losses, np.float32)
    accuracies = [0.5] * len(array) if accuracies is None else accuracies
    steps = len(array) if steps is None else steps
    record = Record(0, steps, images or steps * BATCH, array, np.array(accuracies, np.float32))
    nothing = [np.zeros(1)] * 6
    record.checkpoints = tuple(Checkpoint(*point, 10, *nothing) for point in points)
    if diverged:
        record.divergence = Divergence(len(array), np.inf, np.zeros(1), np.zeros(1), None)
    return record


def learning(start: int, seed: int, done: int = STEPS) -> Record:
    """Return the record of a run that learns, more slowly for later starts."""
    rng = np.random.default_rng([start, seed])
    losses = (0.1 + 2.2 * np.exp(-np.arange(done) / (50 + 90 * start))) * rng.lognormal(0, 0.2, done)
    points = [(step, 0.5, 0.8) for step in (0, 9, 500, STEPS) if step <= done]
    return run(losses, np.clip(1 - losses / 3, 0, 1), points, STEPS, 60_000)


def loss_curve(
    *records: Record, name: str = "Ones", start: int = 0, window: int = WINDOW, raw: bool = False
) -> Curve:
    """Return the loss curve of a start."""
    return start_curves(name, start, records, BATCH, window, raw)[0]


def loss_curves(starts: int, seeds: int, done: int = STEPS, raw: bool = False) -> list[Curve]:
    """Return the loss curves of starts that learn."""
    return [
        loss_curve(*(learning(i, seed, done) for seed in range(seeds)), name=f"start {i}", start=i, raw=raw)
        for i in range(starts)
    ]
