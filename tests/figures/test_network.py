"""Test the picture of a network."""

import numpy as np
import pytest
from support.cases import check

from inits.figures import network as figures
from inits.figures import style
from inits.figures.network import REACH, Row

KEPT = Row("He", 0, "HeNormal", np.array([1.0, 2.0, 2.0, 2.0]))
LOST = Row("small", 4, "RandomNormal", np.array([1.0, 0.05, 1e-5, 0.0]))
FAR = Row("large", 5, "RandomNormal", np.array([1.0, 100.0, np.inf, np.nan]))
UNKNOWN = Row("mine", 2, "LSUV", None)
UNITS = (784, 128, 64, 10)


def test_every_start_has_its_layers_with_units_and_strength():
    fig = check(figures.network([KEPT, LOST, FAR, UNKNOWN], UNITS, "ReLU"))
    bars = [trace for trace in fig.data if trace.type == "bar"]
    assert [bar.meta for bar in bars] == [0, 4, 5, 2]
    for row, bar in enumerate(bars):
        heights = np.array(bar.y, float)
        np.testing.assert_allclose(heights**2 / heights[0] ** 2, np.array(UNITS) / 784)
        np.testing.assert_allclose(np.array(bar.base, float) + heights / 2, row + figures.LOWER)
    for bar, decades in zip(
        bars, ([0, 0.30103, 0.30103, 0.30103], [0, -1.30103, -3, -3], [0, 2, 3, 3]), strict=False
    ):
        np.testing.assert_allclose(bar.marker.color, decades, atol=1e-5)
        assert bar.marker.coloraxis == "coloraxis"
    assert (fig.layout.coloraxis.cmin, fig.layout.coloraxis.cmax) == (-REACH, REACH)
    assert bars[3].marker.color.startswith(style.MUTED)
    assert "no theory" in bars[3].hovertemplate
    assert bars[0].customdata[1] == "layer 1: 128 units, ReLU"
    assert bars[0].customdata[3] == "output: 10 units"
    assert [note.name for note in fig.layout.annotations] == ["row 0", "row 4", "row 5", "row 2"]


def test_a_covered_network_says_nothing_about_its_signal():
    fig = check(figures.network([KEPT, LOST, FAR, UNKNOWN], UNITS, "ReLU", covered=True))
    bars = [trace for trace in fig.data if trace.type == "bar"]
    assert len({bar.marker.color for bar in bars}) == 1
    assert all(bar.marker.color.startswith(style.MUTED) for bar in bars)
    assert bars[0].hovertemplate == "%{customdata}<br>HeNormal<extra></extra>"
    assert bars[3].hovertemplate == "%{customdata}<br>LSUV<extra></extra>"
    assert {trace.mode for trace in fig.data if trace.type == "scatter"} == {"none"}


def test_marks_stand_where_the_signal_is_lost():
    fig = figures.network([KEPT, LOST, FAR], UNITS, "tanh")
    marks = {trace.meta: trace for trace in fig.data if trace.type == "scatter" and trace.mode == "markers"}
    assert list(marks[0].x) == []
    assert (list(marks[4].x), list(marks[4].marker.symbol)) == ([2, 3], ["triangle-down"] * 2)
    assert (list(marks[5].x), list(marks[5].marker.symbol)) == ([2, 3], ["triangle-up"] * 2)


def test_a_deep_network_has_few_marks():
    fig = figures.network(
        [Row("Zeros", 0, "Zeros", np.array([1.0, *[0.0] * 51]))], (784, *[9] * 50, 10), "ReLU"
    )
    (marks,) = (trace for trace in fig.data if trace.type == "scatter" and trace.mode == "markers")
    assert list(marks.x) == [1, 8, 15, 22, 29, 36, 43, 50]


@pytest.mark.parametrize(("hidden", "names"), [(0, 2), (1, 3), (12, 14), (13, 8), (50, 8)])
def test_few_columns_of_a_deep_network_are_named(hidden, names):
    units = (784, *[64] * hidden, 10)
    fig = check(figures.network([Row("He", 0, "HeNormal", np.ones(hidden + 2))], units, "ReLU"))
    axis = fig.layout.xaxis
    assert len(axis.ticktext) == len(axis.tickvals) == names
    assert (axis.ticktext[0], axis.ticktext[-1]) == ("input<br>784", "output<br>10")
    for place, text in list(zip(axis.tickvals, axis.ticktext, strict=True))[1:-1]:
        assert text == f"{place}<br>64"


def test_eight_rows_fit_the_place_of_the_curves():
    assert figures.height(1) < figures.height(3) <= figures.height(8) == style.CURVES
