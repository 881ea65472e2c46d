"""Test the style that all figures share."""

import json

import numpy as np
import pytest

from inits.figures import style


def test_tokens_are_the_slots_that_the_browser_replaces() -> None:
    assert list(style.START) == [f"#00000{slot}" for slot in range(1, 9)]
    assert [color for _, color in style.SEQUENTIAL] == [f"#0000{slot}" for slot in range(11, 21)]
    assert [color for _, color in style.DIVERGING] == [f"#0000{slot}" for slot in range(21, 31)]
    assert [style.SEQUENTIAL[0][0], style.SEQUENTIAL[-1][0]] == [0, 1]


def test_eight_starts_look_different_without_colour() -> None:
    looks = [style.start_style(index) for index in range(9)]
    assert len({(look.dash, look.marker) for look in looks[:8]}) == 8
    assert [looks[index].dash for index in (0, 3, 4, 7)] == ["solid", "solid", "dash", "dash"]
    assert looks[8] == looks[0]


def test_figure_applies_changes_as_plotly_does() -> None:
    """The short form, a whole axis, both for the same axis, and a name that plotly does not know."""
    axis = {"range": [1, 2], "title": {"font": {"size": 9}}}
    changes = {"xaxis": axis, "xaxis_type": "log", "margin_r": 50}
    plain = style.figure().update_layout(changes, xaxis_title_text="weight")
    assert style.figure(x="weight", **changes).to_dict() == plain.to_dict()
    assert (plain.layout.xaxis.showgrid, plain.layout.yaxis.showgrid) == (False, True)
    assert plain.layout.showlegend is False
    with pytest.raises(ValueError, match="nonsense"):
        style.figure(xaxis_nonsense=1)


def test_tick_text() -> None:
    values = [0.1, 1, 10, 500, 1000, 0.01, 1e-12, 2e5, 0.005]
    texts = ["0.1", "1", "10", "500", "10³", "10⁻²", "10⁻¹²", "2×10⁵", "5×10⁻³"]
    assert [style.tick_text(value) for value in values] == texts


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.1, 2.4, ["0.1", "0.2", "0.5", "1", "2"]),
        (0.02, 0.3, ["0.02", "0.05", "0.1", "0.2"]),
        (1e-4, 1, ["10⁻⁴", "10⁻³", "10⁻²", "0.1", "1"]),
        (1e-8, 1e8, None),
        (1, 100, None),
        (3, 4, None),
        (1e-3, 0.5, None),
    ],
)
def test_log_axis_has_few_ticks_inside_its_range(low: float, high: float, texts: list[str] | None) -> None:
    axis = style.log_axis(low, high)
    assert len(axis["tickvals"]) <= 7
    assert all(0.99 * low <= value <= 1.01 * high for value in axis["tickvals"])
    assert texts is None or axis["ticktext"] == texts


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (2, 1)])
def test_log_axis_refuses_limits_without_a_logarithm(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=f"low={low}, high={high}"):
        style.log_axis(low, high)


def test_spread_keeps_order_gap_and_bounds() -> None:
    np.testing.assert_allclose(style.spread(np.array([100.0, 10.0, 12.0]), 17, 0, 200), [100, 2.5, 19.5])
    rng = np.random.default_rng(0)
    for count in range(1, 9):
        wanted = rng.uniform(0, 200, count)
        places = style.spread(wanted, 17, 0, 200)
        assert (np.diff(places[np.argsort(wanted)]) >= 17 - 1e-9).all()
        assert 0 <= places.min() <= places.max() <= 200 + 1e-9


def test_end_labels_stand_at_the_line_ends() -> None:
    ends = [
        style.LineEnd(0.1, "HeNormal", 0),
        style.LineEnd(2.0, "a name that is too long for the margin", 5),
    ]
    fig = style.end_labels(style.figure(), ends, height=330, y_range=(0.1, 2.5), log=True)
    low, high = fig.layout.annotations
    assert (low.y, low.yshift) == pytest.approx((np.log10(0.1), 0))
    assert (high.y, high.yshift) == pytest.approx((np.log10(2), 0))
    assert fig.layout.margin.r == style.LABEL_MARGIN
    assert style.START[0] in low.text
    assert high.text.endswith("…")
    assert high.hovertext == ends[1].text


@pytest.mark.parametrize("log", [False, True])
def test_end_labels_of_lines_outside_the_picture_stand_at_its_edge(log: bool) -> None:
    ends = [style.LineEnd(y, str(y), 0) for y in (np.nan, np.inf, -1.0, 0.0)]
    fig = style.end_labels(style.figure(), ends, height=300, y_range=(1, 10), log=log)
    low, high = (0, 1) if log else (1, 10)
    places = [annotation.y for annotation in fig.layout.annotations]
    assert places == [low, high, low, low]
    json.dumps(places)
