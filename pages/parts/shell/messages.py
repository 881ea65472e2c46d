"""Pass on what the pages of this app send over a websocket, and nothing else that Streamlit understands.

Among the rest is a message that clears the caches of the server, and with them the work of all users. Streamlit keeps
what a message contains for as long as the session lasts; so its size is limited, and the number of sessions. A timer of
a page that was left just now is dropped as well.
"""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from pages.parts.shell.sessions import max_sessions

MAX_BYTES = 1_000_000  # of a message; the longest code in the editor takes a quarter
MAX_WIDGETS = 2_000  # in a message; pages have at most some hundred
KINDS = ("rerun_script", "stop_script", "file_urls_request", "app_heartbeat")
DOWNLOAD = "deferred_file"  # the content of a download, requested when its button is pressed
POLICY_VIOLATION, TRY_AGAIN = 1008, 1013  # codes that close a websocket


class Messages:
    """Middleware that limits websockets and drops messages of other kinds.

    Args:
        app: the app behind it.
        most: returns the number of websockets that may be open at the same time.
    """

    def __init__(self, app: ASGIApp, most: Callable[[], int] = max_sessions) -> None:
        self._app, self._most, self._open = app, most, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        if self._open >= self._most():
            await receive()
            await send({"type": "websocket.close", "code": TRY_AGAIN})
            return

        page = ""  # the one that the browser has requested last

        async def receive_known() -> Message:
            nonlocal page
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                found = read(message.get("bytes"))
                if found is None:
                    await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                    return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
                if is_known(found) and not is_late(found, page):
                    if found.WhichOneof("type") == "rerun_script" and not found.rerun_script.fragment_id:
                        page = found.rerun_script.page_script_hash
                    return message

        self._open += 1
        try:
            await self._app(scope, receive_known, send)
        finally:
            self._open -= 1


def read(data: bytes | None) -> BackMsg | None:
    """Return a message of Streamlit's protocol; None for text, other bytes, and a message that is too large."""
    if data is None or len(data) > MAX_BYTES:
        return None
    try:
        message = BackMsg.FromString(data)
    except Exception:  # protobuf's, or of its C library
        return None
    return message if len(message.rerun_script.widget_states.widgets) <= MAX_WIDGETS else None


def is_known(message: BackMsg) -> bool:
    """Return True for a message that pages of this app send."""
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return bool(message.backend_operation_request.WhichOneof("payload") == DOWNLOAD)
    return kind in KINDS


def is_late(message: BackMsg, page: str) -> bool:
    """Return True for the rerun of a fragment of another page than the browser has requested last.

    A timer on the old page can send it before the browser shows the new page. Streamlit would run the old page again.
    """
    rerun = message.rerun_script
    return bool(page and rerun.fragment_id and rerun.page_script_hash not in ("", page))
