"""Test the figures of loss and accuracy."""

import numpy as np
import pytest
from support.cases import check
from support.curves import BATCH, STEPS, WINDOW, learning, loss_curve, loss_curves, run

from inits.experiments.record import Record
from inits.figures import curve_data, curves, style


def only_run(batches, held, start=0) -> tuple[curve_data.Curve, curve_data.Curve]:
    """Return the loss and accuracy curves of the only run of a figure, both with these values."""
    points = [(step, value, value) for step, value in enumerate(held)]
    return curve_data.start_curves("HeNormal", start, [run(batches, batches, points)], BATCH, 2, raw=True)


def test_loss_curves():
    fig = check(curves.loss([only_run([2.0, 1.0, 0.5], [2.3, 0.4], 3)[0]], total=320))
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
@pytest.mark.parametrize("count", [1, 2])
def test_loss_curves_of_any_size(raw, held, count):
    fig = check(curves.loss([only_run(raw, held, start)[0] for start in range(count)], total=64))
    low, high = fig.layout.yaxis.range
    seen = [value for value in (*raw, *held) if 0 < value < np.inf]
    assert -4.5 < low < high < low + 10
    assert not seen or low < max(np.log10(min(seen)), -4)


def test_accuracy_curves():
    fig = check(curves.accuracy([only_run([0.1, 0.5], [0.08, 0.6])[1]], total=64))
    raw, smooth, held = fig.data
    np.testing.assert_allclose([raw.y, smooth.y, held.y], [[0.1, 0.5], [0.1, 0.3], [0.08, 0.6]], rtol=1e-6)
    chance = fig.layout.shapes[0]
    assert (chance.y0, chance.y1, chance.x0, chance.x1, chance.xref) == (0.1, 0.1, 0, 1, "paper")
    assert fig.layout.yaxis.range == (0, 1.02)


def test_many_batches_are_thinned():
    _, long = only_run(np.random.default_rng(0).random(STEPS), [0.5])
    fig = curves.accuracy([long], 60_000)
    assert len(fig.data) == 3
    assert all(len(trace.x) <= curve_data.MAX_POINTS for trace in fig.data)


def test_diverged_curve_ends_where_it_was_finite():
    losses = [*np.linspace(2, 1, 294), 5, 50, 1e4, 1e9, 1e30, np.inf]
    lost = loss_curve(run(losses, steps=STEPS, diverged=True), start=1, window=1)
    assert np.isnan(lost.middle[-1])
    np.testing.assert_array_equal(lost.middle[-6:-1], np.float32(losses[-6:-1]))
    fine = loss_curves(1, 1)
    fig = check(curves.loss([*fine, lost], 60_000))
    line = fig.data[1]
    assert np.isfinite(line.y).all()
    assert (line.x[-1], line.y[-1]) == (299 * BATCH, np.float32(1e30))
    high = fig.layout.yaxis.range[1]
    assert high < 1, "the other start is not flattened"
    assert fig.layout.annotations[1].y == pytest.approx(high)
    at_once = loss_curve(run([1e5, np.inf], steps=STEPS, diverged=True), start=1, window=1)
    for shown in ([lost], [lost, lost], [*fine, at_once]):
        assert check(curves.loss(shown, 60_000)).layout.yaxis.range[1] > 5


@pytest.mark.parametrize("raw", [True, False])
def test_short_peak_does_not_flatten_the_rest(raw):
    peak = loss_curve(run([1e4] * 10 + [1.0] * (STEPS - 10)), window=1, raw=raw)
    high = curves.loss([peak], 60_000).layout.yaxis.range[1]
    assert high < 1
    assert curves.cut_above([peak]) == pytest.approx(10**high)


def test_usual_peak_is_whole():
    peak = loss_curve(run([26.0] * 2 + [3.0] * (STEPS - 2)), window=1)
    assert curves.loss([peak], 60_000).layout.yaxis.range[1] > np.log10(26)
    assert curves.cut_above([peak]) is None


def test_eight_starts_look_different():
    fig = check(curves.loss(loss_curves(8, 3), 60_000))
    assert len(fig.data) == 24
    bands, lines, points = fig.data[:8], fig.data[8:16], fig.data[16:]
    for slot in range(8):
        assert bands[slot].fillcolor == style.faint(style.START[slot], style.BAND_OPACITY)
        assert lines[slot].line.to_plotly_json() == style.start_line(slot)
        marker = points[slot].marker.to_plotly_json()
        assert marker.items() >= style.start_marker(slot, 6).items()
        assert [trace[slot].name for trace in (lines, points)] == [f"start {slot}", f"start {slot}, held out"]
    assert {band.hoverinfo for band in bands} == {"skip"}


