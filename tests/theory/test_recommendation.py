"""Test recommendations against closed forms, papers and plain NumPy networks."""

import numpy as np
import pytest

from inits.errors import SpecError
from inits.initializers.activations import ACTIVATIONS, ELEMENTWISE
from inits.initializers.spec import InitializerSpec
from inits.theory.options import Task, evaluate_option, signal_power
from inits.theory.recommendation import recommend
from inits.theory.signal_theory import TYPICAL_INPUTS


@pytest.mark.parametrize("depth", [2, 7, 25])
@pytest.mark.parametrize(
    ("name", "sigma_w2"), [("HeNormal", 2.0), ("GlorotUniform", 1.0), ("LecunNormal", 1.0)]
)
def test_factors_of_relu_are_closed(name, sigma_w2, depth):
    """Each layer keeps sigma_w^2 / 2 of the power, forward as backward."""
    found, power = evaluate_option(Task("relu", depth, 64), InitializerSpec(name)), sigma_w2 / 2
    expected = (sigma_w2, power, power ** (depth - 1), power ** (depth - 1))
    assert (found.sigma_w2, found.chi, found.forward, found.backward) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("activation", "slope"), [("relu", 0.0), ("leaky_relu", 0.2)])
def test_images_become_alike_in_closed_form_whatever_the_initializer(activation, slope):
    """Each layer moves a cosine c by (1 - s)^2 / (1 + s^2) (sqrt(1 - c^2) - c arccos c) / pi: Cho and Saul 2009."""
    cosine = start = TYPICAL_INPUTS["mnist"].pair_cosine
    for _ in range(49):
        bend = (np.sqrt(1 - cosine**2) - cosine * np.arccos(cosine)) / np.pi
        cosine += (1 - slope) ** 2 / (1 + slope**2) * bend
    advice = recommend(Task(activation, 50, 32))
    for one in advice.options:
        assert one.separation == pytest.approx((1 - cosine) / (1 - start), rel=1e-4)
        assert one.forward == pytest.approx((one.sigma_w2 * (1 + slope**2) / 2) ** 49, rel=1e-4)
    assert advice.best.kernel.name == "HeNormal"
    assert advice.best.regime.changes == ("different images become alike",)
    assert f"through 50 {ACTIVATIONS[activation]} layers, whatever the initializer" in " ".join(
        advice.remarks
    )


def test_a_fitted_scale_is_offered_where_it_is_better_than_the_usual_start():
    advice = recommend(Task("leaky_relu", 50, 32))
    assert advice.options[1].name == "VarianceScaling(scale=1.923)"
    assert advice.options[1].forward == pytest.approx(1.0, abs=0.01)
    assert "HeNormal comes first as the usual start for leaky ReLU" in advice.reason


def test_reason_for_a_start_that_fades_although_another_keeps_the_signal():
    """HeNormal keeps the signal of 10 tanh layers, but changes the gradient more; a fitted scale changes both less."""
    advice = recommend(Task("tanh", 10))
    best, fitted, other = advice.options
    assert (best.regime.forward.kind, fitted.regime.severity, other.name) == ("faded", "kept", "HeNormal")
    assert abs(np.log(other.backward)) > abs(np.log(best.backward))
    assert "2.75 and 5.98: it keeps the signal, but changes the squared gradient more" in advice.reason
    assert f"With {fitted.name}, fitted to this depth" in advice.reason
    assert "GlorotUniform comes first as the usual start for tanh" in advice.reason


@pytest.mark.parametrize("width", [32, 500])
def test_one_hidden_layer_has_the_kernel_behind_the_pixels(width):
    found = evaluate_option(Task("relu", 1, width), InitializerSpec("GlorotUniform"))
    assert found.sigma_w2 == pytest.approx(2 * 784 / (784 + width))
    words = recommend(Task("tanh", 1, width)).reason
    assert f"**{found.sigma_w2:.3g}** in the only hidden layer, with fan_in 784" in words
    assert "every start keeps the signal by definition" in words


@pytest.mark.parametrize("depth", [6, 10])
def test_a_factor_that_overflows_is_called_so(depth):
    words = recommend(Task("exponential", depth)).reason
    assert "overflow" in words
    assert not any(sign in words for sign in ("not a number", "∞", "nan"))


def test_orthogonal_linear_layers_change_nothing():
    found = evaluate_option(Task("linear", 12), InitializerSpec("Orthogonal"))
    assert (found.forward, found.backward, found.separation) == pytest.approx((1.0, 1.0, 1.0), rel=1e-6)
    assert found.score == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("activation", ["gelu", "sigmoid"])
