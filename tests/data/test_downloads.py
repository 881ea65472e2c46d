"""MNIST by way of Keras, from a server on loopback that answers well, slowly, wrongly or not at all."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from support.cases import npz, same, small
from support.loopback import Answer, Server, login, missing, send

from inits.data import downloads
from inits.data.datasets import DATASETS, load
from inits.errors import DataError

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("keras_home")]

ARRAYS = small(1000, 400)
ARCHIVE = npz(**ARRAYS)


def whole(to: BaseHTTPRequestHandler) -> None:
    send(to, ARCHIVE)


def cut(to: BaseHTTPRequestHandler) -> None:
    send(to, ARCHIVE[: len(ARCHIVE) // 2], len(ARCHIVE))


def silent(to: BaseHTTPRequestHandler) -> None:
    to.rfile.read(1)  # until the client gives up


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch, answer: Answer | None) -> Iterator[Server]:
    """Have Keras download from a server on loopback (that is gone already if it has no answer) and expect ARCHIVE."""
    from keras.src.datasets import mnist
    from keras.utils import get_file

    digest = hashlib.sha256(ARCHIVE).hexdigest()
    with ExitStack() as stack:
        server = stack.enter_context(Server(answer or whole))
        origin = f"{server.address}/mnist.npz"
        monkeypatch.setattr(mnist, "get_file", lambda fname, **_: get_file(fname, origin, file_hash=digest))
        if answer is None:
            stack.close()
        yield server


def test_a_download_is_cached_and_silent(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reports: list[tuple[int, int]] = []
    capfd.readouterr()
    with served(monkeypatch, whole) as server:
        dataset = DATASETS["mnist"].load(None, lambda done, total: reports.append((done, total)))
        again = load("mnist", None)
    assert same(dataset, ARRAYS)
    assert dataset.name == "mnist"
    assert server.requests == 1
    assert again.fingerprint == dataset.fingerprint
    assert reports[-1] == (len(ARCHIVE), DATASETS["mnist"].download.size)
    assert (keras_home / "datasets" / "mnist.npz").read_bytes() == ARCHIVE
    assert socket.getdefaulttimeout() is None
    assert capfd.readouterr().out == ""


def test_a_slow_server_shows_growing_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server sends the next quarter only once progress has reported the one before."""
    reported = threading.Semaphore(0)
    reports = [0]

    def slow(to: BaseHTTPRequestHandler) -> None:
        send(to, b"", len(ARCHIVE))
        step = len(ARCHIVE) // 4
        for start in range(0, len(ARCHIVE), step):
            to.wfile.write(ARCHIVE[start : start + step])
            to.wfile.flush()
            reported.acquire(timeout=60)

    def progress(done: int, total: int) -> None:
        if done > reports[-1]:
            reported.release()
        reports.append(done)

    with served(monkeypatch, slow):
        dataset = DATASETS["mnist"].load(None, progress)
        reported.release(9)
    assert same(dataset, ARRAYS)
    assert reports == sorted(reports)
    assert len(set(reports)) >= 5
    assert max(reports) == len(ARCHIVE)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (cut, "retrieval incomplete"),
        (login, "what arrived is not the file Keras expects"),
        (missing, "404 -- Not Found"),
        (silent, "no answer for"),
        (None, "Connection refused"),
    ],
)
def test_a_failed_download_gives_the_reason_and_the_next_one_works(
    monkeypatch: pytest.MonkeyPatch, answer: Answer | None, reason: str
) -> None:
    with monkeypatch.context() as patch, served(patch, answer):
        patch.setattr(downloads, "TIMEOUT", 0.5 if answer is silent else downloads.TIMEOUT)
        with pytest.raises(DataError) as caught:
            DATASETS["mnist"].load()
    message = str(caught.value)
    assert message.startswith("MNIST could not be downloaded (")
    assert reason in message
    assert "set INITS_MNIST to a local mnist.npz" in message
    assert "127.0.0.1" not in message
    assert socket.getdefaulttimeout() is None
    with served(monkeypatch, whole):
        assert same(load("mnist"), ARRAYS)


def test_a_network_that_drops_everything_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(connection: HTTPConnection) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(HTTPConnection, "connect", connect)
    with served(monkeypatch, whole), pytest.raises(DataError, match=r"\(no answer for 10 seconds\)"):
        DATASETS["mnist"].load()


def test_wrong_bytes_are_fetched_anew_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([login])

    def wrong_at_first(to: BaseHTTPRequestHandler) -> None:
        next(answers, whole)(to)

    with served(monkeypatch, wrong_at_first) as server:
        assert same(DATASETS["mnist"].load(), ARRAYS)
        assert server.requests == 2


@pytest.mark.parametrize("damage", [lambda b: b[:1000], lambda b: b[:5000] + b"?" + b[5001:], lambda b: b""])
def test_a_damaged_cache_is_replaced(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[bytes], bytes]
) -> None:
    cached = keras_home / "datasets" / "mnist.npz"
    cached.parent.mkdir()
    cached.write_bytes(damage(ARCHIVE))
    with served(monkeypatch, whole) as server:
        assert same(DATASETS["mnist"].load(), ARRAYS)
        assert server.requests == 1
    assert cached.read_bytes() == ARCHIVE


def test_progress_may_end_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in progress ends the wait at once; the download goes on and is complete the next time."""
    over = threading.Event()

    def dawdle(to: BaseHTTPRequestHandler) -> None:
        over.wait(60)
        whole(to)

    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with served(monkeypatch, dawdle) as server:
        with pytest.raises(InterruptedError):
            DATASETS["mnist"].load(None, stop)
        over.set()
        assert same(DATASETS["mnist"].load(), ARRAYS)
        assert server.requests == 1


def test_three_at_once_download_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(monkeypatch, whole) as server, ThreadPoolExecutor() as pool:
        jobs = [pool.submit(DATASETS["mnist"].load) for _ in range(3)]
        assert len({job.result().fingerprint for job in jobs}) == 1
        assert server.requests == 1
