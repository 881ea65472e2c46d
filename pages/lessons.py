"""Short experiments: a question, what to do, what to look for, and the answer folded away."""

from itertools import zip_longest
from typing import NamedTuple

import streamlit as st

from pages.parts.lessons.bar import lesson_bar
from pages.parts.lessons.cards import card
from pages.parts.lessons.catalog import LESSONS, Lesson
from pages.parts.lessons.opening import open_wanted
from pages.parts.page.address import Address, Field, one_of
from pages.parts.page.guess import guess_switch
from pages.parts.page.header import setup
from pages.parts.page.notes import explained

PAGE = "lessons"


class PageSettings(NamedTuple):
    """The settings of the page: the key of the lesson that leads, or ""."""

    lesson: str


def lesson_key(text: str) -> str:
    """Return the key of a lesson, or "". Raises SpecError."""
    return one_of("lesson", [lesson.key for lesson in LESSONS])(text) if text else ""


ADDRESS = Address(PAGE, PageSettings, [Field("lesson", "", lesson_key)])


def main() -> None:
    setup(PAGE)
    shown = ADDRESS.load()
    ADDRESS.save(shown)
    lesson_bar(PAGE)
    st.title("What would you like to find out?")
    st.markdown(
        f"**{len(LESSONS)} experiments** of a few seconds each. Guess, open one, try it, then unfold its answer. The "
        "pictures are from real runs on the app's own 1,797 digits; the numbers in the answers are for MNIST.",
        help=explained("every start"),
    )
    guess_switch(PAGE)
    open_wanted(PAGE)
    for row in rows(shown.lesson):
        for column, entry in zip(st.columns(2, gap="medium"), row, strict=True):
            if entry:
                with column:
                    card(PAGE, *entry)


def rows(first: str) -> list[tuple[tuple[int, Lesson] | None, ...]]:
    """Return the lessons with their numbers, two in a row; the lesson with the key `first` leads."""
    order = sorted(enumerate(LESSONS, 1), key=lambda one: one[1].key != first)
    return list(zip_longest(order[::2], order[1::2]))


main()
