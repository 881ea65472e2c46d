"""Test the phase plane against closed forms and single fixed points."""

import numpy as np
import pytest

from inits.errors import SpecError
from inits.initializers.activations import ELEMENTWISE
from inits.theory.meanfield import chi1, critical_sigma_w2, depth_scale, fixed_point
from inits.theory.phases import COLUMNS, ROWS, fixed_points, phase_plane


@pytest.mark.parametrize(
    "activation", ["tanh", "sigmoid", "gelu", "selu", "softplus", "elu", "silu", "leaky_relu"]
)
def test_cells_equal_single_fixed_points(activation):
    plane = phase_plane(activation)
    rng = np.random.default_rng(3)
    for row, column in zip(rng.integers(ROWS, size=40), rng.integers(COLUMNS, size=40), strict=True):
        w, b = float(plane.sigma_w2[column]), float(plane.sigma_b2[row])
        assert plane.variance[row, column] == pytest.approx(fixed_point(activation, w, b), rel=1e-6)
        assert plane.chi1[row, column] == pytest.approx(chi1(activation, w, b), rel=1e-6)


def test_relu_in_closed_form():
    plane = phase_plane("relu")
    assert plane.chi1 == pytest.approx(np.tile(plane.sigma_w2 / 2, (ROWS, 1)), rel=1e-9)
    w, b = np.meshgrid(plane.sigma_w2, plane.sigma_b2)
    inside = (w < 1.99) & (b > 0)
    assert plane.variance[inside] == pytest.approx(b[inside] / (1 - w[inside] / 2), rel=1e-6)
    assert np.isinf(plane.variance[(w > 2.01)]).all()
    assert (plane.variance[0, plane.sigma_w2 < 1.99] == 0).all()
    assert plane.critical[0, 0] == 2.0
    assert np.isnan(plane.critical[0, 1:]).all()


def test_erf_follows_the_arcsine_law():
    """E[erf(x)^2] = (2/pi) asin(2q / (1 + 2q)) and E[erf'(x)^2] = (4/pi) / sqrt(1 + 4q): Williams 1997."""
    plane = phase_plane("erf")
    w, b = np.meshgrid(plane.sigma_w2, plane.sigma_b2)
    q = plane.variance
    assert w * 2 / np.pi * np.arcsin(2 * q / (1 + 2 * q)) + b == pytest.approx(q, rel=1e-6, abs=1e-12)
    assert plane.chi1 == pytest.approx(w * 4 / np.pi / np.sqrt(1 + 4 * q), rel=1e-6)
    assert plane.critical[:, 0] == pytest.approx([np.pi / 4, 0.0], rel=1e-6)


def test_critical_line_lies_between_order_and_chaos():
    for activation in ("tanh", "erf", "sigmoid"):
        plane = phase_plane(activation)
        chaotic = plane.chi1 > 1
        assert (np.diff(plane.critical) > 0).all()
        line = np.array([critical_sigma_w2(activation, float(b)) for b in plane.sigma_b2])
        assert (chaotic == (plane.sigma_w2 > line[:, None])).all()


@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_every_activation_has_a_plane(activation):
    plane = phase_plane(activation)
    assert (plane.chi1 >= 0).all()
    assert (plane.variance >= 0).all()
    assert plane.depth_scale[5, 7] == depth_scale(float(plane.chi1[5, 7]))


def test_map_that_keeps_every_variance_stays_at_one():
    assert fixed_points("linear", np.array([1.0, 0.5, 2.0]), np.zeros(3)).tolist() == [1.0, 0.0, np.inf]


def test_softmax_has_no_plane():
    with pytest.raises(SpecError, match="each unit alone"):
        phase_plane("softmax")
