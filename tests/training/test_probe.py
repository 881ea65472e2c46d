"""What is measured at checkpoints: against NumPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.epochs import (
    BATCH,
    GLOROT,
    HE,
    NET,
    SGD,
    cross_entropy,
    dead_shares,
    forward,
    gradient_norms,
    parse,
    run,
)

from inits.data.dataset import Dataset
from inits.experiments.experiment import Experiment, Start
from inits.training.probe import PROBE_IMAGES, VALIDATION_IMAGES, kernel_histogram
from inits.training.starts import start_arrays

pytestmark = pytest.mark.keras


def held_out(data: Dataset) -> np.ndarray:
    return np.arange(0, len(data.y_test), math.ceil(len(data.y_test) / VALIDATION_IMAGES))


def test_checkpoints_are_those_of_numpy(data, slots):
    experiment = Experiment((GLOROT,), NET, SGD, BATCH)
    (record,) = run(experiment, data, slots)
    for point, weights in (
        (record.checkpoints[0], start_arrays(GLOROT, NET, 0)),
        (record.checkpoints[-1], record.weights),
    ):
        everything = point is record.checkpoints[-1]
        chosen = np.arange(2300) if everything else held_out(data)
        labels = data.y_test[chosen]
        logits = forward(weights, data.x_test[chosen])[-1]
        assert point.held_out == len(chosen) == (2300 if everything else 767)
        assert point.loss == pytest.approx(cross_entropy(logits, labels).mean(), rel=1e-5)
        assert point.accuracy == pytest.approx(np.mean(logits.argmax(1) == labels), abs=1e-3)
        kernels = weights[::2]
        np.testing.assert_allclose(point.std, [kernel.std() for kernel in kernels], rtol=1e-5)
        np.testing.assert_array_equal(point.edges, [(kernel.min(), kernel.max()) for kernel in kernels])
        np.testing.assert_array_equal(point.counts.sum(1), [kernel.size for kernel in kernels])
        seen = held_out(data)[:: 767 // PROBE_IMAGES][:PROBE_IMAGES]
        images, labels = data.x_test[seen], data.y_test[seen]
        outputs = forward(weights, images)
        np.testing.assert_allclose(point.largest, [np.abs(values).max() for values in outputs], rtol=1e-5)
        np.testing.assert_allclose(point.gradient, gradient_norms(weights, images, labels), rtol=1e-4)
        np.testing.assert_allclose(point.dead, dead_shares(outputs), atol=1e-6)
    assert all(point.held_out == 767 for point in record.checkpoints[:-1])
    assert record.test_accuracy == record.checkpoints[-1].accuracy


def test_probe_of_small_batches_and_of_weights_that_are_not_finite(data, slots):
    weights = start_arrays(HE, NET, 0)
    with slots.borrow(Experiment((HE,), NET, SGD, BATCH).runs[0], data) as slot:
        slot.load(weights, 0.1)
        for n in (2, 4, 40):  # with few images many ReLU units are 0 for all of them
            images, labels = data.x_test[:n], data.y_test[:n]
            look = slot.probe.look(images, labels.astype(np.int32))
            expected = dead_shares(forward(weights, images))
            np.testing.assert_allclose(look.dead, expected, atol=1e-6)
            assert n > 2 or min(expected[:2]) > 0.1
            np.testing.assert_allclose(look.gradient, gradient_norms(weights, images, labels), rtol=1e-4)
        weights[0][0, 0], weights[2][0, 0], weights[2][1, 1] = np.nan, np.inf, -np.inf
        slot.load(weights, 0.1)
        point = slot.probe.checkpoint(5)
    assert not np.isfinite(point.std[:2]).any()
    assert np.isfinite(point.std[2])
    np.testing.assert_array_equal(point.counts.sum(1), [0, 0, 160])


def test_zeros_are_dead(data, slots):
    (record,) = run(Experiment((Start(parse("Zeros()")),), NET, SGD, BATCH), data, slots)
    start, end = record.checkpoints[0], record.checkpoints[-1]
    np.testing.assert_array_equal(
        [start.dead, start.gradient, start.largest, start.std], np.array([[1] * 3, *[[0] * 3] * 3])
    )
    assert start.loss == pytest.approx(math.log(10), rel=1e-6)
    np.testing.assert_array_equal(end.dead, 1)
    np.testing.assert_array_equal(end.counts[:, 0], [784 * 24, 24 * 16, 16 * 10])
    assert end.largest[-1] > 0


finite = st.floats(-(2.0**100), 2.0**100, width=32)


kernels = arrays.arrays(np.float32, st.integers(1, 300), elements=finite | st.floats(-1, 1, width=32))


@given(kernels, st.sampled_from([1, 7, 64]))
def test_kernel_histogram_is_that_of_numpy(kernel, bins):
    (low, high), counts = kernel_histogram(kernel, bins)
    assert (low, high) == (kernel.min(), kernel.max())
    assert (len(counts), counts.sum()) == (bins, kernel.size)
    if low == high:
        assert counts[0] == kernel.size
        return
    place = (kernel.astype(np.float64) - low) / (high - low) * bins
    exact, _ = np.histogram(kernel.astype(np.float64), bins, (low, high))
    doubtful = np.sum(np.abs(place - np.rint(place)) < 1e-6 * bins)  # so near an edge that float32 decides
    assert np.abs(np.cumsum(counts) - np.cumsum(exact)).max() <= doubtful
    assert counts[0] > 0
    assert counts[-1] > 0


@pytest.mark.parametrize(
    ("kernel", "counts"),
    [
        *(([value] * 20, [20, 0, 0, 0]) for value in (0.0, -3.0, 1e-40, 3e38)),
        *(([1.0, value, 1.0], [0, 0, 0, 0]) for value in (np.nan, np.inf, -np.inf)),
        *(([-high, 0.1 * high, high], [1, 0, 1, 1]) for high in (3e38, 1e-39)),
    ],
)
def test_kernel_histogram_of_equal_infinite_and_extreme_weights(kernel, counts):
    kernel = np.array([kernel], np.float32)
    edges, found = kernel_histogram(kernel, 4)
    np.testing.assert_array_equal(edges, (kernel.min(), kernel.max()))
    np.testing.assert_array_equal(found, counts)
