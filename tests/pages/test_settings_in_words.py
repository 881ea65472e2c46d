"""The settings of a run and of a sweep in one line, shown while there are no controls."""

import pytest

from inits.initializers.spec import OptimizerSpec
from pages.parts.experiment.choices import optimizer_in_words
from pages.parts.sweep.builder import SWEEP, in_words


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        ("SGD(learning_rate=0.1)", "SGD, learning rate 0.1"),
        ("SGD(0.12345, momentum=0.9, nesterov=True)", "SGD, learning rate 0.12345, momentum 0.9, nesterov"),
        (
            "Adam(beta_2=0.9995, weight_decay=1e-4)",
            "Adam, learning rate 0.001, beta_2 0.9995, weight_decay 0.0001",
        ),
    ],
)
def test_an_optimizer_in_words_names_what_is_not_the_default(optimizer: str, words: str) -> None:
    assert optimizer_in_words(OptimizerSpec.parse(optimizer)) == words


def test_a_sweep_in_words_says_what_varies_where_and_how() -> None:
    grid = SWEEP.parse({"low": "0.0123", "values": "3", "depth": "2"})
    assert in_words(grid.sweep("digits")) == (
        "stddev of RandomNormal from 0.0123 to 1; 3 values × 2 depths, 6 cells; tanh, width 64; "
        "SGD, learning rate 0.1, batch 128, seed 0, Digits (stand-in)"
    )
    grid = SWEEP.parse({"across": "activation", "activations": "relu,tanh", "depth": "1"})
    assert "2 activations, 24 cells; ReLU, tanh; 1 hidden layer of 64 units; SGD" in in_words(
        grid.sweep("mnist")
    )
