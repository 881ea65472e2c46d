"""The entries of the optimizers, against the optimizers of Keras."""

import inspect

import keras
import numpy as np
import pytest

from inits.errors import SpecError
from inits.initializers.optimizers import OPTIMIZERS
from inits.initializers.spec import OptimizerSpec

pytestmark = pytest.mark.keras

# Not for a small Dense network on one machine: wrappers, and Muon, which needs a second optimizer beside it.
LEFT_OUT = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap", "Muon", "ScheduleFreeAdamW"}


def test_every_optimizer_of_keras_is_here_or_left_out_on_purpose():
    found = {
        name
        for name, value in vars(keras.optimizers).items()
        if inspect.isclass(value) and issubclass(value, keras.optimizers.Optimizer)
    }
    assert set(OPTIMIZERS) == found - LEFT_OUT


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_entry_is_complete_with_the_parameters_and_defaults_of_keras(name):
    entry = OPTIMIZERS[name]
    assert entry.name == name
    assert entry.summary.endswith(".")
    assert entry.paper
    assert entry.source.startswith("https://")
    signature = inspect.signature(getattr(keras.optimizers, name)).parameters
    constructor = {k: p.default for k, p in signature.items() if p.kind is p.POSITIONAL_OR_KEYWORD}
    ours = {parameter.name: parameter.default for parameter in entry.parameters}
    assert list(ours) == list(constructor)[: len(ours)]
    dropped = {parameter.name: parameter.default for parameter in entry.dropped}
    assert ours | dropped == constructor | {"ema_momentum": dropped["ema_momentum"]}
    assert not ours.keys() & dropped


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_names_resolve_and_configs_read_back_as_in_keras(name):
    for text in (name, name.lower(), name.upper()):
        assert OptimizerSpec.parse(text) == OptimizerSpec(name)
        if name != "Lamb":  # Keras exports the class but forgot its name
            assert type(keras.optimizers.get(text)).__name__ == name
    spec = OptimizerSpec(name).replace(learning_rate=0.0123)
    optimizer = getattr(keras.optimizers, name)(**dict(spec.arguments))
    assert float(optimizer.learning_rate) == np.float32(spec.learning_rate)
    assert OptimizerSpec.parse(keras.optimizers.serialize(optimizer)) == spec


@pytest.mark.parametrize("text", ["momentum", "adam_w", "ada grad"])
def test_strings_that_keras_refuses(text):
    with pytest.raises(ValueError, match="Could not"):
        keras.optimizers.get(text)
    with pytest.raises(SpecError):
        OptimizerSpec.parse(text)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_keras_accepts_the_ends_of_every_slider_and_takes_a_step(name):
    for parameter in OPTIMIZERS[name].parameters:
        for value in (*(parameter.slider or ()), *((True, False) if parameter.kind == "bool" else ())):
            spec = OptimizerSpec(name).replace(**{parameter.name: value})
            optimizer = getattr(keras.optimizers, name)(**dict(spec.arguments))
            weight = keras.Variable(np.ones((2, 3), np.float32))
            optimizer.build([weight])
            optimizer.apply([keras.ops.ones((2, 3))], [weight])
            assert np.isfinite(np.asarray(weight)).all(), (parameter.name, value)


def step_size(name: str, size: float) -> float:
    """Root mean square of what a gradient of some size adds to Keras' first step."""
    rng = np.random.default_rng(0)
    weights, gradient = rng.normal(0.0, 0.05, (30, 20)), rng.normal(0.0, 1.0, (30, 20))
    gradient *= size / np.sqrt(np.mean(gradient**2))

    def stepped(gradient: np.ndarray) -> np.ndarray:
        optimizer = getattr(keras.optimizers, name)(**dict(OptimizerSpec(name).arguments))
        variable = keras.Variable(weights.astype(np.float32))
        optimizer.build([variable])
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))], [variable])
        return np.asarray(variable, np.float64)

    # Minus what decay does, and Ftrl, which first sets every weight to 0.
    return float(np.sqrt(np.mean((stepped(gradient) - stepped(0.0 * gradient)) ** 2)))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_is_adaptive_or_the_gradient_over_the_divisor(name):
    """Adaptive: of the same size from 10⁻³, which kernels of these networks have at the start, to 1000 times that."""
    spec, small = OptimizerSpec(name), step_size(name, 1e-3)
    ratio = step_size(name, 1.0) / small
    assert ratio < 4.0 or ratio > 200.0, ratio
    assert spec.adaptive == (ratio < 4.0)
    if not spec.adaptive:  # Ftrl: g²/0.2 of the start stays
        assert small == pytest.approx(1e-3 * spec.learning_rate / spec.divisor, rel=0.01)


def test_adagrad_without_an_initial_accumulator_is_adaptive():
    assert OptimizerSpec.parse("Adagrad(initial_accumulator_value=0.0)").adaptive
