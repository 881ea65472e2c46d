"""Figures: what is drawn of real arrays, with tokens for colours and only with what the browser can draw."""

import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest
from cases import fits
from hypothesis import given
from hypothesis import strategies as st

from inits.catalog import CATALOG
from inits.examine import measure
from inits.figures import curves, gallery, kernel, layers, style
from inits.laws import Atoms, Law, Normal, SphereCoordinate, TruncatedNormal, Uniform
from inits.record import Checkpoint, Record
from inits.spec import InitializerSpec
from pages.shared.chart import payload

SHAPES = [(784, 40), (3, 3, 16, 32), (500,), (64, 64), (1, 1), (2, 2), (9, 1, 5)]
TOKENS = {
    *(*style.START, style.MUTED, style.INK, style.BACKGROUND),
    *(token for scale in (style.SEQUENTIAL, style.DIVERGING) for _, token in scale),
}
LAWS = [
    Uniform(-0.3, 0.1),
    Normal(0.2, 0.05),
    TruncatedNormal(-1.0, 3.0),
    SphereCoordinate(3),
    SphereCoordinate(50, -2.0),
]


def check(fig: go.Figure) -> go.Figure:
    """The figure can be sent (`payload` looks at the trace types), and every colour is a token."""
    message = json.loads(payload(fig, key="k", alt="A picture.", clicks=False))
    text = json.dumps(message, ensure_ascii=False)
    assert {found[:7] for found in re.findall(r"#[0-9a-fA-F]{3,8}\b", text)} <= TOKENS
    assert not re.search(r"rgba?\(|hsla?\(", text)
    for colour in colours(message):
        assert re.fullmatch(r"#0000\d\d([0-9a-f]{2})?", colour), colour
    return fig


def colours(value: object, name: str = "") -> list[str]:
    """Every text that stands under a name that ends in "color"."""
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in colours(inner, key)]
    if isinstance(value, list):
        return [found for inner in value for found in colours(inner, name)]
    return [value] if name.lower().endswith("color") and isinstance(value, str) else []


@pytest.mark.parametrize(
    "layout",
    [{"paper_bgcolor": "white"}, {"title": '<b style="color:#ff0000">a'}, {"font_color": "rgb(0,0,0)"}],
)
def test_a_colour_that_is_no_token_is_found(layout):
    with pytest.raises(AssertionError):
        check(style.figure().update_layout(layout))


def area(x, y) -> float:
    return float(np.trapezoid(y, x))


