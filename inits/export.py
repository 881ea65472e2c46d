"""What a person takes along: curves as CSV, weights as a file that Keras reads."""

import csv
import io
from collections.abc import Sequence

from inits.experiment import Architecture, Experiment
from inits.record import FloatArray, Record

COLUMNS = ("step", "images", "loss", "accuracy", "held_out_loss", "held_out_accuracy")


def curves_csv(experiment: Experiment, record: Record) -> str:
    """One line a step, from 0: loss and accuracy of its batch, held-out numbers where they were measured."""
    held = {point.step: point for point in record.checkpoints}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for step in range(record.done + 1):
        point = held.get(step)
        batch = (record.losses[step - 1], record.accuracies[step - 1]) if step else ("", "")
        measured = (point.loss, point.accuracy) if point else ("", "")
        images = min(step * experiment.batch_size, record.images)
        writer.writerow([step, images, *batch, *measured])
    return out.getvalue()


def weights_file(architecture: Architecture, weights: Sequence[FloatArray]) -> bytes:
    """The bytes of a `.weights.h5` file, written by Keras: for the compute process."""
    from inits.network import weights_file as write

    return write(architecture, weights)
