"""A page's state: kept for the session, written into the address, read back from it.

Values are texts under short names. A page loads them first, seeds its widgets, and saves what they say. What a person
changes is a new entry of the browser's history; what a page writes when it is opened takes the place of the entry that
opened it, so that Back leads away from it.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from html import escape
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlencode

import streamlit as st

from inits.errors import InitsError, SpecError
from pages.parts.page.notes import odd_link

T = TypeVar("T")


PAGE = "page"  # the page that ran last
AGAIN, BY_ITSELF = "again", "by itself"  # the page runs next, or now, for what has come meanwhile
DIALOG = "dialog"  # after a page's name: which of its dialogs is open
LATE = 2.0  # seconds after which the browser has heard of an address
# Always the same text: the server's policy lets it run by its digest.
REPLACE = (
    "{ const told = [...document.querySelectorAll('[data-address]')].pop();"
    " history.replaceState(history.state, '', location.pathname + told.dataset.address + location.hash); }"
)


def load(page: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """What the page shows: the address if it has changed by itself (a link, Back, a reload), else this session's.

    Unknown names in the address are told and left out.
    """
    session = st.session_state
    kept: dict[str, str] = session.get(f"{page}:state", dict(defaults))
    address, before = st.query_params.to_dict(), session.get(f"{page}:address")
    stayed, session[PAGE] = session.get(PAGE) == page, page
    session[BY_ITSELF] = session.pop(AGAIN, False)
    # The browser still tells the address in whose place another was put a moment ago.
    waiting = stayed and address == session.get(f"{page}:replaced")
    late = stayed and _is_late(page, address)
    changed = address != before and not (waiting or late) and bool(address or (stayed and before is not None))
    if changed:
        kept = {**defaults, **{name: value for name, value in address.items() if name in defaults}}
        forget(page)
        unknown = [name for name in address if name not in defaults]
        session[f"{page}:odd"] = dict.fromkeys(unknown, "This page has no such setting.")
        session[f"{page}:address"] = address  # now: a run can end before it saves, when a person is quick
    if not waiting:
        session.pop(f"{page}:replaced", None)
    if waiting or changed or not stayed:
        session[f"{page}:opened"] = True
    if changed or not stayed:
        session.pop(f"{page}:{DIALOG}", None)  # it was left with the page
    session[f"{page}:state"], session[f"{page}:defaults"] = kept, defaults
    for name, words in session.get(f"{page}:odd", {}).items():
        odd_link(name, words)
    return dict(kept)


def save(page: str, values: Mapping[str, str], defaults: Mapping[str, str]) -> None:
    """Keep the values beside those kept before; when they are others, write them into the address but for defaults.

    A link may say them in its own words: it is left as it is until something changes.
    """
    session, told = st.session_state, st.query_params.to_dict()
    kept = {**session.get(f"{page}:state", defaults), **values}
    address = {name: value for name, value in kept.items() if value != defaults[name]}
    if session.pop(f"{page}:opened", False):
        session[f"{page}:address"] = told or address
        if address and not told:
            session[f"{page}:replaced"] = told
            _replace(address)
    elif kept != session.get(f"{page}:said"):
        before, session[f"{page}:address"] = session.get(f"{page}:address", told), address
        session.pop(f"{page}:odd", None)
        if told != address:
            session.setdefault(f"{page}:past", []).extend((monotonic(), one) for one in (told, before))
            st.query_params.from_dict(address)
    session[f"{page}:state"] = session[f"{page}:said"] = kept
    session[f"{page}:widgets"] = _widgets(page)


def _is_late(page: str, address: Mapping[str, str]) -> bool:
    """Whether the browser tells an address that we have replaced meanwhile: a person made two changes quickly.

    Back would tell the same, but changes nothing else.
    """
    session = st.session_state
    left = [one for one in session.get(f"{page}:past", ()) if monotonic() - one[0] < LATE]
    session[f"{page}:past"] = left
    if all(address != one for _, one in left):
        return False
    before = session.get(f"{page}:widgets", {})
    now = {key: value for key, value in _widgets(page).items() if value is not None and value is not False}
    return any(
        key in before and before[key] != value for key, value in now.items()
    )  # no button that was let go


def _widgets(page: str) -> dict[str, Any]:
    """What the page's widgets say."""
    simple = (str, int, float, tuple, list, type(None))
    return {
        str(key): value
        for key, value in st.session_state.to_dict().items()
        if str(key).startswith(f"{page}.") and isinstance(value, simple)
    }


def run_again() -> None:
    """Run the page again for what has come meanwhile; when a person has a dialog open, they close it first."""
    session = st.session_state
    if f"{session.get(PAGE)}:{DIALOG}" not in session:
        session[AGAIN] = True
        st.rerun()


def ran_by_itself() -> bool:
    """Whether the page runs for what has come, and not for what a person did."""
    return bool(st.session_state.get(BY_ITSELF))


def linked(page: str, name: str, options: Collection[str], widget: Callable[[str], T], first: str = "") -> T:
    """What a widget says that chooses how something is shown, as part of the page's address.

    For widgets that come after `save`, also in fragments. `widget` draws it under the key that it is given; it begins
    with what the address says, else with `first`, else with the first option. A choice that is not there now is kept
    for when it is.
    """
    session, key = st.session_state, f"{page}.{name}"
    kept, defaults = session.get(f"{page}:state", {}), session.get(f"{page}:defaults", {})
    begin = kept.get(name) if kept.get(name) in options else first or next(iter(options))
    if session.get(key) not in options:
        session[key] = begin
    value = widget(seed(key, begin))
    if name in defaults and str(value) != begin:
        save(page, {name: str(value)}, defaults)
    return value


def _replace(address: Mapping[str, str]) -> None:
    """Put an address in the place of the one that the browser shows."""
    query = escape(f"?{urlencode(address)}" if address else "")
    st.html(f'<span data-address="{query}"></span><script>{REPLACE}</script>', unsafe_allow_javascript=True)


def read(kept: Mapping[str, str], defaults: Mapping[str, str], name: str, parse: Callable[[str], T]) -> T:
    """One value of a state; what cannot be understood is at its default, and said."""
    try:
        return parse(kept[name])
    except InitsError as error:
        odd_link(name, str(error))
        st.session_state.setdefault(f"{st.session_state.get(PAGE)}:odd", {})[name] = str(error)
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
