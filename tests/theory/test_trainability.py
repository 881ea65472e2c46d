"""The verdict before training: what leads to it, in words, and what a pass over a batch measures, against NumPy."""

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


def seen(**changes) -> FirstPass:
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


def test_what_a_step_promises_and_an_epoch_moves_are_first_order():
    assert predicted_decrease(run_of(), seen()) == pytest.approx(0.1 * (0.09 + 0.04 + 0.16))
    assert relative_movement(run_of(), STEPS, seen()) == pytest.approx(100 * 0.1 * 0.4 / 3.0)


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
def test_the_kind_follows_from_the_numbers(changes, kind):
    assert classify(run_of(), STEPS, seen(**changes)) == kind


def test_each_threshold_is_where_it_is_said_to_be():
    kernels = np.full(3, 1.0)
    at = MIN_MOVEMENT / (STEPS * 0.1)
    for factor, kind in ((0.99, "stuck"), (1.01, "trains")):
        assert (
            classify(run_of(), STEPS, seen(centered=np.array([at * factor, 0, 0]), kernels=kernels)) == kind
        )
    root = math.sqrt(MAX_DECREASE / 0.1)
    for factor, kind in ((0.99, "trains"), (1.01, "too large")):
        assert classify(run_of(), STEPS, seen(centered=np.array([root * factor, 0, 0]))) == kind


def test_adaptive_optimizers_forget_the_size_of_a_gradient_down_to_their_epsilon():
    adam, sizes = run_of("Adam(learning_rate=0.001)"), seen().sizes
    for factor, kind in ((0.5, "stuck"), (2.0, "trains")):
        centered = EPSILON * factor * np.sqrt(sizes)
        assert classify(adam, STEPS, seen(centered=centered)) == kind
    assert classify(adam, STEPS, seen(centered=np.full(3, 10.0))) == "trains"


def test_a_gradient_below_the_divisor_gives_a_step_in_proportion():
    centered = np.array([1e-3, 0.0, 0.0])
    for text, rate in (
        ("Adagrad()", 1e-3 / 0.1**0.5),
        ("Adam(epsilon=0.1)", 1e-2),
        ("RMSprop()", 1e-3 / 1e-7**0.5),
    ):
        share = relative_movement(run_of(text), STEPS, seen(centered=centered))
        assert share == pytest.approx(STEPS * rate * 1e-3 / 6.0, rel=1e-6)
        expected = "trains" if share >= MIN_MOVEMENT else "stuck"
        assert classify(run_of(text), STEPS, seen(centered=centered)) == expected
        assert "of its norm" in assess(run_of(text), STEPS, seen(centered=centered)).explanation
    assert classify(run_of("Lion()"), STEPS, seen(centered=centered)) == "trains"


def test_words_hold_the_numbers_and_the_plainest_cause_comes_first():
    fine = assess(run_of(), STEPS, seen(), Forecast(usable_depth=1.4))
    assert fine.label == "trains"
    assert fine.explanation.startswith(
        "Trains at learning rate 0.1: 100 steps like the first would move a kernel by 133.3% of its norm."
    )
    assert "The initial loss is 2.4; equal logits give ln 10 = 2.303." in fine.explanation
    assert fine.explanation.endswith("Expected usable depth: about 1 of 2 layers.")
    for usable, words in ((24.2, "about 24 layers"), (math.inf, "no limit"), (0.1, "about 1 of 2 layers")):
        assert assess(run_of(), STEPS, seen(), Forecast(usable_depth=usable)).explanation.endswith(
            f"usable depth: {words}."
        )
    assert "usable" not in assess(run_of(), STEPS, seen()).explanation
    nothing = {"centered": np.zeros(3)}
    duplicated = assess(run_of(), STEPS, seen(**nothing, duplicated=np.array([1.0, 1.0])))
    assert (duplicated.kind, duplicated.label) == ("stuck", "symmetric units")
    assert "All units of layer 1, layer 2 have the same outputs as another unit" in duplicated.explanation
    dead = assess(run_of(), STEPS, seen(**nothing, dead=np.array([0.0, 1.0])))
    assert dead.label == "dead from layer 2"
    assert assess(run_of(), STEPS, seen(**nothing)).label == "too weak to learn"
    burst = assess(run_of(), STEPS, seen(trial_loss=50.0))
    assert burst.label == "steps too large"
    assert "one step raises the loss from 2.4 to 50" in burst.explanation


