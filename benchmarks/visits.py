"""Visit pages without a browser: sessions that use Streamlit's websocket protocol as its frontend does."""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeVar
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

T = TypeVar("T")

PATIENCE = 120.0  # seconds for an answer
USER_KEY = re.compile(r"\$\$ID-[0-9a-f]+-(.*)", re.DOTALL)


class VisitError(Exception):
    """The server did not answer in time."""


@dataclass
class Widget:
    """A widget on the page: Streamlit's id for it, the fragment it is in, and its last message."""

    id: str
    fragment: str
    element: object


@dataclass
class Visit:
    """A session without a browser.

    Attributes:
        widgets: what the page shows, by key.
        pages: the hash that Streamlit knows a page by, by its path.
        progress: the text of the progress bar.
        texts: Markdown and alerts by their place.
        errors: exceptions on the page; should stay empty.
        received: bytes.
        news: set at every message.
    """

    socket: ClientConnection
    address: str
    widgets: dict[str, Widget] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    progress: str = ""
    texts: dict[tuple[int, ...], str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    session: str = ""
    page: str = ""
    query: str = ""
    received: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _states: dict[str, WidgetState] = field(default_factory=dict)
    _timers: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _done: asyncio.Event = field(default_factory=asyncio.Event)
    _running: bool = False
    _requested: str | None = None  # the fragment of a run that has not begun, "" for the whole page
    _wanted: str = ""  # the hash of the requested page, once it is known

    async def go(self, page: str, query: str = "") -> float:
        """Open a page by its path. Returns the seconds until all of it was received."""
        self.query = query
        message = BackMsg()
        if page in self.pages:
            message.rerun_script.page_script_hash = self.page = self._wanted = self.pages[page]
        else:
            message.rerun_script.page_name, self._wanted = page, ""
        self._stop_timers(self._timers)
        self.widgets.clear()
        self.texts.clear()
        self.progress = ""
        return await self._send(message)

    async def set(self, key: str, **value: object) -> float:
        """Set the value of a widget, as in `set("explore.seed", int_value=3)`.

        Returns the seconds until all of the page was received.
        """
        widget = self.widgets[key]
        state = WidgetState(id=widget.id)
        for name, given in value.items():
            if isinstance(given, list):
                getattr(state, name).data.extend(given)
            else:
                setattr(state, name, given)
        message = BackMsg()
        message.rerun_script.fragment_id = widget.fragment
        try:
            self._states[widget.id] = state
            return await self._send(message)
        finally:
            if "trigger_value" in value:
                self._states.pop(widget.id, None)

    async def _send(self, message: BackMsg) -> float:
        began = perf_counter()
        self._done.clear()
        self._requested = message.rerun_script.fragment_id
        await self._post(message)
        try:
            await asyncio.wait_for(self._done.wait(), PATIENCE)
        except TimeoutError as error:
            raise VisitError(f"No answer within {PATIENCE:g} s.") from error
        return perf_counter() - began

    async def _post(self, message: BackMsg) -> None:
        script = message.rerun_script
        script.query_string = self.query
        script.page_script_hash = script.page_script_hash or self.page
        script.widget_states.widgets.extend(self._states.values())
        script.context_info.url = self.address
        await self.socket.send(message.SerializeToString())

    async def listen(self) -> None:
        """Read messages until the server or the session closes the connection."""
        async for raw in self.socket:
            message = ForwardMsg.FromString(raw)
            self.received += len(raw)
            kind = message.WhichOneof("type")
            if kind == "delta":
                self._read_element(message)
            elif kind == "new_session":
                self._begin(message)
            elif kind == "navigation":
                pages = message.navigation.app_pages
                self.pages |= {page.url_pathname: page.page_script_hash for page in pages}
                self.page = message.navigation.page_script_hash  # a session begins without one, by a name
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "auto_rerun":
                self._repeat(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            elif kind == "stop_auto_rerun":
                self._stop_timers(message.stop_auto_rerun.fragment_ids)
            elif kind == "session_status_changed":
                self._running = message.session_status_changed.script_is_running
            elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    self.errors.append("the script did not compile")
                if self._requested is None:  # otherwise a previous run has ended
                    self._done.set()
            self.news.set()

    def _begin(self, message: ForwardMsg) -> None:
        """Note that a run of the whole page or of fragments begins."""
        fragments = message.metadata.run.fragment_ids
        if not fragments:
            self._stop_timers(self._timers)
        page = message.new_session.page_script_hash
        # A run of the previous page may still begin, when that page reruns on a timer.
        if self._requested in fragments or (not fragments and self._wanted in ("", page)):
            self._requested, self._wanted = None, ""
        self.session = message.new_session.initialize.session_id

    def _read_element(self, message: ForwardMsg) -> None:
        delta = message.delta
        kind = delta.new_element.WhichOneof("type") if delta.HasField("new_element") else None
        if kind is None:
            return
        element = getattr(delta.new_element, kind)
        place = tuple(message.metadata.delta_path)
        if kind == "exception":
            self.errors.append(f"{element.type}: {element.message}")
        elif kind == "progress":
            self.progress = element.text
        elif kind in ("markdown", "alert"):
            self.texts[place] = element.body
        if found := USER_KEY.fullmatch(getattr(element, "id", "")):
            self.widgets[found[1]] = Widget(element.id, delta.fragment_id, element)

    def _repeat(self, fragment: str, seconds: float) -> None:
        async def ask() -> None:
            while True:
                await asyncio.sleep(seconds)
                message = BackMsg()
                message.rerun_script.fragment_id, message.rerun_script.is_auto_rerun = fragment, True
                await self._post(message)

        if old := self._timers.pop(fragment, None):
            old.cancel()
        self._timers[fragment] = asyncio.create_task(ask())

    def _stop_timers(self, fragments: Iterable[str]) -> None:
        for fragment in tuple(fragments):
            if timer := self._timers.pop(fragment, None):
                timer.cancel()


@asynccontextmanager
async def visit(address: str) -> AsyncIterator[Visit]:
    """Yield a session at a server that has not opened a page yet."""
    parts = urlsplit(address)
    stream = f"ws://{parts.netloc}{parts.path.rstrip('/')}/_stcore/stream"
    async with connect(
        stream,
        subprotocols=[Subprotocol("streamlit")],
        origin=Origin(f"http://{parts.netloc}"),
        max_size=None,
    ) as socket:
        one = Visit(socket, address)
        listening = asyncio.create_task(one.listen())
        try:
            yield one
        finally:
            one._stop_timers(one._timers)
            await socket.close()
            with suppress(asyncio.CancelledError):
                await listening


def wait_for(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine, run in another thread: in this one a browser's event loop may be running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(coroutine)).result()
