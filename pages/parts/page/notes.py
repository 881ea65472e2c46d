"""Headings, code and messages; text of other origin in them is shown literally, never as Markdown."""

import re
from collections.abc import Mapping
from typing import Literal

import streamlit as st

from inits.text import markdown_symbols, one_line, printable
from inits.theory.signal_regime import Severity
from pages.parts.page.cheatsheet import SHEETS
from pages.parts.page.glossary import definitions, terms_in

Colour = Literal["green", "orange", "red", "gray"]
"""The colour of a badge."""

BADGES: Mapping[Severity | Literal["unknown"], tuple[str, Colour]] = {
    "kept": (":material/check_circle:", "green"),
    "changed": (":material/warning:", "orange"),
    "lost": (":material/error:", "red"),
    "unknown": (":material/help:", "gray"),
}
"""The icon and the colour of the badge of a signal, by what becomes of it."""

LONGEST_NAME = 40  # characters of a part of an address in a message
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$:])")


def literal(text: str) -> str:
    """Return Markdown that shows a text as it is, without characters that cannot be seen."""
    lines = map(printable, text.expandtabs(1).split("\n"))
    return markdown_symbols(_SPECIAL.sub(r"\\\1", "\n".join(lines)))


def heading(title: str, how: str, sheet: str = "", terms: str = "") -> None:
    """Draw the title of a picture or table, a line that says how to read it, and a "?" with cheat sheet and glossary.

    Args:
        title: Markdown.
        how: Markdown.
        sheet: a key of `cheatsheet.SHEETS`; "" for none.
        terms: further words to explain, such as the headers of a table.
    """
    parts = [SHEETS[sheet].markdown if sheet else "", explained(title, how, terms) or ""]
    help = markdown_symbols("\n\n".join(filter(None, parts)))
    st.markdown(markdown_symbols(f"**{title}**  \n:small[:gray[{how}]]"), help=help or None)


def explained(*texts: str) -> str | None:
    """Return a help text with the definitions of the terms in texts; None if there are none."""
    return markdown_symbols(definitions(terms_in(*texts))) or None


def python(text: str) -> None:
    """Show Python code, wrapped."""
    st.code(text, language="python", wrap_lines=True)


def problem(words: str) -> None:
    """Show an error: what is wrong, and what to do."""
    st.error(literal(words), icon=":material/error:")


def odd_link(name: str, words: str) -> None:
    """Report a part of the address that is not valid."""
    words = f"The part “{one_line(name, LONGEST_NAME)}” of the link was ignored. {words}"
    st.warning(literal(words), icon=":material/link_off:")
