"""Messages of websockets: what pages of the app send reaches Streamlit, and nothing else does."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_cache import populate_hash_if_needed

from benchmarks.visits import wait_for
from pages.parts.shell import sessions
from pages.parts.shell.messages import MAX_BYTES, MAX_WIDGETS, Messages
from pages.parts.shell.sessions import MAX_SESSIONS, max_sessions, raise_limit


def message(**fields: Any) -> bytes:
    found = BackMsg()
    for name, value in fields.items():
        if isinstance(value, dict):
            getattr(found, name).SetInParent()
            for inner, given in value.items():
                setattr(getattr(found, name), inner, given)
        else:
            setattr(found, name, value)
    return found.SerializeToString()


def with_widgets(count: int) -> bytes:
    found = BackMsg()
    for number in range(count):
        found.rerun_script.widget_states.widgets.add(id=str(number))
    return found.SerializeToString()


def download(payload: str) -> bytes:
    found = BackMsg()
    getattr(found.backend_operation_request, payload).SetInParent()
    return found.SerializeToString()


PASSED = [
    message(rerun_script={"query_string": "init=HeNormal"}),
    message(rerun_script={"query_string": "x" * 500_000}),
    message(stop_script=True),
    message(file_urls_request={"request_id": "1"}),
    message(app_heartbeat=True),
    download("deferred_file"),
    with_widgets(MAX_WIDGETS),
]
DROPPED = [
    message(clear_cache=True),
    message(set_run_on_save=True),
    message(load_git_info=True),
    message(debug_disconnect_websocket=True),
    message(debug_shutdown_runtime=True),
    BackMsg().SerializeToString(),
    *(
        download(field.name)
        for field in BackMsg().backend_operation_request.DESCRIPTOR.oneofs_by_name["payload"].fields
        if field.name != "deferred_file"
    ),
]
CLOSED = [
    None,  # a text
    b"\xff\xff\xff",
    message(rerun_script={"query_string": "x" * MAX_BYTES}),
    with_widgets(MAX_WIDGETS + 1),
]


def exchanged(sent: Sequence[bytes | None]) -> tuple[list[bytes], list[int]]:
    """Return the messages that reach the app, and the codes by which the websocket is closed."""
    reached: list[bytes] = []
    codes: list[int] = []
    waiting: list[Message] = [{"type": "websocket.connect"}]
    waiting += [{"type": "websocket.receive", "bytes": one, "text": None if one else "x"} for one in sent]
    waiting.append({"type": "websocket.disconnect", "code": 1000})

    async def app(scope: object, receive: Any, send: object) -> None:
        while (found := await receive())["type"] != "websocket.disconnect":
            if found["type"] == "websocket.receive":
                reached.append(found["bytes"])

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(answer: Message) -> None:
        codes.append(answer["code"])

    wait_for(Messages(app)({"type": "websocket"}, receive, send))
    return reached, codes


def test_what_pages_send_is_passed_on_and_the_rest_is_dropped() -> None:
    assert exchanged([one for pair in zip(PASSED, DROPPED, strict=False) for one in pair] + DROPPED) == (
        PASSED,
        [],
    )
    kinds = {BackMsg.FromString(one).WhichOneof("type") for one in [*PASSED, *DROPPED]}
    assert kinds == {*(field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields), None}


def test_a_timer_of_the_page_before_does_not_run_it_again() -> None:
    def rerun(page: str, fragment: str = "") -> bytes:
        return message(rerun_script={"page_script_hash": page, "fragment_id": fragment})

    first = [message(rerun_script={"page_name": "train"}), rerun("train", "timer"), rerun("train")]
    assert exchanged([*first, rerun("train", "timer"), rerun("signal"), rerun("train", "timer")])[0] == [
        *first,
        rerun("train", "timer"),
        rerun("signal"),
    ]
    assert exchanged([*first, rerun("signal"), rerun("signal", "timer"), rerun("train")])[0][-1] == rerun(
        "train"
    )


@pytest.mark.parametrize("odd", CLOSED, ids=["text", "other bytes", "too large", "too many widgets"])
def test_a_message_that_no_page_sends_closes_its_websocket(odd: bytes | None) -> None:
    assert exchanged([PASSED[0], odd, PASSED[0]]) == (PASSED[:1], [1008])


def test_the_number_of_websockets_is_limited() -> None:
    codes: list[int] = []
    held = Messages(lambda *_: asyncio.sleep(0.05), most=lambda: 2)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(answer: Message) -> None:
        codes.append(answer["code"])

    async def come(number: int) -> None:
        await asyncio.gather(*(held({"type": "websocket"}, receive, send) for _ in range(number)))

    wait_for(come(3))
    assert codes == [1013]
    wait_for(come(2))  # those before have left
    assert codes == [1013]


@pytest.mark.parametrize(
    ("soft", "hard", "set_to", "most"),
    [
        (1024, 1_000_000, 2500, MAX_SESSIONS),
        (1024, -1, 2500, MAX_SESSIONS),
        (1024, 1024, 1024, 131),
        (-1, -1, -1, MAX_SESSIONS),
        (65_536, 65_536, 65_536, MAX_SESSIONS),
        (256, 256, 256, 1),
    ],
)
@pytest.mark.skipif(not hasattr(sessions, "resource"), reason="Windows has no such limit")
def test_sessions_are_limited_by_the_files_that_the_system_allows(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, set_to: int, most: int
) -> None:
    limits = [soft, hard]
    monkeypatch.setattr(sessions.resource, "RLIM_INFINITY", -1)
    monkeypatch.setattr(sessions.resource, "getrlimit", lambda _: tuple(limits))
    monkeypatch.setattr(
        sessions.resource, "setrlimit", lambda _, wanted: limits.__setitem__(slice(None), wanted)
    )
    raise_limit()
    assert limits == [set_to, hard]
    assert max_sessions() == most


def test_no_message_is_kept_by_the_browser_for_later_runs() -> None:
    """Otherwise two runs that follow each other fast end in "Cached ForwardMsg MISS"."""
    large = ForwardMsg()
    large.delta.new_element.markdown.body = "x" * 1_000_000
    populate_hash_if_needed(large)
    assert large.hash
    assert not large.metadata.cacheable