def test_signal_power_is_that_of_a_wide_network(activation):
    """Compare with a NumPy network of 4,000 units on images of the typical mean squares."""
    width, depth, rng = 4000, 4, np.random.default_rng(0)
    expected = signal_power(Task(activation, depth), InitializerSpec("LecunNormal"))
    phi, rows = ELEMENTWISE[activation].value, np.sqrt(np.array(TYPICAL_INPUTS["mnist"].squares))[:, None]
    signal = rng.normal(size=(8, 784))
    signal *= rows / np.sqrt((signal**2).mean(1, keepdims=True))
    seen = []
    for _ in range(depth):
        before = signal @ rng.normal(0, 1 / np.sqrt(signal.shape[1]), (signal.shape[1], width))
        seen.append((before**2).mean())
        signal = phi(before)
    np.testing.assert_allclose(np.array(seen) / seen[0], expected, rtol=0.06)


@pytest.mark.parametrize(
    ("activation", "depth", "name"),
    [
        ("relu", 6, "HeNormal"),
        ("relu", 50, "HeNormal"),
        ("leaky_relu", 10, "HeNormal"),
        ("tanh", 5, "GlorotUniform"),
        ("selu", 10, "LecunNormal"),
        ("linear", 30, "Orthogonal"),
        ("sigmoid", 10, "VarianceScaling"),
    ],
)
def test_recommendation_agrees_with_the_papers(activation, depth, name):
    assert recommend(Task(activation, depth)).best.kernel.name == name


def by_hand(activation, depth, scales):
    """Return the forward and the backward factor of wide networks by sums over a grid, weighting images equally."""
    phi, z = ELEMENTWISE[activation], np.linspace(-8, 8, 801)
    density = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    q = scales[:, None] * np.array(TYPICAL_INPUTS["mnist"].squares)
    first, growth = q.mean(1), np.ones_like(q)
    for layer in range(depth):
        x = np.sqrt(q)[..., None] * z
        slope = scales[:, None] * (phi.slope(x) ** 2 @ density)
        if layer < depth - 1:
            growth, q = growth * slope, scales[:, None] * (phi.value(x) ** 2 @ density)
    return q.mean(1) / first, (growth * slope).mean(1) / slope.mean(1)


@pytest.mark.parametrize(
    ("activation", "depth"),
    [("gelu", 6), ("gelu", 10), ("gelu", 20), ("gelu", 50), ("silu", 20), ("mish", 20), ("elu", 10), ("elu", 50),
     ("sigmoid", 2), ("sigmoid", 10), ("tanh", 20), ("leaky_relu", 50), ("selu", 20)],
)  # fmt: skip
def test_fitted_scale_is_the_best_at_its_depth(activation, depth):
    """No scale near it changes signal and gradient clearly less; the digits shown are those that are scored."""
    fitted = next(
        one for one in recommend(Task(activation, depth)).options if one.kernel.name == "VarianceScaling"
    )
    scale = fitted.kernel.get("scale")
    assert fitted.name == f"VarianceScaling(scale={scale:g})"
    scales = scale * np.concatenate([[1.0], np.linspace(0.7, 1.4, 141)])
    with np.errstate(over="ignore", invalid="ignore"):
        forward, backward = by_hand(activation, depth, scales)
        changes = np.hypot(np.log(forward), np.log(backward))
    assert (forward[0], changes[0]) == (pytest.approx(fitted.forward, rel=0.02), changes[0])
    assert changes[0] < np.nanmin(changes) + 0.25


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_normalization_keeps_the_default(normalization):
    advice = recommend(Task("gelu", 20, normalization=normalization))
    assert advice.best.kernel == InitializerSpec("GlorotUniform")
    assert "normalization" in advice.reason.lower()
    assert any("no normalization" in words for words in advice.remarks)


@pytest.mark.parametrize("weights", [True, False])
def test_pretrained_weights_come_first(weights):
    remarks = recommend(Task(weights=weights)).remarks
    assert any("Start from your pretrained weights if" in words for words in remarks) == weights


def test_the_first_layer_has_a_gain_of_its_own():
    """GlorotUniform: 2 fan_in / (fan_in + fan_out) of 784 x 128 and of 128 x 128."""
    reason = recommend(Task("tanh", 6)).reason
    assert f"σ_w² is **1** from layer 2 on ({2 * 784 / (784 + 128):.3g} in layer 1)" in reason
    assert "From layer 1 to layer 6, the strength of the signal is multiplied by **0.35**" in reason
    assert "σ_w² is **2** in every hidden layer" in recommend(Task("relu", 6)).reason


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"activation": "softmax"}, "must be elementwise"),
        ({"activation": "swish9"}, "activation must be one of"),
        ({"depth": 0}, "depth must be at least 1, but got 0"),
        ({"depth": 51}, "Hidden layers must be none or 1 to 50"),
        ({"width": 0}, "Hidden layers must have"),
        ({"normalization": "group"}, "normalization must be one of none, batch, layer, but got 'group'"),
        ({"optimizer": "LBFGS"}, "optimizer must be one of SGD, Adam, but got 'LBFGS'"),
    ],
)
def test_refused_tasks(bad, words):
    with pytest.raises(SpecError, match=words):
        Task(**bad)
