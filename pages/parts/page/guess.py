"""Guess first: what a user is to guess before the app shows it, predictions on Train and pictures on Lessons."""

import streamlit as st

from pages.parts.page import session
from pages.parts.page.session import ALL_PAGES, widget_key

GALLERY = "lessons"  # hides its pictures unless told otherwise
PICTURES = "Hides the pictures on this page until you ask for them; it hides nothing on other pages."
PREDICTIONS = (
    "Hides predictions and earlier results on Train until you press Run; other pages show their predictions."
)


def predictions_hidden(page: str, about: str) -> bool:
    """Return True if the page must not show what it predicts, because the user is to guess.

    Args:
        page: the page.
        about: what is predicted: the key of an experiment or of a lesson.
    """
    return guesses_first(page) and about not in session.REVEALED.get(page, set())


def results_hidden(page: str, about: str) -> bool:
    """Return True if the page must not show results from before, because the user has not pressed Run.

    Also after the predictions are shown: only Run, or the switch, brings results to those who were to guess.

    Args:
        page: the page.
        about: the key of an experiment.
    """
    return session.AWAITING_RUN.get(page, False) and about not in session.RAN.get(page, set())


def guesses_first(page: str) -> bool:
    """Return True if the user of the page guesses before predictions are shown."""
    return session.GUESS_FIRST.get(page, page == GALLERY)


def guess_first(page: str, on: bool) -> None:
    """Have the user of a page guess before predictions are shown, or not."""
    session.GUESS_FIRST[page] = on
    if on:
        session.AWAITING_RUN[page] = True


def reveal(page: str, about: str) -> None:
    """Show from now on what is predicted, and the picture of the lesson that is open."""
    session.REVEALED.setdefault(page, set()).add(about)
    show_picture(session.OPEN_STEP.get(ALL_PAGES, ""))


def run_pressed(page: str, about: str) -> None:
    """Show the predictions and the results of an experiment from now on."""
    session.RAN.setdefault(page, set()).add(about)
    reveal(page, about)


def show_picture(lesson: str) -> None:
    """Show the picture of a lesson from now on."""
    session.REVEALED.setdefault(GALLERY, set()).add(lesson)


def guess_switch(page: str) -> None:
    """Draw the switch with which a user guesses before predictions are shown."""
    key = widget_key("guess", page)
    session.set_widget(key, guesses_first(page))

    def switched() -> None:
        guess_first(page, bool(session.widget_value(key)))
        session.AWAITING_RUN[page] = guesses_first(page)

    st.toggle(
        "Guess first",
        key=key,
        help=PICTURES if page == GALLERY else PREDICTIONS,
        on_change=switched,
    )
