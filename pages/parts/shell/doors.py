"""Refuse requests under a foreign host name, and those that a page of another site has sent.

Streamlit accepts every host name, which another site can let point to this machine. It compares the origin of a
websocket with the addresses of this machine, for which it makes HTTP requests to the outside that block all sessions.
"""

import socket
from functools import cache

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from pages.parts.page.hosts import host_name, is_address, is_loopback

POLICY_VIOLATION = 1008  # the code that closes a websocket
HEALTH, METRICS = ("/health", "/_stcore/health"), "/_stcore/metrics"
READING = ("GET", "HEAD", "OPTIONS")
FOREIGN_HOST = (
    "This server does not answer under this host name. "
    "Its operator can allow the name with --server.allowedHosts.\n"
)
FOREIGN_ORIGIN = "A page of another site has sent this request. Open the app under its own address.\n"


class Doors:
    """Middleware that passes on the requests of programs and of the pages of this server, under a known host name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = refuse(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})


def refuse(scope: Scope) -> PlainTextResponse | None:
    """Return the answer to a request that is refused, or None."""
    headers, path = Headers(scope=scope), scope["path"].rstrip("/")
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    host = hosts[0] if len(hosts) == 1 else ""
    if not path.isprintable():  # Starlette's routes ignore a newline at the end
        return PlainTextResponse("Bad request\n", 400)
    if path.endswith(METRICS):
        return PlainTextResponse("Not found\n", 404)
    if not (host_allowed(host) or (path.endswith(HEALTH) and is_address(host_name(host)))):
        return PlainTextResponse(FOREIGN_HOST, 400)
    reading = scope["type"] == "http" and scope["method"] in READING
    return None if reading or origin_allowed(origins, host) else PlainTextResponse(FOREIGN_ORIGIN, 403)


def host_allowed(host: str) -> bool:
    """Return True for the `Host` of a request that is answered.

    These are the names in Streamlit's option `server.allowedHosts`. Without it: localhost, addresses of the loopback
    interface and `browser.serverAddress`; if the server listens to a network, also other IP addresses, the name that it
    listens to and the name of this machine. A site can let none of these point to another machine.
    """
    if st.get_option("server.allowedHosts"):
        return is_host_allowed(host)
    name, address = host_name(host), st.get_option("server.address") or ""
    if not name:
        return False
    if is_loopback(name) or name == st.get_option("browser.serverAddress"):
        return True
    return not is_loopback(address) and (is_address(name) or name in (address, *_names_of_this_machine()))


@cache
def _names_of_this_machine() -> tuple[str, ...]:
    name = socket.gethostname().lower()
    return name, f"{name.split('.')[0]}.local"


def origin_allowed(origins: list[str], host: str) -> bool:
    """Return True for no origin, as of programs, and for that of a page of this server, port included.

    `server.enableCORS=false` allows all origins, as in Streamlit.
    """
    own = (f"http://{host}", f"https://{host}")
    return not origins or not st.get_option("server.enableCORS") or (len(origins) == 1 and origins[0] in own)
