"""The secret that proves that a user has started the app: it is part of an address that only the terminal shows.

Where there is no jail, code may run with the rights of the person who started the app, who must be the one to ask for
it. The name of the host and the address of the browser do not prove that: every account on the machine has them.
"""

import secrets
from functools import cache

import streamlit as st

from pages.parts.page import session
from pages.parts.page.catalog import PAGES
from pages.parts.page.session import ALL_PAGES

TOKEN = "token"  # its name in the address


@cache
def secret() -> str:
    """Return the secret of this server, another one after every start."""
    return secrets.token_urlsafe(24)


def claim(token: str) -> None:
    """Note that this session belongs to the person who started the app, if the token is right."""
    if secrets.compare_digest(token.encode(), secret().encode()):
        session.OWNER[ALL_PAGES] = True


def is_owner() -> bool:
    """Return True if this session was opened with the address that the terminal shows."""
    return session.OWNER.get(ALL_PAGES, False)


def start_address() -> str:
    """Return the address of Your code with the secret."""
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    host, base = str(st.get_option("server.address")), str(st.get_option("server.baseUrlPath")).strip("/")
    host = f"[{host}]" if ":" in host else host
    path = "/".join(part for part in (base, PAGES["custom"].name) if part)
    return f"{scheme}://{host}:{st.get_option('server.port')}/{path}?{TOKEN}={secret()}"


@cache
def announce() -> None:
    """Print the address with the secret on the terminal, once."""
    print(
        "\n  This computer has no jail for pasted code. To run your own code without one, open this address:\n\n"
        f"  {start_address()}\n",
        flush=True,
    )
