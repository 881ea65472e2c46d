"""Uploads that are in memory: limits for a session and for all, counted as bytes arrive, and what is freed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message
from streamlit import config
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from benchmarks.visits import wait_for
from pages.parts.compute import uploads
from pages.parts.compute.uploads import MAX_FILES, MB, Uploads, free_abandoned
from pages.parts.shell import server

OWN = "The uploads of this page take more than 4 MB"
ALL = "The uploads of all users take more than 7 MB"


@pytest.fixture
def reruns() -> list[str]:
    return []


@pytest.fixture
def active() -> set[str]:
    return {"ann", "bob", "eve"}


@pytest.fixture
def manager(
    monkeypatch: pytest.MonkeyPatch, reruns: list[str], active: set[str]
) -> Iterator[MemoryUploadedFileManager]:
    """Return Streamlit's store of uploads: 4 MiB for a file, 7 MB for all files."""

    def session(name: str) -> SimpleNamespace | None:
        one = SimpleNamespace(request_rerun=reruns.append, _client_state=f"the page of {name}")
        return SimpleNamespace(session=one) if name in active else None

    manager = MemoryUploadedFileManager("/_stcore/upload_file")
    sessions = SimpleNamespace(get_active_session_info=session)
    runtime = SimpleNamespace(
        uploaded_file_mgr=manager, is_active_session=active.__contains__, _session_mgr=sessions
    )
    monkeypatch.setattr(uploads, "Runtime", SimpleNamespace(exists=lambda: True, instance=lambda: runtime))
    monkeypatch.setattr(uploads, "_refusals", {})
    monkeypatch.setenv("INITS_UPLOADS_MB", "7")
    before = config.get_option("server.maxUploadSize")
    config.set_option("server.maxUploadSize", 4)
    yield manager
    config.set_option("server.maxUploadSize", before)


def keep(manager: MemoryUploadedFileManager, session: str, name: str, size: int) -> None:
    manager.add_file(session, UploadedFileRec(name, f"{name}.npz", "application/zip", bytes(size)))


class Server:
    """Streamlit behind the middleware: it receives a body to its end, and then keeps it."""

    def __init__(self, manager: MemoryUploadedFileManager) -> None:
        self.manager, self.held = manager, Uploads(self._keep)

    async def _keep(
        self, scope: dict[str, str], receive: Callable[[], AsyncIterator[Message]], send: object
    ) -> None:
        body, more = 0, True
        while more:
            message = await receive()
            body, more = body + len(message["body"]), message["more_body"]
        keep(self.manager, scope["path"].split("/")[-2], scope["path"].split("/")[-1], body)

    async def put(
        self, session: str, name: str, parts: list[int], pause: asyncio.Event | None = None
    ) -> None:
        left = list(parts)

        async def receive() -> Message:
            if pause is not None and not left:
                await pause.wait()
            size = left.pop(0) if left else 0
            return {
                "type": "http.request",
                "body": bytes(size),
                "more_body": bool(left) or (pause is not None and not pause.is_set()),
            }

        scope = {"type": "http", "method": "PUT", "path": f"/base/_stcore/upload_file/{session}/{name}"}
        await self.held(scope, receive, None)


def refused(server: Server, session: str, name: str, parts: list[int]) -> HTTPException:
    with pytest.raises(HTTPException) as caught:
        wait_for(server.put(session, name, parts))
    return caught.value


def test_a_session_holds_one_file_of_the_largest_size(manager, reruns) -> None:
    server = Server(manager)
    wait_for(server.put("ann", "a", [2 * MB, 2 * MB]))
    found = refused(server, "ann", "b", [MB, MB, MB])
    assert (found.status_code, found.detail.startswith(OWN)) == (413, True)
    assert uploads._refusals["ann"] == found.detail
    assert reruns == ["the page of ann"]  # the page shows the reason
    manager.remove_file("ann", "a")  # as when the page has taken it
    wait_for(server.put("ann", "c", [3 * MB]))


def test_an_upload_is_refused_as_soon_as_it_is_too_large(manager) -> None:
    assert refused(Server(manager), "eve", "a", [MB] * 6).detail.startswith(OWN)


def test_what_arrives_counts_before_it_has_arrived(manager) -> None:
    server = Server(manager)

    async def attempt() -> None:
        pause = asyncio.Event()
        first = asyncio.create_task(server.put("eve", "a", [3 * MB], pause))
        second = asyncio.create_task(server.put("bob", "a", [3 * MB], pause))
        await asyncio.sleep(0.01)
        with pytest.raises(HTTPException, match=OWN):
            await server.put("eve", "b", [3 * MB])
        with pytest.raises(HTTPException, match=ALL):
            await server.put("ann", "c", [2 * MB])
        pause.set()
        await asyncio.gather(first, second)

    wait_for(attempt())
    assert not server.held._arriving
    assert refused(server, "ann", "c", [2 * MB]).detail.startswith(ALL)


def test_the_number_of_files_of_a_session_is_limited(manager) -> None:
    server = Server(manager)
    for number in range(MAX_FILES):
        wait_for(server.put("ann", str(number), [0]))
    assert refused(server, "ann", "more", [0]).status_code == 413


def test_an_upload_that_stops_is_ended(manager, monkeypatch) -> None:
    monkeypatch.setattr(uploads, "STALL", 0.01)
    server = Server(manager)

    async def attempt() -> None:
        with pytest.raises(HTTPException, match="The upload stopped"):
            await server.put("ann", "a", [MB], asyncio.Event())

    wait_for(attempt())
    assert not server.held._arriving


def test_an_upload_whose_browser_leaves_ends_quietly(manager) -> None:
    async def leave(*_: object) -> None:
        raise ClientDisconnect

    wait_for(
        Uploads(leave)({"type": "http", "method": "PUT", "path": "/_stcore/upload_file/a/b"}, None, None)
    )


def test_files_of_sessions_that_have_left_are_freed(manager, active) -> None:
    keep(manager, "ann", "a", 10)
    keep(manager, "eve", "b", 10)
    refused(Server(manager), "eve", "c", [6 * MB])
    active.remove("eve")
    free_abandoned()
    assert set(manager.file_storage) == {"ann"}
    assert not uploads._refusals


def test_the_search_for_abandoned_files_goes_on_after_a_failure(monkeypatch) -> None:
    found: list[int] = []

    def fail_once() -> None:
        found.append(len(found))
        if len(found) == 1:
            raise RuntimeError

    async def attempt() -> None:
        cleaning = asyncio.create_task(server._clean())
        async with asyncio.timeout(60):
            while len(found) < 3:
                await asyncio.sleep(0)
        cleaning.cancel()

    monkeypatch.setattr(server, "CLEANING", 0.0)
    monkeypatch.setattr(server, "free_abandoned", fail_once)
    wait_for(attempt())
