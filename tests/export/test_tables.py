"""Test the CSV tables of curves, histograms and drawn kernels."""

import csv
import io

import numpy as np
import pytest

from inits.experiments.experiment import Experiment, Start
from inits.experiments.record import Checkpoint, Record
from inits.export.tables import COLUMNS, curves_csv, drawn_csv, histograms_csv
from inits.initializers.spec import InitializerSpec

EXPERIMENT = Experiment((Start(InitializerSpec("HeNormal")),), batch_size=32)


def checkpoint(step, loss, accuracy, edges=((0, 0), (0, 0)), counts=((0,) * 4,) * 2) -> Checkpoint:
    arrays = np.array(edges, np.float32), np.array(counts, np.int32), *[np.zeros(2, np.float32)] * 4
    return Checkpoint(step, loss, accuracy, 10, *arrays)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def rows(record: Record) -> list[dict[str, str]]:
    return read(curves_csv(EXPERIMENT, [record], ["mine"]))


def test_curves_have_a_row_for_each_step():
    losses, accuracies = np.float32([2.5, 2.0, 1.5]), np.float32([0.25, 0.5, 0.75])
    points = (checkpoint(0, 2.75, 0.125), checkpoint(3, 1.25, 0.875))
    lines = rows(Record(0, 3, 70, losses, accuracies, checkpoints=points))
    assert tuple(lines[0]) == COLUMNS
    columns = {name: [line[name] for line in lines] for name in COLUMNS}
    assert columns["step"] == ["0", "1", "2", "3"]
    assert columns["images"] == ["0", "32", "64", "70"]  # the last batch is a short one
    assert columns["loss"] == ["", "2.5", "2.0", "1.5"]
    assert columns["accuracy"] == ["", "0.25", "0.5", "0.75"]
    assert columns["held_out_loss"] == ["2.75", "", "", "1.25"]
    assert columns["held_out_accuracy"] == ["0.125", "", "", "0.875"]
    assert rows(Record(0)) == []  # a run that has not begun


def test_curves_name_the_start_and_seed_of_each_run():
    starts = (Start(InitializerSpec("HeNormal")), Start(InitializerSpec("Zeros"), InitializerSpec("Ones")))
    experiment = Experiment(starts, batch_size=32, seeds=(4, 7))
    losses = np.zeros(1, np.float32)
    records = [Record(number, 1, 32, losses + number, losses) for number in range(4)]
    lines = read(curves_csv(experiment, records, ["a", "b, c"]))
    assert [(line["start"], line["seed"], line["step"], line["loss"]) for line in lines] == [
        (start, seed, step, "" if step == "0" else f"{number}.0")
        for number, (start, seed) in enumerate([("1", "4"), ("2", "4"), ("1", "7"), ("2", "7")])
        for step in "01"
    ]
    assert {(line["name"], line["kernel"], line["bias"]) for line in lines} == {
        ("a", "HeNormal()", "Zeros()"),
        ("b, c", "Zeros()", "Ones()"),
    }


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_loss_that_is_not_finite_is_written_unchanged(loss):
    record = Record(0, 2, 64, np.array([1.0, loss], np.float32), np.array([0.5, 0.5], np.float32))
    assert np.float32(rows(record)[-1]["loss"]).tobytes() == np.float32(loss).tobytes()


def test_histograms_have_a_row_for_each_bar_with_weights():
    point = checkpoint(7, 1.0, 0.5, edges=[[-1, 1], [0, 2]], counts=[[1, 0, 2, 1], [0, 4, 0, 0]])
    text = histograms_csv(EXPERIMENT, [Record(0, 9, 70, checkpoints=(point,))], ["mine"])
    lines = [tuple(line.values()) for line in read(text)]
    assert lines == [
        ("1", "mine", "0", "7", "layer 1", "-1.0", "-0.5", "1"),
        ("1", "mine", "0", "7", "layer 1", "0.0", "0.5", "2"),
        ("1", "mine", "0", "7", "layer 1", "0.5", "1.0", "1"),
        ("1", "mine", "0", "7", "output", "0.5", "1.0", "4"),
    ]


@pytest.mark.parametrize("text", ["HeNormal()", "Ones()", "Identity()"])
def test_drawn_kernel_with_its_exact_law(text):
    law = InitializerSpec.parse(text).law((64, 64))
    edges, density = np.linspace(-0.5, 0.5, 5, dtype=np.float32), np.array([0.1, 0.9, 1.9, 1.1], np.float32)
    shares = np.full(len(law.atoms), 0.25, np.float32)
    lines = read(drawn_csv(law, edges, density, shares))
    if law.atoms:
        assert [(float(one["value"]), float(one["exact"])) for one in lines] == list(law.atoms)
        assert {one["drawn"] for one in lines} == {"0.25"}
        return
    found = [(float(one["low"]) + float(one["high"])) / 2 for one in lines]
    assert found == [-0.375, -0.125, 0.125, 0.375]
    assert [np.float32(one["drawn"]) for one in lines] == density.tolist()
    np.testing.assert_allclose([float(one["exact"]) for one in lines], law.pdf(np.array(found)))


def test_drawn_kernel_without_a_law():
    ends = np.array([0, 1, 2], np.float32)
    assert [line["exact"] for line in read(drawn_csv(None, ends, ends[1:], ends[:0]))] == ["", ""]
