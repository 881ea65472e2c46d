"""The pictures of a signal on its way, and of order and chaos."""

import numpy as np
import plotly.graph_objects as go
import pytest
from support.cases import check

from inits.figures import phases as plane_figures
from inits.figures import signal as figures
from inits.figures import style
from inits.measure.signal_measurement import BINS, OCTAVES, Spread
from inits.theory.phases import phase_plane

LAYERS = ["1", "2", "3", "out"]
FALLING = np.array([1.0, 1e-2, 1e-4, 1e-6])


def track(line=FALLING, middle=None, name="HeNormal", start=1, spread=2.0) -> figures.Track:
    if middle is None:
        return figures.Track(name, start, line)
    return figures.Track(name, start, line, middle, middle / spread, middle * spread)


def travel(*tracks: figures.Track) -> go.Figure:
    return check(figures.travel(LAYERS, tracks, "second moment", height=300))


def traces(fig: go.Figure, mode: str) -> list[go.Scatter]:
    return [trace for trace in fig.data if trace.mode == mode]


def test_lines_predict_and_points_measure():
    fig = travel(track(middle=FALLING * 1.1), track(line=None, middle=FALLING * 2, name="Mine", start=4))
    (line,) = traces(fig, "lines")
    first, second = traces(fig, "markers")
    assert list(line.y) == list(FALLING)
    assert list(first.y) == list(FALLING * 1.1)
    assert line.line.color == first.marker.color == style.START[1]
    assert second.marker.color == style.START[4]
    bands = traces(fig, "none")
    assert [min(band.y) for band in bands] == [pytest.approx(0.55e-6), pytest.approx(1e-6)]
    assert [max(band.y) for band in bands] == [pytest.approx(2.2), pytest.approx(4.0)]
    assert list(fig.layout.xaxis.ticktext) == LAYERS
    assert {note.text.split("</span> ")[1] for note in fig.layout.annotations} == {"HeNormal", "Mine"}


def test_theory_alone_is_a_line():
    fig = travel(track())
    assert len(fig.data) == 1
    low, high = fig.layout.yaxis.range
    assert low < -6
    assert high > 0
    assert fig.layout.yaxis.type == "log"


@pytest.mark.parametrize(
    "middle",
    [
        np.zeros(4),
        np.full(4, np.nan),
        np.array([1.0, np.inf, np.nan, 0.0]),
        np.array([1e-300, 1e200, 1.0, 2.0]),
    ],
)
def test_what_has_no_place_on_an_axis_is_left_out(middle):
    fig = travel(track(line=None, middle=middle))
    (points,) = traces(fig, "markers")
    seen = np.array(points.y, float)
    kept = np.isfinite(middle) & (middle > 1e-100) & (middle < 1e100)
    assert (np.isfinite(seen) == kept).all()
    assert np.isfinite(fig.layout.yaxis.range).all()


def test_cosines_have_a_linear_axis_up_to_one():
    fig = check(
        figures.cosines(LAYERS, [track(np.array([0.4, 0.7, -0.3, np.nan]))], "correlation", height=300)
    )
    low, high = fig.layout.yaxis.range
    assert low < -0.3
    assert high > 1
    assert fig.layout.yaxis.type != "log"
    assert check(figures.cosines(LAYERS, [track(np.full(4, np.nan))], "correlation", height=300))


def spread(low=-2.0, high=2.0, linear=None, octaves=None) -> Spread:
    linear = np.ones(BINS, np.int32) if linear is None else linear
    return Spread(low, high, linear, np.ones(OCTAVES, np.int32) if octaves is None else octaves, 0.0)


def violins(spreads, shown=9, reach=None) -> go.Scatter:
    reach = reach or figures.common_reach([spreads])
    names = [str(i + 1) for i in range(len(spreads))]
    (trace,) = check(figures.violins(names, spreads, 2, "tanh output", reach, shown)).data
    return trace


def outlines(trace) -> list[tuple[np.ndarray, np.ndarray]]:
    x, y = np.array(trace.x, float), np.array(trace.y, float)
    ends = np.flatnonzero(np.isnan(x))
    return [
        (a[:-1], b[:-1]) for a, b in zip(np.split(x, ends + 1), np.split(y, ends + 1), strict=True) if len(a)
    ]


def test_a_violin_is_as_wide_as_there_are_values():
    counts = np.zeros(BINS, np.int32)
    counts[10], counts[20], counts[21] = 50, 100, 100
    trace = violins([spread(), spread(-1.0, 3.0, counts)])
    (x1, y1), (x2, y2) = outlines(trace)
    assert (y1.min(), y1.max(), y2.min(), y2.max()) == (-2.0, 2.0, -1.0, 3.0)
    assert x1.min() == pytest.approx(1 - figures.HALF)
    assert x1.max() == pytest.approx(1 + figures.HALF)
    at = np.isclose(y2, 0.0)  # the lower edge of bin 10
    assert x2[at].max() == pytest.approx(2 + figures.HALF / 2)
    assert trace.line.color == style.START[2]