def draw(law: Law | None, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Weights by the law's own quantiles; a slope where there is none."""
    levels = np.random.default_rng(seed).random(shape)
    return (law.ppf(levels) if law else np.linspace(-1, 1, levels.size).reshape(shape)).astype(np.float32)


CASES = [(spec, shape) for spec in map(InitializerSpec, CATALOG) for shape in SHAPES if fits(spec, shape)]


def test_every_initializer_fills_some_shape():
    assert {spec.name for spec, _ in CASES} == set(CATALOG)


@pytest.mark.parametrize(("spec", "shape"), CASES, ids=[f"{spec.name}-{shape}" for spec, shape in CASES])
def test_every_initializer_has_its_pictures(spec, shape):
    law = spec.law(shape)
    found = measure(draw(law, shape), spec)
    if law and law.atoms:
        check(kernel.shares(law.atoms, found.shares))
    else:
        check(kernel.histogram(law, found.edges, found.density, start=3))
    if len(found.theory):
        check(kernel.quantiles(found.theory, found.drawn))
    check(kernel.spectrum(found.singular, None, None))
    if found.tiles is not None:
        check(kernel.tiles(found.tiles, found.scale))
    check(kernel.heat_map(found.block, found.scale))
    if law:
        check(gallery.panel(law, *gallery.common_scale([law])))


@pytest.mark.parametrize("law", LAWS, ids=str)
@pytest.mark.parametrize("stretch", [1.0, 3.0, 0.5])
def test_a_density_line_is_the_density(law, stretch):
    low, high = np.array(kernel.window(law)) * stretch
    x, y = kernel.density_line(law, low, high)
    assert area(x, y) == pytest.approx(float(law.cdf(high) - law.cdf(low)), abs=2e-3)
    np.testing.assert_allclose(y[2:-2], law.pdf(x[2:-2]))
    assert (np.diff(x) >= 0).all()


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_a_density_line_ends_where_the_law_ends(law):
    x, y = kernel.density_line(law, -50.0, 50.0)
    assert (x[0], x[-1]) == (-50, 50)
    ends = np.clip(law.support, -50, 50)
    np.testing.assert_allclose((x[1], x[-2]), ends)
    np.testing.assert_array_equal(y[[0, 1, -2, -1]], 0)


def test_an_unbounded_density_is_cut():
    x, y = kernel.density_line(SphereCoordinate(2), -1.5, 1.5)
    assert np.isfinite(y).all()
    assert area(x, y) == pytest.approx(1, abs=0.05)
    fig = kernel.histogram(SphereCoordinate(2), [-1, 0, 1], [0.5, 0.5])
    assert fig.layout.yaxis.range[1] < 1


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_a_window_holds_law_and_draw(law):
    low, high = kernel.window(law, [-7.0, 0.0, 20.0])
    assert low < -7
    assert high > 20
    low, high = kernel.window(law)
    assert law.cdf(high) - law.cdf(low) > 0.9999
    assert high - low < 12 * law.std


def test_a_window_of_equal_weights_has_room():
    assert kernel.window(Atoms(((0.0, 1.0),))) == (-0.5, 0.5)
    assert kernel.window(Atoms(((-8.0, 1.0),))) == (-12, -4)


def test_a_histogram_shows_draw_and_law():
    law = Normal(0.0, 0.05)
    density, edges = np.histogram(draw(law, (20, 50)), 30, density=True)
    fig = kernel.histogram(law, edges, density, start=2)
    bars, line = fig.data
    np.testing.assert_array_equal(bars.y, density)
    np.testing.assert_allclose(bars.x - np.array(bars.width) / 2, edges[:-1])
    assert np.sum(bars.y * bars.width) == pytest.approx(1)
    assert bars.marker.color == style.START[2]
    low, high = kernel.window(law, edges)
    assert fig.layout.xaxis.range == (low, high)
    np.testing.assert_array_equal([line.x, line.y], kernel.density_line(law, low, high))
    assert fig.layout.yaxis.range[1] >= max(density.max(), line.y.max())


def test_a_histogram_before_the_draw_and_without_a_law():
    (line,) = check(kernel.histogram(Uniform(-1, 1), None, None)).data
    assert (line.name, line.y.max()) == ("exact", 0.5)
    assert check(kernel.histogram(None, None, None)).layout.xaxis.range == (-1, 1)
    (bars,) = kernel.histogram(None, [0.0, 1.0, 3.0], [0.5, 0.25]).data
    np.testing.assert_array_equal(bars.x, [0.5, 2])


def test_shares_of_point_masses():
    bars, marks = check(kernel.shares(((0.0, 0.75), (2.0, 0.25)), [0.7, 0.3])).data
    np.testing.assert_array_equal([bars.x, bars.y], [[0, 2], [0.7, 0.3]])
    np.testing.assert_array_equal([marks.x, marks.y], [[0, 2], [0.75, 0.25]])
    assert marks.text == ("75%", "25%")
    (marks,) = check(kernel.shares(((-3.0, 1.0),), None)).data
    np.testing.assert_array_equal([marks.x, marks.y], [[-3], [1]])


def test_quantiles_lie_beside_the_diagonal():
    diagonal, points = check(kernel.quantiles([-1.0, 0.0, 2.0], [-1.5, 0.1, 1.0], start=1)).data
    assert diagonal.x == diagonal.y == (-1.5, 2.0)
    np.testing.assert_array_equal([points.x, points.y], [[-1, 0, 2], [-1.5, 0.1, 1]])


def test_a_spectrum_is_a_density():
    values = np.random.default_rng(0).uniform(1, 3, 200)
    x = np.linspace(0.5, 2.5, 50)
    bars, line = check(kernel.spectrum(values, x, np.ones(50))).data
    assert np.sum(bars.y * bars.width) == pytest.approx(1)
    assert bars.x[0] - bars.width[0] / 2 == pytest.approx(0.5)
    assert bars.x[-1] + bars.width[-1] / 2 == pytest.approx(values.max())
    np.testing.assert_array_equal([line.x, line.y], [x, np.ones(50)])


@pytest.mark.parametrize(("value", "text"), [(1.5, "all 6 are 1.5"), (0.0, "all 6 are 0")])
def test_a_spectrum_of_equal_values(value, text):
    fig = check(kernel.spectrum(np.full(6, value), [0.0, 1.0], [1.0, 1.0]))
    (bar,) = fig.data
    assert (bar.x, bar.y, fig.layout.annotations[0].text) == ((value,), (1.0,), text)
    low, high = fig.layout.xaxis.range
    assert low <= value < high


def test_tiles_are_the_units_side_by_side():
    pixels = np.random.default_rng(0).integers(-127, 128, (10, 4, 3)).astype(np.int8)
    (sheet,) = check(kernel.tiles(pixels, 0.25, columns=8)).data
    assert sheet.z.shape == (10, 38)
    for unit in range(10):
        top, left = unit // 8 * 6, unit % 8 * 5
        np.testing.assert_array_equal(sheet.z[top : top + 4, left : left + 3], pixels[unit])
    assert np.isfinite(sheet.z).sum() == pixels.size
    assert (sheet.zmin, sheet.zmax) == (-127, 127)
    assert sheet.colorbar.ticktext == ("−0.25", "0", "0.25")


def test_a_heat_map_is_the_block():
    block = np.arange(-6, 6, dtype=np.int8).reshape(3, 4)
    fig = check(kernel.heat_map(block, 2.0))
    np.testing.assert_array_equal(fig.data[0].z, block)
    assert fig.layout.yaxis.autorange == "reversed"


@given(st.lists(st.floats(0, 2.0**66, width=32), max_size=60), st.integers(1, 70))
def test_smooth_is_a_running_mean(values, window):
    naive = [np.mean(values[max(0, i + 1 - window) : i + 1]) for i in range(len(values))]
    np.testing.assert_allclose(curves.smooth(values, window), naive, rtol=1e-6, atol=1e-40)


def test_smooth_recovers_from_what_is_infinite():
    found = curves.smooth([1, 2, np.inf, 3, 4, 5, 6], 3)
    np.testing.assert_array_equal(found, np.array([1, 1.5, np.inf, np.inf, np.inf, 4, 5], np.float32))


@given(st.integers(0, 5000), st.integers(0, 2**32 - 1))
def test_thin_keeps_extremes_and_order(n, seed):
    x, y = np.arange(n, dtype=np.float32), np.random.default_rng(seed).normal(size=n).astype(np.float32)
    few_x, few_y = curves.thin(x, y)
    assert len(few_x) == len(few_y) == min(n, len(few_x)) <= curves.MOST_POINTS
    np.testing.assert_array_equal(y[few_x.astype(int)], few_y)
    assert (np.diff(few_x) >= 0).all()
    if n:
        assert (few_y.min(), few_y.max()) == (y.min(), y.max())
    if n <= curves.MOST_POINTS:
        np.testing.assert_array_equal(few_x, x)


def curve(raw, held, start=0, name="HeNormal") -> curves.Curve:
    """The only run of a figure."""
    raw, held = np.array(raw, np.float32), np.array(held, np.float32)
    images = 32 * np.arange(1, len(raw) + 1, dtype=np.float32)
    means = curves.smooth(raw, 2)
    means[~np.isfinite(means)] = np.nan
    held_images = 32 * np.arange(len(held), dtype=np.float32)
    return curves.Curve(
        name, start, images, means, means, means, int(len(raw) > 0), held_images, held, images, raw
    )


def test_curves_of_a_run():
    record = Record(0, 3, 80, np.float32([3, 2, 1]), np.float32([0.1, 0.2, 0.6]))
    points = ((0, 4.0, 0.1), (3, 1.5, 0.5))
    record.checkpoints = tuple(Checkpoint(*point, 50, *[np.zeros(1)] * 6) for point in points)
    losses, accuracies = curves.of_start("HeNormal", 2, [record], 32, 2, raw=True)
    for found in (losses, accuracies):
        np.testing.assert_array_equal([found.images, found.raw_images], [[32, 64, 80]] * 2)
        np.testing.assert_array_equal(found.held_images, [0, 80])
        assert (found.name, found.start, found.seeds) == ("HeNormal", 2, 1)
    np.testing.assert_array_equal([losses.raw, losses.middle], [[3, 2, 1], [3, 2.5, 1.5]])
    np.testing.assert_array_equal(losses.held, [4, 1.5])
    np.testing.assert_array_equal(accuracies.raw, record.accuracies)
    np.testing.assert_array_equal(accuracies.held, np.float32([0.1, 0.5]))


def test_loss_curves():
    fig = check(curves.loss([curve([2.0, 1.0, 0.5], [2.3, 0.4], 3)], total=320))
    raw, smooth, held = fig.data
    np.testing.assert_array_equal([raw.x, raw.y, smooth.y], [[32, 64, 96], [2, 1, 0.5], [2, 1.5, 0.75]])
    np.testing.assert_array_equal([held.x, held.y], np.array([[0, 32], [2.3, 0.4]], np.float32))
    assert {raw.line.color, smooth.line.color, held.marker.color} == {style.START[3]}
    assert raw.opacity < 0.5
    low, high = 10 ** np.array(fig.layout.yaxis.range)
    assert low < 0.4
    assert high > 2
    assert fig.layout.yaxis.type == "log"
    assert fig.layout.xaxis.range[0] < 0
    assert fig.layout.xaxis.range[1] > 320
    assert not fig.layout.annotations


@pytest.mark.parametrize(
    ("raw", "held"),
    [
        ([], [2.3]),
        ([], [np.nan]),
        ([2.3, np.nan], [2.3]),
        ([2.3, 1e30, np.inf], [2.3]),
        ([1e12, 1e15], [1e11]),
        ([1e30], [1e10]),
        ([0.0, 0.0], [0.0]),
        ([1e-6], [1e-7]),
    ],
)
@pytest.mark.parametrize("starts", [1, 2])
def test_loss_curves_of_any_size(raw, held, starts):
    fig = check(curves.loss([curve(raw, held, start) for start in range(starts)], total=64))
    low, high = fig.layout.yaxis.range
    seen = [value for value in (*raw, *held) if 0 < value < np.inf]
    assert -4.5 < low < high < low + 10
    assert not seen or low < max(np.log10(min(seen)), -4)


def test_accuracy_curves():
    fig = check(curves.accuracy([curve([0.1, 0.5], [0.08, 0.6])], total=64))
    raw, smooth, held = fig.data
    np.testing.assert_allclose([raw.y, smooth.y, held.y], [[0.1, 0.5], [0.1, 0.3], [0.08, 0.6]], rtol=1e-6)
    chance = fig.layout.shapes[0]
    assert (chance.y0, chance.y1, chance.x0, chance.x1, chance.xref) == (0.1, 0.1, 0, 1, "paper")
    assert fig.layout.yaxis.range == (0, 1.02)


def test_many_batches_are_thinned():
    long = curve(np.random.default_rng(0).random(1875), [0.5])
    fig = curves.accuracy([long], 60_000)
    assert len(fig.data) == 3
    assert all(len(trace.x) <= curves.MOST_POINTS for trace in fig.data)


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=64).filter(any), st.floats(-5, 5), st.floats(0.01, 9)
)
def test_bars_have_the_area_one(counts, low, width):
    bars = layers.Bars(low, low + width, np.array(counts, np.int32))
    x, y = bars.steps
    assert area(x, y) == pytest.approx(1)
    assert (x[0], x[-1], y[0], y[-1]) == (pytest.approx(low), pytest.approx(low + width), 0, 0)
    np.testing.assert_allclose(y[1:-1:2] * sum(counts) * width / len(counts), counts)


