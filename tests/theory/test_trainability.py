"""The verdict before training: what leads to it, in words, and what a pass over a batch measures, against NumPy."""

import math
from dataclasses import replace

import numpy as np
import pytest

from inits.experiments.experiment import Experiment, Run, Start
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.theory.signal_regime import fate
from inits.theory.trainability import EPSILON, GAIN, MOVES, Glimpse, held, judge, kind_of, moves, promise

NET = Network((20, 20), "tanh")
STEPS = 100


def run_of(optimizer: str = "SGD(learning_rate=0.1)", kernel: str = "GlorotUniform()", net=NET) -> Run:
    start = Start(InitializerSpec.parse(kernel))
    return Experiment((start,), net, OptimizerSpec.parse(optimizer), 32, (3,), "digits").runs[0]


def seen(**changes) -> Glimpse:
    usual = Glimpse(
        loss=2.4,
        trial=2.3,
        telling=np.array([0.3, 0.2, 0.4]),
        gradients=np.array([0.5, 0.3, 0.5]),
        kernels=np.array([6.0, 4.0, 3.0]),
        sizes=np.array([15_680, 400, 200]),
        alike=np.zeros(2),
        dead=np.zeros(2),
    )
    return replace(usual, **changes)


def test_what_a_step_promises_and_an_epoch_moves_are_first_order():
    assert promise(run_of(), seen()) == pytest.approx(0.1 * (0.09 + 0.04 + 0.16))
    assert moves(run_of(), STEPS, seen()) == pytest.approx(100 * 0.1 * 0.4 / 3.0)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "trains"),
        ({"telling": np.full(3, 1e-5)}, "stuck"),
        ({"telling": np.zeros(3)}, "stuck"),
        ({"telling": np.full(3, 10.0)}, "too large"),
        ({"trial": 7.3}, "too large"),
        ({"trial": math.inf}, "too large"),
        ({"loss": math.nan}, "too large"),
        ({"telling": np.array([np.inf, 1.0, 1.0])}, "too large"),
        ({"loss": 5_000.0, "trial": 4_000.0}, "too large"),
    ],
)
def test_the_kind_follows_from_the_numbers(changes, kind):
    assert kind_of(run_of(), STEPS, seen(**changes)) == kind


def test_each_threshold_is_where_it_is_said_to_be():
    kernels = np.full(3, 1.0)
    at = MOVES / (STEPS * 0.1)
    for factor, kind in ((0.99, "stuck"), (1.01, "trains")):
        assert kind_of(run_of(), STEPS, seen(telling=np.array([at * factor, 0, 0]), kernels=kernels)) == kind
    root = math.sqrt(GAIN / 0.1)
    for factor, kind in ((0.99, "trains"), (1.01, "too large")):
        assert kind_of(run_of(), STEPS, seen(telling=np.array([root * factor, 0, 0]))) == kind


def test_adaptive_optimizers_forget_the_size_of_a_gradient_down_to_their_epsilon():
    adam, sizes = run_of("Adam(learning_rate=0.001)"), seen().sizes
    for factor, kind in ((0.5, "stuck"), (2.0, "trains")):
        telling = EPSILON * factor * np.sqrt(sizes)
        assert kind_of(adam, STEPS, seen(telling=telling)) == kind
    assert kind_of(adam, STEPS, seen(telling=np.full(3, 10.0))) == "trains"


def test_a_gradient_below_the_divisor_gives_a_step_in_proportion():
    telling = np.array([1e-3, 0.0, 0.0])
    for text, rate in (
        ("Adagrad()", 1e-3 / 0.1**0.5),
        ("Adam(epsilon=0.1)", 1e-2),
        ("RMSprop()", 1e-3 / 1e-7**0.5),
    ):
        share = moves(run_of(text), STEPS, seen(telling=telling))
        assert share == pytest.approx(STEPS * rate * 1e-3 / 6.0, rel=1e-6)
        expected = "trains" if share >= MOVES else "stuck"
        assert kind_of(run_of(text), STEPS, seen(telling=telling)) == expected
        assert "of its length" in judge(run_of(text), STEPS, seen(telling=telling)).whole
    assert kind_of(run_of("Lion()"), STEPS, seen(telling=telling)) == "trains"


