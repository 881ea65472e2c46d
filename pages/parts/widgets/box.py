"""Boxes for text and numbers. What is typed or pasted into one is used, or a message says why it is not.

Streamlit's own boxes change what they receive, and Python cannot notice: `st.selectbox(accept_new_options=True)` takes
the first keystroke or paste for an insertion into its value, so that 0.01 over 1 becomes 0, and drops the text when it
loses the focus. `st.number_input` is `<input type="number">`: browsers leave out letters and commas, and 0,1 becomes 1.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Literal, TypeVar

import streamlit as st

from inits.errors import InitsError
from inits.text import exact
from pages.parts.page import session
from pages.parts.page.notes import literal
from pages.parts.page.refusals import accept, refuse
from pages.parts.page.session import set_widget, widget_key, widget_value

T = TypeVar("T")
N = TypeVar("N", bound=float)

MENU = 32  # pixels
LETTER, MARGIN = 8, 28  # pixels of a letter, and of the margins of a box
WIDEST = 420


def text_box(
    label: str,
    key: str,
    text: str,
    take: Callable[[str], object],
    *,
    options: Iterable[str] = (),
    width: int | None = None,
    show: Callable[[str], str] = str,
    keypad: bool = False,
    **settings: Any,
) -> None:
    """Draw a box that shows a text, with a menu of usual texts; a long text widens it.

    Args:
        label: the label.
        key: the key.
        text: the text in use. The box shows it again when `take` has refused another one.
        take: receives what was typed, pasted or chosen.
        options: the texts in the menu; none for a box without a menu.
        width: in pixels, with the menu; None for the width of its container.
        show: returns an option in words.
        keypad: True for digits only: a phone then shows a keypad.
        settings: passed to `st.text_input`.
    """
    set_widget(key, text)
    options = tuple(options)
    kind = {"type": "phone", "icon": "", "placeholder": ""} if keypad else {}

    def typed() -> None:
        take(widget_value(key))

    def draw(width: int | Literal["stretch"]) -> None:
        st.text_input(
            label,
            key=key,
            width=width,
            autocomplete="off",
            on_change=typed,
            **(kind | settings),
        )

    if width is not None:
        width = box_width(text, width, menu=bool(options))
    if not options:
        draw(width or "stretch")
        return
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap=None, wrap=False, width=width or "stretch"
    ):
        draw("stretch")
        menu = widget_key(key, "menu")
        st.menu_button(
            f"{label}: usual values",
            options,
            key=menu,
            width=MENU,
            format_func=lambda option: literal(show(option)),
            on_click=partial(_choose, menu, take),
        )


def box_width(text: str, width: int, *, menu: bool = False) -> int:
    """Return the width in pixels of a box that shows a text, at least `width`."""
    return max(width, min(LETTER * len(text) + MARGIN + MENU * menu, WIDEST))


def _choose(menu: str, take: Callable[[str], object]) -> None:
    if (option := widget_value(menu)) is not None:
        take(option)


def value_box(
    label: str,
    key: str,
    first: T,
    read: Callable[[str], T],
    *,
    scope: str,
    write: Callable[[T], str] = str,
    remark: Callable[[str, T], str] = lambda text, value: "",
    **settings: Any,
) -> T:
    """Draw a box for a value that has a text; return the value.

    Args:
        label: the label.
        key: the key.
        first: the value to begin with.
        read: returns the value of a text. Raises InitsError, whose message is shown; the value then stays.
        scope: where `refusal` shows the message, usually a page.
        write: returns the text of a value.
        remark: returns what to say about how a text was understood; "" for nothing.
        settings: passed to `text_box`.
    """
    value: T = session.TYPED.setdefault(key, first)

    def take(text: str) -> None:
        try:
            session.TYPED[key] = found = read(text)
            accept(scope, remark(text, found))
        except InitsError as error:
            refuse(scope, str(error))

    text_box(label, key, write(value), take, **settings)
    return value


def number_box(label: str, key: str, first: N, read: Callable[[str], N], *, scope: str, **settings: Any) -> N:
    """Draw a box for a number that shows all its digits; return the number. The arguments are those of `value_box`."""
    keypad = settings.pop("keypad", isinstance(first, int))
    return value_box(label, key, first, read, scope=scope, write=exact, keypad=keypad, **settings)


def box_value(key: str, first: T) -> T:
    """Return the value of a box that may be drawn later in this run: `first` if it was never drawn."""
    value: T = session.TYPED.get(key, first)
    return value


def set_box(key: str, value: object) -> None:
    """Set the value of a box."""
    session.TYPED[key] = value
