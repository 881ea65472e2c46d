"""Kernels of pasted code at the limits of float32: all that is measured is right, and nothing over- or underflows.

Warnings are errors in all tests, so an overflow fails them. In float64 none of these powers leaves its range.
"""

import numpy as np
import pytest

from inits.experiments.pasted import PastedSpec
from inits.figures import kernel as figures
from inits.initializers.spec import InitializerSpec
from inits.measure.checks import PastedKernel, checks
from inits.measure.examination import examine_drawn, examine_drawn_network, small_histogram
from inits.text import number

SMALLEST, LARGEST = np.float32(1e-45), np.finfo(np.float32).max
NORMAL = np.random.default_rng(0).standard_normal((784, 8))
SIGNS = np.where(NORMAL > 0, 1.0, -1.0)
ONE = np.where(np.arange(NORMAL.size).reshape(NORMAL.shape) == 1001, 1.0, 0.0)
CODE = PastedSpec("mine", "def init(shape): ...")
KERNELS = {
    **{f"normal, {scale:g}": scale * NORMAL for scale in (1e-45, 1e-40, 1e-38, 1e-20, 1e20, 1e30, 8e37)},
    **{f"signs, {scale:g}": scale * SIGNS for scale in (SMALLEST, 1e-38, LARGEST)},
    **{f"equal, {value:g}": np.full(NORMAL.shape, value) for value in (SMALLEST, -1e-40, LARGEST, -LARGEST)},
    **{f"one, {value:g}": value * ONE for value in (SMALLEST, 1e-38, LARGEST, -LARGEST)},
    "smallest and largest": np.where(NORMAL > 0, SMALLEST, LARGEST),
    "usual and largest": np.where(ONE > 0, -LARGEST, NORMAL),
    "zeros of both signs": 0.0 * SIGNS,
    "orthogonal, 1e-37": 1e-37 * np.linalg.qr(NORMAL)[0],
    "orthogonal, 3e38": 3e38 * np.linalg.qr(NORMAL)[0],
}


@pytest.mark.parametrize("name", KERNELS)
def test_extreme_kernel_is_measured_as_in_float64(name):
    kernel = KERNELS[name].astype(np.float32)
    wide = kernel.astype(np.float64)
    found = examine_drawn(kernel, CODE).examination
    summary, spread = found.summary, float(wide.std()) or 1.0
    assert (summary.nan, summary.inf, summary.min, summary.max) == (0, 0, wide.min(), wide.max())
    assert summary.mean == pytest.approx(wide.mean(), rel=1e-6, abs=1e-9 * spread)
    assert summary.std == pytest.approx(wide.std(), rel=1e-6)
    assert np.sum(found.density * np.diff(found.edges)) == pytest.approx(1)
    assert found.edges[0] <= wide.min() <= wide.max() <= found.edges[-1]
    largest = np.abs(wide).max() or 1.0
    for pixels, part in ((found.block, wide[:128]), (found.tiles, wide.T.reshape(-1, 28, 28))):
        np.testing.assert_array_equal(pixels, np.rint(part / largest * 127))
    np.testing.assert_allclose(
        found.singular / largest, np.linalg.svd(wide / largest, compute_uv=False), atol=1e-9
    )
    small = small_histogram(kernel)
    assert (small.edges, small.counts.sum()) == ((wide.min(), wide.max()), wide.size)


@pytest.mark.parametrize("name", [*KERNELS][::2])
def test_extreme_network_is_checked_and_drawn(name):
    kernel = KERNELS[name].astype(np.float32)
    layers = [PastedKernel(one.shape, one, "float32", one.shape) for one in (kernel, kernel[:9])]
    found = {check.name: check for check in checks(layers, kernel, ["layer 1", "output"])}
    assert found["Finite"].verdict == found["Same seed"].verdict == "good"
    assert number(784 * kernel.astype(np.float64).std() ** 2, 3) in found["Scale"].words
    _, rows = examine_drawn_network(["layer 1", "output"], [kernel, kernel[:9]], CODE)
    assert [row.counts.sum() for row in rows] == [kernel.size, kernel[:9].size]
    assert rows[0].std == pytest.approx(kernel.astype(np.float64).std(), rel=1e-6)
    assert np.isfinite([row.errors for row in rows if row.errors is not None]).all()
    whole = examine_drawn(kernel, CODE)
    law = whole.nearest.spec.law(kernel.shape) if whole.nearest else None
    figures.histogram(law, whole.examination.edges, whole.examination.density).to_json()
    figures.spectrum(whole.examination.singular, None, None).to_json()


@pytest.mark.parametrize(("gain", "known"), [(1e-25, True), (1e25, True), (1e-35, False), (1e35, False)])
def test_orthogonal_kernel_is_named_where_keras_takes_its_gain(gain, known):
    kernel = (gain * np.linalg.qr(NORMAL)[0]).astype(np.float32)
    found = examine_drawn(kernel, CODE).nearest
    assert (found is not None and found.spec.name == "Orthogonal") == known
    assert not known or found.spec == InitializerSpec("Orthogonal", (("gain", gain),))
