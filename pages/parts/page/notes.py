"""Headings, code, and sentences of ours that hold somebody else's text: shown literally, never as Markdown."""

import re

import streamlit as st

from pages.parts.page.cheatsheet import SHEETS

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$:])")


def literal(text: str) -> str:
    """`text` so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", text)


def heading(title: str, how: str, sheet: str = "") -> None:
    """A picture's title, one line that says how to read it, and behind a "?" its cheat sheet, by key."""
    st.markdown(f"**{title}**  \n:small[:gray[{how}]]", help=SHEETS[sheet].markdown if sheet else None)


def python(text: str) -> None:
    """Code in Python, on as many lines as it needs."""
    st.code(text, language="python", wrap_lines=True)


def problem(words: str) -> None:
    """What was wrong, and what to do."""
    st.error(literal(words), icon=":material/error:")


def odd_link(name: str, words: str) -> None:
    """A part of the address that was not understood."""
    st.warning(
        f"The part “{name}” of the link was not understood. {literal(words)}", icon=":material/link_off:"
    )
