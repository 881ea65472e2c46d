"""Test the figures of a signal through depth, and of the phase plane."""

import numpy as np
import plotly.graph_objects as go
import pytest
from support.cases import check

from inits.figures import phases as plane_figures
from inits.figures import signal as figures
from inits.figures import style
from inits.measure.signal_measurement import BINS, OCTAVES, ValueHistogram
from inits.theory.phases import phase_plane

LAYERS = ["1", "2", "3", "out"]
FALLING = np.array([1.0, 1e-2, 1e-4, 1e-6])


def series(line=FALLING, middle=None, name="HeNormal", start=1, spread=2.0) -> figures.DepthSeries:
    seeds = () if middle is None else (middle, middle / spread, middle * spread)
    return figures.DepthSeries(name, start, line, *seeds)


def magnitudes(*shown: figures.DepthSeries) -> go.Figure:
    return check(figures.magnitudes(LAYERS, shown, "second moment", height=300))


def traces(fig: go.Figure, mode: str) -> list[go.Scatter]:
    return [trace for trace in fig.data if trace.mode == mode]


def test_lines_are_predicted_and_points_measured():
    fig = magnitudes(
        series(middle=FALLING * 1.1), series(line=None, middle=FALLING * 2, name="Mine", start=4)
    )
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
    alone = magnitudes(series())
    assert len(alone.data) == 1
    low, high = alone.layout.yaxis.range
    assert low < -6 < 0 < high
    assert alone.layout.yaxis.type == "log"


@pytest.mark.parametrize(
    "middle", [[0.0] * 4, [np.nan] * 4, [1.0, np.inf, np.nan, 0.0], [1e-300, 1e200, 1.0, 2.0]]
)
def test_values_without_a_place_on_the_axis_are_left_out(middle):
    middle = np.array(middle)
    fig = magnitudes(series(line=None, middle=middle))
    (points,) = traces(fig, "markers")
    kept = np.isfinite(middle) & (middle > 1e-100) & (middle < 1e100)
    assert (np.isfinite(np.array(points.y, float)) == kept).all()
    assert np.isfinite(fig.layout.yaxis.range).all()


def test_cosines_have_a_linear_axis_up_to_one():
    for values in ([0.4, 0.7, -0.3, np.nan], [np.nan] * 4):
        fig = check(figures.cosines(LAYERS, [series(np.array(values))], "correlation", height=300))
        low, high = fig.layout.yaxis.range
        assert low < np.nanmin([*values, 0.0])
        assert high > 1
        assert fig.layout.yaxis.type != "log"


def values(low=-2.0, high=2.0, linear=None, octaves=None) -> ValueHistogram:
    linear = np.ones(BINS, np.int32) if linear is None else linear
    octaves = np.ones(OCTAVES, np.int32) if octaves is None else octaves
    return ValueHistogram(low, high, linear, octaves, 0.0)


