"""Weight files on their way from the compute process to the web process."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from support import weight_corpus
from support.loopback import Answer, Server, login, missing, send

from inits.engine import fetching, worker_downloads, worker_state
from inits.engine.engine import Engine
from inits.engine.fetching import Fetch, Fetches
from inits.errors import EngineError, SpecError
from inits.initializers.spec import InitializerSpec
from inits.settings import Settings
from inits.training.draw import examine
from inits.weightfiles import applications, read
from inits.weightfiles.applications import APPLICATIONS

PATIENCE = 180.0  # seconds after which something is broken
KEPT = weight_corpus.hdf5(lambda file: weight_corpus.keras2(file).create_dataset("more", data=np.arange(1e6)))
PROXY = MappingProxyType  # as the table is kept


def done(fetch: Fetch) -> Fetch:
    assert fetch.done.wait(PATIENCE)
    return fetch


def table(folder: str, home: str) -> MappingProxyType[str, applications.Application]:
    """Applications that come from that folder on a server; one file for each name, as Keras would keep them."""
    return PROXY(
        {
            name: replace(one, folder=folder, file=f"{home}-{name}.h5", served=name, md5=None, size=len(KEPT))
            for name, one in APPLICATIONS.items()
        }
    )


def set_table(folder: str, home: str) -> None:
    """In the compute process."""
    applications.APPLICATIONS = table(folder, home)


# With a stand-in of Dask's client that calls functions in threads of this process.


class Answering(Future):
    def release(self) -> None:
        pass


class Here:
    """A client whose worker is this process."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(4)
        self.asked: list[tuple[str, object]] = []
        self.told_to_stop: list[object] = []

    def submit(self, function, *arguments, workers=None, **_):
        self.asked.append((function.__name__, workers))
        future = Answering()

        def answer() -> None:
            try:
                future.set_result(function(*arguments))
            except Exception as error:
                future.set_exception(error)

        self.threads.submit(answer)
        return future

    def run(self, function, *arguments, on_error="raise"):
        self.told_to_stop.append((function, *arguments))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weight file that is downloaded at once, in pieces of 3,000,000 bytes from there on."""
    path = tmp_path / "cache" / "weights.h5"
    path.parent.mkdir()
    path.write_bytes(KEPT)
    monkeypatch.setattr(fetching, "PIECE_BYTES", 3_000_000)
    monkeypatch.setattr(applications.Application, "path", path)
    monkeypatch.setattr(worker_downloads, "fetch_application", lambda *_: ("tls://there", len(KEPT)))
    return path


@pytest.fixture
def client() -> Iterator[Here]:
    client = Here()
    yield client
    client.threads.shutdown()


def fetches(client: Here) -> Fetches:
    return Fetches(lambda timeout: client, "topic")


def test_a_file_comes_in_pieces_from_the_worker_that_has_it(file, client, tmp_path):
    fetch = done(fetches(client).fetch("VGG16", tmp_path / "new" / "folder"))
    assert (fetch.error, fetch.stopped, fetch.copying) == (None, False, True)
    assert fetch.path.read_bytes() == KEPT
    assert fetch.progress == (len(KEPT), len(KEPT))
    assert fetch.path.name == APPLICATIONS["VGG16"].file
    assert list(fetch.path.parent.iterdir()) == [fetch.path]
    pieces = -(-len(KEPT) // 3_000_000)
    assert pieces == 3
    assert client.asked[1:] == [("read_piece", "tls://there")] * pieces


def test_one_for_all_who_ask_until_its_file_is_gone(file, client, tmp_path):
    all_of_them = fetches(client)
    first = done(all_of_them.fetch("VGG16", tmp_path))
    assert all_of_them.fetch("VGG16", tmp_path) is first
    assert all_of_them.fetch("VGG19", tmp_path) is not first
    elsewhere = done(all_of_them.fetch("VGG16", tmp_path / "elsewhere"))
    assert elsewhere.path.parent == tmp_path / "elsewhere"
    first.path.unlink()
    again = all_of_them.fetch("VGG16", tmp_path)
    assert again is not first
    assert done(again).path.read_bytes() == KEPT
    assert all_of_them._by_key == {}


def test_an_unknown_name_is_refused_at_once(client, tmp_path):
    with pytest.raises(SpecError, match=r"^Unknown application: 'vgg_16'\. Did you mean VGG16\?$"):
        fetches(client).fetch("vgg_16", tmp_path)


def test_progress_of_the_download(file, client, tmp_path, monkeypatch):
    told, go_on = threading.Event(), threading.Event()

    def download(name, key, topic):
        all_of_them.receive({"fetch": key, "progress": (1, 2)})
        all_of_them.receive({"fetch": "another", "progress": (7, 7)})
        told.set()
        go_on.wait(PATIENCE)
        return "tls://there", len(KEPT)

    monkeypatch.setattr(worker_downloads, "fetch_application", download)
    all_of_them = fetches(client)
    fetch = all_of_them.fetch("VGG16", tmp_path)
    assert fetch.progress in {(0, APPLICATIONS["VGG16"].size), (1, 2)}
    assert told.wait(PATIENCE)
    assert (fetch.progress, fetch.copying, fetch.done.is_set()) == ((1, 2), False, False)
    go_on.set()
    done(fetch)
    fetch.copying = True
    all_of_them._by_key[fetch.key] = fetch
    all_of_them.receive({"fetch": fetch.key, "progress": (1, 2)})  # late: what is copied counts
    assert fetch.progress == (len(KEPT), len(KEPT))


def test_cancel_while_it_downloads_frees_everybody_and_tells_the_worker(file, client, tmp_path, monkeypatch):
    began, go_on = threading.Event(), threading.Event()

    def download(*_):
        began.set()
        go_on.wait(PATIENCE)
        return "tls://there", len(KEPT)

    monkeypatch.setattr(worker_downloads, "fetch_application", download)
    all_of_them = fetches(client)
    fetch = all_of_them.fetch("VGG16", tmp_path)
    assert began.wait(PATIENCE)
    fetch.cancel()
    assert (fetch.done.is_set(), fetch.stopped, fetch.path, fetch.error) == (True, True, None, None)
    ended(fetch)
    assert client.told_to_stop == [(worker_state.stop_runs, fetch.key, [0])]
    go_on.set()
    again = all_of_them.fetch("VGG16", tmp_path)
    assert again is not fetch
    assert done(again).path.read_bytes() == KEPT
    again.cancel()
    assert (again.stopped, again.path.is_file()) == (False, True)  # too late


def ended(fetch: Fetch) -> None:
    """Wait for the thread that brings it."""
    for thread in threading.enumerate():
        if thread.name == f"inits-fetch-{fetch.key}":
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_cancel_while_it_is_copied_leaves_nothing_behind(file, client, tmp_path, monkeypatch):
    read_piece, into = worker_downloads.read_piece, tmp_path / "into"

    def read(name, offset, size):
        if offset:
            fetch.cancel()
        return read_piece(name, offset, size)

    monkeypatch.setattr(worker_downloads, "read_piece", read)
    ready = threading.Event()
    all_of_them = Fetches(lambda timeout: ready.wait(PATIENCE) and client, "topic")
    fetch = all_of_them.fetch("VGG16", into)
    ready.set()
    done(fetch)
    ended(fetch)
    assert (fetch.stopped, fetch.path, list(into.iterdir())) == (True, None, [])


def test_cancel_before_the_compute_process_is_there(client, tmp_path):
    ready = threading.Event()
    fetch = Fetches(lambda timeout: ready.wait(PATIENCE) and client, "topic").fetch("VGG16", tmp_path)
    fetch.cancel()
    ready.set()
    ended(fetch)
    assert (fetch.stopped, client.asked) == (True, [])


def failure(fetch: Fetch) -> str:
    assert done(fetch).path is None
    assert not list(fetch.into.glob("*"))
    assert fetch.error is not None
    return fetch.error


ENDED = "The compute process ended before VGG16 was complete. Try again."


def test_a_worker_that_is_gone_is_not_waited_for_for_ever(file, client, tmp_path, monkeypatch):
    """Dask keeps what is asked of a worker that is gone until it comes back, which it never does."""
    monkeypatch.setattr(fetching, "PIECE_SECONDS", 0.01)
    go_on = threading.Event()
    monkeypatch.setattr(worker_downloads, "read_piece", lambda *_: go_on.wait(PATIENCE) and b"")
    try:
        assert failure(fetches(client).fetch("VGG16", tmp_path / "into")) == ENDED
    finally:
        go_on.set()


def test_a_piece_that_breaks_is_one_sentence(file, client, tmp_path, monkeypatch):
    def broken(*_):
        raise ConnectionResetError

    monkeypatch.setattr(worker_downloads, "read_piece", broken)
    assert failure(fetches(client).fetch("VGG16", tmp_path / "into")) == ENDED


def test_a_file_that_shrinks_meanwhile_is_not_taken_for_whole(file, client, tmp_path, monkeypatch):
    file.write_bytes(KEPT[:-10_000])
    said = failure(fetches(client).fetch("VGG16", tmp_path / "into"))
    assert said == "VGG16 was removed from Keras' cache while it was read. Try again."
    file.unlink()
    assert failure(fetches(client).fetch("VGG16", tmp_path / "into")) == said


def test_a_full_disk_is_one_sentence_and_it_can_be_asked_again(file, client, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    all_of_them = fetches(client)
    with monkeypatch.context() as patch:
        patch.setattr(fetching.os, "replace", full)
        said = failure(all_of_them.fetch("VGG16", tmp_path / "into"))
    assert said == (
        "VGG16 could not be written (No space left on device). Free some disk space, then try again."
    )
    assert done(all_of_them.fetch("VGG16", tmp_path / "into")).path.read_bytes() == KEPT


def test_no_compute_process(tmp_path):
    def none(timeout):
        raise EngineError("The compute process is not available: broken. Restart the app.")

    said = failure(Fetches(none, "topic").fetch("VGG16", tmp_path / "into"))
    assert said == "The compute process is not available: broken. Restart the app."


# The engine with its real worker process.


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Iterator[Engine]:
    home = tmp_path_factory.mktemp("keras")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(home))  # the worker is born with it
        patch.setenv("no_proxy", "*")
        nowhere = Path("/nowhere/mnist.npz")
        settings = Settings(mnist=nowhere, cores=1, cache=home, cache_mb=0)
        engine = Engine(settings)
        yield engine
        engine.close()


@contextmanager
def served(engine: Engine, answer: Answer, home: str) -> Iterator[Server]:
    """The compute process downloads from a server on loopback; `home` names a cache of Keras' that is empty."""
    with Server(answer) as server:
        engine.connection.client(PATIENCE).run(set_table, server.address, home)
        yield server


