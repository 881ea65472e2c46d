"""Curves of starts: what becomes of several seeds, and how one start or several are drawn."""

import numpy as np
import pytest
from support.cases import check

from inits.experiments.record import Checkpoint, Divergence, Record
from inits.figures import curve_data, curves, style

STEPS, BATCH, WINDOW = 1875, 32, 31


def run(losses, accuracies=None, points=(), steps=None, images=None, diverged=False) -> Record:
    """A run with these values of its batches, and (step, loss, accuracy) between them."""
    losses = np.array(losses, np.float32)
    accuracies = np.full(len(losses), 0.5) if accuracies is None else accuracies
    steps = len(losses) if steps is None else steps
    record = Record(0, steps, images or steps * BATCH, losses, np.array(accuracies, np.float32))
    nothing = [np.zeros(1)] * 6
    record.checkpoints = tuple(Checkpoint(*point, 10, *nothing) for point in points)
    if diverged:
        record.divergence = Divergence(len(losses), np.inf, np.zeros(1), np.zeros(1), None)
    return record


def learning(start: int, seed: int, done: int = STEPS) -> Record:
    """A run that learns, slower for later starts."""
    rng = np.random.default_rng([start, seed])
    losses = (0.1 + 2.2 * np.exp(-np.arange(done) / (50 + 90 * start))) * rng.lognormal(0, 0.2, done)
    points = [(step, 0.5, 0.8) for step in (0, 9, 500, STEPS) if step <= done]
    return run(losses, np.clip(1 - losses / 3, 0, 1), points, STEPS, 60_000)


def starts(count: int, seeds: int, done: int = STEPS, raw: bool = False) -> list[curve_data.Curve]:
    """Loss curves."""
    return [
        curve_data.start_curves(
            f"start {i}", i, [learning(i, seed, done) for seed in range(seeds)], BATCH, WINDOW, raw
        )[0]
        for i in range(count)
    ]


def test_curves_of_a_run():
    record = run([3, 2, 1], [0.1, 0.2, 0.6], [(0, 4.0, 0.1), (3, 1.5, 0.5)], images=80)
    losses, accuracies = curve_data.start_curves("HeNormal", 2, [record], 32, 2, raw=True)
    for found in (losses, accuracies):
        np.testing.assert_array_equal([found.images, found.raw_images], [[32, 64, 80]] * 2)
        np.testing.assert_array_equal(found.held_images, [0, 80])
        assert (found.name, found.start, found.seeds) == ("HeNormal", 2, 1)
    np.testing.assert_array_equal([losses.raw, losses.middle], [[3, 2, 1], [3, 2.5, 1.5]])
    np.testing.assert_array_equal(losses.held, [4, 1.5])
    np.testing.assert_array_equal(accuracies.raw, record.accuracies)
    np.testing.assert_array_equal(accuracies.held, np.float32([0.1, 0.5]))


def test_a_step_counts_the_seeds_that_reached_it():
    records = [run([1, 2, 9], steps=5), run([3, 4], steps=5), run([8], steps=5), run([], steps=5)]
    found, _ = curve_data.start_curves("Ones", 3, records, BATCH, 1)
    np.testing.assert_array_equal(found.images, [32, 64, 96])
    np.testing.assert_array_equal([found.low, found.middle, found.high], [[1, 2, 9], [3, 3, 9], [8, 4, 9]])
    assert (found.name, found.start, found.seeds, found.raw) == ("Ones", 3, 3, None)


def test_accuracies_are_merged_as_losses_are():
    records = [run([1, 1], [0.1, 0.5]), run([2, 2], [0.3, 0.4])]
    _, found = curve_data.start_curves("Ones", 0, records, BATCH, 1)
    np.testing.assert_allclose([found.low, found.middle, found.high], [[0.1, 0.4], [0.2, 0.45], [0.3, 0.5]])


