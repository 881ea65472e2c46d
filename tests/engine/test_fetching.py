"""Weight files on their way from the compute process to the web process."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from unittest import mock

import pytest
from support import PATIENCE, until
from support.loopback import login, missing, send
from support.served_applications import KEPT, served, whole

from inits.engine import fetching, worker_downloads, worker_state
from inits.engine.fetching import Fetch, Fetches
from inits.errors import EngineError, SpecError
from inits.initializers.spec import InitializerSpec
from inits.training.draw import examine
from inits.weightfiles import applications, read
from inits.weightfiles.applications import APPLICATIONS


def done(fetch: Fetch) -> Fetch:
    assert fetch.done.wait(PATIENCE)
    return fetch


class LocalClient:
    """A stand-in for Dask's client that calls functions in threads of this process."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(4)
        self.asked: list[str | None] = []
        self.stopped: list[object] = []

    def submit(self, function, *arguments, workers=None, **_):
        self.asked.append(workers)
        future = self.threads.submit(function, *arguments)
        future.release = lambda: None
        return future

    def run(self, function, *arguments, on_error="raise"):
        self.stopped.append((function, *arguments))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weight file in a worker's cache, which is copied in pieces of 3,000,000 bytes."""
    path = tmp_path / "cache" / "weights.h5"
    path.parent.mkdir()
    path.write_bytes(KEPT)
    monkeypatch.setattr(fetching, "PIECE_BYTES", 3_000_000)
    monkeypatch.setattr(applications.Application, "path", path)
    monkeypatch.setattr(worker_downloads, "fetch_application", lambda *_: ("tls://there", len(KEPT)))
    return path


@pytest.fixture
def client() -> Iterator[LocalClient]:
    client = LocalClient()
    yield client
    client.threads.shutdown()


@pytest.fixture
def fetches(client: LocalClient) -> Fetches:
    return Fetches(lambda timeout: client, "topic")


class Download:
    """A download that reports once, and ends when it may."""

    def __init__(self, fetches: Fetches) -> None:
        self.fetches, self.began, self.go_on = fetches, threading.Event(), threading.Event()

    def __call__(self, name: str, key: str, topic: str) -> tuple[str, int]:
        self.fetches.receive({"fetch": key, "progress": (1, 2)})
        self.fetches.receive({"fetch": "another", "progress": (7, 7)})
        self.began.set()
        self.go_on.wait(PATIENCE)
        return "tls://there", len(KEPT)


@pytest.fixture
def download(file, fetches, monkeypatch) -> Download:
    download = Download(fetches)
    monkeypatch.setattr(worker_downloads, "fetch_application", download)
    return download


def ended(fetch: Fetch) -> None:
    """Wait for the thread that brings it."""
    for thread in threading.enumerate():
        if thread.name == f"inits-fetch-{fetch.key}":
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_file_is_copied_in_pieces_from_the_worker_that_has_it(file, fetches, client, tmp_path):
    fetch = done(fetches.fetch("VGG16", tmp_path / "new" / "folder"))
    assert (fetch.error, fetch.stopped, fetch.copying) == (None, False, True)
    assert (fetch.path.name, fetch.path.read_bytes()) == (APPLICATIONS["VGG16"].file, KEPT)
    assert fetch.progress == (len(KEPT), len(KEPT))
    assert list(fetch.path.parent.iterdir()) == [fetch.path]
    assert 6_000_000 < len(KEPT) <= 9_000_000
    assert client.asked == [None, *["tls://there"] * 3]


def test_fetch_is_shared_until_its_file_is_gone(file, fetches, tmp_path):
    first = done(fetches.fetch("VGG16", tmp_path))
    assert fetches.fetch("VGG16", tmp_path) is first
    other = fetches.fetch("VGG19", tmp_path)
    assert other is not first
    elsewhere = done(fetches.fetch("VGG16", tmp_path / "elsewhere"))
    assert elsewhere.path.parent == tmp_path / "elsewhere"
    first.path.unlink()
    again = fetches.fetch("VGG16", tmp_path)
    assert again is not first
    assert done(again).path.read_bytes() == KEPT
    assert other.done.wait(PATIENCE)
    assert fetches._by_key == {}


def test_unknown_name_is_refused_at_once(fetches, tmp_path):
    with pytest.raises(SpecError, match=r"^Unknown application: 'vgg_16'\. Did you mean VGG16\?$"):
        fetches.fetch("vgg_16", tmp_path)


def test_progress_of_the_download(fetches, download, tmp_path):
    fetch = fetches.fetch("VGG16", tmp_path)
    assert fetch.progress in {(0, APPLICATIONS["VGG16"].size), (1, 2)}
    assert download.began.wait(PATIENCE)
    assert (fetch.progress, fetch.copying, fetch.done.is_set()) == ((1, 2), False, False)
    download.go_on.set()
    done(fetch)
    fetches._by_key[fetch.key] = fetch
    fetches.receive({"fetch": fetch.key, "progress": (1, 2)})  # late: what is copied counts
    assert (fetch.copying, fetch.progress) == (True, (len(KEPT), len(KEPT)))