def test_words_hold_the_numbers_and_the_plainest_cause_comes_first():
    fine = judge(run_of(), STEPS, seen(), usable=1.4)
    assert fine.short == "trains"
    assert fine.whole.startswith(
        "Trains at learning rate 0.1: in 100 steps like the first a kernel moves by 133.3%"
    )
    assert "The loss begins at 2.4; equal logits would give ln 10 = 2.303." in fine.whole
    assert fine.whole.endswith("Expected usable depth: about 1 of 2 layers.")
    for usable, words in ((24.2, "about 24 layers"), (math.inf, "no limit"), (0.1, "about 1 of 2 layers")):
        assert judge(run_of(), STEPS, seen(), usable=usable).whole.endswith(f"usable depth: {words}.")
    assert "usable" not in judge(run_of(), STEPS, seen()).whole
    nothing = {"telling": np.zeros(3)}
    alike = judge(run_of(), STEPS, seen(**nothing, alike=np.array([1.0, 1.0])))
    assert (alike.kind, alike.short) == ("stuck", "symmetric units")
    assert "All units of layer 1, layer 2 say the same as another one" in alike.whole
    dead = judge(run_of(), STEPS, seen(**nothing, dead=np.array([0.0, 1.0])))
    assert dead.short == "dead from layer 2"
    assert judge(run_of(), STEPS, seen(**nothing)).short == "too weak to learn"
    burst = judge(run_of(), STEPS, seen(trial=50.0))
    assert burst.short == "steps too large"
    assert "one step takes the loss from 2.4 to 50" in burst.whole


def test_theory_says_where_a_signal_is_lost():
    lost = fate(np.array([0.1, 1e-3, 1e-6]), np.array([1e-9, 1e-5, 1e-3]), np.zeros(3), 0.1)
    told = judge(run_of(net=Network((9, 9, 9))), STEPS, seen(telling=np.zeros(3)), lost)
    assert told.short == "vanishes by layer 3"
    assert "Theory: the signal vanishes from layer 3 on." in told.whole
    assert "on its way back the gradient vanishes at layer 1." in told.whole
    blown = fate(np.array([1.0, 1e3, 1e6]), np.array([1e6, 1e3, 1.0]), np.zeros(3), 0.1)
    assert judge(run_of(), STEPS, seen(trial=math.inf), blown).short == "explodes by layer 2"


def test_whether_it_held_is_said():
    trains, stuck = judge(run_of(), STEPS, seen()), judge(run_of(), STEPS, seen(telling=np.zeros(3)))
    assert held(trains, True) == "trains, as predicted"
    assert held(trains, False) == "did not train, against the prediction"
    assert held(stuck, False) == "too weak to learn, as predicted"
    assert held(stuck, True) == "trained, against the prediction"


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
    gradients, telling = [], []
    for layer in reversed(range(len(kernels))):
        gradients.append(inputs[layer].T @ delta)
        telling.append((inputs[layer] - inputs[layer].mean(0)).T @ delta)
        delta = (delta @ kernels[layer].T) * (1.0 - inputs[layer] ** 2)
    return loss, gradients[::-1], telling[::-1]


@pytest.mark.keras
def test_a_pass_measures_what_numpy_computes(batch):
    from inits.training.pretrain_probe import glimpse
    from inits.training.starts import start_arrays

    run = run_of()
    arrays = start_arrays(run.start, NET, run.seed)
    loss, gradients, telling = numpy_pass(arrays, batch)
    found = glimpse(run, batch)
    assert found.loss == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(found.gradients, [np.linalg.norm(g) for g in gradients], rtol=1e-4)
    np.testing.assert_allclose(found.telling, [np.linalg.norm(g) for g in telling], rtol=1e-4)
    np.testing.assert_allclose(found.kernels, [np.linalg.norm(k) for k in arrays[::2]], rtol=1e-6)
    assert found.sizes.tolist() == [784 * 20, 400, 200]
    stepped = [
        a - np.float32(0.1) * g if i % 2 == 0 else a for i, (a, g) in enumerate(pairs(arrays, gradients))
    ]
    assert found.trial < loss
    assert found.trial == pytest.approx(numpy_pass(stepped, batch)[0], abs=0.05)  # biases moved as well


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
    from inits.training.pretrain_probe import glimpse

    run = run_of(kernel=kernel, net=Network((20, 20), "relu"))
    assert judge(run, STEPS, glimpse(run, batch)).short == short


@pytest.mark.keras
def test_equal_columns_are_alike_and_others_are_not(batch):
    from inits.training.pretrain_probe import glimpse

    assert glimpse(run_of(kernel="Constant(value=0.01)"), batch).alike.tolist() == [1.0, 1.0]
    assert glimpse(run_of(), batch).alike.tolist() == [0.0, 0.0]
