"""MNIST from a local file, one place to ask for digits, and the order of an epoch."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import npz, same, small

from inits.data import datasets
from inits.data.dataset import KEYS, batches, pixels
from inits.data.datasets import DATASETS, load
from inits.data.mnist import read_mnist
from inits.errors import DataError, InitsError, SpecError
from inits.experiments.network import Network


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "_KEPT", {})


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
    with pytest.raises(SpecError, match=f"{name} must be at least"):
        batches(n, size, seed)


def test_pixels_are_those_of_keras_examples() -> None:
    x = np.arange(256, dtype=np.uint8)
    assert pixels(x).dtype == np.float32
    assert np.array_equal(pixels(x), x.astype("float32") / 255)
    assert (pixels(x).min(), pixels(x).max()) == (0, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secret")


def test_the_real_mnist(mnist_path: Path) -> None:
    mnist = read_mnist(mnist_path)
    assert mnist.name == "mnist"
    assert (mnist.x_train.shape, mnist.x_test.shape) == ((60_000, 784), (10_000, 784))
    assert mnist.x_train.mean() == pytest.approx(33.318421, abs=1e-6)
    assert mnist.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.fingerprint == DATASETS["mnist"].fingerprint


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


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_mnist(path)
    assert str(path.parent) not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_mnist_is_refused(tmp_path: Path, case: str) -> None:
    content, message = WRONG[case]
    (tmp_path / "some.npz").write_bytes(content)
    said = refusal(tmp_path / "some.npz")
    assert re.search(message, said)
    assert "'some.npz'" in said
    assert "INITS_MNIST" in said


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
    assert not any(getattr(dataset, key).any() for key in KEYS)


def test_load_reads_the_local_file_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    path.write_bytes(npz(**small()))
    first = load("mnist", path)
    path.unlink()
    assert load("mnist", path) is first
    with pytest.raises(DataError):
        load("mnist", tmp_path / "other.npz")


def test_load_keeps_the_stand_in_beside_it_and_never_falls_back(tmp_path: Path) -> None:
    (tmp_path / "m.npz").write_bytes(npz(**small()))
    ours, theirs = load("digits"), load("mnist", tmp_path / "m.npz")
    assert load("digits", tmp_path / "none.npz") is ours
    assert load("mnist", tmp_path / "m.npz") is theirs
    with pytest.raises(DataError):
        load("mnist", tmp_path / "none.npz")


@pytest.mark.parametrize("name", DATASETS)
def test_an_entry_is_complete(name: str) -> None:
    entry = DATASETS[name]
    assert entry.name == name
    assert entry.title
    assert entry.phrase
    assert entry.licence.endswith(".")
    assert bool(entry.make) != bool(entry.download)
    assert entry.fallback in ("", *DATASETS)
    assert not entry.fallback or DATASETS[entry.fallback].make
    assert len(entry.mean_squares) == 8
    assert entry.inputs == Network().inputs
    assert entry.classes == Network().outputs


@pytest.mark.parametrize("name", [name for name, entry in DATASETS.items() if entry.make])
def test_what_the_app_carries_is_as_its_entry_says(name: str) -> None:
    data, entry = load(name), DATASETS[name]
    assert (data.name, data.fingerprint) == (name, entry.fingerprint)
    assert (len(data.x_train), len(data.x_test)) == (entry.training_images, entry.test_images)
    assert data.x_train.shape[1] == entry.inputs
    assert set(data.y_train) == set(range(entry.classes))


def test_load_refuses_other_names() -> None:
    with pytest.raises(SpecError, match="but got 'cifar10'"):
        load("cifar10")
    assert issubclass(DataError, InitsError)
