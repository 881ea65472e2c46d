"""Ten short experiments: a question, what to try, what to look for, and the answer folded away."""

import streamlit as st

from pages.parts.lessons.cards import card, prepare, wanted
from pages.parts.lessons.catalog import LESSONS, Lesson
from pages.parts.page import state
from pages.parts.page.header import setup

PAGE = "lessons"
DEFAULTS = {"lesson": ""}


def main() -> None:
    setup("Lessons")
    kept = state.load(PAGE, DEFAULTS)
    chosen = state.read(kept, DEFAULTS, "lesson", known)
    state.save(PAGE, {"lesson": chosen}, DEFAULTS)
    st.title("What would you like to find out?")
    st.markdown(
        "**Ten experiments** of a few seconds each. Guess, open one, try it, then unfold its answer. The pictures are "
        "real runs on the app's own 1,797 digits; the answers give numbers of MNIST."
    )
    lead()
    for left, right in pairs(chosen):
        for column, (number, lesson) in zip(st.columns(2, gap="medium"), (left, right), strict=True):
            with column:
                card(PAGE, number, lesson)


def known(text: str) -> str:
    """The key of a lesson, or none. Raises SpecError."""
    return state.one_of("lesson", [lesson.key for lesson in LESSONS])(text) if text else ""


def pairs(chosen: str) -> list[tuple[tuple[int, Lesson], tuple[int, Lesson]]]:
    """The lessons with their numbers, two in a row, the chosen one first."""
    order = sorted(enumerate(LESSONS, 1), key=lambda one: one[1].key != chosen)
    return list(zip(order[::2], order[1::2], strict=True))


def lead() -> None:
    """On to a lesson whose weights have to be learned first, as soon as they are."""
    key = wanted(PAGE)
    for lesson in LESSONS:
        if lesson.key == key:
            prepare(PAGE, lesson)


main()