def test_held_out_values_are_the_median_of_the_seeds_that_have_them():
    records = [
        run([1] * 4, points=[(0, 4.0, 0.1), (2, 3.0, 0.5), (4, np.inf, 0.2)], images=100),
        run([1] * 4, points=[(0, 2.0, 0.3), (2, 1.0, 0.6), (4, np.nan, 0.4)], images=100),
        run([1] * 2, points=[(0, 9.0, 0.2), (2, np.nan, 0.7)], steps=4, images=100),
    ]
    losses, accuracies = curve_data.start_curves("Ones", 0, records, BATCH, 1)
    np.testing.assert_array_equal([losses.held_images, accuracies.held_images], [[0, 64, 100]] * 2)
    np.testing.assert_array_equal(losses.held, [4, 2, np.nan])
    np.testing.assert_array_equal(accuracies.held, np.float32([0.2, 0.6, 0.3]))


def test_merged_curves_are_thin_but_whole():
    record = learning(0, 0)
    (found,) = starts(1, 2)
    assert len(found.images) < 400
    steps = np.round(found.images / BATCH).astype(int) - 1
    np.testing.assert_array_equal(steps[: curve_data.EARLY], np.arange(curve_data.EARLY))
    assert steps[-1] == STEPS - 1
    assert np.diff(steps[curve_data.EARLY :]).max() <= STEPS / curve_data.PLACES + 1
    alone, _ = curve_data.start_curves("one", 0, [record], BATCH, WINDOW)
    np.testing.assert_allclose(alone.middle, curve_data.smooth(record.losses, WINDOW)[steps], rtol=1e-6)
    np.testing.assert_array_equal(alone.low, alone.high)


def test_the_only_run_keeps_every_batch():
    (found,) = starts(1, 1, raw=True)
    np.testing.assert_array_equal(found.raw, learning(0, 0).losses)
    np.testing.assert_array_equal(found.middle, curve_data.smooth(found.raw, WINDOW))
    assert len(found.images) == len(found.raw_images) == STEPS


@pytest.mark.parametrize("done", [1, 29, 30, 31, 500, 1001])
def test_a_live_curve_grows_without_trembling(done):
    (early,), (late,) = starts(1, 2, done), starts(1, 2)
    assert set(early.images[:-1]) <= set(late.images)
    assert early.images[-1] == done * BATCH


def only_run(batches, held, start=0) -> tuple[curve_data.Curve, curve_data.Curve]:
    """The only run of a figure: loss and accuracy alike, of its batches and before the first of them."""
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


def test_a_curve_that_diverged_ends_where_it_was_finite():
    losses = [*np.linspace(2, 1, 294), 5, 50, 1e4, 1e9, 1e30, np.inf]
    lost, _ = curve_data.start_curves("Ones", 1, [run(losses, steps=STEPS, diverged=True)], BATCH, 1)
    assert np.isnan(lost.middle[-1])
    np.testing.assert_array_equal(lost.middle[-6:-1], np.float32(losses[-6:-1]))
    (fine,) = starts(1, 1)
    fig = check(curves.loss([fine, lost], 60_000))
    line = fig.data[1]
    assert np.isfinite(line.y).all()
    assert (line.x[-1], line.y[-1]) == (299 * BATCH, np.float32(1e30))
    high = fig.layout.yaxis.range[1]
    assert high < 1, "the other start is not flattened"
    assert fig.layout.annotations[1].y == pytest.approx(high)
    assert curves.loss([lost], 60_000).layout.yaxis.range[1] > 5
    assert curves.loss([lost, lost], 60_000).layout.yaxis.range[1] > 5


def test_a_start_that_diverged_at_once_is_still_in_the_picture():
    lost, _ = curve_data.start_curves("Ones", 1, [run([1e5, np.inf], steps=STEPS, diverged=True)], BATCH, 1)
    fig = check(curves.loss([*starts(1, 1), lost], 60_000))
    assert fig.layout.yaxis.range[1] > 5


@pytest.mark.parametrize("raw", [True, False])
def test_a_short_peak_does_not_flatten_the_rest(raw):
    peak = run([1e4] * 10 + [1.0] * (STEPS - 10))
    curve, _ = curve_data.start_curves("Ones", 0, [peak], BATCH, 1, raw)
    assert curves.loss([curve], 60_000).layout.yaxis.range[1] < 1


def test_eight_starts_look_different():
    fig = check(curves.loss(starts(8, 3), 60_000))
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
def test_bands_are_for_several_seeds(count, seeds, traces):
    assert len(curves.loss(starts(count, seeds), 60_000).data) == traces