@pytest.mark.parametrize("bars", [(0.5, 0.5, [9, 0]), (-np.inf, np.inf, [0, 0]), (np.nan, np.nan, [0, 0])])
def test_bars_of_equal_or_infinite_weights_are_a_spike(bars):
    x, y = layers.Bars(bars[0], bars[1], np.array(bars[2])).steps
    np.testing.assert_array_equal(x, [bars[0]] * 2)
    np.testing.assert_array_equal(y, [0, 1])


NAMES = ["layer 1", "layer 2", "output"]


def pieces(trace) -> list[np.ndarray]:
    """(2, points) of each part of a trace between its gaps."""
    points = np.array([trace.x, trace.y])
    ends = np.flatnonzero(np.isnan(points[0]))
    return [part[:, ~np.isnan(part[0])] for part in np.split(points, ends, axis=1)[:-1]]


def unscaled(piece: np.ndarray, column: int, reach: float) -> np.ndarray:
    """Weights of a piece in a column."""
    return (piece[0] - column - 0.5) / layers.HALF * 1.05 * reach


def test_weights_layer_by_layer():
    before = [layers.Bars(-3.0, 1.0, np.array([1, 2, 1])), layers.Bars(0.0, 0.0, np.array([4, 0]))]
    before.append(layers.Bars(-0.5, 0.5, np.array([3, 1])))
    now = [layers.Bars(-1.0, 2.0, np.array([2, 2])), *before[1:]]
    fig = check(layers.weights(before, now, NAMES, start=4, columns=2))
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
    assert [note.text for note in fig.layout.annotations] == [
        "layer 1<br>±3",
        "layer 2<br>±0",
        "output<br>±0.5",
    ]
    fig = check(layers.weights(None, now, NAMES, reach=[5.0, 0.0, 1.0]))
    assert len(fig.data) == 2
    np.testing.assert_allclose(unscaled(pieces(fig.data[1])[0], 0, 5.0), now[0].steps[0])


