"""Why a change was not taken, in the place that a page has for it."""

import streamlit as st

from pages.parts.page.notes import problem
from pages.parts.page.state import ran_by_itself


def refuse(prefix: str, words: str) -> None:
    """Have `refusal` say why a change was not taken."""
    st.session_state[f"{prefix}:refusal"] = words
    st.session_state.pop(f"{prefix}:told", None)


def accept(prefix: str) -> None:
    """A change was taken: nothing is left to say."""
    st.session_state.pop(f"{prefix}:refusal", None)


def refusal(prefix: str) -> None:
    """Say why the last change was not taken, if it was not: until the person does something, not the page by itself."""
    session = st.session_state
    if session.pop(f"{prefix}:told", False) and not ran_by_itself():
        accept(prefix)
    if words := session.get(f"{prefix}:refusal"):
        problem(words)
        session[f"{prefix}:told"] = True
