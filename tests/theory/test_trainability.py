"""Test the verdict before training, its words, and the measurements of a pass over a batch against NumPy."""

import math
from dataclasses import replace

import numpy as np
import pytest

from inits.experiments.experiment import Experiment, Run, Start
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.theory.signal_regime import signal_regime
from inits.theory.trainability import (
    EPSILON,
    MAX_DECREASE,
    MIN_MOVEMENT,
    FirstPass,
    Forecast,
    Verdict,
    assess,
    classify,
    outcome_words,
    predicted_decrease,
    relative_movement,
)

NET = Network((20, 20), "tanh")
STEPS = 100


def run_of(optimizer: str = "SGD(learning_rate=0.1)", kernel: str = "GlorotUniform()", net=NET) -> Run:
    start = Start(InitializerSpec.parse(kernel))
    return Experiment((start,), net, OptimizerSpec.parse(optimizer), 32, (3,), "digits").runs[0]


def measured(**changes) -> FirstPass:
    usual = FirstPass(
        loss=2.4,
        trial_loss=2.3,
        centered=np.array([0.3, 0.2, 0.4]),
        gradients=np.array([0.5, 0.3, 0.5]),
        kernels=np.array([6.0, 4.0, 3.0]),
        sizes=np.array([15_680, 400, 200]),
        duplicated=np.zeros(2),
        dead=np.zeros(2),
    )
    return replace(usual, **changes)


def kind_of(run: Run | None = None, **changes) -> str:
    return classify(run or run_of(), STEPS, measured(**changes))


def verdict_of(theory: Forecast | None = None, **changes) -> Verdict:
    return assess(run_of(net=Network((9, 9, 9))), STEPS, measured(**changes), theory)


def test_decrease_and_movement_are_first_order():
    assert predicted_decrease(run_of(), measured()) == pytest.approx(0.1 * (0.09 + 0.04 + 0.16))
    assert relative_movement(run_of(), STEPS, measured()) == pytest.approx(100 * 0.1 * 0.4 / 3.0)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "trains"),
        ({"centered": np.full(3, 1e-5)}, "stuck"),
        ({"centered": np.zeros(3)}, "stuck"),
        ({"centered": np.full(3, 10.0)}, "too large"),
        ({"trial_loss": 7.3}, "too large"),
        ({"trial_loss": math.inf}, "too large"),
        ({"loss": math.nan}, "too large"),
        ({"centered": np.array([np.inf, 1.0, 1.0])}, "too large"),
        ({"loss": 5_000.0, "trial_loss": 4_000.0}, "too large"),
    ],
)
def test_kind_follows_from_the_numbers(changes, kind):
    assert kind_of(**changes) == kind


def test_thresholds():
    least, most = MIN_MOVEMENT / (STEPS * 0.1), math.sqrt(MAX_DECREASE / 0.1)
    for factor, kind in ((0.99, "stuck"), (1.01, "trains")):
        assert kind_of(centered=np.array([least * factor, 0, 0]), kernels=np.full(3, 1.0)) == kind
    for factor, kind in ((0.99, "trains"), (1.01, "too large")):
        assert kind_of(centered=np.array([most * factor, 0, 0])) == kind


def test_adaptive_optimizers_ignore_the_size_of_a_gradient_above_epsilon():
    adam = run_of("Adam(learning_rate=0.001)")
    for factor, kind in ((0.5, "stuck"), (2.0, "trains")):
        assert kind_of(adam, centered=EPSILON * factor * np.sqrt(measured().sizes)) == kind
    assert kind_of(adam, centered=np.full(3, 10.0)) == "trains"


@pytest.mark.parametrize(
    ("text", "rate"),
    [("Adagrad()", 1e-3 / 0.1**0.5), ("Adam(epsilon=0.1)", 1e-2), ("RMSprop()", 1e-3 / 1e-7**0.5)],
)
def test_gradient_below_the_divisor_gives_a_proportional_step(text, rate):
    run, first = run_of(text), measured(centered=np.array([1e-3, 0.0, 0.0]))
    share = relative_movement(run, STEPS, first)
    assert share == pytest.approx(STEPS * rate * 1e-3 / 6.0, rel=1e-6)
    assert classify(run, STEPS, first) == ("trains" if share >= MIN_MOVEMENT else "stuck")
    assert "their own size" in assess(run, STEPS, first).explanation
    assert classify(run_of("Lion()"), STEPS, first) == "trains"


def test_explanation_contains_the_numbers():
    fine = assess(run_of(), STEPS, measured(), Forecast(usable_depth=1.4))
    assert fine.label == "trains"
    assert fine.explanation.startswith(
        "Trains with learning rate 0.1: at the first step's pace, 100 steps would move the weights of a layer "
        "1.3 times their own size."
    )
    assert "The initial loss is 2.4; equal logits give ln 10 = 2.303." in fine.explanation
    assert "usable" not in assess(run_of(), STEPS, measured()).explanation
    depths = {
        1.4: "about 1 of 2 layers",
        24.2: "about 24 layers",
        math.inf: "no limit",
        0.1: "about 1 of 2 layers",
    }
    for usable, words in depths.items():
        deep = assess(run_of(), STEPS, measured(), Forecast(usable_depth=usable))
        assert deep.explanation.endswith(f"Expected usable depth: {words}.")


