"""Guesses before a run: how they are scored, and what is hidden until then."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from inits.experiments.summary import outcomes
from inits.theory.trainability import LABELS, Verdict
from pages.parts.train.guessing import GUESSES, PREDICTED, score

LEARNS, GUESSING, DIVERGES = GUESSES


def verdict(kind: str) -> Verdict:
    return Verdict(kind, LABELS[kind], "")


RIGHT, STUCK, LARGE = (verdict(kind) for kind in ("trains", "stuck", "too large"))
(WAITING,) = outcomes(1, [[]], 32)
LEARNED = replace(WAITING, state="finished", accuracy=0.9)
AT_CHANCE = replace(WAITING, state="finished", accuracy=0.1)
DIVERGED = replace(WAITING, state="diverged")


@pytest.mark.parametrize(
    ("guesses", "predicted", "ends", "words"),
    [
        ({}, [RIGHT], [LEARNED], ""),
        ({0: LEARNS}, ["checking"], [], ""),
        (
            {0: LEARNS, 2: DIVERGES},
            [RIGHT, RIGHT, STUCK],
            [],
            "**1 of your 2 guesses** agrees with the prediction.",
        ),
        (
            {0: LEARNS, 1: GUESSING, 2: DIVERGES},
            [RIGHT, STUCK, LARGE],
            [],
            "**3 of your 3 guesses** agree with the prediction.",
        ),
        (
            {0: LEARNS, 1: GUESSING, 2: LEARNS},
            [RIGHT, STUCK, LARGE],
            [LEARNED, AT_CHANCE, DIVERGED],
            "**2 of your 3 guesses** were right; **3 of 3 predictions** were right.",
        ),
        (
            {0: GUESSING, 1: DIVERGES},
            [LARGE, RIGHT, RIGHT],
            [AT_CHANCE, DIVERGED, LEARNED],
            "**2 of your 2 guesses** were right; **2 of 3 predictions** were right.",
        ),
        ({0: LEARNS}, [None], [LEARNED], "Your guess was **right**."),
        ({0: LEARNS}, [RIGHT], [replace(WAITING, state="stopped")], "Your guess agrees with the prediction."),
        ({0: DIVERGES}, [RIGHT], [], "Your guess does **not** agree with the prediction."),
        ({0: LEARNS}, [STUCK], [AT_CHANCE], "Your guess was **wrong**; the prediction was **right**."),
        (
            {0: LEARNS, 1: LEARNS},
            [None, None],
            [LEARNED, AT_CHANCE],
            "**1 of your 2 guesses** was right.",
        ),
    ],
)
def test_guesses_are_compared_with_the_outcome_else_with_the_prediction(guesses, predicted, ends, words):
    found = score(guesses, predicted, ends)
    assert words in found
    assert bool(words) == bool(found)


def test_every_prediction_is_one_of_the_guesses():
    assert set(PREDICTED) == set(LABELS)
    assert set(PREDICTED.values()) == set(GUESSES)


def script() -> None:
    from pages.parts.page import session
    from pages.parts.page.guess import (
        guess_first,
        guess_switch,
        predictions_hidden,
        results_hidden,
        reveal,
        run_pressed,
    )
    from pages.parts.page.session import ALL_PAGES

    assert predictions_hidden("lessons", "depth")
    assert not predictions_hidden("train", "one")
    assert not results_hidden("train", "one")
    guess_first("train", True)
    assert results_hidden("train", "one")
    session.OPEN_STEP[ALL_PAGES] = "depth"
    reveal("train", "one")
    assert not predictions_hidden("train", "one")
    assert predictions_hidden("train", "other")
    guess_first("train", False)  # the lesson is closed
    assert not predictions_hidden("train", "other")
    assert results_hidden("train", "one")  # until Run, whatever else is shown
    run_pressed("train", "one")
    assert not results_hidden("train", "one")
    assert results_hidden("train", "other")
    assert not predictions_hidden("lessons", "depth")
    assert predictions_hidden("lessons", "scale")
    guess_switch("lessons")


def switch() -> None:
    import streamlit as st

    from pages.parts.page.guess import guess_switch, results_hidden

    guess_switch("train")
    st.text("hidden" if results_hidden("train", "one") else "shown")


def test_the_switch_hides_results_and_shows_them_again():
    app = AppTest.from_function(switch).run()
    for words in ("hidden", "shown"):
        app.toggle(key="guess.train").set_value(words == "hidden").run()
        assert app.text[0].value == words


def test_what_is_revealed_is_shown_and_the_switch_shows_the_rest():
    app = AppTest.from_function(script).run()
    assert not app.exception
    assert app.toggle(key="guess.lessons").value
