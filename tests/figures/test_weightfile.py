"""Test the figures of weight files: histograms, spectra and small multiples."""

import numpy as np
import pytest

from inits.figures import style
from inits.figures import weightfile as figures
from inits.figures.weights import Bars
from inits.initializers.laws import Atoms
from inits.initializers.symmetric_laws import Normal, Uniform
from inits.measure.spectrum import bulk, marchenko_pastur_edges

ZEROS = Atoms(((0.0, 1.0),))


def bars(values: np.ndarray, bins: int = 96) -> Bars:
    counts, edges = np.histogram(values.astype(np.float64), bins)
    return Bars(float(edges[0]), float(edges[-1]), counts.astype(np.int32))


def histogram(*of: Bars, curves=()):
    return figures.histogram([figures.ArrayBars(start, one) for start, one in enumerate(of)], curves)


def area(trace) -> float:
    return float(np.sum(np.asarray(trace.y) * np.broadcast_to(trace.width, len(trace.y))))


def test_bars_have_area_1_and_laws_their_density():
    rng = np.random.default_rng(0)
    one, other = bars(rng.normal(0, 1, 5000)), bars(rng.normal(0.5, 2, 5000))
    curves = [figures.Curve(Normal(0.0, 1.0), "solid"), figures.Curve(Uniform(-1.0, 1.0), "dot")]
    fig = histogram(one, other, curves=[*curves, figures.Curve(ZEROS, "dot")])  # atoms have no line
    assert [trace.type for trace in fig.data] == ["bar", "bar", "scatter", "scatter"]
    assert [area(trace) for trace in fig.data[:2]] == pytest.approx([1.0, 1.0])
    for trace, curve in zip(fig.data[2:], curves, strict=True):
        assert trace.line.dash == curve.dash
        assert np.trapezoid(trace.y, trace.x) == pytest.approx(1.0, abs=0.01)
    low, high = fig.layout.xaxis.range
    assert low < min(one.low, other.low) < max(one.high, other.high) < high


def test_high_law_does_not_flatten_the_bars():
    fig = histogram(
        bars(np.random.default_rng(0).normal(0, 1, 2000)), curves=[figures.Curve(Normal(0.0, 1e-4), "dot")]
    )
    assert fig.layout.yaxis.range[1] < 2 * max(fig.data[0].y)


def test_equal_values_are_one_visible_bar():
    counts = np.zeros(96, np.int32)
    counts[0] = 10
    fig = histogram(Bars(0.5, 0.5, counts))
    (bar,) = fig.data
    assert (list(bar.x), list(bar.y)) == ([0.5], [1.0])
    low, high = fig.layout.xaxis.range
    assert low < 0.5 < high
    assert bar.width > 0.01 * (high - low)


def test_spectrum_has_the_law_of_the_bulk_and_a_tick_for_every_value_outside():
    shape, rng = (400, 100), np.random.default_rng(0)
    kernel = rng.normal(0, 0.05, shape) + np.outer(rng.normal(size=400), rng.normal(size=100)) * 0.02
    singular = np.linalg.svd(kernel, compute_uv=False)
    found = bulk(singular, shape)
    fig = figures.spectrum([singular], found, shape, [0])
    drawn, law, ticks = fig.data
    assert found.outside == 1
    np.testing.assert_allclose(ticks.x, singular[:1])
    assert [law.x[0], law.x[-1]] == pytest.approx(marchenko_pastur_edges(shape, found.std))
    assert np.trapezoid(law.y, law.x) == pytest.approx(1.0, abs=0.02)
    assert area(drawn) == pytest.approx(0.99)  # all but the one that is a tick
    assert fig.layout.xaxis.range[1] > singular[0]
    both = figures.spectrum([singular, singular], found, shape, [0, 1])
    assert [trace.type for trace in both.data] == ["bar", "bar", "scatter", "scatter"]
    assert both.data[0].marker.color != both.data[1].marker.color


@pytest.mark.parametrize("values", [np.full(5, 2.0), np.zeros(4), np.array([1.0])])
def test_spectrum_without_a_bulk(values):
    fig = figures.spectrum([values], None, (9, len(values)), [0])
    assert sum(fig.data[0].y) > 0
    assert fig.layout.xaxis.range[0] < values.min() <= values.max() < fig.layout.xaxis.range[1]


def test_law_as_bars_has_its_probabilities():
    law = Normal(0.0, 0.5)
    found = figures.bars_of(law, -0.1, 0.1)
    assert (found.low, found.high) == (-2.0, 2.0)
    edges = np.linspace(found.low, found.high, len(found.counts) + 1)
    np.testing.assert_allclose(found.counts / 1e7, np.diff(law.cdf(edges)), atol=1e-7)
    uniform = figures.bars_of(Uniform(-0.2, 0.2), -1.0, 1.0)
    assert (uniform.low, uniform.high) == (-0.2, 0.2)
    assert np.ptp(uniform.counts) <= 1
    assert figures.bars_of(ZEROS, -1.0, 1.0) is None


def test_small_multiples_have_a_panel_for_each_array():
    now = [bars(np.random.default_rng(n).normal(size=200)) for n in range(5)]
    fig = figures.multiples(
        [now[0], None, now[2], None, None], now, [f"conv_{n}" for n in range(5)], two=True
    )
    titles = [note.text.split("<br>")[0] for note in fig.layout.annotations]
    assert titles == ["conv_0", "conv_1", "conv_2", "conv_3", "conv_4"]
    _, filled, line = fig.data
    assert (filled.fillcolor, line.line.color) == (
        style.faint(style.START[1], style.BAR_OPACITY),
        style.START[0],
    )  # as in the legend of the two files
    assert np.isnan(line.x).sum() == 5  # one part a panel, empty where there is nothing to compare with
    assert np.isfinite(line.x).sum() == 2 * (2 * 96 + 2)


def test_long_names_lose_their_middle():
    assert figures.shortened("x" * figures.NAME) == "x" * figures.NAME
    assert figures.shortened("block_16_depthwise_conv") == "block_16_…hwise_conv"
