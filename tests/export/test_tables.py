"""What a person takes along holds what was measured."""

import csv
import io

import numpy as np
import pytest

from inits.experiments.experiment import Experiment, Start
from inits.experiments.record import Checkpoint, Record
from inits.export.tables import COLUMNS, curves_csv, drawn_csv, histograms_csv
from inits.initializers.spec import InitializerSpec

EXPERIMENT = Experiment((Start(InitializerSpec("HeNormal")),), batch_size=32)


def checkpoint(step: int, loss: float, accuracy: float) -> Checkpoint:
    layers = np.zeros(2, np.float32)
    bars = np.zeros((2, 4), np.int32)
    return Checkpoint(
        step, loss, accuracy, 10, np.zeros((2, 2), np.float32), bars, layers, layers, layers, layers
    )


def rows(record: Record) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(curves_csv(EXPERIMENT, [record], ["mine"]))))


def test_one_line_a_step_with_held_out_numbers_where_they_were_measured():
    record = Record(
        run=0,
        steps=3,
        images=70,
        losses=np.array([2.5, 2.0, 1.5], np.float32),
        accuracies=np.array([0.25, 0.5, 0.75], np.float32),
        checkpoints=(checkpoint(0, 2.75, 0.125), checkpoint(3, 1.25, 0.875)),
    )
    lines = rows(record)
    assert tuple(lines[0]) == COLUMNS
    assert [line["step"] for line in lines] == ["0", "1", "2", "3"]
    assert [line["images"] for line in lines] == ["0", "32", "64", "70"]  # the last batch is a short one
    assert [line["loss"] for line in lines] == ["", "2.5", "2.0", "1.5"]
    assert [line["accuracy"] for line in lines] == ["", "0.25", "0.5", "0.75"]
    assert [line["held_out_loss"] for line in lines] == ["2.75", "", "", "1.25"]
    assert [line["held_out_accuracy"] for line in lines] == ["0.125", "", "", "0.875"]


def test_every_run_says_which_it_is():
    starts = (Start(InitializerSpec("HeNormal")), Start(InitializerSpec("Zeros"), InitializerSpec("Ones")))
    experiment = Experiment(starts, batch_size=32, seeds=(4, 7))
    losses = np.zeros(1, np.float32)
    records = [Record(number, 1, 32, losses + number, losses) for number in range(4)]
    lines = list(csv.DictReader(io.StringIO(curves_csv(experiment, records, ["a", "b, c"]))))
    assert [(line["start"], line["seed"], line["step"], line["loss"]) for line in lines] == [
        (start, seed, step, "" if step == "0" else f"{number}.0")
        for number, (start, seed) in enumerate([("1", "4"), ("2", "4"), ("1", "7"), ("2", "7")])
        for step in "01"
    ]
    assert {(line["name"], line["kernel"], line["bias"]) for line in lines} == {
        ("a", "HeNormal()", "Zeros()"),
        ("b, c", "Zeros()", "Ones()"),
    }


def test_a_run_that_never_began_has_no_line():
    assert rows(Record(0)) == []


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_a_loss_that_is_no_number_is_written_as_it_is(loss):
    record = Record(0, 2, 64, np.array([1.0, loss], np.float32), np.array([0.5, 0.5], np.float32))
    assert np.float32(rows(record)[-1]["loss"]).tobytes() == np.float32(loss).tobytes()


def test_histograms_have_a_line_for_each_bar_that_holds_a_weight():
    counts = np.array([[1, 0, 2, 1], [0, 4, 0, 0]], np.int32)
    edges = np.array([[-1, 1], [0, 2]], np.float32)
    layers = np.zeros(2, np.float32)
    point = Checkpoint(7, 1.0, 0.5, 10, edges, counts, layers, layers, layers, layers)
    text = histograms_csv(EXPERIMENT, [Record(0, 9, 70, checkpoints=(point,))], ["mine"])
    lines = [tuple(line.values()) for line in csv.DictReader(io.StringIO(text))]
    assert lines == [
        ("1", "mine", "0", "7", "layer 1", "-1.0", "-0.5", "1"),
        ("1", "mine", "0", "7", "layer 1", "0.0", "0.5", "2"),
        ("1", "mine", "0", "7", "layer 1", "0.5", "1.0", "1"),
        ("1", "mine", "0", "7", "output", "0.5", "1.0", "4"),
    ]


@pytest.mark.parametrize("text", ["HeNormal()", "Ones()", "Identity()"])
def test_a_drawn_kernel_with_the_exact_law_beside_it(text):
    law = InitializerSpec.parse(text).law((64, 64))
    edges, density = np.linspace(-0.5, 0.5, 5, dtype=np.float32), np.array([0.1, 0.9, 1.9, 1.1], np.float32)
    shares = np.full(len(law.atoms), 0.25, np.float32)
    lines = list(csv.DictReader(io.StringIO(drawn_csv(law, edges, density, shares))))
    if law.atoms:
        assert [(float(one["value"]), float(one["exact"])) for one in lines] == list(law.atoms)
        assert {one["drawn"] for one in lines} == {"0.25"}
        return
    found = [(float(one["low"]) + float(one["high"])) / 2 for one in lines]
    assert found == [-0.375, -0.125, 0.125, 0.375]
    assert [np.float32(one["drawn"]) for one in lines] == density.tolist()
    np.testing.assert_allclose([float(one["exact"]) for one in lines], law.pdf(np.array(found)))


def test_without_a_law_nothing_is_exact():
    ends = np.array([0, 1, 2], np.float32)
    text = drawn_csv(None, ends, ends[1:], ends[:0])
    assert [line["exact"] for line in csv.DictReader(io.StringIO(text))] == ["", ""]
