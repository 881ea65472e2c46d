"""The state of a page: kept for the session, written into the address, and read from it.

Values are texts under short names. A page loads them first, gives its widgets their first values, and saves the values
of the widgets. A change by the user is a new entry in the browser's history. What a page writes when it is opened
replaces the entry that opened it, so that Back leads away from the page.
"""

from collections.abc import Callable, Collection, Mapping
from itertools import islice
from time import monotonic
from typing import NoReturn, TypeVar

import streamlit as st

from inits.errors import InitsError
from pages.parts.page import session
from pages.parts.page.notes import odd_link
from pages.parts.page.owner import TOKEN, claim
from pages.parts.page.session import ALL_PAGES, PageState, seeded, widget_key
from pages.parts.page.shown_address import show_address

T = TypeVar("T")

MAX_PROBLEMS = 5  # of an address that are shown
LATE = 2.0  # seconds after which the browser has received an address


def load(page: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """Return the values to show: from the address after a link, Back or a reload, else those of the session.

    Unknown names in the address are reported and left out.
    """
    defaults = dict(defaults)
    now = session.STATE.setdefault(page, PageState(dict(defaults), defaults))
    now.defaults = defaults
    address, token = _address(), st.query_params.get(TOKEN)
    if token is not None:
        claim(token)
        show_address(page, address, "replace")
    stayed = session.CURRENT_PAGE.get(ALL_PAGES) == page
    session.CURRENT_PAGE[ALL_PAGES] = page
    session.RAN_AGAIN[ALL_PAGES] = session.RUN_AGAIN.pop(ALL_PAGES, False)
    own = session.OWN_RERUN.pop(ALL_PAGES, False)
    # The browser still reports the address in whose place another one was put a moment ago.
    waiting = stayed and address == now.replaced
    late = stayed and (own or _is_late(page, now, address))
    before = now.address
    changed = address != before and not (waiting or late) and bool(address or (stayed and before is not None))
    if changed:
        now.values = {**defaults, **{name: value for name, value in address.items() if name in defaults}}
        session.forget(page)
        unknown = [name for name in address if name not in defaults]
        now.problems = dict.fromkeys(unknown, "This page has no such setting.")
        now.address = address  # at once: after two quick changes a run can end before it saves
    if not waiting:
        now.replaced = None
    if waiting or changed or not stayed:
        now.opened = True
    if changed or not stayed:
        session.DIALOG.pop(page)  # it was left with the page
        session.CODE_REQUESTS.pop(page)  # what failed is tried again
    for name, words in islice(now.problems.items(), MAX_PROBLEMS):
        odd_link(name, words)
    return dict(now.values)


def save(page: str, values: Mapping[str, str], defaults: Mapping[str, str]) -> None:
    """Keep the values beside those kept before; if they have changed, write them into the address.

    Defaults are left out of the address. A link may spell values differently: it stays as it is until a value changes.
    """
    now, shown = session.STATE.setdefault(page, PageState(dict(defaults), dict(defaults))), _address()
    kept = {**now.values, **values}
    address = {name: value for name, value in kept.items() if value != defaults[name]}
    if now.opened:
        now.opened = False
        now.address = shown or address
        if address and not shown:
            now.replaced = shown
            show_address(page, address, "replace")
    elif kept != now.saved:
        before, now.address = shown if now.address is None else now.address, address
        now.problems = {}
        if shown != address:
            now.past += [(monotonic(), one) for one in (shown, before)]
            st.query_params.from_dict(address)
    now.values = now.saved = kept
    now.controls = session.control_values(page)


def postpone(page: str) -> bool:
    """Return True if the page can save later: what is still arriving and what has arrived are then one entry."""
    now, shown = session.STATE[page], _address()
    if now.opened and shown:
        return False  # by a link or Back: the address stays as it is
    if now.opened:
        now.address = shown
    return True


def _address() -> dict[str, str]:
    """Return the settings in the address that the browser reports."""
    return {name: value for name, value in st.query_params.to_dict().items() if name != TOKEN}


def _is_late(page: str, now: PageState, address: Mapping[str, str]) -> bool:
    """Return True if the browser reports an address that the page has replaced: two changes came quickly.

    Back reports such an address too, but then no control has changed.
    """
    now.past = [one for one in now.past if monotonic() - one[0] < LATE]
    if all(address != one for _, one in now.past):
        return False
    return any(
        key in now.controls and now.controls[key] != value
        for key, value in session.control_values(page).items()
        if value is not None and value is not False  # False: a button that was released
    )


def values(page: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """Return what a page shows in this session, or its defaults before its first run."""
    now = session.STATE.get(page)
    return dict(defaults if now is None else now.values)


def own_settings(page: str) -> dict[str, str]:
    """Return the fields of the address for what a page shows in this session; those with their defaults left out."""
    now = session.STATE.get(page, PageState({}, {}))
    return {name: value for name, value in now.values.items() if value != now.defaults.get(name)}


def replace(page: str, values: Mapping[str, str], defaults: Mapping[str, str]) -> None:
    """Have a page show these values from its next run on."""
    session.STATE.setdefault(page, PageState(dict(defaults), dict(defaults))).values = dict(values)
    session.forget(page)


def opened_by(page: str, name: str) -> bool:
    """Return True if the page was opened just now by an address that holds this name alone."""
    return session.STATE[page].opened and set(_address()) == {name}


def put(page: str, name: str, value: str) -> None:
    """Change one value of a page that has been opened before; its next `save` writes it into the address.

    Another page than the present one still opens with all that its address holds, as after Back.
    """
    if now := session.STATE.get(page):
        now.values = {**now.values, name: value}
        if page != session.CURRENT_PAGE.get(ALL_PAGES):
            now.address = None


def rerun() -> NoReturn:
    """Run the page again now. An earlier address that the browser still reports then changes no setting."""
    session.OWN_RERUN[ALL_PAGES] = True
    st.rerun()


def run_again() -> None:
    """Run the page again to show what has arrived, unless a dialog is open: then when it is closed."""
    if session.CURRENT_PAGE.get(ALL_PAGES, "") not in session.DIALOG:
        session.RUN_AGAIN[ALL_PAGES] = True
        rerun()


def ran_by_itself() -> bool:
    """Return True if this run shows what has arrived, and does not answer a change by the user."""
    return session.RAN_AGAIN.get(ALL_PAGES, False)


def linked(page: str, name: str, options: Collection[str], widget: Callable[[str], T], first: str = "") -> T:
    """Return the value of a widget that chooses how something is shown, as part of the page's address.

    For widgets that come after `save`, also in fragments. A choice that is no option now is kept until it is one.

    Args:
        page: the page.
        name: the name of the choice in the address.
        options: the possible values.
        widget: draws the widget under the key that it receives, and returns its value.
        first: the value to begin with if the address has none; "" for the first option.
    """
    key = widget_key(page, name)
    now = session.STATE.get(page, PageState({}, {}))
    begin = now.values[name] if now.values.get(name) in options else first or next(iter(options))
    if session.widget_value(key) not in options:
        session.set_widget(key, begin)
    value = widget(seeded(key, begin))
    if name in now.defaults and str(value) != begin:
        save(page, {name: str(value)}, now.defaults)
    return value


def read(kept: Mapping[str, str], defaults: Mapping[str, str], name: str, parse: Callable[[str], T]) -> T:
    """Return one value of a state; a text that is not valid is reported, and the default takes its place."""
    try:
        return parse(kept[name])
    except InitsError as error:
        odd_link(name, str(error))
        if now := session.STATE.get(session.CURRENT_PAGE.get(ALL_PAGES, "")):
            now.problems[name] = str(error)
        return parse(defaults[name])