def whole(to: BaseHTTPRequestHandler) -> None:
    send(to, KEPT)


@pytest.mark.keras
def test_it_comes_through_dask_once(engine, tmp_path):
    """Asked for at once, while the compute process imports Keras for the first time in another thread."""
    with served(engine, whole, "once") as server:
        one, other = engine.fetches.fetch("VGG16", tmp_path), engine.fetches.fetch("VGG16", tmp_path)
        assert one is other
        assert done(one).error is None
        assert server.requests == 1
    assert one.path.read_bytes() == KEPT
    assert [layer.name for layer in read(one.path)] == ["dense", "dense_1"]
    one.path.unlink()
    again = done(engine.fetches.fetch("VGG16", tmp_path))  # from Keras' cache: nobody listens any more
    assert (again is not one, again.path.read_bytes() == KEPT) == (True, True)


@pytest.mark.keras
@pytest.mark.parametrize(
    ("answer", "why"), [(missing, "404 -- Not Found"), (login, "what arrived is not the file Keras expects")]
)
def test_a_download_that_fails_says_why_and_can_be_asked_again(engine, tmp_path, answer, why):
    with served(engine, answer, f"fails {answer.__name__}"):
        said = failure(engine.fetches.fetch("VGG19", tmp_path / "into"))
    assert said == f"VGG19 could not be downloaded ({why}). Check the network, or upload a weight file."
    with served(engine, whole, f"fails {answer.__name__}"):
        assert done(engine.fetches.fetch("VGG19", tmp_path / "into")).path.read_bytes() == KEPT


