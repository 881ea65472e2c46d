"""Weight files on their way from the compute process to the web process."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from support.engines import PATIENCE
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


# With a stand-in of Dask's client that calls functions in threads of this process.


class Answering(Future):
    def release(self) -> None:
        pass


class LocalClient:
    """A client whose worker is this process."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(4)
        self.asked: list[tuple[str, object]] = []
        self.stopped: list[object] = []

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
        self.stopped.append((function, *arguments))


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
def client() -> Iterator[LocalClient]:
    client = LocalClient()
    yield client
    client.threads.shutdown()


def fetches_of(client: LocalClient) -> Fetches:
    return Fetches(lambda timeout: client, "topic")


def test_file_is_copied_in_pieces_from_the_worker_that_has_it(file, client, tmp_path):
    fetch = done(fetches_of(client).fetch("VGG16", tmp_path / "new" / "folder"))
    assert (fetch.error, fetch.stopped, fetch.copying) == (None, False, True)
    assert fetch.path.read_bytes() == KEPT
    assert fetch.progress == (len(KEPT), len(KEPT))
    assert fetch.path.name == APPLICATIONS["VGG16"].file
    assert list(fetch.path.parent.iterdir()) == [fetch.path]
    pieces = -(-len(KEPT) // 3_000_000)
    assert pieces == 3
    assert client.asked[1:] == [("read_piece", "tls://there")] * pieces


def test_fetch_is_shared_until_its_file_is_gone(file, client, tmp_path):
    fetches = fetches_of(client)
    first = done(fetches.fetch("VGG16", tmp_path))
    assert fetches.fetch("VGG16", tmp_path) is first
    assert fetches.fetch("VGG19", tmp_path) is not first
    elsewhere = done(fetches.fetch("VGG16", tmp_path / "elsewhere"))
    assert elsewhere.path.parent == tmp_path / "elsewhere"
    first.path.unlink()
    again = fetches.fetch("VGG16", tmp_path)
    assert again is not first
    assert done(again).path.read_bytes() == KEPT
    assert fetches._by_key == {}


def test_unknown_name_is_refused_at_once(client, tmp_path):
    with pytest.raises(SpecError, match=r"^Unknown application: 'vgg_16'\. Did you mean VGG16\?$"):
        fetches_of(client).fetch("vgg_16", tmp_path)


def test_progress_of_the_download(file, client, tmp_path, monkeypatch):
    told, go_on = threading.Event(), threading.Event()

    def download(name, key, topic):
        fetches.receive({"fetch": key, "progress": (1, 2)})
        fetches.receive({"fetch": "another", "progress": (7, 7)})
        told.set()
        go_on.wait(PATIENCE)
        return "tls://there", len(KEPT)

    monkeypatch.setattr(worker_downloads, "fetch_application", download)
    fetches = fetches_of(client)
    fetch = fetches.fetch("VGG16", tmp_path)
    assert fetch.progress in {(0, APPLICATIONS["VGG16"].size), (1, 2)}
    assert told.wait(PATIENCE)
    assert (fetch.progress, fetch.copying, fetch.done.is_set()) == ((1, 2), False, False)
    go_on.set()
    done(fetch)
    fetch.copying = True
    fetches._by_key[fetch.key] = fetch
    fetches.receive({"fetch": fetch.key, "progress": (1, 2)})  # late: what is copied counts
    assert fetch.progress == (len(KEPT), len(KEPT))


def test_cancel_during_the_download_ends_all_waits_and_stops_the_worker(file, client, tmp_path, monkeypatch):
    began, go_on = threading.Event(), threading.Event()

    def download(*_):
        began.set()
        go_on.wait(PATIENCE)
        return "tls://there", len(KEPT)

    monkeypatch.setattr(worker_downloads, "fetch_application", download)
    fetches = fetches_of(client)
    fetch = fetches.fetch("VGG16", tmp_path)
    assert began.wait(PATIENCE)
    fetch.cancel()
    assert (fetch.done.is_set(), fetch.stopped, fetch.path, fetch.error) == (True, True, None, None)
    ended(fetch)
    assert client.stopped == [(worker_state.stop_runs, fetch.key, [0])]
    go_on.set()
    again = fetches.fetch("VGG16", tmp_path)
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


def test_cancel_during_the_copy_leaves_no_file(file, client, tmp_path, monkeypatch):
    read_piece, into = worker_downloads.read_piece, tmp_path / "into"

    def read(name, offset, size):
        if offset:
            fetch.cancel()
        return read_piece(name, offset, size)

    monkeypatch.setattr(worker_downloads, "read_piece", read)
    ready = threading.Event()
    fetches = Fetches(lambda timeout: ready.wait(PATIENCE) and client, "topic")
    fetch = fetches.fetch("VGG16", into)
    ready.set()
    done(fetch)
    ended(fetch)
    assert (fetch.stopped, fetch.path, list(into.iterdir())) == (True, None, [])


def test_cancel_before_the_compute_process_has_started(client, tmp_path):
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


def test_wait_for_a_lost_worker_ends(file, client, tmp_path, monkeypatch):
    """Dask keeps what is asked of a worker that is gone until it comes back, which it never does."""
    monkeypatch.setattr(fetching, "PIECE_SECONDS", 0.01)
    go_on = threading.Event()
    monkeypatch.setattr(worker_downloads, "read_piece", lambda *_: go_on.wait(PATIENCE) and b"")
    try:
        assert failure(fetches_of(client).fetch("VGG16", tmp_path / "into")) == ENDED
    finally:
        go_on.set()


def test_broken_connection_is_one_sentence(file, client, tmp_path, monkeypatch):
    def broken(*_):
        raise ConnectionResetError

    monkeypatch.setattr(worker_downloads, "read_piece", broken)
    assert failure(fetches_of(client).fetch("VGG16", tmp_path / "into")) == ENDED


def test_file_that_shrinks_during_the_copy_is_refused(file, client, tmp_path, monkeypatch):
    file.write_bytes(KEPT[:-10_000])
    said = failure(fetches_of(client).fetch("VGG16", tmp_path / "into"))
    assert said == "VGG16 was removed from Keras' cache while it was read. Try again."
    file.unlink()
    assert failure(fetches_of(client).fetch("VGG16", tmp_path / "into")) == said


def test_full_disk_is_one_sentence_and_a_second_try_works(file, client, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    fetches = fetches_of(client)
    with monkeypatch.context() as patch:
        patch.setattr(fetching.os, "replace", full)
        said = failure(fetches.fetch("VGG16", tmp_path / "into"))
    assert said == (
        "VGG16 could not be written (No space left on device). Free some disk space, then try again."
    )
    assert done(fetches.fetch("VGG16", tmp_path / "into")).path.read_bytes() == KEPT


def test_missing_compute_process_is_reported(tmp_path):
    def none(timeout):
        raise EngineError("The compute process is not available: broken. Restart the app.")

    said = failure(Fetches(none, "topic").fetch("VGG16", tmp_path / "into"))
    assert said == "The compute process is not available: broken. Restart the app."


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
