"""The arithmetic of curves: running means, thinned lines, the median over seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from inits.figures import curve_data


@given(st.lists(st.floats(0, 2.0**66, width=32), max_size=60), st.integers(1, 70))
def test_smooth_is_a_running_mean(values, window):
    naive = [np.mean(values[max(0, i + 1 - window) : i + 1]) for i in range(len(values))]
    np.testing.assert_allclose(curve_data.smooth(values, window), naive, rtol=1e-6, atol=1e-40)


def test_smooth_recovers_from_what_is_infinite():
    found = curve_data.smooth([1, 2, np.inf, 3, 4, 5, 6], 3)
    np.testing.assert_array_equal(found, np.array([1, 1.5, np.inf, np.inf, np.inf, 4, 5], np.float32))


@given(st.integers(0, 5000), st.integers(0, 2**32 - 1))
def test_thin_keeps_extremes_and_order(n, seed):
    x, y = np.arange(n, dtype=np.float32), np.random.default_rng(seed).normal(size=n).astype(np.float32)
    few_x, few_y = curve_data.thin(x, y)
    assert len(few_x) == len(few_y) <= min(n, curve_data.MAX_POINTS)
    np.testing.assert_array_equal(y[few_x.astype(int)], few_y)
    assert (np.diff(few_x) >= 0).all()
    if n:
        assert (few_y.min(), few_y.max()) == (y.min(), y.max())
    if n <= curve_data.MAX_POINTS:
        np.testing.assert_array_equal(few_x, x)


FLOATS = st.floats(-100, 100, width=32)


@given(arrays.arrays(np.float32, st.tuples(st.integers(1, 7), st.integers(0, 9)), elements=FLOATS), st.data())
def test_merging_leaves_out_what_is_not_there(values, data):
    gone = data.draw(arrays.arrays(bool, values.shape))
    values = np.where(gone, np.float32(np.nan), values)
    middle, low, high = curve_data.merge(values)
    there = ~gone.all(axis=0)
    assert np.isnan([middle, low, high])[:, ~there].all()
    np.testing.assert_allclose(middle[there], np.nanmedian(values[:, there], axis=0), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(low[there], np.nanmin(values[:, there], axis=0))
    np.testing.assert_array_equal(high[there], np.nanmax(values[:, there], axis=0))


def test_huge_values_have_a_median():
    middle, _, _ = curve_data.merge(np.float32([[3e38], [3e38]]))
    np.testing.assert_array_equal(middle, np.float32([3e38]))


@given(st.integers(1, 300), st.integers(1, 70), st.data())
def test_means_at_some_steps_are_those_of_all(n, window, data):
    values = np.random.default_rng(n).random(n).astype(np.float32)
    at = np.unique(np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=20)), int))
    np.testing.assert_allclose(
        curve_data.means_at(values, window, at), curve_data.smooth(values, window)[at], rtol=1e-6
    )


@pytest.mark.parametrize("at", [[0, 2, 6], range(7)])
def test_means_at_some_steps_recover_from_what_is_infinite(at):
    values = np.float32([1, np.inf, 3, 4, 5, 6, 7])
    found = curve_data.means_at(values, 2, np.array(at))
    np.testing.assert_array_equal(found, curve_data.smooth(values, 2)[np.array(at)])
