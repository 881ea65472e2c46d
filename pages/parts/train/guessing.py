"""Guess what each start will do, before the page shows what is predicted and what has come of it; then the score."""

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from inits.errors import InitsError
from inits.experiments.summary import Outcome
from inits.theory.trainability import Kind, Verdict
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.page import session
from pages.parts.page.guess import guess_first, predictions_hidden, results_hidden, reveal, run_pressed
from pages.parts.page.session import widget_key
from pages.parts.page.slides import live_controls
from pages.parts.train.verdict import Prediction, has_learned

PAGE = TRAIN.page
LEARNS: Final = "learns"
QUESTION: Final = "**What will each start do?** Choose on its card, then press Run."
GUESSES: Final = (LEARNS, "keeps guessing", "diverges")
PREDICTED: Mapping[Kind, str] = dict(zip(("trains", "stuck", "too large"), GUESSES, strict=True))


def experiment_key(choices: Choices) -> str:
    """Return the key of an experiment, also before its data set is known; "" if a start does not fit."""
    try:
        return choices.experiment(choices.data).key
    except InitsError:
        return ""


def covered(choices: Choices) -> bool:
    """Return True if the user is to guess before the page shows what it predicts for these starts."""
    return predictions_hidden(PAGE, experiment_key(choices))


def awaits_run(choices: Choices) -> bool:
    """Return True if results of these starts, which others may have run, are hidden until the user presses Run."""
    return results_hidden(PAGE, experiment_key(choices))


def uncover(choices: Choices) -> None:
    """Show what is predicted for these starts, and what comes of them, from now on: Run was pressed."""
    run_pressed(PAGE, experiment_key(choices))


def ask(choices: Choices, place: int) -> None:
    """Draw the three answers on the card of a start."""
    key, guesses = experiment_key(choices), _guesses(choices)
    guess = st.pills(  # they wrap well in a narrow card
        f"Your guess for {choices.labels[place]}",
        GUESSES,
        default=guesses.get(place),
        key=widget_key("guess", PAGE, key, place),
        label_visibility="collapsed",
    )
    guesses.pop(place, None)
    if guess is not None:
        guesses[place] = guess


def guess_line(choices: Choices, predicted: Sequence[Prediction], outcomes: Sequence[Outcome]) -> str:
    """Draw what the user is to do while predictions are covered; afterwards the score, if there are guesses.

    Returns:
        These words; "" for none.
    """
    if covered(choices):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(QUESTION, width="content")
            key = widget_key("guess", PAGE, "skip")
            with live_controls(PAGE, "guess", width="content"):
                st.button(
                    "Show predictions", icon=":material/visibility:", key=key, on_click=_skip, args=(choices,)
                )
        return QUESTION
    if words := score(_guesses(choices), predicted, outcomes):
        st.markdown(words)
    return words


def _skip(choices: Choices) -> None:
    """Show the predictions. Without any guess, those of other settings as well."""
    if not _guesses(choices):
        guess_first(PAGE, False)
    reveal(PAGE, experiment_key(choices))


def _guesses(choices: Choices) -> dict[int, str]:
    """Return the guesses by the place of the start, to be changed in place."""
    return session.GUESSES.setdefault(session.part(PAGE, experiment_key(choices)), {})


def score(guesses: Mapping[int, str], predicted: Sequence[Prediction], outcomes: Sequence[Outcome]) -> str:
    """Compare the guesses with the outcomes, or until there are any with the predictions; "" if nothing is known.

    Args:
        guesses: one of `GUESSES` by the place of a start.
        predicted: the prediction for each start.
        outcomes: the outcome of each start; empty before the run.
    """
    ends = {place: end for place, outcome in enumerate(outcomes) if (end := _end(outcome))}
    known = {place: one for place, one in enumerate(predicted) if isinstance(one, Verdict)}
    if both := guesses.keys() & ends.keys():
        right = sum(guesses[place] == ends[place] for place in both)
        words = _how_many_were_right(right, len(both), "Your guess", "your {} guesses")
        if tried := known.keys() & ends.keys():
            held = sum(known[place].trains == (ends[place] == LEARNS) for place in tried)
            words += "; " + _how_many_were_right(held, len(tried), "the prediction", "{} predictions")
        return f"{words}."
    if both := guesses.keys() & known.keys():
        alike = sum(guesses[place] == PREDICTED[known[place].kind] for place in both)
        agree = "agrees" if alike == 1 else "agree"
        words = f"**{alike} of your {len(both)} guesses** {agree} with the prediction"
        if len(both) == 1:
            words = f"Your guess {'agrees' if alike else 'does **not** agree'} with the prediction"
        return f"{words}. Press Run to see who is right."
    return ""


def _how_many_were_right(right: int, total: int, one: str, many: str) -> str:
    """Return how many guesses or predictions were right; `one` and `many`, with "{}" for the number, name them."""
    if total == 1:
        return f"{one} was **{'right' if right else 'wrong'}**"
    return f"**{right} of {many.format(total)}** {'was' if right == 1 else 'were'} right"


def _end(outcome: Outcome) -> str | None:
    """Return what a start did, as a guess; None if its epoch was stopped or is not over."""
    learned = has_learned(outcome)
    if learned is None:
        return None
    return LEARNS if learned else GUESSES[2] if outcome.state == "diverged" else GUESSES[1]