def test_before_and_now_share_the_scale_of_their_panel():
    before, now = layers.Bars(-1.0, 1.0, np.array([1, 3])), layers.Bars(-1.0, 1.0, np.array([2, 2]))
    panel = layers.Panel(2, 1, 0, before, now, 1.0)
    heights = [(y - panel.foot) / 0.5 for _, y in panel.outlines(0.5)]
    np.testing.assert_allclose(heights[0], before.steps[1] / 0.75)
    np.testing.assert_allclose(heights[1], now.steps[1] / 0.75)


def test_a_far_higher_peak_is_cut():
    wide, narrow = layers.Bars(-1.0, 1.0, np.array([1, 1])), layers.Bars(-0.05, 0.05, np.array([1, 1]))
    panel = layers.Panel(0, 0, 0, narrow, wide, 1.0)
    heights = [(y - panel.foot).max() for _, y in panel.outlines(1.0)]
    np.testing.assert_allclose(heights, [1, 1 / layers.CUT])


def test_equal_weights_are_a_spike_that_can_be_seen():
    bars = layers.Bars(0.5, 0.5, np.array([9, 0, 0]))
    _, (x, y) = layers.Panel(0, 0, 0, None, bars, 1.0).outlines(1.0)
    assert 0.01 < np.ptp(x) < 0.05
    assert x.mean() == pytest.approx(0.5 + layers.HALF * 0.5 / 1.05)
    assert np.ptp(y) == 1


