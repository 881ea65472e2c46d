"""The message why a change was refused, or how a text was understood, in the place that a page has for it."""

import streamlit as st

from pages.parts.page import session
from pages.parts.page.notes import literal, problem
from pages.parts.page.state import ran_by_itself


def refuse(prefix: str, words: str) -> None:
    """Have `refusal` show why a change was refused."""
    session.REFUSAL[prefix] = words
    session.REFUSAL_SHOWN.pop(prefix)


def accept(prefix: str, remark: str = "") -> None:
    """Take the message back: a change was accepted. A remark says how its text was understood."""
    session.REFUSAL.pop(prefix)
    session.REMARK.pop(prefix)
    if remark:
        session.REMARK[prefix] = remark
        session.REFUSAL_SHOWN.pop(prefix)


def refusal(prefix: str) -> None:
    """Show the message about the last change until the user does something else. Automatic reruns keep it."""
    if session.REFUSAL_SHOWN.pop(prefix) and not ran_by_itself():
        accept(prefix)
    if _show(prefix):
        session.REFUSAL_SHOWN[prefix] = True


def refusal_inside(prefix: str) -> None:
    """Show the message in a popover as well, which can cover the place of `refusal` on the page."""
    if prefix not in session.REFUSAL_SHOWN or ran_by_itself():
        _show(prefix)


def _show(prefix: str) -> bool:
    if words := session.REFUSAL.get(prefix):
        problem(words)
    elif remark := session.REMARK.get(prefix):
        st.info(literal(remark), icon=":material/info:")
    return prefix in session.REFUSAL or prefix in session.REMARK
