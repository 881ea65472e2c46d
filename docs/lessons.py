"""Run the lessons on the stand-in digits and write the data of their pictures: `python docs/lessons.py`."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from inits import sandbox, settings
from inits.engine import worker
from inits.engine.engine import Engine
from inits.experiments.experiment import Experiment, Start
from inits.experiments.file_start import HOWS, FileSpec
from inits.experiments.record import Record
from inits.initializers.spec import InitializerSpec
from inits.theory.signal_theory import gains, predict
from inits.training.draw import draw_small_histogram
from pages.parts.experiment.choices import TRAIN
from pages.parts.lessons.catalog import LESSONS, ONE_SEED, PICTURES, Lesson, PictureKind
from pages.parts.signal.builder import SIGNAL
from pages.parts.sweep.builder import SWEEP

POINTS = 40  # of a curve
MEAN_OF = 1000  # images, of the running mean
DOTS = 90  # of a scatter
BINS = 2  # bins of the histogram that become one of the picture
CHANCE = 0.1
Picture = dict[str, Any]


def main() -> None:
    engine = Engine(replace(settings.read(), cache_mb=0))
    found = {lesson.key: PAINTERS[lesson.picture](engine, lesson) for lesson in LESSONS}
    lines = [f"{json.dumps(key)}: {json.dumps(found[key], separators=(',', ':'))}" for key in found]
    PICTURES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    engine.close()


def run(engine: Engine, experiment: Experiment) -> Sequence[Record]:
    job = engine.run(experiment)
    job.over.wait()
    return job.records


def accuracy(engine: Engine, lesson: Lesson) -> Picture:
    """Return the accuracy of each start over one epoch."""
    choices = TRAIN.parse(lesson.state)
    experiment, names = choices.experiment("digits"), choices.labels
    if lesson.pretrain:
        names, experiment = list(HOWS), pretrained(engine, experiment)
    records = run(engine, experiment)
    series = [
        curve(name, slot, record) for slot, (name, record) in enumerate(zip(names, records, strict=True))
    ]
    return {"x": [0, 1], "y": [0, 1], "level": CHANCE, "series": series}


def pretrained(engine: Engine, experiment: Experiment) -> Experiment:
    """Train an experiment; return the same one, started from the trained weights in three ways."""
    (first,) = experiment.runs
    data = engine.weights_file(first, run(engine, experiment)[0].done)
    reading = engine.files.take(BytesIO(data), "trained.weights.h5")
    reading.done.wait()
    spec = FileSpec("trained.weights.h5", reading.digest)
    return replace(experiment, starts=tuple(Start(spec.replace(how=how)) for how in HOWS))


def curve(name: str, slot: int, record: Record) -> Picture:
    """Return the running mean of a run's accuracy by the fraction of the epoch."""
    window = max(1, round(MEAN_OF * record.steps / record.images))
    sums = np.cumsum(np.insert(record.accuracies.astype(float), 0, 0.0))
    ends = np.unique(np.linspace(1, record.done, min(POINTS, record.done)).astype(int))
    begins = np.maximum(ends - window, 0)
    means = (sums[ends] - sums[begins]) / (ends - begins)
    diverged = {"lost": True} if record.divergence else {}
    return series(name, slot, "line", ends / record.steps, means) | diverged


def series(name: str, slot: int, mark: str, x: Any, y: Any) -> Picture:
    return {"name": name, "slot": slot, "mark": mark, "x": rounded(x), "y": rounded(y)}


def rounded(values: Any) -> list[float]:
    return [float(f"{value:.3g}") for value in values]


def signal(engine: Engine, lesson: Lesson) -> tuple[list[str], list[Any], list[Any]]:
    """Return names, predictions and first measurements of the starts of a lesson on the Signal page."""
    choices = SIGNAL.parse(lesson.state).choices
    batch, net = ("digits", choices.batch_size, choices.seed), choices.network
    inputs = engine.call(worker.signal_inputs, *batch)
    starts = [card.start for card in choices.cards]
    known = [gains(start, net) for start in starts]
    measured = [engine.call(worker.signal, start, net, (choices.seed,), [()], batch)[0] for start in starts]
    return choices.labels, [predict(net, one, inputs) for one in known if one], measured