def test_theory_says_where_a_signal_is_lost():
    lost = signal_regime(np.array([0.1, 1e-3, 1e-6]), np.array([1e-9, 1e-5, 1e-3]), np.zeros(3), 0.1)
    told = assess(run_of(net=Network((9, 9, 9))), STEPS, seen(centered=np.zeros(3)), Forecast(lost))
    assert told.label == "vanishes by layer 3"
    assert "Theory: the signal vanishes from layer 3 on." in told.explanation
    assert "Theory: the backpropagated gradient vanishes at layer 1." in told.explanation
    blown = signal_regime(np.array([1.0, 1e3, 1e6]), np.array([1e6, 1e3, 1.0]), np.zeros(3), 0.1)
    assert assess(run_of(), STEPS, seen(trial_loss=math.inf), Forecast(blown)).label == "explodes by layer 2"


def test_whether_it_held_is_said():
    trains, stuck = assess(run_of(), STEPS, seen()), assess(run_of(), STEPS, seen(centered=np.zeros(3)))
    assert outcome_words(trains, True) == "trains, as predicted"
    assert outcome_words(trains, False) == "did not train, against the prediction"
    assert outcome_words(stuck, False) == "too weak to learn, as predicted"
    assert outcome_words(stuck, True) == "trained, against the prediction"


# What a pass measures.


@pytest.fixture(scope="module")
def batch():
    from inits.data.dataset import pixels
    from inits.data.standin import digits
    from inits.training.propagation import Batch

    data = digits()
    return Batch.of(pixels(data.x_train[:64]), data.y_train[:64].astype(np.int32))


def numpy_pass(arrays, batch):
    """Mean loss and the gradient of every kernel of a tanh network, by hand in float64."""
    kernels, biases = (
        [a.astype(np.float64) for a in arrays[::2]],
        [a.astype(np.float64) for a in arrays[1::2]],
    )
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
def test_a_pass_measures_what_numpy_computes(batch):
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
    stepped = [
        a - np.float32(0.1) * g if i % 2 == 0 else a for i, (a, g) in enumerate(pairs(arrays, gradients))
    ]
    assert found.trial_loss < loss
    assert found.trial_loss == pytest.approx(numpy_pass(stepped, batch)[0], abs=0.05)  # biases moved as well


def pairs(arrays, gradients):
    """Each array with the gradient of its layer's kernel."""
    return [(array, gradients[i // 2]) for i, array in enumerate(arrays)]


@pytest.mark.keras
@pytest.mark.parametrize(
    ("kernel", "short"),
    [
        ("Zeros()", "symmetric units"),
        ("Ones()", "steps too large"),
        ("GlorotUniform()", "trains"),
    ],
)
def test_real_starts_get_their_verdict(batch, kernel, short):
    from inits.training.pretrain_probe import first_pass

    run = run_of(kernel=kernel, net=Network((20, 20), "relu"))
    assert assess(run, STEPS, first_pass(run, batch)).label == short


@pytest.mark.keras
def test_equal_columns_are_alike_and_others_are_not(batch):
    from inits.training.pretrain_probe import first_pass

    assert first_pass(run_of(kernel="Constant(value=0.01)"), batch).duplicated.tolist() == [1.0, 1.0]
    assert first_pass(run_of(), batch).duplicated.tolist() == [0.0, 0.0]
