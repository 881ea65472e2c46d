"""Test the figures of weights layer by layer and of numbers for each layer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import check

from inits.figures import layers, style
from inits.figures import weights as figures
from inits.figures.weights import Bars, Panel, Row


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=64).filter(any), st.floats(-5, 5), st.floats(0.01, 9)
)
def test_bars_have_area_1(counts, low, width):
    bars = Bars(low, low + width, np.array(counts, np.int32))
    x, y = bars.steps
    assert np.trapezoid(y, x) == pytest.approx(1)
    assert (x[0], x[-1], y[0], y[-1]) == (pytest.approx(low), pytest.approx(low + width), 0, 0)
    np.testing.assert_allclose(y[1:-1:2] * sum(counts) * width / len(counts), counts)


@pytest.mark.parametrize("bars", [(0.5, 0.5, [9, 0]), (-np.inf, np.inf, [0, 0]), (np.nan, np.nan, [0, 0])])
def test_bars_of_equal_or_infinite_weights_are_a_spike(bars):
    low, high, counts = bars
    np.testing.assert_array_equal(Bars(low, high, np.array(counts)).steps, [[low] * 2, [0, 1]])


NAMES = ["layer 1", "layer 2", "output"]


def pieces(trace) -> list[np.ndarray]:
    """Return the parts of a trace between its gaps, (2, points) each."""
    points = np.array([trace.x, trace.y])
    ends = np.flatnonzero(np.isnan(points[0]))
    return [part[:, ~np.isnan(part[0])] for part in np.split(points, ends, axis=1)[:-1]]


def unscaled(piece: np.ndarray, column: int, reach: float) -> np.ndarray:
    """Return the weights of a piece in a column."""
    return (piece[0] - column - 0.5) / figures.HALF * 1.05 * reach


def ends_at(low: float, high: float, *counts: int) -> Bars:
    return Bars(low, high, np.array(counts, np.int32))


def test_weights_layer_by_layer():
    before = [ends_at(-3.0, 1.0, 1, 2, 1), ends_at(0.0, 0.0, 4, 0), ends_at(-0.5, 0.5, 3, 1)]
    now = [ends_at(-1.0, 2.0, 2, 2), *before[1:]]
    fig = check(figures.weights(before, now, NAMES, start=4, columns=2))
    ground, filled, line = fig.data
    assert filled.fillcolor.startswith(style.START[4])
    assert filled.fill == "toself"
    assert line.line.color == style.INK
    assert (fig.layout.xaxis.range, fig.layout.yaxis.range) == ((0, 2), (-2, 0))
    for i, (column, row) in enumerate([(0, 0), (1, 0), (0, 1)]):
        for trace in (ground, filled, line):
            x, y = pieces(trace)[i]
            assert column < x.min() < x.max() < column + 1
            assert -row - 1 < y.min() <= y.max() < -row
    assert len(pieces(filled)) == len(pieces(line)) == 3
    for trace, bars in ((filled, now), (line, before)):
        for i, column, reach in ((0, 0, 3.0), (2, 0, 0.5)):
            np.testing.assert_allclose(unscaled(pieces(trace)[i], column, reach), bars[i].steps[0], atol=1e-9)
    titles = ["layer 1<br>±3", "layer 2<br>±0", "output<br>±0.5"]
    assert [note.text for note in fig.layout.annotations] == titles
    fig = check(figures.weights(None, now, NAMES, reach=[5.0, 0.0, 1.0]))
    assert len(fig.data) == 2
    np.testing.assert_allclose(unscaled(pieces(fig.data[1])[0], 0, 5.0), now[0].steps[0])


def test_panel_scales_both_histograms_and_cuts_high_peaks():
    before, now = ends_at(-1.0, 1.0, 1, 3), ends_at(-1.0, 1.0, 2, 2)
    panel = Panel(2, 1, 0, before, now, 1.0)
    heights = [(y - panel.foot) / 0.5 for _, y in panel.outlines(0.5)]
    np.testing.assert_allclose(heights[0], before.steps[1] / 0.75)
    np.testing.assert_allclose(heights[1], now.steps[1] / 0.75)
    narrow, wide = ends_at(-0.05, 0.05, 1, 1), ends_at(-1.0, 1.0, 1, 1)
    panel = Panel(0, 0, 0, narrow, wide, 1.0)
    heights = [(y - panel.foot).max() for _, y in panel.outlines(1.0)]
    np.testing.assert_allclose(heights, [1, 1 / figures.CUT])


def test_equal_weights_are_a_visible_spike_and_infinite_ones_an_empty_panel():
    _, (x, y) = Panel(0, 0, 0, None, ends_at(0.5, 0.5, 9, 0, 0), 1.0).outlines(1.0)
    assert 0.01 < np.ptp(x) < 0.05
    assert x.mean() == pytest.approx(0.5 + figures.HALF * 0.5 / 1.05)
    assert np.ptp(y) == 1
    fig = check(figures.weights(None, [ends_at(-np.inf, np.inf, 0, 0, 0, 0)] * 3, NAMES))
    assert [piece.size for piece in pieces(fig.data[1])] == [0, 0, 0]
    assert fig.layout.annotations[0].text == "layer 1<br>±0"


def test_many_layers_take_several_lines():
    bars = [ends_at(-1.0, 1.0, 1, 2, 1)] * 21
    fig = check(figures.weights(None, bars, [f"layer {i}" for i in range(21)]))
    assert (fig.layout.xaxis.range, fig.layout.yaxis.range) == ((0, 6), (-4, 0))
    assert fig.layout.height == 4 * figures.PANEL + 44
    assert len({(note.x, round(note.y, 6)) for note in fig.layout.annotations}) == 21


STARTS = ["HeNormal", "RandomNormal(stddev=0.01)", "Zeros"]


def grid_rows() -> list[Row]:
    rng, rows = np.random.default_rng(0), []
    for start, width in enumerate((1.0, 0.1, 0.0)):
        now = [Bars(-width * (i + 1), width * (i + 1), rng.integers(1, 9, 8)) for i in range(3)]
        rows.append(Row(STARTS[start], start + 3, now, now))
    return rows


def test_grid_of_starts_and_layers():
    rows = grid_rows()
    fig = check(figures.weights_grid(rows, NAMES))
    ground, *filled, line = fig.data
    assert [trace.fillcolor[:7] for trace in filled] == list(style.START[3:6])
    assert len(pieces(ground)) == len(pieces(line)) == 9
    assert (fig.layout.xaxis.range, fig.layout.yaxis.range) == ((0, 3), (-3, 0))
    assert fig.layout.height == 3 * figures.ROW + 50
    for row, trace in enumerate(filled):
        for column, piece in enumerate(pieces(trace)):
            assert -row - 1 < piece[1].min() < piece[1].max() < -row
            assert np.ptp(piece[1]) == pytest.approx(0.84), "each panel has its own height"
            if row < 2:  # one scale a column
                weights = unscaled(piece, column, column + 1.0)
                np.testing.assert_allclose(weights, rows[row].now[column].steps[0], atol=1e-9)


def test_grid_labels_starts_and_layers():
    notes = check(figures.weights_grid(grid_rows(), NAMES)).layout.annotations
    assert [note.text for note in notes[:3]] == ["layer 1<br>±1", "layer 2<br>±2", "output<br>±3"]
    assert [note.hovertext for note in notes[3:]] == STARTS
    assert [note.text.split()[-1] for note in notes[3:]] == ["HeNormal", "RandomNormal…", "Zeros"]
    for row, note in enumerate(notes[3:]):
        assert (note.x, note.xanchor, note.y, note.yshift) == (0, "right", -row - 0.5, pytest.approx(0))
        assert style.START[row + 3] in note.text


def test_grid_keeps_its_scale_while_starts_are_missing():
    rows, waiting = grid_rows()[:2], [Row("Ones", 7, None, []), Row("Zeros", 6, None, [])]
    fig = check(figures.weights_grid([*rows, waiting[0]], NAMES, reach=[2.0, 4.0, 8.0]))
    np.testing.assert_allclose(unscaled(pieces(fig.data[1])[2], 2, 8.0), rows[0].now[2].steps[0])
    assert fig.layout.annotations[5].text.split()[-1] == "Ones"
    assert len(fig.data) == 4, "ground, two starts, one line"
    assert len(check(figures.weights_grid(waiting, NAMES)).data) == 1
    alone = rows[0]  # one start has no name
    expected = figures.weights(alone.before, alone.now, NAMES, alone.start)
    assert figures.weights_grid([alone], NAMES) == expected
    check(figures.weights_grid(waiting[:1], NAMES))


@given(st.integers(1, 40), st.integers(1, 9))
def test_chosen_layers_are_spread(count, most):
    chosen = layers.choose_layers(count, most)
    assert len(chosen) == min(count, most)
    assert chosen[0] == 0
    assert chosen[-1] == count - 1 or most == 1
    steps = np.diff(chosen)
    assert not len(steps) or 1 <= steps.min() <= steps.max() <= steps.min() + 1
    assert layers.choose_layers(8) == [0, 1, 3, 4, 6, 7]


def series(before, now, start=1, name="HeNormal") -> layers.Series:
    return layers.Series(name, start, before, now)


def test_number_for_each_layer():
    shown = [series([1e-3, 0.1, 1], [1e2, np.inf, 0])]
    fig = check(layers.by_layer(NAMES, shown, "gradient norm"))
    before, now = fig.data
    assert before.x == now.x == tuple(NAMES)
    np.testing.assert_array_equal([before.y, now.y], [[1e-3, 0.1, 1], [1e2, np.inf, 0]])
    low, high = 10 ** np.array(fig.layout.yaxis.range)
    assert low < 1e-3
    assert high > 1e2
    assert (before.line.dash, now.line.dash) == ("dot", "solid")
    assert not fig.layout.annotations
    assert layers.silent(NAMES, shown) == "No gradient in output."
    assert not layers.silent(NAMES, [series(None, [1, np.inf, 1e-9])])


@pytest.mark.parametrize("values", [[0, 0, 0], [np.nan] * 3, [np.inf] * 3, [1e-45, 3e38, 1]])
@pytest.mark.parametrize("starts", [1, 2])
def test_numbers_of_any_size(values, starts):
    many = [series(values, values, start) for start in range(starts)]
    low, high = check(layers.by_layer(NAMES, many, "largest output")).layout.yaxis.range
    assert np.isfinite([low, high]).all()
    assert low < high


def test_shares_for_each_layer():
    fig = check(layers.by_layer(NAMES, [series([0, 0.5, 1], [1, 0, 0])], "dead units", share=True))
    assert fig.layout.yaxis.type is None
    assert fig.layout.yaxis.range == (-0.03, 1.03)
    assert not fig.layout.annotations


def test_numbers_of_several_starts():
    values = {"HeNormal": [1, 2, 4], "Zeros": [0, 0, 0], "Ones": [0, 3, 0.5]}
    many = [series(None, now, start + 3, name) for start, (name, now) in enumerate(values.items())]
    fig = check(layers.by_layer(NAMES, many, "gradient norm", every=[1e-5]))
    assert [trace.name for trace in fig.data] == list(values)
    for trace, one in zip(fig.data, many, strict=True):
        np.testing.assert_array_equal(trace.y, one.now)
        assert trace.line.to_plotly_json() == style.start_line(one.start)
        assert trace.marker.to_plotly_json() == style.start_marker(one.start)
    names = fig.layout.annotations
    assert [note.text.split()[-1] for note in names] == list(values)
    low = fig.layout.yaxis.range[0]
    assert low < -5
    assert [note.y for note in names] == pytest.approx([np.log10(4), low, np.log10(0.5)])
    assert layers.silent(NAMES, many) == "No gradient: Zeros, Ones (1 layer)."


def test_shares_of_several_starts():
    many = [series(None, [start / 9, 0.5], start, str(start)) for start in range(8)]
    fig = check(layers.by_layer(["a", "b"], many, "dead units", share=True))
    assert len(fig.data) == len(fig.layout.annotations) == 8
    assert {note.y for note in fig.layout.annotations} == {0.5}
    assert np.diff(sorted(note.yshift for note in fig.layout.annotations)) == pytest.approx(17)
