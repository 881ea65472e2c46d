"""MNIST from a file and from the network, the stand-in, and the order of an epoch."""

import hashlib
import io
import os
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from inits import datasets
from inits.data import make_digits, standin
from inits.datasets import (
    DIGITS_FINGERPRINT,
    Dataset,
    batches,
    digits,
    download_mnist,
    load,
    pixels,
    read_mnist,
)
from inits.errors import DataError, InitsError, SpecError

KEYS = datasets.KEYS


@pytest.fixture(scope="module")
def stand_in() -> Dataset:
    return digits()


@pytest.fixture(scope="module")
def mnist(mnist_path: Path) -> Dataset:
    return read_mnist(mnist_path)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "_KEPT", {})


def small(train: int = 120, test: int = 100, seed: int = 0) -> dict[str, np.ndarray]:
    """Arrays as mnist.npz holds them, of noise."""
    rng = np.random.default_rng(seed)
    sizes = {"train": train, "test": test}
    x = {f"x_{part}": rng.integers(0, 256, (n, 28, 28), np.uint8) for part, n in sizes.items()}
    y = {f"y_{part}": rng.integers(0, 10, n, np.uint8) for part, n in sizes.items()}
    return x | y


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def same(dataset: Dataset, arrays: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(getattr(dataset, k).ravel(), arrays[k].ravel()) for k in KEYS)


# the order of an epoch


