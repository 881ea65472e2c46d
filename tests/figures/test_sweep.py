"""Test the heat map of a sweep: its cells, and the critical line across them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import check

from inits.figures import style, sweep

ROWS, COLUMNS = (0.01, 0.1, 1.0), ("2", "4", "8", "16")
VALUES = np.linspace(0.1, 0.98, 12).reshape(3, 4)


def heat_map(values=VALUES, rows=ROWS, columns=COLUMNS, critical=(0.05,) * 4, **changes):
    titles = {"row_title": "stddev", "column_title": "depth"}
    return check(sweep.heat_map(values, rows, columns, critical=critical, **titles, **changes))


def test_cells_show_the_values_at_their_parameters():
    fig = heat_map()
    empty, cells, layout = *fig.data[:2], fig.layout
    np.testing.assert_array_equal(cells.z, sweep.shade(VALUES))
    np.testing.assert_array_equal(empty.z, np.zeros((3, 4)))
    numbers = fig.data[-1]
    assert (numbers.text[0], numbers.text[-1]) == ("10", "98")
    assert (numbers.x[-1], numbers.y[-1], numbers.textfont.color) == (3, 1.0, style.ON_MARKERS)
    np.testing.assert_allclose(numbers.marker.color, np.ravel(cells.z))
    assert numbers.marker.colorscale == cells.colorscale
    np.testing.assert_array_equal(cells.customdata, np.moveaxis(np.indices((3, 4)), 0, -1))
    assert (cells.zmin, cells.zmax) == (0, 1), "colours mean the same in every sweep"
    assert [step[1] for step in cells.colorscale] == [step[1] for step in style.SEQUENTIAL[1:]]
    assert (cells.hovertext[0][0], cells.hovertext[2][3]) == (
        "stddev 0.01, depth 2: 10.0%",
        "stddev 1, depth 16: 98.0%",
    )
    assert cells.hoverinfo == "text"
    np.testing.assert_allclose(cells.y, [10**-2.5, 10**-1.5, 10**-0.5, 10**0.5])
    np.testing.assert_allclose(cells.x, [-0.5, 0.5, 1.5, 2.5, 3.5])
    np.testing.assert_allclose(layout.yaxis.range, [-2.5, 0.5])
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("depth", "stddev")
    assert (layout.height, layout.yaxis.type, layout.xaxis.range) == (style.HERO, "log", (-0.5, 3.5))
    assert (layout.xaxis.tickvals, layout.xaxis.ticktext) == ((0, 1, 2, 3), COLUMNS)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=20, unique=True).map(sorted))
def test_edges_lie_between_the_rows(rows):
    edges = sweep.row_edges(rows)
    assert len(edges) == len(rows) + 1
    assert (edges[:-1] < rows).all()
    assert (rows < edges[1:]).all()
    np.testing.assert_allclose(edges[1:-1] ** 2, np.multiply(rows[1:], rows[:-1]))


@pytest.mark.parametrize(
    "rows", [(), (0.0, 1.0), (-1.0, 1.0), (1.0, 0.5), (1.0, 1.0), (np.nan,), (1.0, np.inf)]
)
def test_rows_that_are_not_positive_and_rising_are_refused(rows):
    with pytest.raises(ValueError, match=r"rows must be positive and rising, but got rows="):
        sweep.row_edges(rows)


def test_missing_cells_are_empty():
    values = VALUES.copy()
    values[1, 2] = np.nan
    _, cells, *_, numbers = heat_map(values).data
    assert np.isnan(cells.z[1][2])
    assert (cells.hovertext[1][2], len(numbers.text)) == ("", 11)
    assert not cells.hoverongaps
    assert np.isnan(heat_map(np.full((3, 4), np.nan)).data[1].z).all()


def test_diverged_cells_are_crossed_out():
    diverged = np.zeros((3, 4), bool)
    diverged[2, 1] = diverged[0, 3] = True
    crosses = heat_map(diverged=diverged).data[2]
    np.testing.assert_array_equal([crosses.x, crosses.y], [[3, 1], [0.01, 1.0]])
    assert [list(place) for place in crosses.customdata] == [[0, 3], [2, 1]]
    assert crosses.hovertext == ("stddev 0.01, depth 16: diverged", "stddev 1, depth 4: diverged")
    assert crosses.marker.line.color == style.INK
    assert len(heat_map().data[2].x) == 0


def test_critical_line_is_a_bar_in_each_column_and_joins_only_equal_ones():
    fig = heat_map(critical=(0.05, 0.2, 0.2, None), critical_name="critical: σ² = 2")
    halo, line = fig.data[3:5]
    gap = np.nan
    for trace in (halo, line):  # each bar leaves the place of a number free
        first, second, third = (
            [-0.5, -0.25, 0, 0.25, 0.5],
            [0.5, 0.75, 1, 1.25, 1.5],
            [1.5, 1.75, 2, 2.25, 2.5],
        )
        fourth = [2.5, 2.75, 3, 3.25, 3.5]
        np.testing.assert_array_equal(trace.x, [*first, 0.5, *second, *third, 2.5, *fourth])
        bars = [[value, value, gap, value, value] for value in (0.05, 0.2, 0.2)]
        np.testing.assert_array_equal(trace.y, [*bars[0], gap, *bars[1], *bars[2], *[gap] * 6])
    assert (line.line.color, halo.line.color) == (style.INK, style.BACKGROUND)
    assert halo.line.width > line.line.width
    (name,) = fig.layout.annotations
    assert (name.x, name.y, name.xanchor, name.yanchor) == (1, 1, "right", "bottom")  # above the picture
    assert name.text.endswith("<b>– –</b> critical: σ² = 2")
    assert line.line.dash == "dash", "no grid line"
    assert fig.layout.margin.t > 20
    nothing = np.full((3, 4), np.nan)
    assert not heat_map(nothing, critical=(None,) * 4).layout.annotations


def test_best_cell_is_framed():
    frame = heat_map().data[-2]
    assert frame.name == "best"
    np.testing.assert_allclose(sorted(set(frame.x)), [2.5, 3.5])
    np.testing.assert_allclose(sorted(set(frame.y)), [10**-0.5, 10**0.5])
    for values in (np.full((3, 4), 0.1), np.full((3, 4), np.nan)):
        assert "best" not in {trace.name for trace in heat_map(values).data}, "none is better than chance"


def test_critical_line_without_numbers_has_no_gaps():
    columns = [str(depth) for depth in range(1, 31)]
    line = heat_map(np.ones((3, 30)), columns=columns, critical=[0.1] * 30).data[4]
    assert len(line.x) == 60
    assert np.isfinite(line.y).all()
    before = heat_map(np.full((3, 4), np.nan)).data[4]
    np.testing.assert_array_equal(before.y, [0.05] * 8)


def test_colours_separate_good_accuracies_and_their_ticks_say_where():
    chance, eighty, ninety_two, top = sweep.shade([0.1, 0.8, 0.92, 0.99])
    assert (chance, top, sweep.shade(0.05), sweep.shade(1.0)) == (0, pytest.approx(1), 0, pytest.approx(1))
    assert ninety_two - eighty > 0.18, "they were 0.12 of the scale apart"
    assert ninety_two - eighty == pytest.approx(
        sweep.shade(0.968) - ninety_two
    )  # the error falls by the same factor
    bar = heat_map().data[1].colorbar
    np.testing.assert_allclose(bar.tickvals, sweep.shade([float(t[:-1]) / 100 for t in bar.ticktext]))


def test_numbers_are_left_out_where_cells_are_small():
    columns = [str(depth) for depth in range(1, 31)]
    shown = heat_map(np.ones((3, 30)), columns=columns, critical=[1.0] * 30)
    assert "percent" not in [trace.name for trace in shown.data]


@pytest.mark.parametrize(("value", "text"), [(99.0, "↑ 99"), (1e-3, "↓ 0.001")])
def test_critical_value_outside_the_picture_is_an_arrow_in_its_column(value, text):
    arrow, _ = heat_map(critical=(0.05, None, value, None)).layout.annotations
    assert (arrow.x, arrow.y, arrow.yref, arrow.yanchor, arrow.text) == (2, 1, "paper", "bottom", text)


def test_ticks_of_few_rows_and_of_many_columns():
    fig = heat_map([[0.5]], (3.2,), ("ReLU",), (None,))
    np.testing.assert_allclose(fig.data[1].y, [1.6, 6.4])
    assert len(fig.layout.yaxis.tickvals) >= 1
    axis = heat_map([[0.5], [0.6]], (1.9, 2.1), ("ReLU",), (None,)).layout.yaxis
    assert (axis.tickvals, axis.ticktext) == ((1.9, 2.1), ("1.9", "2.1"))
    columns = [str(depth) for depth in range(1, 31)]
    axis = heat_map(np.ones((3, 30)), columns=columns, critical=[1.0] * 30).layout.xaxis
    assert len(axis.tickvals) <= sweep.MAX_TICKS
    assert axis.ticktext == tuple(columns[place] for place in axis.tickvals)