def test_weights_that_are_not_finite():
    bars = [layers.Bars(-np.inf, np.inf, np.zeros(4, np.int32))] * 3
    fig = check(layers.weights(None, bars, NAMES))
    assert [piece.size for piece in pieces(fig.data[1])] == [0, 0, 0]
    assert fig.layout.annotations[0].text == "layer 1<br>±0"


def test_many_layers_take_several_lines():
    bars = [layers.Bars(-1.0, 1.0, np.array([1, 2, 1]))] * 21
    fig = check(layers.weights(None, bars, [f"layer {i}" for i in range(21)]))
    assert (fig.layout.xaxis.range, fig.layout.yaxis.range) == ((0, 6), (-4, 0))
    assert fig.layout.height == 4 * layers.PANEL + 44
    places = {(note.x, round(note.y, 6)) for note in fig.layout.annotations}
    assert len(places) == 21


STARTS = ["HeNormal", "RandomNormal(stddev=0.01)", "Zeros"]


def grid_rows() -> list[layers.Row]:
    rng = np.random.default_rng(0)
    rows = []
    for start, width in enumerate((1.0, 0.1, 0.0)):
        now = [layers.Bars(-width * (i + 1), width * (i + 1), rng.integers(1, 9, 8)) for i in range(3)]
        rows.append(layers.Row(STARTS[start], start + 3, now, now))
    return rows


