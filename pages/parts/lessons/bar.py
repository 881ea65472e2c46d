"""The bar above the title of each page: the lesson or first step that the visitor follows, or the way to begin."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.text import markdown_symbols
from pages.parts.lessons.opening import GALLERY, open_step
from pages.parts.lessons.paths import FIRST, FIRST_STEPS, Place, place_of
from pages.parts.page import session, state
from pages.parts.page.address import LESSON
from pages.parts.page.catalog import HOME, PAGES
from pages.parts.page.guess import guess_first, show_picture
from pages.parts.page.navigation import go
from pages.parts.page.session import ALL_PAGES, widget_key
from pages.parts.page.slides import live_controls
from pages.parts.page.state import rerun

TRAIN = "train"
NBSP = "\u00a0"


def lesson_bar(page: str) -> None:
    """Draw the bar of a page whose address has been loaded.

    A step is part of the address of its page. On all other pages there is a line that leads back to it.
    """
    welcome = session.WELCOME.setdefault(ALL_PAGES, page == HOME and not st.query_params)
    with st.container(key=_key(page)):
        if here := _place_here(page):
            _follow(page, here)
            _step(page, here)
        elif place := place_of(session.OPEN_STEP.get(ALL_PAGES, "")):
            _way_back(page, place)
        elif welcome and page == HOME:
            _welcome(page)


def _key(page: str, *names: str) -> str:
    """Return the key of a widget of the bar, which no page drops with its own controls."""
    return widget_key("bar", page, *names)


def _place_here(page: str) -> Place | None:
    """Return the step in the address of the page, which is set up for it; report one that is unknown."""
    if page == GALLERY:
        return None  # its own field of that name leads with a lesson
    values = state.values(page, {})
    place = state.read(values, {LESSON: ""}, LESSON, place_of)
    if place is not None and place.step.page == page:
        step = place.step
        if not state.opened_by(page, LESSON) or step.state.items() <= values.items():
            return place
        if not step.pretrain:
            state.replace(page, {**values, **step.state}, session.STATE[page].defaults)
            rerun()
    if place is not None:
        session.OPEN_STEP[ALL_PAGES] = place.step.key  # offered by the line that leads to it
    state.put(page, LESSON, "")
    return None


def _follow(page: str, place: Place) -> None:
    """Remember the step; the one before it, which may belong to another page, is left."""
    if session.OPEN_STEP.get(ALL_PAGES) != place.step.key:
        session.OPEN_STEP[ALL_PAGES] = place.step.key
        _leave(page)
        guess_first(TRAIN, place.step.page == TRAIN)
        if place.step.page != TRAIN:
            show_picture(place.step.key)


def _leave(but: str = "") -> None:
    """Take the step out of the addresses of all pages except one."""
    for page in PAGES:
        if page not in (but, GALLERY):
            state.put(page, LESSON, "")


def _close() -> None:
    """Close the bar for the rest of the session."""
    session.WELCOME[ALL_PAGES] = False
    session.OPEN_STEP.pop(ALL_PAGES)
    _leave()
    guess_first(TRAIN, False)


def _step(page: str, place: Place) -> None:
    """Draw a step: what to do, what to watch, the answer on request, and the way on."""
    step = place.step
    with st.container(border=True):
        with live_controls(page, "lesson-tools").container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"
        ):
            if place.path is FIRST:
                with st.container(horizontal=True, wrap=False, gap="small", width="content"):
                    _first_steps(page, step.key)
            else:
                st.markdown(f"**{place.label}**", width="content")
            with st.container(horizontal=True, gap="small", width="content"):
                if step.answer:
                    _answer(page, step.key, step.answer)
                _way_on(page, place)
        with live_controls(page, "lesson"):
            st.markdown(markdown_symbols(f"**Try** {step.task}  \n**Look for** {step.look_for}"))


def _answer(page: str, step: str, answer: str) -> None:
    """Draw the button that shows the answer, which the presenter view enlarges."""
    with (
        st.popover("Answer", icon=":material/lightbulb:", key=_key(page, "answer", step)),
        st.container(key=_key(page, "answer-text")),
    ):
        st.markdown(markdown_symbols(answer))


def _way_on(page: str, place: Place) -> None:
    """Draw the buttons that lead to the next step, the lessons and what was here before, and that close the bar."""
    name = place.path.name.lower()
    icon, key = ":material/arrow_forward:", _key(page, "next")
    if place.next is not None and st.button(f"Next {name}", icon=icon, key=key):
        open_step(page, place.next.step)
    label = "Lessons" if place.path is FIRST else "Back to lessons"
    if st.button(label, icon=":material/school:", key=_key(page, "lessons")):
        go(GALLERY)
    if settings := session.LEFT_SETTINGS.get(page):
        words = "Back to your starts" if "starts" in settings else "Back to your settings"
        if st.button(words, icon=":material/undo:", key=_key(page, "own")):
            session.LEFT_SETTINGS.pop(page)
            _close()
            go(page, settings)
    _close_button(page)


def _close_button(page: str) -> None:
    icon, key = ":material/close:", _key(page, "close")
    st.button("Close", icon=icon, type="tertiary", key=key, on_click=_close)


def _way_back(page: str, place: Place) -> None:
    """Draw a line that leads back to the step on its page."""
    row = live_controls(page, "way_back")
    with row.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            markdown_symbols(f":gray[{place.label}.] **Look for** {place.step.look_for}"), width="content"
        )
        label, icon = f"Back to the {place.path.name.lower()}", ":material/arrow_back:"
        if st.button(label, icon=icon, type="tertiary", key=_key(page, "back")):
            if state.values(place.step.page, {}).get(LESSON) == place.step.key:
                go(place.step.page)
            open_step(page, place.step)
        _close_button(page)


def _welcome(page: str) -> None:
    """Offer the first steps and the lessons."""
    with st.container(border=True, horizontal=True, wrap=False, gap="small"):
        with _cell():
            st.markdown(f"**New{NBSP}here?**  \n:small[:gray[{_unbroken('Follow these steps')}]]")
        _first_steps(page)
        with _cell():
            if st.button("Lessons", icon=":material/school:", type="tertiary", key=_key(page, "lessons")):
                go(GALLERY)
            st.markdown(f":small[:gray[{_unbroken('Ten experiments')}]]")
        st.space("stretch")
        _close_button(page)


def _first_steps(page: str, current: str = "") -> None:
    """Draw a button for each first step; until one of them is taken, also what you learn there."""
    for number, step in enumerate(FIRST_STEPS, 1):
        label, key = f"**{number} {step.title}**", _key(page, "step", step.key)
        with _cell():
            if step.key == current:
                st.button(label, key=key)
            elif st.button(label, type="tertiary", key=key):
                open_step(page, step)
            if not current:
                st.markdown(f":small[:gray[{_unbroken(step.learn)}]]")


def _cell() -> DeltaGenerator:
    return st.container(gap=None, width="content")


def _unbroken(words: str) -> str:
    """Return a text that stays on one line: the row of the first steps scrolls instead."""
    return words.replace(" ", NBSP)