def test_the_zeros_of_a_relu_do_not_flatten_the_rest():
    counts = np.full(BINS, 10, np.int32)
    counts[0] = 10_000
    ((x, y),) = outlines(violins([spread(0.0, 4.0, counts)]))
    assert x[y > 1].max() - 1 == pytest.approx(figures.HALF / 3)
    assert y.min() == 0.0


def test_only_the_first_layers_are_drawn_while_it_plays_and_the_axis_stays():
    several = [spread(), spread(-1, 1), spread(-0.5, 0.5)]
    assert len(outlines(violins(several, shown=2))) == 2
    assert figures.common_reach([several]) == figures.common_reach([several, several[:1]])


def test_decades_apart_the_axis_is_logarithmic():
    octaves = np.zeros(OCTAVES, np.int32)
    octaves[:3] = 4, 8, 2
    several = [spread(-1, 1, octaves=octaves), spread(-0.001, 0.0005, octaves=octaves)]
    reach = figures.common_reach([several])
    assert reach.log
    (_, first), (x, y) = outlines(violins(several))
    assert (first.min(), first.max()) == (0.125, 1.0)
    assert (y.min(), y.max()) == pytest.approx((0.001 / 8, 0.001))
    assert x[np.isclose(y, 0.001)].max() == pytest.approx(2 + figures.HALF / 2)
    assert not figures.common_reach([several[:1]]).log


@pytest.mark.parametrize(
    "one",
    [
        Spread(np.nan, np.nan, np.zeros(BINS, np.int32), np.zeros(OCTAVES, np.int32), 0.0),
        Spread(0.0, 0.0, np.eye(1, BINS, dtype=np.int32)[0], np.zeros(OCTAVES, np.int32), 1.0),
        Spread(0.5, 0.5, np.eye(1, BINS, dtype=np.int32)[0], np.eye(1, OCTAVES, dtype=np.int32)[0], 0.0),
    ],
)
@pytest.mark.parametrize("others", [[], [spread()], [spread(), spread(-1e-6, 1e-6)]])
def test_layers_that_hold_nothing_or_one_value(one, others):
    reach = figures.common_reach([[one, *others]])
    assert reach.low < reach.high
    assert len(outlines(violins([one, *others]))) >= len(others)


SPOT = plane_figures.Spot("HeNormal", 0, (2.0, 1.0, 1.0, 1.9), (0.0, 0.1, 0.1, 0.1))


def plane(activation="tanh", *spots: plane_figures.Spot) -> go.Figure:
    return check(plane_figures.plane(phase_plane(activation), spots or (SPOT,)))


def test_the_plane_has_its_line_and_a_point_for_each_layer():
    fig = plane()
    heat, _, line, spot = fig.data
    found = phase_plane("tanh")
    assert heat.name == plane_figures.PLANE
    assert heat.z.shape == (len(heat.y), len(heat.x)) == found.chi1.shape
    assert heat.z == pytest.approx(np.log10(np.clip(found.depth_scale, 0.5, 100)))
    assert (line.x[0], line.y[0]) == (1.0, 0.0)
    assert list(zip(spot.x, spot.y, strict=True)) == [(2.0, 0.0), (1.0, 0.1), (1.9, 0.1)]
    assert [text.split("<br>")[0] for text in spot.hovertext] == [
        "HeNormal, layer 1",
        "HeNormal, layers 2 to 3",
        "HeNormal, output",
    ]
    texts = [note.text for note in fig.layout.annotations]
    assert {"ordered: signals fade", "chaotic: gradients grow", "χ₁ = 1"} < set(texts)


def test_a_single_critical_point_is_a_ring():
    ring = plane("relu").data[1]
    assert ring.marker.symbol == "circle-open"
    assert (ring.x[0], ring.y[0]) == (2.0, 0.0)


def test_without_a_critical_line_there_is_none():
    fig = plane("exponential")
    assert "χ₁ = 1" not in [note.text for note in fig.layout.annotations]


def test_what_lies_outside_sits_at_the_edge():
    far = plane_figures.Spot("Far", 3, (900.0, 900.0), (7.0, 7.0))
    fig = plane("tanh", far)
    spot = fig.data[-1]
    assert (spot.x[0], spot.y[0]) == (fig.layout.xaxis.range[1], fig.layout.yaxis.range[1])
    assert any("Far →" in note.text for note in fig.layout.annotations)


def test_no_line_crosses_a_name():
    """A name stands beside its line: whoever stands further out on that side has a higher one."""
    spots = [
        plane_figures.Spot(f"s{i}", i, (w,) * 3, (0.0,) * 3)
        for i, w in enumerate((0.3, 1.0, 1.1, 0.1, 3.0, 3.9, 2.5, 2.0))
    ]
    notes = [note for note in plane("tanh", *spots).layout.annotations if "</span>" in note.text]
    assert len(notes) == 8
    for side in ("left", "right"):
        here = sorted((note for note in notes if note.xanchor == side), key=lambda note: note.x)
        heights = [-note.ay for note in (here if side == "right" else reversed(here))]
        assert len(set(heights)) == len(heights)
        assert heights == sorted(heights)