def test_a_grid_of_starts_and_layers():
    rows = grid_rows()
    fig = check(layers.weights_grid(rows, NAMES))
    ground, *filled, line = fig.data
    assert [trace.fillcolor[:7] for trace in filled] == list(style.START[3:6])
    assert len(pieces(ground)) == len(pieces(line)) == 9
    assert (fig.layout.xaxis.range, fig.layout.yaxis.range) == ((0, 3), (-3, 0))
    assert fig.layout.height == 3 * layers.ROW + 50
    for row, trace in enumerate(filled):
        for column, piece in enumerate(pieces(trace)):
            assert -row - 1 < piece[1].min() < piece[1].max() < -row
            assert np.ptp(piece[1]) == pytest.approx(0.84), "each panel has its own height"
            if row < 2:  # one scale a column
                weights = unscaled(piece, column, column + 1.0)
                np.testing.assert_allclose(weights, rows[row].now[column].steps[0], atol=1e-9)


def test_a_grid_tells_starts_and_layers():
    notes = check(layers.weights_grid(grid_rows(), NAMES)).layout.annotations
    assert [note.text for note in notes[:3]] == ["layer 1<br>±1", "layer 2<br>±2", "output<br>±3"]
    assert [(note.text.split()[-1], note.hovertext) for note in notes[3:]] == [
        ("HeNormal", "HeNormal"),
        ("RandomNormal…", "RandomNormal(stddev=0.01)"),
        ("Zeros", "Zeros"),
    ]
    for row, note in enumerate(notes[3:]):
        assert (note.x, note.xanchor, note.y, note.yshift) == (0, "right", -row - 0.5, pytest.approx(0))
        assert style.START[row + 3] in note.text


def test_a_grid_keeps_its_scale_and_waits_for_starts():
    rows = [*grid_rows()[:2], layers.Row("Ones", 7, None, [])]
    fig = check(layers.weights_grid(rows, NAMES, reach=[2.0, 4.0, 8.0]))
    np.testing.assert_allclose(unscaled(pieces(fig.data[1])[2], 2, 8.0), rows[0].now[2].steps[0])
    assert [note.text.split()[-1] for note in fig.layout.annotations[3:]][2] == "Ones"
    assert len(fig.data) == 4, "ground, two starts, one line"
    empty = [layers.Row("Ones", 7, None, []), layers.Row("Zeros", 6, None, [])]
    assert len(check(layers.weights_grid(empty, NAMES)).data) == 1


