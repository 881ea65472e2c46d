"""The message why a change was refused, in the place that a page has for it."""

from pages.parts.page import session
from pages.parts.page.notes import problem
from pages.parts.page.state import ran_by_itself


def refuse(prefix: str, words: str) -> None:
    """Have `refusal` show why a change was refused."""
    session.REFUSAL[prefix] = words
    session.REFUSAL_SHOWN.pop(prefix)


def accept(prefix: str) -> None:
    """Take the message back: a change was accepted."""
    session.REFUSAL.pop(prefix)


def refusal(prefix: str) -> None:
    """Show why the last change was refused, until the user does something else. Automatic reruns keep the message."""
    if session.REFUSAL_SHOWN.pop(prefix) and not ran_by_itself():
        accept(prefix)
    if words := session.REFUSAL.get(prefix):
        problem(words)
        session.REFUSAL_SHOWN[prefix] = True
