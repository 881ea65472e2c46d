"""What the presenter view shows: slides, one at a time and enlarged, and the controls of the page below them.

A slide is a container with a known key. The browser finds it by that key (`browser/presenter.js`), so what it shows
stays live.
"""

from collections.abc import Sequence
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.parts.page.notes import heading
from pages.parts.page.session import widget_key


def picture(
    name: str, title: str, how: str, sheet: str = "", *, terms: str = "", say: str = "", lead: bool = False
) -> DeltaGenerator:
    """Draw the heading of a picture; return the container for the picture, which is a slide.

    Args:
        name: the name of the slide in the app.
        title, how, sheet, terms: see `heading`.
        say: Markdown, one sentence about this picture, with its numbers. Only the presenter view shows it.
        lead: the presenter view begins here, not with the first slide of the page.
    """
    box = st.container(key=_key(name, lead))
    with box:
        heading(title, how, sheet, terms=terms)
        say_here(name, say)
    return box


def slide(
    name: str,
    title: str = "",
    *,
    say: str = "",
    lead: bool = False,
    border: bool = False,
    height: Literal["content", "stretch"] = "content",
) -> DeltaGenerator:
    """Return a container that is a slide.

    Args:
        name, say, lead: see `picture`.
        title: Markdown that only the presenter view shows; "" if a heading is the first thing in the slide.
        border, height: see `st.container`.
    """
    box = st.container(border=border, height=height, key=_key(name, lead))
    with box:
        say_here(name, "\n\n".join(filter(None, [title and f"**{title}**", say])))
    return box


def _key(name: str, lead: bool) -> str:
    return widget_key("lead" if lead else "slide", name)


def say_here(name: str, words: str) -> None:
    """Show Markdown in a slide only in the presenter view, which has the first sentence of a slide above it."""
    if words:
        with st.container(key=widget_key("say", name)):
            st.markdown(words)


def previous_results(page: str, words: str) -> None:
    """Say that the results below are not those of the settings; the presenter view says it above each slide of them."""
    with st.container(key=widget_key("previous", page)):
        st.info(words, icon=":material/history:")


def current_part(page: str) -> DeltaGenerator:
    """Return a container for what is about the settings of the page, also below the notice of `previous_results`."""
    return st.container(key=widget_key("current", page))


def live_controls(
    page: str,
    name: str = "controls",
    *,
    slides: Sequence[str] = (),
    width: Literal["stretch", "content"] = "stretch",
) -> DeltaGenerator:
    """Return a container for controls of a page that the presenter view shows below the slide.

    Args:
        page: the page.
        name: the name of these controls.
        slides: names of the slides that they change; empty for all slides of the page.
        width: see `st.container`.
    """
    only = ("for", *slides) if slides else ()
    return st.container(width=width, key=widget_key("live", page, name, *only))
