"""Which requests reach the app: host names, origins, and addresses that are closed."""

from collections.abc import Iterator, Sequence

import pytest
from starlette.types import Message
from streamlit import config

from benchmarks.visits import wait_for
from pages.parts.shell import doors
from pages.parts.shell.doors import Doors, refuse

LOCAL, NETWORK = "127.0.0.1", "0.0.0.0"
NAMES = ["init.example", "*.school.example"]
OPTIONS = ("server.address", "server.allowedHosts", "server.enableCORS")


@pytest.fixture(autouse=True)
def options(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Listen to this computer only, which is named Desk; restore Streamlit's options at the end."""
    monkeypatch.setattr(doors.socket, "gethostname", lambda: "Desk")
    doors._names_of_this_machine.cache_clear()
    before = {name: config.get_option(name) for name in OPTIONS}
    config.set_option("server.address", LOCAL)
    yield
    for name, value in before.items():
        config.set_option(name, value)
    doors._names_of_this_machine.cache_clear()


def scope(
    hosts: Sequence[str], origins: Sequence[str] = (), path: str = "/_stcore/stream", method: str = ""
) -> dict[str, object]:
    """Return a request: a websocket, or one over HTTP by that method."""
    headers = [(b"host", one.encode()) for one in hosts] + [(b"origin", one.encode()) for one in origins]
    return {"type": "http" if method else "websocket", "path": path, "method": method, "headers": headers}


@pytest.mark.parametrize(
    ("address", "allowed", "answered", "refused"),
    [
        (
            LOCAL,
            [],
            "localhost:8501 LOCALHOST 127.0.0.1:9 127.1.2.3 [::1]:8501",
            "evil.example evil.example:8501 192.0.2.7 localhost.evil.example 127.0.0.1.evil.example desk "
            "localhost@evil.example evil.example@localhost localhost/evil localhost:x 127.0.0.1:99999 [::1 . "
            "localhost,evil.example localhost# localhost? [::ffff:192.0.2.7] localhost\\evil",
        ),
        ("localhost", [], "localhost:8501 127.0.0.1", "192.0.2.7 desk"),
        ("", [], "localhost:8501 192.0.2.7 desk", "evil.example evil.example:99999 x@evil.example"),
        ("desk.lan", [], "desk.lan:8501 localhost 192.0.2.7", "evil.example lan"),
        (
            NETWORK,
            [],
            "localhost 192.0.2.7:8501 [2001:db8::1] DESK desk.local",
            "evil.example desk.evil.example 192.0.2.7.evil.example",
        ),
        (
            NETWORK,
            NAMES,
            "init.example:8501 a.school.example",
            "192.0.2.7 evil.example school.example localhost",
        ),
        (LOCAL, NAMES, "init.example", "evil.example"),
    ],
)
def test_only_known_host_names_are_answered(
    address: str, allowed: list[str], answered: str, refused: str
) -> None:
    config.set_option("server.address", address)
    config.set_option("server.allowedHosts", allowed)
    for host in answered.split():
        assert refuse(scope([host])) is None, host
        assert refuse(scope([host], method="GET", path="/")) is None, host
    for hosts in ([], [""], ["localhost", "evil.example"], *([host] for host in refused.split())):
        for request in (scope(hosts), scope(hosts, method="GET", path="/explore")):
            answer = refuse(request)
            assert answer is not None, hosts
            assert answer.status_code == 400
            assert b"--server.allowedHosts" in answer.body
            assert b"evil" not in answer.body


def test_only_pages_of_this_server_open_a_websocket_or_change_anything() -> None:
    host = "127.0.0.1:8501"
    own: list[list[str]] = [[], [f"http://{host}"], [f"https://{host}"]]
    foreign = (
        "http://127.0.0.1:9999 http://127.0.0.1 http://localhost:8501 http://evil.example null  ftp://" + host
    )
    foreign += f" http://{host}.evil.example http://{host}@evil.example http://{host}/ {host}"
    others = [*([one] for one in foreign.split(" ")), [f"http://{host}", "http://evil.example"]]
    for origins in own:
        assert refuse(scope([host], origins)) is None, origins
        assert refuse(scope([host], origins, method="PUT")) is None, origins
    for origins in others:
        assert refuse(scope([host], origins, method="GET")) is None, origins
        for method in ("", "PUT", "DELETE", "POST", "PATCH"):
            answer = refuse(scope([host], origins, method=method))
            assert answer is not None, origins
            assert answer.status_code == 403
    config.set_option("server.enableCORS", False)  # the operator allows it
    assert all(refuse(scope([host], origins)) is None for origins in others)


@pytest.mark.parametrize("base", ["", "/some/base"])
def test_metrics_are_closed_and_health_answers_probes(base: str) -> None:
    config.set_option("server.address", NETWORK)
    config.set_option("server.allowedHosts", NAMES)
    for path in (f"{base}/_stcore/metrics", f"{base}/_stcore/metrics/"):
        answer = refuse(scope(["init.example"], path=path, method="GET"))
        assert answer is not None
        assert answer.status_code == 404
    for path in (f"{base}/_stcore/metrics\n", f"{base}/_stcore/upload_file/a/b\n", f"{base}/\x00"):
        for method in ("", "GET", "PUT"):
            answer = refuse(scope(["init.example"], path=path, method=method))
            assert answer is not None
            assert answer.status_code == 400
    for path in (f"{base}/_stcore/health", f"{base}/health"):
        for host in ("127.0.0.1:8501", "10.0.0.7:8501"):
            assert refuse(scope([host], path=path, method="GET")) is None
        assert refuse(scope(["evil.example"], path=path, method="GET")) is not None


def test_what_is_refused_never_reaches_the_app() -> None:
    reached: list[str] = []
    sent: list[Message] = []

    async def app(scope: object, receive: object, send: object) -> None:
        reached.append("app")

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    for request in (scope(["evil.example"]), scope(["evil.example"], method="GET"), {"type": "lifespan"}):
        wait_for(Doors(app)(request, receive, send))
    assert reached == ["app"]
    assert sent[0] == {"type": "websocket.close", "code": 1008}
    assert sent[1]["status"] == 400
