"""A page's state: kept for the session, written into the address, read back from it.

Values are texts under short names. A page loads them first, seeds its widgets, and saves what they say.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import streamlit as st

from inits.errors import InitsError, SpecError
from pages.shared.notes import odd_link

T = TypeVar("T")


def load(page: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """What the page shows: the address if it has changed by itself (a link, a reload), else this session's.

    Unknown names in the address are left out.
    """
    kept: dict[str, str] = st.session_state.get(f"{page}:state", dict(defaults))
    address = {name: st.query_params[name] for name in st.query_params if name in defaults}
    if address and address != st.session_state.get(f"{page}:address"):
        kept = {**defaults, **address}
        forget(page)
    st.session_state[f"{page}:state"] = kept
    return dict(kept)


def save(page: str, values: Mapping[str, str], defaults: Mapping[str, str]) -> None:
    """Keep the values and write those that are not the defaults into the address."""
    st.session_state[f"{page}:state"] = dict(values)
    address = {name: value for name, value in values.items() if value != defaults[name]}
    st.session_state[f"{page}:address"] = address
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)


def read(kept: Mapping[str, str], defaults: Mapping[str, str], name: str, parse: Callable[[str], T]) -> T:
    """One value of a state; what cannot be understood is at its default, and said."""
    try:
        return parse(kept[name])
    except InitsError as error:
        odd_link(name, str(error))
        return parse(defaults[name])


def whole(name: str, low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers from low to high. It raises SpecError."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"-?\d{1,15}", text) or not low <= int(text) <= high:
            raise SpecError(f"{name} must be a whole number from {low} to {high:,}. Received {text}.")
        return int(text)

    return parse


def positive(name: str) -> Callable[[str], float]:
    """A parser of numbers above 0. It raises SpecError."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 < value < float("inf"):
            raise SpecError(f"{name} must be a positive number. Received {text}.")
        return value

    return parse


def one_of(name: str, choices: Iterable[str]) -> Callable[[str], str]:
    """A parser of a choice. It raises SpecError."""

    def parse(text: str) -> str:
        if text not in choices:
            raise SpecError(f"{name} must be one of {', '.join(choices)}. Received {text}.")
        return text

    return parse


def forget(page: str, keep: Iterable[str] = ()) -> None:
    """Drop the page's widgets but those to keep, so that they are seeded anew."""
    kept = {f"{page}.{name}" for name in keep}
    for key in [key for key in st.session_state if str(key).startswith(f"{page}.") and key not in kept]:
        del st.session_state[key]


def seed(key: str, value: Any) -> str:
    """Give the widget `key` its first value; returns the key.

    A value is set in every run: a widget in a popover that nobody has opened yet does not exist in the browser,
    and would show its own default when it is opened later.
    """
    st.session_state[key] = st.session_state.get(key, value)
    return key
