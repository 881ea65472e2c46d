"""The settings of a run and of a sweep in one line, shown while there are no controls."""

import pytest
from streamlit.testing.v1 import AppTest

from inits.initializers.spec import OptimizerSpec
from pages.parts.experiment.choices import TRAIN, optimizer_in_words
from pages.parts.experiment.choices import in_words as run_in_words
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


def test_previous_settings_name_the_parameters_by_which_starts_differ() -> None:
    choices = TRAIN.parse({"starts": "VarianceScaling(0.2);VarianceScaling(8.0)||Large;HeNormal"})
    assert run_in_words(choices).startswith("VarianceScaling, Large, HeNormal; 6 × 128 ReLU; SGD")
    words = run_in_words(choices, parameters_too=True)
    assert words.startswith("VarianceScaling (scale 0.2), Large (scale 8), HeNormal; 6 × 128 ReLU; SGD")


def renamed() -> None:
    import streamlit as st

    from inits.engine.jobs import Job
    from pages.parts.experiment.choices import TRAIN
    from pages.parts.experiment.names import choices_of, remember

    ran = TRAIN.parse({"starts": "HeNormal||Mine;Zeros|||3"})
    job = Job(ran.experiment("digits"), "one")
    others = TRAIN.parse({"starts": "Ones;HeNormal||Other"}).cards
    st.text(choices_of(job, others).labels)
    remember(job, ran)
    found = choices_of(job, others)
    st.text((found.labels, found.slots))


def test_a_run_keeps_the_names_and_colours_of_its_starts() -> None:
    app = AppTest.from_function(renamed).run()
    assert not app.exception
    assert [one.value for one in app.text] == ["['Other', 'Zeros']", "(['Mine', 'Zeros'], [0, 2])"]
