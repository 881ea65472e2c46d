"""The HTML document at the addresses of all pages: that of Streamlit, with a script of our own before its scripts."""

from functools import cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from pages.parts.page.catalog import HOME, PAGES


@cache
def document() -> str:
    """Return the document. Its relative addresses work because every page is one step below the root."""
    page = Path(st.__file__).with_name("static") / "index.html"
    ours = Path(__file__).with_suffix(".js").read_text("utf-8").replace("%HOME%", HOME)
    return page.read_text("utf-8").replace("<script>", f"<script>{ours}</script>\n    <script>", 1)


async def deliver(request: Request) -> HTMLResponse:
    """Deliver the document."""
    return HTMLResponse(document(), headers={"Cache-Control": "no-cache"})


def routes() -> list[Route]:
    """Return the routes of all pages, below the base path of the server."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return [Route("/".join(("", *filter(None, (base,)), name)), deliver) for name in ("", *PAGES)]
