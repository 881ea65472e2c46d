"""The web server around the pages: security headers, a health endpoint, and the message when a page fails."""

import asyncio
import base64
import hashlib
import logging
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from uuid import uuid4

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inits import logs, settings
from inits.sandbox import syscalls
from pages.parts.compute.engine_access import started_engine
from pages.parts.compute.uploads import Uploads, free_abandoned
from pages.parts.page.hosts import is_loopback
from pages.parts.page.notes import problem
from pages.parts.page.owner import announce
from pages.parts.page.shown_address import SCRIPT
from pages.parts.shell.document import document, routes
from pages.parts.shell.doors import Doors
from pages.parts.shell.messages import Messages
from pages.parts.shell.sessions import raise_limit

log = logging.getLogger("inits.server")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' blob: {scripts}",  # Streamlit loads the code of small components from blobs
    "style-src": "'self' 'unsafe-inline'",  # Streamlit and plotly write styles into the page
    "img-src": "'self' blob: data:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "connect-src": "'self' blob: data:",  # includes the websocket
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
CLEANING = 10.0  # seconds between two searches for uploads of sessions that have left
GRACE = 3  # seconds that a stopping server waits for open connections
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class Headers:
    """Middleware that adds the security headers to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({"Content-Security-Policy": policy(), **HEADERS})
            await send(message)

        await self._app(scope, receive, send_with_headers)


@cache
def policy() -> str:
    """Return the Content-Security-Policy. Its inline scripts are those of the document, and `SCRIPT`."""
    texts = [*_INLINE.findall(document()), SCRIPT]
    scripts = " ".join(f"'sha256-{_digest(text)}'" for text in texts)
    return "; ".join(f"{name} {value.format(scripts=scripts)}".strip() for name, value in POLICY.items())


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


async def health(request: Request) -> JSONResponse:
    """Return the state of the processes, with 503 if nothing can be trained. Starts none of them."""
    running = started_engine()
    if running is None:
        return JSONResponse({"compute": {"phase": "asleep", "slots": 0, "data": ""}, "jail": "asleep"})
    status = running.status
    compute = {"phase": status.phase, "slots": running.slots, "data": status.dataset}
    code = 503 if status.phase == "failed" else 200
    return JSONResponse({"compute": compute, "jail": running.sandbox.state.phase}, code)


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Read the settings before the first request, log the start and the end, and free what sessions leave behind."""
    began = time.monotonic()
    logs.begin(settings.read().log)
    raise_limit()
    _limit_shutdown()
    log.info("server begins")
    if (
        settings.read().code
        and not syscalls.supported()
        and is_loopback(st.get_option("server.address") or "")
    ):
        announce()
    cleaning = asyncio.create_task(_clean())
    yield
    cleaning.cancel()
    log.info("server ends seconds=%.0f", time.monotonic() - began)


async def _clean() -> None:
    while True:
        await asyncio.sleep(CLEANING)
        try:
            free_abandoned()
        except Exception:  # tried again: otherwise the uploads would fill the memory
            log.exception("Uploads of sessions that have left could not be freed")


def _limit_shutdown() -> None:
    """Limit how long uvicorn waits for open connections when it stops: Streamlit has no setting for it.

    Without a limit it would wait forever for a late browser or a stalled upload.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    config = getattr(server, "config", None)
    if config is not None and hasattr(config, "timeout_graceful_shutdown"):
        config.timeout_graceful_shutdown = GRACE


def report_failure(error: Exception) -> bool:
    """Show one sentence for an unexpected error, with a name under which the log has the details. Returns True."""
    name = uuid4().hex[:8]
    log.error("page failed name=%s", name, exc_info=error)
    problem(
        "An unexpected error occurred. Reload the page. If it happens again, report it to the operator of this server: "
        f"the log has the details under {name}."
    )
    return True


ROUTES = (Route("/health", health), *routes())
MIDDLEWARE = (Middleware(Headers), Middleware(Doors), Middleware(Messages), Middleware(Uploads))