LOST = signal_regime(np.array([0.1, 1e-3, 1e-6]), np.array([1e-9, 1e-5, 1e-3]), np.zeros(3), 0.1)
BLOWN = signal_regime(np.array([1.0, 1e3, 1e6]), np.array([1e6, 1e3, 1.0]), np.zeros(3), 0.1)
NOTHING = {"centered": np.zeros(3)}


@pytest.mark.parametrize(
    ("changes", "regime", "label", "parts"),
    [
        (
            {**NOTHING, "duplicated": np.array([1.0, 1.0])},
            None,
            "symmetric units",
            ["All units of layer 1, layer 2 give the same output as another unit"],
        ),
        ({**NOTHING, "dead": np.array([0.0, 1.0])}, None, "dead from layer 2", []),
        (NOTHING, None, "signal too small to learn", []),
        (
            {"trial_loss": 50.0},
            None,
            "learning rate too high for this start",
            ["one step raises the loss from 2.4 to 50"],
        ),
        (
            NOTHING,
            LOST,
            "vanishes by layer 3",
            [
                "Theory: the signal vanishes from layer 3 on.",
                "Theory: the backpropagated gradient vanishes at layer 1.",
            ],
        ),
        ({"trial_loss": math.inf}, BLOWN, "explodes by layer 2", []),
    ],
)
def test_most_direct_cause_is_the_label(changes, regime, label, parts):
    verdict = verdict_of(Forecast(regime), **changes)
    assert verdict.label == label
    assert all(part in verdict.explanation for part in parts)


def test_outcome_is_compared_with_the_prediction():
    trains, stuck = verdict_of(), verdict_of(**NOTHING)
    assert outcome_words(trains, True) == "trains, as predicted"
    assert outcome_words(trains, False) == "did not train, contrary to the prediction"
    assert outcome_words(stuck, False) == "signal too small to learn, as predicted"
    assert outcome_words(stuck, True) == "trained, contrary to the prediction"


@pytest.fixture(scope="module")
def batch():
    from inits.data.dataset import pixels
    from inits.data.standin import digits
    from inits.training.propagation import Batch

    data = digits()
    return Batch.of(pixels(data.x_train[:64]), data.y_train[:64].astype(np.int32))


def numpy_pass(arrays, batch):
    """Return the mean loss and the gradients of all kernels of a tanh network in float64, also of centred inputs."""
    arrays = [array.astype(np.float64) for array in arrays]
    kernels, biases = arrays[::2], arrays[1::2]
    inputs = [batch.images.astype(np.float64)]
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        inputs.append(np.tanh(inputs[-1] @ kernel + bias))
    logits = inputs[-1] @ kernels[-1] + biases[-1]
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(p))
    loss = -np.log(p[rows, batch.labels]).mean()
    delta = p.copy()
    delta[rows, batch.labels] -= 1.0
    delta /= len(p)
    gradients, centered = [], []
    for layer in reversed(range(len(kernels))):
        gradients.append(inputs[layer].T @ delta)
        centered.append((inputs[layer] - inputs[layer].mean(0)).T @ delta)
        delta = (delta @ kernels[layer].T) * (1.0 - inputs[layer] ** 2)
    return loss, gradients[::-1], centered[::-1]


@pytest.mark.keras
def test_pass_measures_what_numpy_computes(batch):
    from inits.training.pretrain_probe import first_pass
    from inits.training.starts import start_arrays

    run = run_of()
    arrays = start_arrays(run.start, NET, run.seed)
    loss, gradients, centered = numpy_pass(arrays, batch)
    found = first_pass(run, batch)
    assert found.loss == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(found.gradients, [np.linalg.norm(g) for g in gradients], rtol=1e-4)
    np.testing.assert_allclose(found.centered, [np.linalg.norm(g) for g in centered], rtol=1e-4)
    np.testing.assert_allclose(found.kernels, [np.linalg.norm(k) for k in arrays[::2]], rtol=1e-6)
    assert found.sizes.tolist() == [784 * 20, 400, 200]
    stepped = [a if i % 2 else a - np.float32(0.1) * gradients[i // 2] for i, a in enumerate(arrays)]
    assert found.trial_loss < loss
    assert found.trial_loss == pytest.approx(numpy_pass(stepped, batch)[0], abs=0.05)  # biases moved as well


@pytest.mark.keras
@pytest.mark.parametrize(
    ("kernel", "activation", "label", "duplicated"),
    [
        ("Zeros()", "relu", "symmetric units", 1.0),
        ("Ones()", "relu", "learning rate too high for this start", 1.0),
        ("GlorotUniform()", "relu", "trains", 0.0),
        ("Constant(value=0.01)", "tanh", "trains", 1.0),
    ],
)
def test_real_starts_get_their_verdict(batch, kernel, activation, label, duplicated):
    from inits.training.pretrain_probe import first_pass

    run = run_of(kernel=kernel, net=Network((20, 20), activation))
    found = first_pass(run, batch)
    assert assess(run, STEPS, found).label == label
    assert found.duplicated.tolist() == [duplicated] * 2
