"""The web server around the pages: headers that browsers obey, a health endpoint, what is told when a page fails."""

import base64
import hashlib
import logging
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
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
from pages.parts.compute.engine_access import engine
from pages.parts.page.notes import problem
from pages.parts.page.state import REPLACE

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
    "connect-src": "'self' ws: wss: blob: data:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
GRACE = 3  # seconds until a server that ends waits no longer for those who do not hang up
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class Headers:
    """Middleware: every answer says what a browser may do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({"Content-Security-Policy": policy(), **HEADERS})
            await send(message)

        await self._app(scope, receive, dressed)


@cache
def policy() -> str:
    """The Content-Security-Policy; of inline scripts it allows those of Streamlit's own page, and our one."""
    page = Path(st.__file__).with_name("static") / "index.html"
    texts = [*_INLINE.findall(page.read_text("utf-8")), REPLACE]
    scripts = " ".join(f"'sha256-{_digest(text)}'" for text in texts)
    return "; ".join(f"{name} {value.format(scripts=scripts)}".strip() for name, value in POLICY.items())


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


async def health(request: Request) -> JSONResponse:
    """What is up, in single words: 503 when nothing can be trained. Whoever asks has the compute process started."""
    made = engine()
    status = made.status
    compute = {"phase": status.phase, "slots": made.slots, "data": status.dataset}
    code = 503 if status.phase == "failed" else 200
    return JSONResponse({"compute": compute, "jail": made.sandbox.state.phase}, code)


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """The settings are understood before anybody comes; the log says when the server began and ended."""
    began = time.monotonic()
    logs.begin(settings.read().log)
    _end_in_time()
    log.info("server begins")
    yield
    log.info("server ends seconds=%.0f", time.monotonic() - began)


def _end_in_time() -> None:
    """Tell uvicorn how long to wait at its end: Streamlit has no setting for it, and without one it waits for ever.

    For a browser that came in the last moment, say, or for an upload that has stopped on its way.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    config = getattr(server, "config", None)
    if config is not None and hasattr(config, "timeout_graceful_shutdown"):
        config.timeout_graceful_shutdown = GRACE


def told(error: Exception) -> bool:
    """One sentence for what nobody foresaw, with a name under which the log has all of it. True: it is shown."""
    name = uuid4().hex[:8]
    log.error("page failed name=%s", name, exc_info=error)
    problem(
        f"Something went wrong here that the app did not foresee. Reload the page; if it happens again, tell whoever "
        f"runs this server that it is in the log as {name}."
    )
    return True


ROUTES = (Route("/health", health),)
MIDDLEWARE = (Middleware(Headers),)