def test_cancel_during_the_download_ends_all_waits_and_stops_the_worker(fetches, download, client, tmp_path):
    fetch = fetches.fetch("VGG16", tmp_path)
    assert download.began.wait(PATIENCE)
    fetch.cancel()
    assert (fetch.done.is_set(), fetch.stopped, fetch.path, fetch.error) == (True, True, None, None)
    ended(fetch)
    assert client.stopped == [(worker_state.stop_runs, fetch.key, [0])]
    download.go_on.set()
    again = fetches.fetch("VGG16", tmp_path)
    assert again is not fetch
    assert done(again).path.read_bytes() == KEPT
    again.cancel()
    assert (again.stopped, again.path.is_file()) == (False, True)  # too late


@pytest.mark.parametrize("copying", [False, True])
def test_cancel_before_the_start_or_during_the_copy_leaves_no_file(
    copying, file, client, tmp_path, monkeypatch
):
    read_piece, ready = worker_downloads.read_piece, threading.Event()

    def read(name, offset, size):
        if offset:
            fetch.cancel()
        return read_piece(name, offset, size)

    monkeypatch.setattr(worker_downloads, "read_piece", read)
    fetch = Fetches(lambda timeout: ready.wait(PATIENCE) and client, "topic").fetch(
        "VGG16", tmp_path / "into"
    )
    if not copying:
        fetch.cancel()
    ready.set()
    done(fetch)
    ended(fetch)
    assert (fetch.stopped, fetch.path, bool(client.asked)) == (True, None, copying)
    assert list(fetch.into.glob("*")) == []


def failure(fetch: Fetch) -> str:
    assert done(fetch).path is None
    assert not list(fetch.into.glob("*"))
    assert fetch.error is not None
    return fetch.error


ENDED = "The compute process ended before VGG16 was complete. Try again."
REMOVED = "VGG16 was removed from Keras' cache while it was read. Try again."
FULL = "VGG16 could not be stored, because the disk of this server is full; make room on it, then try again."
BROKEN = "The compute process is not available: broken. Restart the app."


def raises(error: Exception) -> mock.Mock:
    return mock.Mock(side_effect=error)


@pytest.mark.parametrize(
    ("module", "name", "function", "said"),
    [
        (worker_downloads, "read_piece", raises(ConnectionResetError()), ENDED),
        (fetching.os, "replace", raises(OSError(28, "No space left on device")), FULL),
        (worker_downloads, "fetch_application", lambda *_: ("tls://there", len(KEPT) + 1), REMOVED),
        (worker_downloads, "fetch_application", raises(EngineError(BROKEN)), BROKEN),
    ],
    ids=["broken connection", "full disk", "file that shrank", "missing process"],
)
def test_failure_is_one_sentence_and_a_second_try_works(
    module, name, function, said, file, fetches, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(module, name, function)
        assert failure(fetches.fetch("VGG16", tmp_path / "into")) == said
    assert done(fetches.fetch("VGG16", tmp_path / "into")).path.read_bytes() == KEPT


def test_removed_file_and_missing_compute_process_are_reported(file, fetches, tmp_path):
    file.unlink()
    assert failure(fetches.fetch("VGG16", tmp_path / "into")) == REMOVED
    missing = Fetches(raises(EngineError(BROKEN)), "topic")
    assert failure(missing.fetch("VGG16", tmp_path / "into")) == BROKEN


def test_wait_for_a_lost_worker_ends(file, fetches, tmp_path, monkeypatch):
    """Dask keeps what is asked of a worker that is gone until it comes back, which it never does."""
    monkeypatch.setattr(fetching, "PIECE_SECONDS", 0.01)
    go_on = threading.Event()
    monkeypatch.setattr(worker_downloads, "read_piece", lambda *_: go_on.wait(PATIENCE) and b"")
    try:
        assert failure(fetches.fetch("VGG16", tmp_path / "into")) == ENDED
    finally:
        go_on.set()


# The engine with its real compute process.


@pytest.mark.keras
def test_file_is_downloaded_once_through_dask(engine, tmp_path):
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
def test_failed_download_reports_why_and_a_second_try_works(engine, tmp_path, answer, why):
    with served(engine, answer, f"fails {answer.__name__}"):
        said = failure(engine.fetches.fetch("VGG19", tmp_path / "into"))
    assert said == f"VGG19 could not be downloaded ({why}). Check the network, or upload a weight file."
    with served(engine, whole, f"fails {answer.__name__}"):
        assert done(engine.fetches.fetch("VGG19", tmp_path / "into")).path.read_bytes() == KEPT


def downloading(dask_worker) -> int:
    return len(dask_worker.state.long_running)


@pytest.mark.keras
def test_slow_downloads_leave_the_compute_process_free_and_can_be_cancelled(engine, tmp_path):
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
            until(lambda: all(fetch.progress[0] or fetch.done.is_set() for fetch in ours))
            assert all(0 < fetch.progress[0] < fetch.progress[1] == len(KEPT) for fetch in ours)
            assert engine.call(examine, InitializerSpec("HeNormal"), (784, 10), 3, timeout=PATIENCE)
            for fetch in ours:
                fetch.cancel()
                assert (fetch.done.is_set(), fetch.stopped, fetch.error) == (True, True, None)
                ended(fetch)
            until(lambda: not any(engine.connection.client(PATIENCE).run(downloading).values()))
        finally:
            over.set()
