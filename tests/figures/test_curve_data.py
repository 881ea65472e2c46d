"""Test running means, thinned lines, and curves merged over the seeds of a start."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.curves import BATCH, STEPS, WINDOW, learning, loss_curve, loss_curves, run

from inits.figures.curve_data import EARLY, MAX_POINTS, PLACES, means_at, merge, smooth, start_curves, thin

FLOATS = st.floats(-100, 100, width=32)


@given(st.lists(st.floats(0, 2.0**66, width=32), max_size=60), st.integers(1, 70))
def test_smooth_is_a_running_mean(values, window):
    naive = [np.mean(values[max(0, i + 1 - window) : i + 1]) for i in range(len(values))]
    np.testing.assert_allclose(smooth(values, window), naive, rtol=1e-6, atol=1e-40)


@given(st.integers(1, 300), st.integers(1, 70), st.data())
def test_means_at_some_steps_are_those_of_all(n, window, data):
    values = np.random.default_rng(n).random(n).astype(np.float32)
    at = np.unique(np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=20)), int))
    np.testing.assert_allclose(means_at(values, window, at), smooth(values, window)[at], rtol=1e-6)


def test_running_means_recover_from_infinite_values():
    found = smooth([1, 2, np.inf, 3, 4, 5, 6], 3)
    np.testing.assert_array_equal(found, np.array([1, 1.5, np.inf, np.inf, np.inf, 4, 5], np.float32))
    values = np.float32([1, np.inf, 3, 4, 5, 6, 7])
    for at in (np.array([0, 2, 6]), np.arange(7)):
        np.testing.assert_array_equal(means_at(values, 2, at), smooth(values, 2)[at])


@given(st.integers(0, 5000), st.integers(0, 2**32 - 1))
def test_thin_keeps_extremes_and_order(n, seed):
    x, y = np.arange(n, dtype=np.float32), np.random.default_rng(seed).normal(size=n).astype(np.float32)
    few_x, few_y = thin(x, y)
    assert len(few_x) == len(few_y) <= min(n, MAX_POINTS)
    np.testing.assert_array_equal(y[few_x.astype(int)], few_y)
    assert (np.diff(few_x) >= 0).all()
    if n:
        assert (few_y.min(), few_y.max()) == (y.min(), y.max())
    if n <= MAX_POINTS:
        np.testing.assert_array_equal(few_x, x)


@given(arrays.arrays(np.float32, st.tuples(st.integers(1, 7), st.integers(0, 9)), elements=FLOATS), st.data())
def test_merge_ignores_missing_values(values, data):
    gone = data.draw(arrays.arrays(bool, values.shape))
    values = np.where(gone, np.float32(np.nan), values)
    middle, low, high = merge(values)
    there = ~gone.all(axis=0)
    assert np.isnan([middle, low, high])[:, ~there].all()
    np.testing.assert_allclose(middle[there], np.nanmedian(values[:, there], axis=0), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(low[there], np.nanmin(values[:, there], axis=0))
    np.testing.assert_array_equal(high[there], np.nanmax(values[:, there], axis=0))


def test_median_of_huge_values_is_finite():
    np.testing.assert_array_equal(merge(np.float32([[3e38], [3e38]]))[0], np.float32([3e38]))


def test_curves_of_a_single_run():
    record = run([3, 2, 1], [0.1, 0.2, 0.6], [(0, 4.0, 0.1), (3, 1.5, 0.5)], images=80)
    losses, accuracies = start_curves("HeNormal", 2, [record], 32, 2, raw=True)
    for found in (losses, accuracies):
        np.testing.assert_array_equal([found.images, found.raw_images], [[32, 64, 80]] * 2)
        np.testing.assert_array_equal(found.held_images, [0, 80])
        assert (found.name, found.start, found.seeds) == ("HeNormal", 2, 1)
    np.testing.assert_array_equal([losses.raw, losses.middle], [[3, 2, 1], [3, 2.5, 1.5]])
    np.testing.assert_array_equal(losses.held, [4, 1.5])
    np.testing.assert_array_equal(accuracies.raw, record.accuracies)
    np.testing.assert_array_equal(accuracies.held, np.float32([0.1, 0.5]))


def test_each_step_merges_the_seeds_that_reached_it():
    records = [run([1, 2, 9], steps=5), run([3, 4], steps=5), run([8], steps=5), run([], steps=5)]
    found = loss_curve(*records, name="Ones", start=3, window=1)
    np.testing.assert_array_equal(found.images, [32, 64, 96])
    np.testing.assert_array_equal([found.low, found.middle, found.high], [[1, 2, 9], [3, 3, 9], [8, 4, 9]])
    assert (found.name, found.start, found.seeds, found.raw) == ("Ones", 3, 3, None)
    records = [run([1, 1], [0.1, 0.5]), run([2, 2], [0.3, 0.4])]
    _, found = start_curves("Ones", 0, records, BATCH, 1)
    np.testing.assert_allclose([found.low, found.middle, found.high], [[0.1, 0.4], [0.2, 0.45], [0.3, 0.5]])


def test_held_out_values_are_the_median_of_the_seeds_that_have_them():
    records = [
        run([1] * 4, points=[(0, 4.0, 0.1), (2, 3.0, 0.5), (4, np.inf, 0.2)], images=100),
        run([1] * 4, points=[(0, 2.0, 0.3), (2, 1.0, 0.6), (4, np.nan, 0.4)], images=100),
        run([1] * 2, points=[(0, 9.0, 0.2), (2, np.nan, 0.7)], steps=4, images=100),
    ]
    losses, accuracies = start_curves("Ones", 0, records, BATCH, 1)
    np.testing.assert_array_equal([losses.held_images, accuracies.held_images], [[0, 64, 100]] * 2)
    np.testing.assert_array_equal(losses.held, [4, 2, np.nan])
    np.testing.assert_array_equal(accuracies.held, np.float32([0.2, 0.6, 0.3]))


def test_merged_curves_have_few_points():
    (found,) = loss_curves(1, 2)
    assert len(found.images) < 400
    steps = np.round(found.images / BATCH).astype(int) - 1
    np.testing.assert_array_equal(steps[:EARLY], np.arange(EARLY))
    assert steps[-1] == STEPS - 1
    assert np.diff(steps[EARLY:]).max() <= STEPS / PLACES + 1
    record = learning(0, 0)
    alone = loss_curve(record)
    np.testing.assert_allclose(alone.middle, smooth(record.losses, WINDOW)[steps], rtol=1e-6)
    np.testing.assert_array_equal(alone.low, alone.high)


def test_only_a_single_run_keeps_every_batch():
    (found,) = loss_curves(1, 1, raw=True)
    np.testing.assert_array_equal(found.raw, learning(0, 0).losses)
    np.testing.assert_array_equal(found.middle, smooth(found.raw, WINDOW))
    assert len(found.images) == len(found.raw_images) == STEPS
    assert loss_curves(1, 2, raw=True)[0].raw is None
    assert loss_curve(raw=True).raw is None


@pytest.mark.parametrize("done", [1, 29, 30, 31, 500, 1001])
def test_points_of_a_live_curve_stay_as_it_grows(done):
    (early,), (late,) = loss_curves(1, 2, done), loss_curves(1, 2)
    assert set(early.images[:-1]) <= set(late.images)
    assert early.images[-1] == done * BATCH