def power(engine: Engine, lesson: Lesson) -> Picture:
    """Return the power of the signal in each layer, predicted and measured."""
    parts = []
    for slot, (name, theory, one) in enumerate(zip(*signal(engine, lesson), strict=True)):
        layers = range(1, len(one.preactivations))  # without the output
        parts.append(series(name, slot, "theory", layers, theory.preactivations[:-1]))
        parts.append(series(name, slot, "points", layers, one.preactivations[:-1]))
    lowest = min(min(part["y"]) for part in parts)
    return {"x": [0.5, layers[-1] + 0.5], "y": [lowest, 1.0], "log": True, "series": parts}


def singular_values(engine: Engine, lesson: Lesson) -> Picture:
    """Return the singular values of the Jacobian for one image, largest first."""
    names, _, measured = signal(engine, lesson)
    values = [np.sort(one.singular[0])[::-1] for one in measured]
    ranks = range(1, len(values[0]) + 1)
    parts = [
        series(name, slot, mark, ranks, one)
        for slot, (name, one) in enumerate(zip(names, values, strict=True))
        for mark in ("line", "points")
    ]
    return {"x": [1, len(ranks)], "y": [0, float(max(map(max, values)))], "level": 1, "series": parts}


def densities(engine: Engine, lesson: Lesson) -> Picture:
    """Return the densities of what both initializers draw with the same seed."""
    shape = tuple(int(n) for n in lesson.state["shape"].split("x"))
    parts = []
    for slot, text in enumerate((lesson.state["init"], "HeNormal")):
        spec = InitializerSpec.parse(text)
        drawn = engine.call(draw_small_histogram, spec, shape, 0)
        counts = np.add.reduceat(drawn.counts, range(0, len(drawn.counts), BINS))
        edges = np.linspace(*drawn.edges, len(counts) + 1)
        density = counts / counts.sum() / np.diff(edges)
        parts.append(series(spec.label, slot, "area", np.repeat(edges, 2)[1:-1], np.repeat(density, 2)))
    reach, top = (1.05 * max(max(part[axis]) for part in parts) for axis in "xy")
    return {"x": [-reach, reach], "y": [0, top], "series": parts[::-1]}


def layer_pairs(engine: Engine, lesson: Lesson) -> Picture:
    """Return the weights of two equal layers, from one instance with a seed and from one with a SeedGenerator."""
    parts = []
    better = ONE_SEED.source.replace("seed=1", "seed=keras.random.SeedGenerator(1)")
    codes = {"seed=1": ONE_SEED.source, "SeedGenerator(1)": better}
    for slot, (name, code) in enumerate(codes.items()):
        one, other = (kernel.ravel()[:DOTS] for kernel in sandbox.run(code, [(128, 128)] * 2, 0).arrays)
        parts.append(series(name, slot, "points", one, other))
    reach = 1.05 * max(abs(value) for part in parts for axis in "xy" for value in part[axis])
    return {"x": [-reach, reach], "y": [-reach, reach], "series": parts[::-1]}


def swept(engine: Engine, lesson: Lesson) -> Picture:
    """Return the accuracy of each cell, in rows from the lowest value up."""
    sweep = SWEEP.parse(lesson.state).sweep("digits")
    job = engine.run(sweep)
    job.over.wait()
    values = [record.test_accuracy or 0.0 for record in job.records]
    rows, columns = range(len(sweep.values)), range(len(sweep.columns))
    return {"cells": [rounded(values[sweep.index(row, column)] for column in columns) for row in rows]}


PAINTERS: Mapping[PictureKind, Callable[[Engine, Lesson], Picture]] = {
    "accuracy": accuracy,
    "power": power,
    "singular values": singular_values,
    "densities": densities,
    "layer pairs": layer_pairs,
    "sweep": swept,
}

if __name__ == "__main__":
    main()