@pytest.mark.parametrize(("count", "seeds", "traces"), [(1, 1, 2), (1, 2, 3), (2, 1, 4), (2, 2, 6)])
def test_only_several_seeds_have_a_band(count, seeds, traces):
    assert len(curves.loss(loss_curves(count, seeds), 60_000).data) == traces


def test_band_spans_all_seeds():
    (curve,) = loss_curves(1, 5)
    band, line, _ = check(curves.loss([curve], 60_000)).data
    n = len(curve.images)
    np.testing.assert_array_equal(band.x, [*curve.images, *curve.images[::-1]])
    np.testing.assert_array_equal(band.y, [*curve.high, *curve.low[::-1]])
    assert (band.y[:n] >= line.y).all()
    assert (band.y[n:][::-1] <= line.y).all()
    assert band.fill == "toself"
    zero = loss_curve(run([1, 1, 1]), run([0, 0, 0]), window=1)
    assert (check(curves.loss([zero], 96)).data[0].y > 0).all()  # 0 has no logarithm and would tear the band


def places(fig, height: int, low: float, high: float) -> np.ndarray:
    """Return the pixels of the labels above the lower end of the axis."""
    tall = height - 48
    return np.array([(note.y - low) / (high - low) * tall + note.yshift for note in fig.layout.annotations])


@pytest.mark.parametrize("height", [style.HERO, style.SMALL])
def test_labels_do_not_overlap(height):
    fig = check(curves.loss(loss_curves(8, 2), 60_000, height))
    assert [note.text.split(" ", 1)[1][-7:] for note in fig.layout.annotations] == [
        f"start {i}" for i in range(8)
    ]
    assert np.diff(np.sort(places(fig, height, *fig.layout.yaxis.range))).min() >= 17 - 1e-9
    fig = check(curves.accuracy([loss_curves(1, 1)[0]] * 8, 60_000, height))
    assert np.diff(np.sort(places(fig, height, 0, 1.02))).min() >= 17 - 1e-9


def test_labels_stand_to_the_right_of_the_longest_line():
    (far,), near = loss_curves(1, 2, 900), loss_curve(learning(1, 0, 300), name="near", start=1)
    fig = curves.loss([near, far], 60_000)
    assert [(note.x, note.xref) for note in fig.layout.annotations] == [(900 * BATCH, "x")] * 2
    ends = [np.log10(curve.middle[-1]) for curve in (near, far)]
    np.testing.assert_allclose([note.y for note in fig.layout.annotations], ends)
    assert fig.layout.margin.r == style.LABEL_MARGIN
    assert not curves.loss([far], 60_000).layout.annotations


def test_figures_before_the_first_batch():
    tested = run([], points=[(0, 2.3, 0.1)], steps=STEPS)
    records = [[], [Record(0)], [tested, Record(1)]]
    waiting = [curve_data.start_curves("a", i, of, BATCH, WINDOW) for i, of in enumerate(records)]
    for shown in (waiting, waiting[:1], waiting[1:2], waiting[2:]):
        losses, accuracies = ([pair[which] for pair in shown] for which in (0, 1))
        for fig in (check(curves.loss(losses, 0)), check(curves.accuracy(accuracies, 0))):
            assert len(fig.data) == 2 * len(shown)
            assert len(fig.layout.annotations) == (1 if len(shown) > 1 else 0)  # one has begun
            assert (fig.layout.margin.r == style.LABEL_MARGIN) == (
                len(shown) > 1
            )  # nothing moves when others begin
    assert {curve.seeds for pair in waiting for curve in pair} == {0}
    fig = curves.loss([pair[0] for pair in waiting], 60_000)
    assert fig.layout.annotations[0].y == pytest.approx(np.log10(2.3))


@pytest.mark.parametrize("losses", [[2.3], [np.inf], [np.nan], [0.0]])
def test_figures_of_a_single_step(losses):
    both = curve_data.start_curves("a", 0, [run(losses)] * 2, BATCH, WINDOW)
    check(curves.loss([both[0]] * 2, 32))
    check(curves.accuracy([both[1]] * 2, 32))
