"""MNIST by way of Keras, from a server on loopback that answers well, slowly, wrongly or not at all."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> Iterator[Server]:
    """Keras downloads from a server on loopback and expects ARCHIVE."""
    with Server(answer) as server:
        from_there(monkeypatch, f"{server.address}/mnist.npz")
        yield server


def from_there(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    from keras.src.datasets import mnist
    from keras.utils import get_file

    digest = hashlib.sha256(ARCHIVE).hexdigest()
    monkeypatch.setattr(mnist, "get_file", lambda fname, **_: get_file(fname, origin, file_hash=digest))


def test_download(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[int, int]] = []
    capfd.readouterr()
    with served(monkeypatch, whole) as server:
        dataset = DATASETS["mnist"].load(None, lambda done, total: seen.append((done, total)))
        again = load("mnist", None)
    assert same(dataset, ARRAYS)
    assert dataset.name == "mnist"
    assert server.requests == 1
    assert again.fingerprint == dataset.fingerprint
    assert seen[-1] == (len(ARCHIVE), DATASETS["mnist"].download.size)
    assert (keras_home / "datasets" / "mnist.npz").read_bytes() == ARCHIVE
    assert socket.getdefaulttimeout() is None
    assert capfd.readouterr().out == ""


def test_a_slow_server_shows_growing_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server sends the next quarter only once progress has told of the one before."""
    told = threading.Semaphore(0)
    seen = [0]

    def slow(to: BaseHTTPRequestHandler) -> None:
        send(to, b"", len(ARCHIVE))
        step = len(ARCHIVE) // 4
        for start in range(0, len(ARCHIVE), step):
            to.wfile.write(ARCHIVE[start : start + step])
            to.wfile.flush()
            told.acquire(timeout=60)

    def progress(done: int, total: int) -> None:
        if done > seen[-1]:
            told.release()
        seen.append(done)

    with served(monkeypatch, slow):
        dataset = DATASETS["mnist"].load(None, progress)
        for _ in range(9):
            told.release()
    assert same(dataset, ARRAYS)
    assert seen == sorted(seen)
    assert len(set(seen)) >= 5
    assert max(seen) == len(ARCHIVE)


FAILURES = {
    "cut": (cut, "retrieval incomplete"),
    "wrong bytes": (login, "what arrived is not the file Keras expects"),
    "not found": (missing, "404 -- Not Found"),
}


def failure() -> str:
    with pytest.raises(DataError) as caught:
        DATASETS["mnist"].load()
    message = str(caught.value)
    assert message.startswith("MNIST could not be downloaded (")
    assert "set INITS_MNIST to a local mnist.npz" in message
    assert "127.0.0.1" not in message
    assert socket.getdefaulttimeout() is None
    return message


@pytest.mark.parametrize("case", FAILURES)
def test_a_failed_download_says_why_and_the_next_one_works(
    monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    answer, reason = FAILURES[case]
    with served(monkeypatch, answer):
        assert reason in failure()
    with served(monkeypatch, whole):
        assert same(load("mnist"), ARRAYS)


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(whole) as server:
        origin = f"{server.address}/mnist.npz"
    from_there(monkeypatch, origin)
    assert "Connection refused" in failure()


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "TIMEOUT", 0.5)
    over = threading.Event()
    with served(monkeypatch, lambda to: over.wait(60) and None):
        try:
            assert "no answer for" in failure()
        finally:
            over.set()


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
    found: list[str] = []
    with served(monkeypatch, whole) as server:
        threads = [
            threading.Thread(target=lambda: found.append(DATASETS["mnist"].load().fingerprint))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.requests == 1
    assert len(found) == 3
    assert len(set(found)) == 1