@given(st.integers(1, 700), st.integers(1, 800), st.integers(0, 2**63))
def test_an_epoch_sees_everything_once(n: int, batch_size: int, seed: int) -> None:
    order = batches(n, batch_size, seed)
    assert order.dtype == np.int32
    assert order.shape == (-(-n // batch_size), batch_size)
    assert sorted(order.ravel()[:n]) == list(range(n))
    assert (order.ravel()[n:] == -1).all()
    assert np.array_equal(order, batches(n, batch_size, seed))


def test_epochs_differ_by_seed_and_stay_as_they_were() -> None:
    assert not np.array_equal(batches(100, 10, 1), batches(100, 10, 2))
    assert batches(7, 4, 0).tolist() == [[2, 4, 3, 6], [5, 0, 1, -1]]


@pytest.mark.parametrize(
    ("n", "size", "seed", "name"), [(0, 1, 0, "n"), (1, 0, 0, "batch_size"), (1, 1, -1, "seed")]
)
def test_epochs_of_nothing_are_refused(n: int, size: int, seed: int, name: str) -> None:
    with pytest.raises(SpecError, match=f"`{name}` must be at least"):
        batches(n, size, seed)


def test_pixels_are_those_of_keras_examples() -> None:
    x = np.arange(256, dtype=np.uint8)
    assert pixels(x).dtype == np.float32
    assert np.array_equal(pixels(x), x.astype("float32") / 255)
    assert (pixels(x).min(), pixels(x).max()) == (0, 1)


# the stand-in


def test_the_digits_are_all_there() -> None:
    images, labels = standin.source()
    assert (images.shape, images.dtype, images.min(), images.max()) == ((1797, 8, 8), np.uint8, 0, 16)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert int(images.sum()) == 561718


@pytest.mark.skipif("ng" in zlib.ZLIB_RUNTIME_VERSION, reason="zlib-ng compresses to other bytes")
def test_packing_again_gives_the_same_bytes() -> None:
    images, labels = standin.source()
    assert make_digits.packed({"images": images, "labels": labels}) == standin.SOURCE.read_bytes()


def test_a_damaged_source_is_a_data_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits.npz").write_bytes(standin.SOURCE.read_bytes()[:9000])
    monkeypatch.setattr(standin, "SOURCE", tmp_path / "digits.npz")
    with pytest.raises(DataError, match=r"digits\.npz cannot be read") as caught:
        digits()
    assert str(tmp_path) not in str(caught.value)


def test_the_stand_in_has_its_shapes_and_says_what_it_is(stand_in: Dataset) -> None:
    assert (stand_in.name, stand_in.title) == ("digits", "Digits (stand-in, not MNIST)")
    assert (stand_in.x_train.shape, stand_in.y_train.shape) == ((12_000, 784), (12_000,))
    assert (stand_in.x_test.shape, stand_in.y_test.shape) == ((297, 784), (297,))
    assert {getattr(stand_in, key).dtype for key in KEYS} == {np.dtype(np.uint8)}
    assert not any(getattr(stand_in, key).flags.writeable for key in KEYS)


def test_the_stand_in_is_the_same_to_the_bit(stand_in: Dataset) -> None:
    assert digits(0).fingerprint == stand_in.fingerprint == DIGITS_FINGERPRINT


def test_another_seed_changes_training_only(stand_in: Dataset) -> None:
    other = digits(1)
    assert other.fingerprint != stand_in.fingerprint
    assert np.array_equal(other.x_test, stand_in.x_test)
    assert np.array_equal(np.bincount(other.y_train), np.bincount(stand_in.y_train))


def test_each_digit_is_there_eight_times_once_unchanged(stand_in: Dataset) -> None:
    images, labels = standin.source()
    ink = np.stack([standin.framed(image) for image in images[: standin.TRAIN]])
    unchanged = {
        image.tobytes(): label for image, label in zip(standin.contrasted(ink), labels, strict=False)
    }
    found = [
        (unchanged[image.tobytes()], label)
        for image, label in zip(stand_in.x_train, stand_in.y_train, strict=True)
        if image.tobytes() in unchanged
    ]
    assert len(found) == standin.TRAIN
    assert all(first == second for first, second in found)
    assert np.array_equal(np.bincount(stand_in.y_train), 8 * np.bincount(labels[: standin.TRAIN]))


def test_classes_are_learnable(stand_in: Dataset) -> None:
    """The nearest class mean, the humblest of classifiers, is right four times out of five."""
    x, y = pixels(stand_in.x_train), stand_in.y_train
    means = np.stack([x[y == label].mean(0) for label in range(10)])
    distance = ((pixels(stand_in.x_test)[:, None] - means) ** 2).sum(2)
    assert (distance.argmin(1) == stand_in.y_test).mean() > 0.8


def centres(x: np.ndarray) -> np.ndarray:
    """Mean row and column of the centres of mass."""
    field = x.reshape(-1, 28, 28).astype(float)
    both = [(field.sum(axis) * np.arange(28)).sum(1) / field.sum((1, 2)) for axis in (2, 1)]
    return np.mean(both, 1)


@pytest.mark.parametrize("part", ["x_train", "x_test"])
def test_the_stand_in_looks_like_mnist_in_numbers(stand_in: Dataset, mnist: Dataset, part: str) -> None:
    ours, theirs = getattr(stand_in, part), getattr(mnist, part)
    assert abs(pixels(ours).mean() - pixels(theirs).mean()) < 0.01
    assert abs(pixels(ours).std() - pixels(theirs).std()) < 0.01
    assert abs((ours > 0).mean() - (theirs > 0).mean()) < 0.03
    assert np.abs(centres(ours) - centres(theirs)).max() < 0.2


cells = hnp.arrays(np.uint8, (8, 8), elements=st.integers(0, 16)).filter(np.any)


@given(cells)
def test_any_digit_is_framed_in_the_box(digit: np.ndarray) -> None:
    ink = standin.framed(digit)
    assert (ink.shape, ink.dtype) == ((28, 28), np.float32)
    assert np.isfinite(ink).all()
    rows, columns = np.nonzero(ink)
    assert np.ptp(rows) < standin.BOX
    assert np.ptp(columns) < standin.BOX


@given(cells)
def test_framing_keeps_the_ink(digit: np.ndarray) -> None:
    """A full rectangle stays full inside: the weights of cubic convolution sum to one away from the edge."""
    rows, columns = standin.cropped(digit).shape
    ink = standin.enlarged(np.full((rows, columns), 16, np.uint8))
    assert max(ink.shape) == standin.BOX
    if min(rows, columns) >= 5:
        assert ink[ink.shape[0] // 2, ink.shape[1] // 2] == pytest.approx(1)


@given(
    hnp.arrays(np.float32, (2, 28, 28), elements=st.floats(0, 1, width=32)),
    st.integers(-2, 2),
    st.integers(-2, 2),
)
def test_whole_shifts_move_pixels_as_they_are(ink: np.ndarray, down: int, right: int) -> None:
    shift = np.tile(np.array([down, right], np.float32), (2, 1))
    moved = standin.moved(ink, np.zeros(2, np.float32), shift)
    rolled = np.roll(ink, (down, right), (1, 2))
    inside = (slice(None), slice(2, -2), slice(2, -2))
    assert np.array_equal(moved[inside], rolled[inside])


def test_turning_turns_by_the_angle() -> None:
    """A dot ten pixels to the right of the middle goes to where twelve degrees take it."""
    ink = np.zeros((1, 28, 28), np.float32)
    ink[0, 14, 24] = 1
    turned = standin.moved(ink, np.array([standin.TURN], np.float32), np.zeros((1, 2), np.float32))
    row, column = centres(turned)
    assert np.hypot(row - 14, column - 14) == pytest.approx(10, abs=0.3)
    assert abs(np.degrees(np.arctan2(row - 14, column - 14))) == pytest.approx(12, abs=2)


@given(hnp.arrays(np.float32, (1, 28, 28), elements=st.floats(-1, 2, width=32)))
def test_contrast_keeps_order_and_ends(ink: np.ndarray) -> None:
    level = standin.contrasted(ink)
    assert (level.shape, level.dtype) == ((1, 784), np.uint8)
    assert (np.diff(level[0][np.argsort(ink.ravel())].astype(int)) >= 0).all()
    assert (level[0][ink.ravel() <= standin.DARK] == 0).all()
    assert (level[0][ink.ravel() >= standin.BRIGHT] == 255).all()


# a local file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secret")


def test_the_real_mnist(mnist: Dataset) -> None:
    assert (mnist.name, mnist.title) == ("mnist", "MNIST")
    assert (mnist.x_train.shape, mnist.x_test.shape) == ((60_000, 784), (10_000, 784))
    assert mnist.x_train.mean() == pytest.approx(33.318421, abs=1e-6)
    assert mnist.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.fingerprint == "1c44bd551dc6d84b"


@given(st.integers(100, 160), st.integers(100, 160), st.sampled_from("bBiIl"))
def test_subsets_are_read_as_they_are(folder: Path, train: int, test: int, kind: str) -> None:
    arrays = small(train, test)
    path = folder / "part.npz"
    path.write_bytes(npz(**arrays | {"y_test": arrays["y_test"].astype(kind)}))
    dataset = read_mnist(path)
    assert same(dataset, arrays)
    assert (dataset.x_train.shape, dataset.y_test.dtype) == ((train, 784), np.uint8)
    assert not dataset.y_test.flags.writeable


def test_fortran_order_and_extra_arrays_do_not_matter(tmp_path: Path) -> None:
    arrays = small()
    (tmp_path / "m.npz").write_bytes(
        npz(**arrays | {"x_test": np.asfortranarray(arrays["x_test"]), "more": np.ones(3)})
    )
    dataset = read_mnist(tmp_path / "m.npz")
    assert same(dataset, arrays)
    assert dataset.x_test.flags.c_contiguous


def test_the_fingerprint_follows_the_arrays(tmp_path: Path) -> None:
    prints = set()
    for seed, key in ((0, ""), *((0, key) for key in KEYS), (1, "")):
        arrays = small(seed=seed)
        if key:
            arrays[key].ravel()[0] = (int(arrays[key].ravel()[0]) + 1) % 10
        (tmp_path / "m.npz").write_bytes(npz(**arrays))
        prints.add(read_mnist(tmp_path / "m.npz").fingerprint)
        assert read_mnist(tmp_path / "m.npz").fingerprint in prints
    assert len(prints) == 6
    assert all(len(text) == 16 for text in prints)


def spoiled(**change: np.ndarray) -> bytes:
    return npz(**small() | change)


WRONG = {
    "empty": (b"", "is not an npz archive"),
    "text": (b"hello", "is not an npz archive"),
    "npy": (b"\x93NUMPY\x01\x00", "is not an npz archive"),
    "cut": (npz(**small())[:50_000], "is damaged, cut short"),
    "zip of nothing": (b"PK\x05\x06" + bytes(18), "has no array x_train, y_train, x_test, y_test"),
    "no labels": (
        npz(**{k: v for k, v in small().items() if k != "y_test"}),
        "has no array y_test; it holds",
    ),
    "pickled": (spoiled(y_test=np.array([{}] * 100, object)), "pickled"),
    "float images": (spoiled(x_test=np.zeros((100, 28, 28))), "x_test uint8 .* it is float64"),
    "flat images": (
        spoiled(x_train=np.zeros((120, 784), np.uint8)),
        r"x_train uint8 .* it is uint8 \(120, 784\)",
    ),
    "big images": (spoiled(x_train=np.zeros((120, 32, 32), np.uint8)), r"it is uint8 \(120, 32, 32\)"),
    "few images": (npz(**small(99)), r"at least 100.* it is uint8 \(99, 28, 28\)"),
    "no images": (npz(**small(120, 0)), r"x_test .* it is uint8 \(0, 28, 28\)"),
    "float labels": (spoiled(y_train=np.zeros(120)), "y_train of integers .* it is float64"),
    "one-hot labels": (spoiled(y_train=np.zeros((120, 10), int)), r"it is int64 \(120, 10\)"),
    "fewer labels": (spoiled(y_train=np.zeros(119, np.uint8)), r"y_train of integers \(120,\)"),
    "label 10": (
        spoiled(y_test=np.full(100, 10, np.uint8)),
        "labels 0 to 9 in y_test; they run from 10 to 10",
    ),
    "label -1": (spoiled(y_test=np.full(100, -1, np.int8)), "they run from -1 to -1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_mnist_is_refused(tmp_path: Path, case: str) -> None:
    content, message = WRONG[case]
    (tmp_path / "some.npz").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_mnist(tmp_path / "some.npz")
    assert "'some.npz'" in str(caught.value)
    assert "INITS_MNIST" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_mnist(path)
    assert str(path.parent) not in str(caught.value)
    return str(caught.value)


def test_no_file_a_folder_a_pipe(tmp_path: Path) -> None:
    assert "'none.npz' cannot be opened (No such file" in refusal(tmp_path / "none.npz")
    (tmp_path / "dir.npz").mkdir()
    assert "'dir.npz' cannot be opened (Is a directory)" in refusal(tmp_path / "dir.npz")
    os.mkfifo(tmp_path / "pipe.npz")
    assert "'pipe.npz' is a pipe" in refusal(tmp_path / "pipe.npz")


@contextmanager
def no_longer_root() -> Iterator[None]:
    """Root may read everything, so as root be nobody for a while."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    path.write_bytes(npz(**small()))
    path.chmod(0)
    with no_longer_root():
        assert "'mine.npz' cannot be opened (Permission denied)" in refusal(path)


@pytest.fixture(scope="module")
def blank() -> bytes:
    """An archive of few bytes, so that damage hits its structure."""
    buffer = io.BytesIO()
    parts = {"x_train": (100, 28, 28), "y_train": 100, "x_test": (100, 28, 28), "y_test": 100}
    np.savez_compressed(buffer, **{key: np.zeros(shape, np.uint8) for key, shape in parts.items()})
    return buffer.getvalue()


@given(st.data())
def test_damage_is_refused_or_harmless(folder: Path, blank: bytes, data: st.DataObject) -> None:
    content = bytearray(
        blank[: data.draw(st.integers(0, len(blank)), "cut")] if data.draw(st.booleans()) else blank
    )
    for _ in range(data.draw(st.integers(0, 3)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "hurt.npz").write_bytes(content)
    try:
        dataset = read_mnist(folder / "hurt.npz")
    except DataError:
        return
    assert not dataset.x_train.any()


# one place to ask


def test_load_reads_the_local_file_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    path.write_bytes(npz(**small()))
    first = load("mnist", path)
    path.unlink()
    assert load("mnist", path) is first
    with pytest.raises(DataError):
        load("mnist", tmp_path / "other.npz")


def test_load_keeps_the_stand_in_beside_it(tmp_path: Path) -> None:
    (tmp_path / "m.npz").write_bytes(npz(**small()))
    ours, theirs = load("digits"), load("mnist", tmp_path / "m.npz")
    assert load("digits", tmp_path / "none.npz") is ours
    assert load("mnist", tmp_path / "m.npz") is theirs


def test_load_never_falls_back(tmp_path: Path) -> None:
    load("digits")
    with pytest.raises(DataError):
        load("mnist", tmp_path / "none.npz")


def test_load_refuses_other_names() -> None:
    with pytest.raises(SpecError, match="Received: name='cifar10'"):
        load("cifar10")
    assert issubclass(DataError, InitsError)


# the network


Answer = Callable[[BaseHTTPRequestHandler, bytes], None]
ARCHIVE = npz(**small(1000, 400))


class Server:
    """A web server on loopback that answers as told."""

    def __init__(self, answer: Answer) -> None:
        self.requests = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                answer(self, ARCHIVE)

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.http.server_port}/mnist.npz"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))

    def __enter__(self) -> "Server":
        self.thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


def head(to: BaseHTTPRequestHandler, size: int) -> None:
    to.send_response(200)
    to.send_header("Content-Length", str(size))
    to.end_headers()


def whole(to: BaseHTTPRequestHandler, content: bytes) -> None:
    head(to, len(content))
    to.wfile.write(content)


def cut(to: BaseHTTPRequestHandler, content: bytes) -> None:
    head(to, len(content))
    to.wfile.write(content[: len(content) // 2])


def wrong(to: BaseHTTPRequestHandler, content: bytes) -> None:
    whole(to, b"<html>Please log in</html>")


def missing(to: BaseHTTPRequestHandler, content: bytes) -> None:
    to.send_error(404)


def wrong_at_first() -> Answer:
    answers = iter([wrong])

    def answer(to: BaseHTTPRequestHandler, content: bytes) -> None:
        next(answers, whole)(to, content)

    return answer


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of Keras' that is empty."""
    from keras.src.backend import config

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> Iterator[Server]:
    """Keras downloads from a server on loopback and expects ARCHIVE."""
    with Server(answer) as server:
        from_there(monkeypatch, server.origin)
        yield server


def from_there(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    from keras.src.datasets import mnist
    from keras.utils import get_file

    digest = hashlib.sha256(ARCHIVE).hexdigest()
    monkeypatch.setattr(mnist, "get_file", lambda fname, **_: get_file(fname, origin, file_hash=digest))


@pytest.mark.keras
def test_download(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[int, int]] = []
    capfd.readouterr()
    with served(monkeypatch, whole) as server:
        dataset = download_mnist(lambda done, total: seen.append((done, total)))
        again = load("mnist", None)
    assert same(dataset, small(1000, 400))
    assert dataset.name == "mnist"
    assert server.requests == 1
    assert again.fingerprint == dataset.fingerprint
    assert seen[-1] == (len(ARCHIVE), datasets.MNIST_BYTES)
    assert (keras_home / "datasets" / "mnist.npz").read_bytes() == ARCHIVE
    assert socket.getdefaulttimeout() is None
    assert capfd.readouterr().out == ""


@pytest.mark.keras
@pytest.mark.usefixtures("keras_home")
def test_a_slow_server_shows_growing_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server sends the next quarter only once progress has told of the one before."""
    told = threading.Semaphore(0)
    seen = [0]

    def slow(to: BaseHTTPRequestHandler, content: bytes) -> None:
        head(to, len(content))
        step = len(content) // 4
        for start in range(0, len(content), step):
            to.wfile.write(content[start : start + step])
            to.wfile.flush()
            told.acquire(timeout=60)

    def progress(done: int, total: int) -> None:
        if done > seen[-1]:
            told.release()
        seen.append(done)

    with served(monkeypatch, slow):
        dataset = download_mnist(progress)
        for _ in range(9):
            told.release()
    assert same(dataset, small(1000, 400))
    assert seen == sorted(seen)
    assert len(set(seen)) >= 5
    assert max(seen) == len(ARCHIVE)


FAILURES = {
    "cut": (cut, "retrieval incomplete"),
    "wrong bytes": (wrong, "what arrived is not the file Keras expects"),
    "not found": (missing, "404 -- Not Found"),
}


def failure() -> str:
    with pytest.raises(DataError) as caught:
        download_mnist()
    message = str(caught.value)
    assert message.startswith("MNIST could not be downloaded (")
    assert "set INITS_MNIST to a local mnist.npz" in message
    assert "127.0.0.1" not in message
    assert socket.getdefaulttimeout() is None
    return message


@pytest.mark.keras
@pytest.mark.parametrize("case", FAILURES)
@pytest.mark.usefixtures("keras_home")
def test_a_failed_download_says_why_and_the_next_one_works(
    monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    answer, reason = FAILURES[case]
    with served(monkeypatch, answer):
        assert reason in failure()
    with served(monkeypatch, whole):
        assert same(load("mnist"), small(1000, 400))


@pytest.mark.keras
@pytest.mark.usefixtures("keras_home")
def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(whole) as server:
        origin = server.origin
    from_there(monkeypatch, origin)
    assert "Connection refused" in failure()


@pytest.mark.keras
@pytest.mark.usefixtures("keras_home")
def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "PATIENCE", 0.5)
    over = threading.Event()
    with served(monkeypatch, lambda to, content: over.wait(60) and None):
        try:
            assert "no answer for" in failure()
        finally:
            over.set()


@pytest.mark.keras
@pytest.mark.usefixtures("keras_home")
def test_wrong_bytes_are_fetched_anew_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(monkeypatch, wrong_at_first()) as server:
        assert same(download_mnist(), small(1000, 400))
        assert server.requests == 2


@pytest.mark.keras
@pytest.mark.parametrize("damage", [lambda b: b[:1000], lambda b: b[:5000] + b"?" + b[5001:], lambda b: b""])
def test_a_damaged_cache_is_replaced(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[bytes], bytes]
) -> None:
    cached = keras_home / "datasets" / "mnist.npz"
    cached.parent.mkdir()
    cached.write_bytes(damage(ARCHIVE))
    with served(monkeypatch, whole) as server:
        assert same(download_mnist(), small(1000, 400))
        assert server.requests == 1
    assert cached.read_bytes() == ARCHIVE


@pytest.mark.keras
@pytest.mark.usefixtures("keras_home")
def test_progress_may_end_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person stops while the server dawdles: the caller is free at once, the download there next time."""
    over = threading.Event()

    def dawdle(to: BaseHTTPRequestHandler, content: bytes) -> None:
        over.wait(60)
        whole(to, content)

    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with served(monkeypatch, dawdle) as server:
        with pytest.raises(InterruptedError):
            download_mnist(stop)
        over.set()
        assert same(download_mnist(), small(1000, 400))
        assert server.requests == 1


@pytest.mark.keras
@pytest.mark.usefixtures("keras_home")
def test_two_at_once_download_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    with served(monkeypatch, whole) as server:
        threads = [
            threading.Thread(target=lambda: found.append(download_mnist().fingerprint)) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.requests == 1
    assert len(found) == 3
    assert len(set(found)) == 1
