"""Limit the uploads that are in memory: of each session, and of all sessions together.

Streamlit limits the size of a file, but not the number of files. It keeps all files of a session until some time after
the session has left, and shows only a status code for a refused upload; here the page shows the reason.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from inits import settings
from inits.text import count
from pages.parts.compute.job_control import session_id
from pages.parts.page.notes import problem

log = logging.getLogger(__name__)

MB = 1_000_000
FRAMING = 1 * MB  # bytes of a request beside its file
MAX_FILES = 20  # of a session
STALL = 30.0  # seconds without a byte after which an upload is refused
_ADDRESS = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+/?")

_refusals: dict[str, str] = {}  # the reason for which the last upload of a session was refused


def uploader(label: str, endings: str | Sequence[str], key: str, **options: Any) -> UploadedFile | None:
    """Draw an uploader and return its file; show why the last upload of this session was refused.

    Args:
        label: see `st.file_uploader`, also for the options.
        endings: of the names of files that can be chosen.
        key: the key of the widget.
    """
    uploaded: UploadedFile | None = st.file_uploader(label, endings, key=key, **options)
    if reason := _refusals.pop(session_id(), ""):
        problem(reason)
    return uploaded


def free(uploaded: UploadedFile) -> None:
    """Free the memory of an upload, which Streamlit would keep until the session ends."""
    context, manager = get_script_run_ctx(), _manager()
    if context is not None and manager is not None:
        manager.remove_file(context.session_id, uploaded.file_id)


def free_abandoned() -> None:
    """Free the uploads of sessions that have left: Streamlit would keep them until another one leaves much later."""
    manager = _manager()
    for session in {*_files(), *_refusals}:
        if manager is not None and not Runtime.instance().is_active_session(session):
            manager.remove_session_files(session)
            _refusals.pop(session, None)


class Uploads:
    """Middleware that counts the bytes of uploads as they arrive, and refuses those for which there is no room."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._arriving: Counter[str] = Counter()  # bytes of unfinished uploads by session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = (
            _ADDRESS.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        )
        if found is None:
            await self._app(scope, receive, send)
            return
        session, size = found[1], 0

        async def counted() -> Message:
            nonlocal size
            try:
                message = await asyncio.wait_for(receive(), STALL)
            except TimeoutError:
                _refuse(session, 408, f"The upload stopped for {STALL:g} s. Upload the file again.")
            more = len(message.get("body", b""))
            size += more
            self._arriving[session] += more
            self._check(session)
            return message

        try:
            await self._app(scope, counted, send)
        except ClientDisconnect:  # there is no one to answer
            log.debug("upload aborted by the browser")
        finally:
            self._arriving.subtract({session: size})
            self._arriving += Counter()  # drops the session if nothing else arrives

    def _check(self, session: str) -> None:
        """Refuse the upload if there is no room for what has arrived."""
        files, most = _files(), settings.read().uploads_mb * MB
        own = files.get(session, [])
        largest = int(st.get_option("server.maxUploadSize"))
        if _size(own) + self._arriving[session] > largest * (1 << 20) + FRAMING or len(own) >= MAX_FILES:
            what = f"The uploads of this page take more than {count(largest)} MB"
            _refuse(session, 413, f"{what}. Reload the page, and upload the file again.")
        if sum(map(_size, files.values())) + self._arriving.total() > most:
            what = f"The uploads of all users take more than {count(most // MB)} MB"
            _refuse(session, 413, f"{what}. Upload the file again in a minute.")


def _refuse(session: str, status: int, reason: str) -> NoReturn:
    """Answer an upload with a status code, and have the page of its session show the reason."""
    if active := Runtime.instance()._session_mgr.get_active_session_info(session):
        _refusals[session] = reason
        active.session.request_rerun(active.session._client_state)
    raise HTTPException(status, reason)


def _manager() -> MemoryUploadedFileManager | None:
    manager = Runtime.instance().uploaded_file_mgr if Runtime.exists() else None
    return manager if isinstance(manager, MemoryUploadedFileManager) else None


def _files() -> Mapping[str, list[UploadedFileRec]]:
    """Return the uploads that Streamlit holds in memory, by session."""
    manager = _manager()
    found = {} if manager is None else dict(manager.file_storage)
    return {session: list(files.values()) for session, files in found.items()}


def _size(files: Sequence[UploadedFileRec]) -> int:
    return sum(len(file.data) for file in files)