def test_a_band_spans_all_seeds():
    curve = starts(1, 5)[0]
    band, line, _ = check(curves.loss([curve], 60_000)).data
    n = len(curve.images)
    np.testing.assert_array_equal(band.x, [*curve.images, *curve.images[::-1]])
    np.testing.assert_array_equal(band.y, [*curve.high, *curve.low[::-1]])
    assert (band.y[:n] >= line.y).all()
    assert (band.y[n:][::-1] <= line.y).all()
    assert band.fill == "toself"


def test_a_band_down_to_zero_is_not_torn():
    records = [run([1, 1, 1]), run([0, 0, 0])]
    band = check(curves.loss([curve_data.start_curves("Ones", 0, records, BATCH, 1)[0]], 96)).data[0]
    assert (band.y > 0).all()


def places(fig, height: int, low: float, high: float) -> np.ndarray:
    """Pixels of the labels above the lower end of the axis."""
    tall = height - 48
    return np.array([(note.y - low) / (high - low) * tall + note.yshift for note in fig.layout.annotations])


@pytest.mark.parametrize("height", [style.HERO, style.SMALL])
def test_labels_do_not_overlap(height):
    fig = check(curves.loss(starts(8, 2), 60_000, height))
    assert [note.text.split(" ", 1)[1][-7:] for note in fig.layout.annotations] == [
        f"start {i}" for i in range(8)
    ]
    assert np.diff(np.sort(places(fig, height, *fig.layout.yaxis.range))).min() >= 17 - 1e-9
    fig = check(curves.accuracy([starts(1, 1)[0]] * 8, 60_000, height))
    assert np.diff(np.sort(places(fig, height, 0, 1.02))).min() >= 17 - 1e-9


def test_labels_stand_right_of_the_one_that_came_farthest():
    far, near = (
        starts(1, 2, 900)[0],
        curve_data.start_curves("near", 1, [learning(1, 0, 300)], BATCH, WINDOW)[0],
    )
    fig = curves.loss([near, far], 60_000)
    assert [(note.x, note.xref) for note in fig.layout.annotations] == [(900 * BATCH, "x")] * 2
    ends = [np.log10(curve.middle[-1]) for curve in (near, far)]
    np.testing.assert_allclose([note.y for note in fig.layout.annotations], ends)
    assert fig.layout.margin.r == style.LABEL_MARGIN
    assert not curves.loss([far], 60_000).layout.annotations


def test_before_the_first_batch():
    waiting = [
        curve_data.start_curves("a", 0, [], BATCH, WINDOW),
        curve_data.start_curves("b", 1, [Record(0)], BATCH, WINDOW),
    ]
    tested = run([], points=[(0, 2.3, 0.1)], steps=STEPS)
    waiting.append(curve_data.start_curves("c", 2, [tested, Record(1)], BATCH, WINDOW))
    for shown in (waiting, waiting[:1], waiting[1:2], waiting[2:]):
        losses, accuracies = ([pair[which] for pair in shown] for which in (0, 1))
        for fig in (check(curves.loss(losses, 0)), check(curves.accuracy(accuracies, 0))):
            assert len(fig.data) == 2 * len(shown)
            assert len(fig.layout.annotations) == (len(shown) if len(shown) > 1 else 0)
    assert {curve.seeds for pair in waiting for curve in pair} == {0}
    fig = curves.loss([pair[0] for pair in waiting], 60_000)
    assert fig.layout.annotations[2].y == pytest.approx(np.log10(2.3))


@pytest.mark.parametrize("records", [[], [Record(0)], [run([1, 2]), run([2, 1])]])
def test_only_a_single_run_has_raw_values(records):
    found, _ = curve_data.start_curves("a", 0, records, BATCH, 1, raw=True)
    assert (found.raw is not None) == (len(records) == 1)
    check(curves.loss([found], 64))


def test_one_step_is_enough():
    for losses in ([2.3], [np.inf], [np.nan], [0.0]):
        both = curve_data.start_curves("a", 0, [run(losses)] * 2, BATCH, WINDOW)
        check(curves.loss([both[0]] * 2, 32))
        check(curves.accuracy([both[1]] * 2, 32))