def downloading(dask_worker) -> int:
    return len(dask_worker.state.long_running)


@pytest.mark.keras
def test_downloads_that_dawdle_leave_the_compute_process_free_and_can_be_cancelled(engine, tmp_path):
    """More of them than Dask has threads; each tells how far it is."""
    over = threading.Event()

    def dawdle(to: BaseHTTPRequestHandler) -> None:
        send(to, KEPT[:1_000_000], len(KEPT))
        while not over.wait(1):
            to.wfile.write(b"?")  # so that nobody loses patience

    with served(engine, dawdle, "dawdle"):
        try:
            ours = [engine.fetches.fetch(name, tmp_path) for name in list(APPLICATIONS)[:6]]
            assert len(ours) > engine.settings.cores + 2
            for fetch in ours:
                while not fetch.progress[0]:
                    assert not fetch.done.wait(0.05), fetch.error
                assert 0 < fetch.progress[0] < fetch.progress[1] == len(KEPT)
            assert engine.call(examine, InitializerSpec("HeNormal"), (784, 10), 3, timeout=PATIENCE)
            for fetch in ours:
                fetch.cancel()
                assert (fetch.done.is_set(), fetch.stopped, fetch.error) == (True, True, None)
                ended(fetch)
            deadline = time.monotonic() + PATIENCE
            while any(engine.connection.client(PATIENCE).run(downloading).values()):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            over.set()


@pytest.mark.keras
def test_a_worker_that_dies_is_one_sentence(engine, tmp_path):
    over, asked = threading.Event(), threading.Event()

    def dawdle(to: BaseHTTPRequestHandler) -> None:
        asked.set()
        over.wait(PATIENCE)

    with served(engine, dawdle, "dies"):
        try:
            fetch = engine.fetches.fetch("VGG16", tmp_path / "into")
            assert asked.wait(PATIENCE)
            (pid,) = engine.connection.client(PATIENCE).run(os.getpid).values()
            os.kill(pid, signal.SIGKILL)
            assert failure(fetch) == ENDED
        finally:
            over.set()
    engine.connection.client(PATIENCE).wait_for_workers(1, PATIENCE)
    with served(engine, whole, "dies"):
        assert done(engine.fetches.fetch("VGG16", tmp_path / "into")).path.read_bytes() == KEPT