def outlines(layers, shown=9) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the outline of each violin."""
    names = [str(i + 1) for i in range(len(layers))]
    fig = check(figures.violins(names, layers, 2, "tanh output", figures.common_axis([layers]), shown))
    (trace,) = fig.data
    assert trace.line.color == style.START[2]
    x, y = np.array(trace.x, float), np.array(trace.y, float)
    ends = np.flatnonzero(np.isnan(x)) + 1
    return [(a[:-1], b[:-1]) for a, b in zip(np.split(x, ends), np.split(y, ends), strict=True) if len(a)]


def test_violin_is_as_wide_as_there_are_values():
    counts = np.zeros(BINS, np.int32)
    counts[10], counts[20], counts[21] = 50, 100, 100
    (x1, y1), (x2, y2) = outlines([values(), values(-1.0, 3.0, counts)])
    assert (y1.min(), y1.max(), y2.min(), y2.max()) == (-2.0, 2.0, -1.0, 3.0)
    assert (x1.min(), x1.max()) == pytest.approx((1 - figures.HALF, 1 + figures.HALF))
    at = np.isclose(y2, 0.0)  # the lower edge of bin 10
    assert x2[at].max() == pytest.approx(2 + figures.HALF / 2)


def test_zeros_of_relu_do_not_flatten_the_rest():
    counts = np.full(BINS, 10, np.int32)
    counts[0] = 10_000
    ((x, y),) = outlines([values(0.0, 4.0, counts)])
    assert x[y > 1].max() - 1 == pytest.approx(figures.HALF / 3)
    assert y.min() == 0.0


def test_axis_stays_while_only_the_first_layers_are_shown():
    several = [values(), values(-1, 1), values(-0.5, 0.5)]
    assert len(outlines(several, shown=2)) == 2
    assert figures.common_axis([several]) == figures.common_axis([several, several[:1]])


def test_axis_is_logarithmic_when_layers_are_decades_apart():
    octaves = np.zeros(OCTAVES, np.int32)
    octaves[:3] = 4, 8, 2
    several = [values(-1, 1, octaves=octaves), values(-0.001, 0.0005, octaves=octaves)]
    assert figures.common_axis([several]).log
    (_, first), (x, y) = outlines(several)
    assert (first.min(), first.max()) == (0.125, 1.0)
    assert (y.min(), y.max()) == pytest.approx((0.001 / 8, 0.001))
    assert x[np.isclose(y, 0.001)].max() == pytest.approx(2 + figures.HALF / 2)
    assert not figures.common_axis([several[:1]]).log


NO_OCTAVES, FIRST = np.zeros(OCTAVES, np.int32), np.eye(1, BINS, dtype=np.int32)[0]


@pytest.mark.parametrize(
    "one",
    [
        values(np.nan, np.nan, np.zeros(BINS, np.int32), NO_OCTAVES),
        values(0.0, 0.0, FIRST, NO_OCTAVES),
        values(0.5, 0.5, FIRST, np.eye(1, OCTAVES, dtype=np.int32)[0]),
    ],
    ids=["not finite", "zeros", "one value"],
)
@pytest.mark.parametrize("others", [[], [values()], [values(), values(-1e-6, 1e-6)]], ids=len)
def test_layers_without_a_distribution(one, others):
    axis = figures.common_axis([[one, *others]])
    assert axis.low < axis.high
    assert len(outlines([one, *others])) >= len(others)


SPOT = plane_figures.Spot("HeNormal", 0, (2.0, 1.0, 1.0, 1.9), (0.0, 0.1, 0.1, 0.1))


def plane(activation="tanh", *spots: plane_figures.Spot) -> go.Figure:
    return check(plane_figures.plane(phase_plane(activation), spots or (SPOT,)))


def test_plane_has_its_line_and_a_point_for_each_layer():
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


def test_critical_line_may_be_a_point_or_missing():
    ring = plane("relu").data[1]
    assert (ring.marker.symbol, ring.x[0], ring.y[0]) == ("circle-open", 2.0, 0.0)
    assert "χ₁ = 1" not in [note.text for note in plane("exponential").layout.annotations]


def test_start_outside_the_plane_stands_at_its_edge():
    fig = plane("tanh", plane_figures.Spot("Far", 3, (900.0, 900.0), (7.0, 7.0)))
    spot = fig.data[-1]
    assert (spot.x[0], spot.y[0]) == (fig.layout.xaxis.range[1], fig.layout.yaxis.range[1])
    assert any("Far →" in note.text for note in fig.layout.annotations)


def test_key_names_all_starts_with_their_markers_above_the_plane():
    spots = [plane_figures.Spot(f"a start {i}", i, (1.0,) * 3, (0.0,) * 3) for i in range(8)]
    fig = plane("tanh", *spots)
    (key,) = [note for note in fig.layout.annotations if note.name == "key"]
    names = [f"{marker}</span> a start {i}" for i, marker in enumerate("●■◆▲○□◇△")]
    assert all(name in key.text for name in names)
    lines = key.text.count("<br>") + 1
    assert lines == 3
    assert fig.layout.margin.t >= 16 * lines
    assert (key.y, key.yanchor) == (1, "bottom")
