"""Test the figures of one kernel and the gallery of laws."""

import numpy as np
import pytest
from support.cases import check, fits

from inits.figures import gallery, kernel, style
from inits.initializers.catalog import CATALOG
from inits.initializers.laws import Atoms, Law
from inits.initializers.spec import InitializerSpec
from inits.initializers.symmetric_laws import Normal, SphereCoordinate, TruncatedNormal, Uniform
from inits.measure.examination import measure

SHAPES = [(784, 40), (3, 3, 16, 32), (500,), (64, 64), (1, 1), (2, 2), (9, 1, 5)]
LAWS = [
    Uniform(-0.3, 0.1),
    Normal(0.2, 0.05),
    TruncatedNormal(-1.0, 3.0),
    SphereCoordinate(3),
    SphereCoordinate(50, -2.0),
]


@pytest.mark.parametrize(
    "layout",
    [{"paper_bgcolor": "white"}, {"title": '<b style="color:#ff0000">a'}, {"font_color": "rgb(0,0,0)"}],
)
def test_check_finds_a_colour_that_is_not_a_token(layout):
    with pytest.raises(AssertionError):
        check(style.figure().update_layout(layout))


def draw(law: Law | None, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Return random quantiles of the law, or rising weights without one."""
    levels = np.random.default_rng(seed).random(shape)
    return (law.ppf(levels) if law else np.linspace(-1, 1, levels.size).reshape(shape)).astype(np.float32)


CASES = [(spec, shape) for spec in map(InitializerSpec, CATALOG) for shape in SHAPES if fits(spec, shape)]


def test_every_initializer_fills_some_shape():
    assert {spec.name for spec, _ in CASES} == set(CATALOG)


@pytest.mark.parametrize(("spec", "shape"), CASES, ids=[f"{spec.name}-{shape}" for spec, shape in CASES])
def test_every_initializer_has_its_figures(spec, shape):
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
def test_density_line_is_the_density_up_to_the_ends_of_the_law(law):
    for stretch in (1.0, 3.0, 0.5):
        low, high = np.array(kernel.window(law)) * stretch
        x, y = kernel.density_line(law, low, high)
        assert np.trapezoid(y, x) == pytest.approx(float(law.cdf(high) - law.cdf(low)), abs=2e-3)
        np.testing.assert_allclose(y[2:-2], law.pdf(x[2:-2]))
        assert (np.diff(x) >= 0).all()
    x, y = kernel.density_line(law, -50.0, 50.0)
    np.testing.assert_allclose(x[[0, 1, -2, -1]], [-50, *np.clip(law.support, -50, 50), 50])
    np.testing.assert_array_equal(y[[0, 1, -2, -1]], 0)


def test_unbounded_density_is_cut():
    x, y = kernel.density_line(SphereCoordinate(2), -1.5, 1.5)
    assert np.isfinite(y).all()
    assert np.trapezoid(y, x) == pytest.approx(1, abs=0.05)
    fig = kernel.histogram(SphereCoordinate(2), [-1, 0, 1], [0.5, 0.5])
    assert fig.layout.yaxis.range[1] < 1


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_window_contains_law_and_draw(law):
    low, high = kernel.window(law, [-7.0, 0.0, 20.0])
    assert low < -7 < 20 < high
    low, high = kernel.window(law)
    assert law.cdf(high) - law.cdf(low) > 0.9999
    assert high - low < 12 * law.std


def test_window_of_equal_weights_has_room():
    assert kernel.window(Atoms(((0.0, 1.0),))) == (-0.5, 0.5)
    assert kernel.window(Atoms(((-8.0, 1.0),))) == (-12, -4)


def test_histogram_shows_draw_and_law():
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


def test_histogram_before_the_draw_and_without_a_law():
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


def test_quantiles_and_their_diagonal():
    diagonal, points = check(kernel.quantiles([-1.0, 0.0, 2.0], [-1.5, 0.1, 1.0], start=1)).data
    assert diagonal.x == diagonal.y == (-1.5, 2.0)
    np.testing.assert_array_equal([points.x, points.y], [[-1, 0, 2], [-1.5, 0.1, 1]])


def test_spectrum_is_a_density():
    values = np.random.default_rng(0).uniform(1, 3, 200)
    x = np.linspace(0.5, 2.5, 50)
    bars, line = check(kernel.spectrum(values, x, np.ones(50))).data
    assert np.sum(bars.y * bars.width) == pytest.approx(1)
    assert bars.x[0] - bars.width[0] / 2 == pytest.approx(0.5)
    assert bars.x[-1] + bars.width[-1] / 2 == pytest.approx(values.max())
    np.testing.assert_array_equal([line.x, line.y], [x, np.ones(50)])


@pytest.mark.parametrize(("value", "text"), [(1.5, "all 6 are 1.5"), (0.0, "all 6 are 0")])
def test_spectrum_of_equal_values(value, text):
    fig = check(kernel.spectrum(np.full(6, value), [0.0, 1.0], [1.0, 1.0]))
    (bar,) = fig.data
    assert (bar.x, bar.y, fig.layout.annotations[0].text) == ((value,), (1.0,), text)
    low, high = fig.layout.xaxis.range
    assert low <= value < high


def test_tiles_show_the_units_side_by_side():
    pixels = np.random.default_rng(0).integers(-127, 128, (10, 4, 3)).astype(np.int8)
    (sheet,) = check(kernel.tiles(pixels, 0.25, columns=8)).data
    assert sheet.z.shape == (10, 38)
    for unit in range(10):
        top, left = unit // 8 * 6, unit % 8 * 5
        np.testing.assert_array_equal(sheet.z[top : top + 4, left : left + 3], pixels[unit])
    assert np.isfinite(sheet.z).sum() == pixels.size
    assert (sheet.zmin, sheet.zmax) == (-127, 127)
    assert sheet.colorbar.ticktext == ("−0.25", "0", "0.25")


def test_heat_map_shows_the_block():
    block = np.arange(-6, 6, dtype=np.int8).reshape(3, 4)
    fig = check(kernel.heat_map(block, 2.0))
    np.testing.assert_array_equal(fig.data[0].z, block)
    assert fig.layout.yaxis.autorange == "reversed"


def test_common_scale_contains_every_law():
    laws = [Normal(0.0, 0.05), Uniform(-0.2, 0.2), Atoms(((9.0, 1.0),)), SphereCoordinate(2, 0.1)]
    reach, top = gallery.common_scale(laws)
    assert reach > 3 * 0.2 / np.sqrt(3)
    assert Normal(0.0, 0.05).pdf(0.0) < top < 10 / 0.05
    assert gallery.common_scale([Atoms(((9.0, 1.0),))]) == pytest.approx((3.2, 1.1))


def test_panel_shows_density_or_point_masses():
    law = Normal(0.1, 0.05)
    fig = check(gallery.panel(law, 0.4, 9.0))
    (line,) = fig.data
    np.testing.assert_array_equal([line.x, line.y], kernel.density_line(law, -0.4, 0.4))
    assert (fig.layout.xaxis.range, fig.layout.yaxis.range) == ((-0.4, 0.4), (0, 9))
    fig = check(gallery.panel(Atoms(((-2.5, 0.5), (0.0, 0.25), (1.0, 0.25))), 2.0, 8.0))
    assert [(stem.x, stem.y) for stem in fig.data] == [((0.0, 0.0), (0, 2.0)), ((1.0, 1.0), (0, 2.0))]
    assert [note.text for note in fig.layout.annotations] == ["← 50% at -2.5"]
