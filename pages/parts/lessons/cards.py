"""Lessons as cards."""

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from inits.figures.lessons import cover_svg, lesson_svg
from inits.figures.mini import data_uri
from inits.text import markdown_symbols
from pages.parts.experiment.start_cards import swatch
from pages.parts.lessons.catalog import Lesson, pictures
from pages.parts.lessons.opening import open_step
from pages.parts.page.catalog import PAGES
from pages.parts.page.guess import predictions_hidden, show_picture
from pages.parts.page.session import widget_key
from pages.parts.page.theme import colours

COVER = "What do you expect?"  # in place of a picture


def card(page: str, number: int, lesson: Lesson) -> None:
    """Draw a lesson: its question, picture, task and what to look for, with the answer folded."""
    with st.container(border=True, height="stretch", gap="small", key=widget_key(page, "card", lesson.key)):
        st.subheader(f"{number}. {lesson.title}", anchor=False)
        st.markdown(lesson.question)
        _picture(page, lesson)
        st.markdown(f"**Try** {lesson.task}\n\n**Look for** {lesson.look_for}")
        with st.expander("Answer", icon=":material/lightbulb:", key=widget_key(page, "answer", lesson.key)):
            st.markdown(markdown_symbols(lesson.answer))
        st.space("stretch")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            label, icon = f"Open in {PAGES[lesson.page].title}", ":material/arrow_forward:"
            if st.button(label, icon=icon, key=widget_key(page, "open", lesson.key)):
                open_step(page, lesson)
            st.markdown(f":small[[Link to this lesson](?lesson={lesson.key})]")


def _picture(page: str, lesson: Lesson) -> None:
    """Draw the result of the experiment, or the space for it, with the name of every start beside its colour."""
    picture, theme = pictures()[lesson.key], colours()
    st.markdown(f":small[:gray[{lesson.caption}]]")
    hidden = predictions_hidden(page, lesson.key)
    svg = cover_svg(COVER, theme.ink) if hidden else lesson_svg(picture, theme.categorical, theme.ink)
    alt = COVER if hidden else escape(lesson.alt)
    image = f'<img src="{data_uri(svg)}" alt="{alt}" style="width:100%;height:auto;display:block">'
    st.html(image + _legend(picture))
    if hidden:
        icon, key = ":material/visibility:", widget_key(page, "reveal", lesson.key)
        st.button(
            "Show picture", icon=icon, key=key, type="tertiary", on_click=show_picture, args=(lesson.key,)
        )


def _legend(picture: Mapping[str, Any]) -> str:
    names = {one["slot"]: one["name"] for one in picture.get("series", ())}
    keys = (
        f'<span style="white-space:nowrap">{swatch(slot, 20)} {escape(names[slot])}</span>'
        for slot in sorted(names)
    )
    style = "display:flex;flex-wrap:wrap;gap:0.1rem 1rem;font-size:0.8125rem;margin-top:0.4rem"
    return f'<div style="{style}">{"".join(keys)}</div>'
