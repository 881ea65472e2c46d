"""What a person takes along: curves as CSV. Weights as a file are made by `inits.worker.weights_file`."""

import csv
import io
from collections.abc import Sequence
from itertools import cycle

from inits.experiment import Experiment
from inits.record import Record

COLUMNS = (
    *("start", "name", "kernel", "bias", "seed", "step", "images"),
    *("loss", "accuracy", "held_out_loss", "held_out_accuracy", "held_out_images"),
)


def curves_csv(experiment: Experiment, records: Sequence[Record], names: Sequence[str]) -> str:
    """One line for each run and step, from 0: loss and accuracy of its batch, held-out numbers where measured.

    `records` are in the order of `experiment.runs`, `names` those of the starts.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    starts = cycle(enumerate(names, 1))
    for (number, name), run, record in zip(starts, experiment.runs, records, strict=False):
        held = {point.step: point for point in record.checkpoints}
        about = (number, name, str(run.start.kernel), str(run.start.bias), run.seed)
        for step in range(record.done + 1) if record.steps else ():
            point = held.get(step)
            batch = (record.losses[step - 1], record.accuracies[step - 1]) if step else ("", "")
            measured = (point.loss, point.accuracy, point.held_out) if point else ("", "", "")
            images = min(step * experiment.batch_size, record.images)
            writer.writerow([*about, step, images, *batch, *measured])
    return out.getvalue()
