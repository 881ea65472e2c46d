"""What all figures share."""

import json
import subprocess
import sys

import numpy as np
import pytest

from inits.figures import style


def test_tokens_are_the_slots_the_browser_knows() -> None:
    assert list(style.START) == [f"#00000{slot}" for slot in range(1, 9)]
    assert [color for _, color in style.SEQUENTIAL] == [f"#0000{slot}" for slot in range(11, 21)]
    assert [color for _, color in style.DIVERGING] == [f"#0000{slot}" for slot in range(21, 31)]
    assert [style.SEQUENTIAL[0][0], style.SEQUENTIAL[-1][0]] == [0, 1]


def test_eight_starts_look_different_without_colour() -> None:
    looks = {(style.start_style(index).dash, style.start_style(index).marker) for index in range(8)}
    assert len(looks) == 8
    assert [style.start_style(index).dash for index in (0, 3, 4, 7)] == ["solid", "solid", "dash", "dash"]
    assert style.start_style(8) == style.start_style(0)


def test_changes_are_what_plotly_would_make_of_them() -> None:
    """The short form, a whole axis, both for the same axis, and a name that plotly does not know."""
    changes = {
        "xaxis": {"range": [1, 2], "title": {"font": {"size": 9}}},
        "xaxis_type": "log",
        "margin_r": 50,
    }
    plain = style.figure().update_layout(changes, xaxis_title_text="weight")
    assert style.figure(x="weight", **changes).to_dict() == plain.to_dict()
    with pytest.raises(ValueError, match="nonsense"):
        style.figure(xaxis_nonsense=1)


def test_a_figure_is_quiet() -> None:
    fig = style.figure(x="weight", y="density", yaxis_type="log")
    assert (fig.layout.xaxis.title.text, fig.layout.yaxis.title.text) == ("weight", "density")
    assert (fig.layout.xaxis.showgrid, fig.layout.yaxis.showgrid) == (False, True)
    assert fig.layout.yaxis.type == "log"
    assert fig.layout.showlegend is False


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (1, "1"),
        (10, "10"),
        (500, "500"),
        (1000, "10³"),
        (0.01, "10⁻²"),
        (1e-12, "10⁻¹²"),
        (2e5, "2×10⁵"),
        (0.005, "5×10⁻³"),
    ],
)
def test_tick_text(value: float, text: str) -> None:
    assert style.tick_text(value) == text


@pytest.mark.parametrize(("low", "high"), [(0.1, 2.4), (1e-8, 1e8), (1, 100), (3, 4), (1e-3, 0.5)])
def test_log_axis_has_few_ticks_inside_its_range(low: float, high: float) -> None:
    axis = style.log_axis(low, high)
    assert len(axis["tickvals"]) <= 7
    assert all(0.99 * low <= value <= 1.01 * high for value in axis["tickvals"])


def test_log_axis_labels() -> None:
    assert style.log_axis(0.1, 2.4)["ticktext"] == ["0.1", "0.2", "0.5", "1", "2"]
    assert style.log_axis(0.02, 0.3)["ticktext"] == ["0.02", "0.05", "0.1", "0.2"]
    assert style.log_axis(1e-4, 1)["ticktext"] == ["10⁻⁴", "10⁻³", "10⁻²", "0.1", "1"]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (2, 1)])
def test_log_axis_refuses_what_has_no_logarithm(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=f"low={low}, high={high}"):
        style.log_axis(low, high)


def test_spread_moves_only_what_collides() -> None:
    places = style.spread(np.array([100.0, 10.0, 12.0]), 17, 0, 200)
    np.testing.assert_allclose(places, [100, 2.5, 19.5])


def test_spread_keeps_order_gap_and_bounds() -> None:
    rng = np.random.default_rng(0)
    for count in range(1, 9):
        wanted = rng.uniform(0, 200, count)
        places = style.spread(wanted, 17, 0, 200)
        order = np.argsort(wanted)
        assert (np.diff(places[order]) >= 17 - 1e-9).all()
        assert places.min() >= 0
        assert places.max() <= 200 + 1e-9


def test_end_labels_sit_at_the_line_ends() -> None:
    ends = [style.End(0.1, "HeNormal", 0), style.End(2.0, "a name that is too long for the margin", 5)]
    fig = style.end_labels(style.figure(), ends, height=330, y_range=(0.1, 2.5), log=True)
    low, high = fig.layout.annotations
    assert low.y == pytest.approx(np.log10(0.1))
    assert high.y == pytest.approx(np.log10(2))
    assert (low.yshift, high.yshift) == (pytest.approx(0), pytest.approx(0))
    assert fig.layout.margin.r == style.LABEL_MARGIN
    assert style.START[0] in low.text
    assert high.text.endswith("…")
    assert high.hovertext == ends[1].text


@pytest.mark.parametrize("log", [False, True])
def test_end_labels_of_lines_that_left_the_picture(log: bool) -> None:
    ends = [style.End(y, str(y), 0) for y in (np.nan, np.inf, -1.0, 0.0)]
    fig = style.end_labels(style.figure(), ends, height=300, y_range=(1, 10), log=log)
    places = [annotation.y for annotation in fig.layout.annotations]
    low, high = (0, 1) if log else (1, 10)
    assert places == [low, high, low, low]
    json.dumps(places)


def test_figures_need_neither_streamlit_nor_keras() -> None:
    code = "import sys, inits.figures.style; print({'streamlit', 'keras', 'tensorflow'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"
