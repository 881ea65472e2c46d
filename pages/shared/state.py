"""A page's state: kept for the session, written into the address, read back from it.

Values are texts under short names. A page loads them first, seeds its widgets, and saves what they say.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st


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


def forget(page: str) -> None:
    """Drop the page's widgets, so that they are seeded anew."""
    for key in [key for key in st.session_state if str(key).startswith(f"{page}.")]:
        del st.session_state[key]


def seed(key: str, value: Any) -> str:
    """Give the widget `key` its first value; returns the key.

    A value is set in every run: a widget in a popover that nobody has opened yet does not exist in the browser,
    and would show its own default when it is opened later.
    """
    st.session_state[key] = st.session_state.get(key, value)
    return key
