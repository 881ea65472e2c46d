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
        ({0: LEARNS, 2: DIVERGES}, [RIGHT, RIGHT, STUCK], [], "with the prediction for **1 of 2**."),
        ({0: LEARNS, 1: GUESSING, 2: DIVERGES}, [RIGHT, STUCK, LARGE], [], "for **3 of 3**."),
        (
            {0: LEARNS, 1: GUESSING, 2: LEARNS},
            [RIGHT, STUCK, LARGE],
            [LEARNED, AT_CHANCE, DIVERGED],
            "You guessed **2 of 3**; the prediction was right for 3 of 3.",
        ),
        (
            {0: GUESSING, 1: DIVERGES},
            [LARGE, RIGHT, RIGHT],
            [AT_CHANCE, DIVERGED, LEARNED],
            "You guessed **2 of 2**; the prediction was right for 2 of 3.",
        ),
        ({0: LEARNS}, [None], [LEARNED], "You guessed **1 of 1**."),
        ({0: LEARNS}, [RIGHT], [replace(WAITING, state="stopped")], "with the prediction for **1 of 1**."),
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
    from pages.parts.page.guess import guess_first, guess_switch, predictions_hidden, reveal
    from pages.parts.page.session import ALL_PAGES

    assert predictions_hidden("lessons", "depth")
    assert not predictions_hidden("train", "one")
    guess_first("train", True)
    session.OPEN_STEP[ALL_PAGES] = "depth"
    reveal("train", "one")
    assert not predictions_hidden("train", "one")
    assert predictions_hidden("train", "other")
    assert not predictions_hidden("lessons", "depth")
    assert predictions_hidden("lessons", "scale")
    guess_switch("lessons")


def test_what_is_revealed_is_shown_and_the_switch_shows_the_rest():
    app = AppTest.from_function(script).run()
    assert not app.exception
    assert app.toggle(key="guess.lessons").value
