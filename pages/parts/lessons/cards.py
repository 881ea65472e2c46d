"""Lessons as cards, and the way from a lesson to its page."""

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from io import BytesIO
from typing import Any

import streamlit as st

from inits.errors import InitsError
from inits.experiments.experiment import Experiment
from inits.experiments.file_start import FileSpec
from inits.figures.lessons import lesson_svg
from inits.figures.mini import data_uri
from inits.text import markdown_symbols
from pages.parts.compute.engine_access import ask_weights, engine, wait_for
from pages.parts.compute.job_control import session_id
from pages.parts.experiment.choices import TRAIN
from pages.parts.experiment.start_cards import swatch
from pages.parts.lessons.catalog import Lesson, pictures
from pages.parts.page import session
from pages.parts.page.catalog import PAGES
from pages.parts.page.gate import gate
from pages.parts.page.navigation import go
from pages.parts.page.notes import problem
from pages.parts.page.session import widget_key
from pages.parts.page.state import rerun
from pages.parts.page.theme import colours
from pages.parts.weights.file_start import file_cards
from pages.parts.widgets.picker import offer_file

TRAINED = "trained.weights.h5"


def card(page: str, number: int, lesson: Lesson) -> None:
    """Draw a lesson: its question, picture, task and what to look for, with the answer folded."""
    with st.container(border=True, height="stretch", gap="small", key=widget_key(page, "card", lesson.key)):
        st.subheader(f"{number}. {lesson.title}", anchor=False)
        st.markdown(lesson.question)
        _picture(lesson)
        st.markdown(f"**Try** {lesson.task}\n\n**Look for** {lesson.look_for}")
        with st.expander("Answer", icon=":material/lightbulb:", key=widget_key(page, "answer", lesson.key)):
            st.markdown(markdown_symbols(lesson.answer))
        st.space("stretch")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            label, icon = f"Open in {PAGES[lesson.page].title}", ":material/arrow_forward:"
            if st.button(label, icon=icon, key=widget_key(page, "open", lesson.key)):
                _open(page, lesson)
            st.markdown(f":small[[Link to this lesson](?lesson={lesson.key})]")


def _picture(lesson: Lesson) -> None:
    """Draw the result of the experiment, with the name of every start beside its colour."""
    picture, theme = pictures()[lesson.key], colours()
    st.markdown(f":small[:gray[{lesson.caption}]]")
    svg = lesson_svg(picture, theme.categorical, theme.ink)
    image = (
        f'<img src="{data_uri(svg)}" alt="{escape(lesson.alt)}" style="width:100%;height:auto;display:block">'
    )
    st.html(image + _legend(picture))


def _legend(picture: Mapping[str, Any]) -> str:
    names = {one["slot"]: one["name"] for one in picture.get("series", ())}
    keys = (
        f'<span style="white-space:nowrap">{swatch(slot, 20)} {escape(names[slot])}</span>'
        for slot in sorted(names)
    )
    style = "display:flex;flex-wrap:wrap;gap:0.1rem 1rem;font-size:0.8125rem;margin-top:0.4rem"
    return f'<div style="{style}">{"".join(keys)}</div>'


def _open(page: str, lesson: Lesson) -> None:
    if lesson.pretrain:
        session.OPENING_LESSON[page] = lesson.key
        rerun()
    go(lesson.page, lesson.state)


def wanted(page: str) -> str:
    """Return the key of the lesson that is being prepared, or ""."""
    return session.OPENING_LESSON.get(page, "")


def prepare(page: str, lesson: Lesson) -> None:
    """Train the network of a lesson, then open the page with the trained weights as starts; show the progress."""
    choices = TRAIN.parse(lesson.state)
    dataset = engine().status.dataset
    if dataset is None:
        wait_for(lambda: engine().status.dataset is not None)
        return
    try:
        spec = _trained(page, choices.experiment(dataset))
    except InitsError as error:
        del session.OPENING_LESSON[page]
        problem(str(error))
        return
    if spec is not None:
        del session.OPENING_LESSON[page]
        offer_file(spec)
        go("train", TRAIN.format(replace(choices, cards=file_cards(spec))))


def _trained(page: str, experiment: Experiment) -> FileSpec | None:
    """Return the weights after a training as a file; None until they are available. Raises InitsError."""
    job = engine().run(experiment, session=session_id())
    with gate.aside():
        over = job.over.wait(0.5)
    if not over:
        wait_for(
            job.over.is_set, lambda: "Training the network whose weights you will start from, about 5 s."
        )
        return None
    if job.error:
        raise InitsError(job.error)
    if page not in session.LESSON_WEIGHTS:
        data = ask_weights(experiment.runs[0], job.records[0].done)
        if data is None:
            raise InitsError("The trained weights could not be loaded. Open the lesson again.")
        session.LESSON_WEIGHTS[page] = engine().files.take(BytesIO(data), TRAINED)
    reading = session.LESSON_WEIGHTS[page]
    with gate.aside():
        done = reading.done.wait(0.5)
    if not done:
        wait_for(reading.done.is_set, lambda: "Reading the trained weights...")
        return None
    del session.LESSON_WEIGHTS[page]
    if reading.error:
        raise InitsError(reading.error)
    return FileSpec(TRAINED, reading.digest)
