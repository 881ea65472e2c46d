"""Write curves and histograms as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from inits.experiments.experiment import Experiment
from inits.experiments.record import FloatArray, Record
from inits.initializers.laws import Law

Array = NDArray[np.float64]
COLUMNS = (
    *("start", "name", "kernel", "bias", "seed", "step", "images"),
    *("loss", "accuracy", "held_out_loss", "held_out_accuracy", "held_out_images"),
)

BARS = ("start", "name", "seed", "step", "layer", "low", "high", "count")


def curves_csv(experiment: Experiment, records: Sequence[Record], names: Sequence[str]) -> str:
    """Return one CSV line for each run and step, from 0: loss and accuracy of its batch, held-out where measured.

    `records` are in the order of `experiment.runs`, `names` those of the starts.
    """
    lines: list[Iterable[object]] = [COLUMNS]
    starts = cycle(enumerate(names, 1))
    for (number, name), run, record in zip(starts, experiment.runs, records, strict=False):
        held = {point.step: point for point in record.checkpoints}
        about = (number, name, str(run.start.kernel), str(run.start.bias), run.seed)
        for step in range(record.done + 1) if record.steps else ():
            point = held.get(step)
            batch = (record.losses[step - 1], record.accuracies[step - 1]) if step else ("", "")
            measured = (point.loss, point.accuracy, point.held_out) if point else ("", "", "")
            images = min(step * experiment.batch_size, record.images)
            lines.append([*about, step, images, *batch, *measured])
    return _csv(lines)


def histograms_csv(experiment: Experiment, records: Sequence[Record], names: Sequence[str]) -> str:
    """Return CSV with one line for each bar of each kernel's histogram, at every moment that was measured.

    A bar holds `count` weights from `low` to `high`. `records` and `names` are as for `curves_csv`.
    """
    layers = experiment.network.layer_names
    lines: list[Iterable[object]] = [BARS]
    starts = cycle(enumerate(names, 1))
    for (number, name), run, record in zip(starts, experiment.runs, records, strict=False):
        for point in record.checkpoints:
            for layer, ends, counts in zip(layers, point.edges, point.counts, strict=True):
                edges = np.linspace(float(ends[0]), float(ends[1]), len(counts) + 1).astype(np.float32)
                about = (number, name, run.seed, point.step, layer)
                bars = zip(edges[:-1], edges[1:], counts, strict=True)
                lines += [(*about, low, high, count) for low, high, count in bars if count]
    return _csv(lines)


def drawn_csv(law: Law | None, edges: Array, density: Array, shares: FloatArray) -> str:
    """Return the histogram of a kernel as CSV: each bar's ends, its density, and the law's density in its middle.

    Of a law of single values: each value with the share drawn and the exact one. All arrays as in `Examination`.
    """
    if law is not None and law.atoms:
        exact = zip(law.atoms, shares, strict=True)
        return _csv(
            [("value", "drawn", "exact"), *((value, drawn, share) for (value, share), drawn in exact)]
        )
    middles = (edges[1:] + edges[:-1]) / 2
    exact_density = law.pdf(middles) if law is not None else [""] * len(middles)
    bars = zip(edges[:-1], edges[1:], density, exact_density, strict=True)
    return _csv([("low", "high", "drawn", "exact"), *bars])


def _csv(lines: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue()
