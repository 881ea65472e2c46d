"""Test recommendations against closed forms, papers and plain NumPy networks."""

import numpy as np
import pytest

from inits.errors import SpecError
from inits.initializers.activations import ACTIVATIONS, ELEMENTWISE
from inits.initializers.spec import InitializerSpec
from inits.theory.recommendation import NAMED, OPTIMIZERS, Task, evaluate_option, recommend, signal_power
from inits.theory.signal_theory import TYPICAL_INPUTS

KNOWN = [name for name in ACTIVATIONS if name != "softmax"]


@pytest.mark.parametrize("depth", [2, 7, 25])
@pytest.mark.parametrize(
    ("name", "sigma_w2"), [("HeNormal", 2.0), ("GlorotUniform", 1.0), ("LecunNormal", 1.0)]
)
def test_factors_of_relu_are_closed(name, sigma_w2, depth):
    """Each layer keeps sigma_w^2 / 2 of the power, forward as backward."""
    found, power = evaluate_option(Task("relu", depth, 64), InitializerSpec(name)), sigma_w2 / 2
    expected = (sigma_w2, power, power ** (depth - 1), power ** (depth - 1))
    assert (found.sigma_w2, found.chi, found.forward, found.backward) == pytest.approx(expected, rel=1e-6)


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


@pytest.mark.parametrize("depth", [1, 2, 50])
@pytest.mark.parametrize("activation", KNOWN)
def test_every_task_has_three_different_options_and_a_reason_with_numbers(activation, depth):
    found = [recommend(Task(activation, depth, 32, optimizer=optimizer)) for optimizer in OPTIMIZERS]
    assert len({advice.options for advice in found}) == 1, "the optimizer changes only the remarks"
    for advice in found:
        assert len({str(one.kernel) for one in advice.options}) == 3
        assert {one.kernel.name for one in advice.options} <= {*NAMED, "VarianceScaling"}
        assert "**" in advice.reason
        assert all(text.endswith(".") for text in (advice.reason, *advice.remarks))


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "silu", "elu", "sigmoid", "softplus"])
def test_fitted_scale_is_better_than_its_neighbours(activation):
    task = Task(activation, 10)
    best = recommend(task).best
    if best.kernel.name == "VarianceScaling":
        scale = best.kernel.get("scale")
        for factor in (0.6, 1.7):
            other = evaluate_option(task, best.kernel.replace(scale=scale * factor))
            changes = [abs(np.log(x)) for x in (other.forward, other.backward)]
            assert sum(changes) > abs(np.log(best.forward)) + abs(np.log(best.backward))


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_normalization_keeps_the_default(normalization):
    advice = recommend(Task("gelu", 20, normalization=normalization))
    assert advice.best.kernel == InitializerSpec("GlorotUniform")
    assert "normalization" in advice.reason.lower()
    assert any("no normalization" in words for words in advice.remarks)


@pytest.mark.parametrize("weights", [True, False])
def test_pretrained_weights_come_first(weights):
    remarks = recommend(Task(weights=weights)).remarks
    assert any("Start from your pretrained weights" in words for words in remarks) == weights


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"activation": "softmax"}, "must be elementwise"),
        ({"activation": "swish9"}, "activation must be one of"),
        ({"depth": 0}, "depth must be at least 1, but got 0"),
        ({"depth": 51}, "hidden must have at most"),
        ({"width": 0}, "units must be"),
        ({"normalization": "group"}, "normalization must be one of none, batch, layer, but got 'group'"),
        ({"optimizer": "LBFGS"}, "optimizer must be one of SGD, Adam, but got 'LBFGS'"),
    ],
)
def test_refused_tasks(bad, words):
    with pytest.raises(SpecError, match=words):
        Task(**bad)
