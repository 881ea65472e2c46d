"""The answers of the server: headers, health, failures and limits."""

import asyncio
import json
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import FilePayload, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from support.visit import SECONDS, UPLOAD, open_page, wait_until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from benchmarks.live import serve
from benchmarks.visits import wait_for

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["", "health", "_stcore/health", "nothing/here", "static/nothing.js"])
def test_every_answer_has_the_headers(app: str, path: str) -> None:
    try:
        answer = urlopen(f"{app}/{path}", timeout=30)
    except OSError as error:
        answer = error
    headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in re.search(r"script-src [^;]*", policy)[0]
    assert (
        "ws" not in re.search(r"connect-src [^;]*", policy)[0]
    )  # 'self' includes the websocket of this server
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("path", ["interact", "mcp"])
def test_the_api_for_programs_is_off(app: str, path: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{app}/_stcore/agent/{path}", data=b"{}", timeout=30)
    with refused.value as answer:
        assert answer.status in (400, 403)
        assert b"not_available" in answer.read()


def health(app: str) -> dict[str, Any]:
    """Return what the server reports of its processes."""
    with urlopen(f"{app}/health", timeout=30) as answer:
        return json.load(answer)


def test_health_names_the_state_of_each_part(page: Page, app: str) -> None:
    open_page(page, app)  # the first visit starts the compute process
    wait_until(page, lambda: health(app)["compute"]["phase"] == "ready", seconds=90)
    found = health(app)
    compute = {"phase": "ready", "slots": found["compute"]["slots"], "data": "digits"}
    assert found == {"compute": compute, "jail": found["jail"]}
    assert found["jail"] in ("asleep", "starting", "ready", "on", "off")


def shake_hands(port: int, host: str, origin: str) -> str:
    """Return the answer to a request for a websocket."""
    lines = ["GET /_stcore/stream HTTP/1.1", f"Host: {host}", f"Origin: {origin}", "Connection: Upgrade"]
    lines += [
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection.recv(4096).decode().split("\r\n")[0]


def test_a_page_that_fails_reveals_nothing_and_a_foreign_origin_makes_no_server_call_out(
    page: Page, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        proxy = dict.fromkeys(("http_proxy", "https_proxy"), f"http://127.0.0.1:{outside.getsockname()[1]}")
        environ = {"INITS_CANARY": "a secret of ours", "no_proxy": "", **proxy}
        output = tmp_path / "output.txt"
        with serve("tests/e2e/failing_app.py", environ=environ, output=output) as address:
            port = int(address.rpartition(":")[2])
            own = f"127.0.0.1:{port}"
            assert "101" in shake_hands(port, own, f"http://{own}")
            for host, origin in (
                (own, "http://evil.example"),
                (own, "http://127.0.0.1:9"),
                (f"evil.example:{port}", f"http://evil.example:{port}"),
            ):
                assert "403" in shake_hands(port, host, origin)
            open_page(page, address)
            alert = page.get_by_test_id("stAlert")
            expect(alert).to_contain_text(re.compile("An unexpected error occurred.*under [0-9a-f]{8}"))
            words = page.locator("body").inner_text()
        outside.settimeout(0)
        with pytest.raises(BlockingIOError):
            outside.accept()
    for secret in ("secret", "failing_app", "RuntimeError", "Traceback", "/"):
        assert secret not in words
    log = output.read_text("utf-8")
    assert re.search(r" ERROR inits.server page failed name=[0-9a-f]{8}\n( +.*\n)+  RuntimeError\n", log), log
    assert "evil" not in log
    assert "secret" not in log


def test_a_message_of_a_stranger_ends_only_the_session_of_the_stranger(app: str) -> None:
    async def send(data: bytes) -> int:
        address = app.replace("http", "ws", 1) + "/_stcore/stream"
        async with connect(address, origin=Origin(app)) as connection:
            with suppress(ConnectionClosed, TimeoutError):
                await connection.send(data)
                await asyncio.wait_for(connection.recv(), 0.5)
            return connection.close_code or 0

    assert health(app)["compute"]["phase"] == "ready"
    assert wait_for(send(bytes(1_000_001))) == 1008
    assert wait_for(send(BackMsg(clear_cache=True).SerializeToString())) == 0  # dropped
    assert health(app)["compute"]["phase"] == "ready"


def test_an_upload_beyond_the_limits_is_refused_by_page_and_server(page: Page, app: str) -> None:
    def zeros(megabytes: float) -> FilePayload:
        return FilePayload(
            name="zeros.npz", mimeType="application/zip", buffer=bytes(int(megabytes * 1024**2))
        )

    def put(size: float, name: str) -> int:
        url = sent.value.url.rpartition("/")[0] + f"/{name}"
        return page.request.put(url, headers=headers, multipart={"file": zeros(size)}).status

    open_page(page, f"{app}/pretrained")
    files = page.locator("input[type=file]").first
    with page.expect_request(
        lambda request: "/upload_file/" in request.url and request.method == "PUT"
    ) as sent:
        files.set_input_files(zeros(0.1))
    headers = {"X-Xsrftoken": sent.value.headers.get("x-xsrftoken", "")}
    expect(page.get_by_text("begins with zeros only")).to_be_visible(timeout=30 * SECONDS)
    assert put(1.1 * UPLOAD, "too-large") == 413
    assert [put(0.9 * UPLOAD, name) for name in ("first", "second")] == [204, 413]
    expect(page.get_by_text(f"The uploads of this page take more than {UPLOAD} MB.")).to_be_visible()
    files.set_input_files(zeros(1.1 * UPLOAD))
    expect(page.get_by_text(f"File must be {UPLOAD}.0MB or smaller")).to_be_visible(timeout=10 * SECONDS)