def test_a_grid_of_one_start_needs_no_name():
    row = grid_rows()[0]
    fig, same = layers.weights_grid([row], NAMES), layers.weights(row.before, row.now, NAMES, row.start)
    assert fig == same
    check(layers.weights_grid([layers.Row("Ones", 7, None, [])], NAMES))


@given(st.integers(1, 40), st.integers(1, 9))
def test_chosen_layers_are_spread(count, most):
    chosen = layers.choose_layers(count, most)
    assert len(chosen) == min(count, most)
    assert chosen[0] == 0
    assert chosen[-1] == count - 1 or most == 1
    steps = np.diff(chosen)
    assert not len(steps) or 1 <= steps.min() <= steps.max() <= steps.min() + 1


def test_layers_are_chosen_by_the_nearest_index():
    assert layers.choose_layers(8) == [0, 1, 3, 4, 6, 7]
    assert layers.choose_layers(21) == [0, 4, 8, 12, 16, 20]


def series(before, now, start=1, name="HeNormal") -> layers.Series:
    return layers.Series(name, start, before, now)


def test_a_number_for_each_layer():
    fig = check(layers.by_layer(NAMES, [series([1e-3, 0.1, 1], [1e2, np.inf, 0])], "gradient norm"))
    before, now = fig.data
    assert before.x == now.x == tuple(NAMES)
    np.testing.assert_array_equal([before.y, now.y], [[1e-3, 0.1, 1], [1e2, np.inf, 0]])
    low, high = 10 ** np.array(fig.layout.yaxis.range)
    assert low < 1e-3
    assert high > 1e2
    assert (before.line.dash, now.line.dash) == ("dot", "solid")
    assert [note.text for note in fig.layout.annotations] == ["no gradient in output"]


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
    *names, words = fig.layout.annotations
    assert [note.text.split()[-1] for note in names] == list(values)
    low = fig.layout.yaxis.range[0]
    assert low < -5
    assert [note.y for note in names] == pytest.approx([np.log10(4), low, np.log10(0.5)])
    assert words.text == "no gradient: Zeros<br>Ones (1 layer)"


def test_shares_of_several_starts():
    many = [series(None, [start / 9, 0.5], start, str(start)) for start in range(8)]
    fig = check(layers.by_layer(["a", "b"], many, "dead units", share=True))
    assert len(fig.data) == len(fig.layout.annotations) == 8
    assert {note.y for note in fig.layout.annotations} == {0.5}
    assert np.diff(sorted(note.yshift for note in fig.layout.annotations)) == pytest.approx(17)


def test_a_common_scale_holds_every_law():
    laws = [Normal(0.0, 0.05), Uniform(-0.2, 0.2), Atoms(((9.0, 1.0),)), SphereCoordinate(2, 0.1)]
    reach, top = gallery.common_scale(laws)
    assert reach > 3 * 0.2 / np.sqrt(3)
    assert top > Normal(0.0, 0.05).pdf(0.0)
    assert top < 10 / 0.05
    assert gallery.common_scale([Atoms(((9.0, 1.0),))]) == pytest.approx((3.2, 1.1))


def test_a_panel_shows_the_density():
    law = Normal(0.1, 0.05)
    fig = check(gallery.panel(law, 0.4, 9.0))
    (line,) = fig.data
    np.testing.assert_array_equal([line.x, line.y], kernel.density_line(law, -0.4, 0.4))
    assert (fig.layout.xaxis.range, fig.layout.yaxis.range) == ((-0.4, 0.4), (0, 9))


def test_a_panel_shows_point_masses_inside_and_outside():
    fig = check(gallery.panel(Atoms(((-2.5, 0.5), (0.0, 0.25), (1.0, 0.25))), 2.0, 8.0))
    assert [(stem.x, stem.y) for stem in fig.data] == [((0.0, 0.0), (0, 2.0)), ((1.0, 1.0), (0, 2.0))]
    assert [note.text for note in fig.layout.annotations] == ["← 50% at -2.5"]
