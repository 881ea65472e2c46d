"""The entries of the datasets, MNIST from a local file, and the order of an epoch."""

import io
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import npz, same, small

from inits.data import datasets
from inits.data.dataset import KEYS, Dataset, batches, pixels
from inits.data.datasets import DATASETS, load, local_files
from inits.data.mnist import read_mnist
from inits.errors import DataError, SpecError
from inits.experiments.network import Network
from inits.settings import read


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "_KEPT", {})


@given(st.integers(1, 700), st.integers(1, 800), st.integers(0, 2**63))
def test_an_epoch_has_every_example_once(n: int, batch_size: int, seed: int) -> None:
    order = batches(n, batch_size, seed)
    assert order.dtype == np.int32
    assert order.shape == (-(-n // batch_size), batch_size)
    assert sorted(order.ravel()[:n]) == list(range(n))
    assert (order.ravel()[n:] == -1).all()
    assert np.array_equal(order, batches(n, batch_size, seed))
    assert n < 100 or not np.array_equal(order, batches(n, batch_size, seed + 1))


def test_an_epoch_keeps_its_order_and_needs_examples() -> None:
    assert batches(7, 4, 0).tolist() == [[2, 4, 3, 6], [5, 0, 1, -1]]
    for wrong, name in (((0, 1, 0), "n"), ((1, 0, 0), "batch_size"), ((1, 1, -1), "seed")):
        with pytest.raises(SpecError, match=f"{name} must be at least"):
            batches(*wrong)


def test_pixels_are_those_of_keras_examples() -> None:
    x = np.arange(256, dtype=np.uint8)
    assert pixels(x).dtype == np.float32
    assert np.array_equal(pixels(x), x.astype("float32") / 255)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secret")


@given(st.integers(100, 160), st.integers(100, 160), st.sampled_from("bBiIl"), st.booleans())
def test_subsets_are_read_as_they_are(folder: Path, train: int, test: int, kind: str, fortran: bool) -> None:
    arrays, path = small(train, test), folder / "part.npz"
    order = np.asfortranarray if fortran else np.ascontiguousarray
    change = {"y_test": arrays["y_test"].astype(kind), "x_test": order(arrays["x_test"]), "more": np.ones(3)}
    path.write_bytes(npz(**arrays | change))
    dataset = read_mnist(path)
    assert same(dataset, arrays)
    assert (dataset.x_train.shape, dataset.y_test.dtype) == ((train, 784), np.uint8)
    assert dataset.x_test.flags.c_contiguous
    assert not dataset.y_test.flags.writeable


def test_the_fingerprint_follows_the_arrays() -> None:
    base = small()
    flips = {key: np.concatenate([base[key][:1] ^ 1, base[key][1:]]) for key in KEYS}
    changed = [base, small(seed=1), *(base | {key: flip} for key, flip in flips.items())]
    prints = [Dataset("mnist", *(arrays[key] for key in KEYS)).fingerprint for arrays in (*changed, small())]
    assert len(set(prints)) == 6
    assert prints[0] == prints[-1]
    assert {len(text) for text in prints} == {16}


def test_the_real_mnist(mnist_path: Path) -> None:
    mnist = read_mnist(mnist_path)
    assert mnist.name == "mnist"
    assert (mnist.x_train.shape, mnist.x_test.shape) == ((60_000, 784), (10_000, 784))
    assert mnist.x_train.mean() == pytest.approx(33.318421, abs=1e-6)
    assert mnist.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.fingerprint == DATASETS["mnist"].fingerprint


WRONG = [
    (b"", "is not an npz archive"),
    (b"hello", "is not an npz archive"),
    (b"\x93NUMPY\x01\x00", "is not an npz archive"),
    (npz(**small())[:50_000], "is damaged, cut short"),
    (b"PK\x05\x06" + bytes(18), "has no array x_train, y_train, x_test, y_test"),
    (npz(**{k: v for k, v in small().items() if k != "y_test"}), "has no array y_test; it holds"),
    ({"y_test": np.array([{}] * 100, object)}, "pickled"),
    ({"x_test": np.zeros((100, 28, 28))}, "x_test uint8 .* it is float64"),
    ({"x_train": np.zeros((120, 784), np.uint8)}, r"x_train uint8 .* it is uint8 \(120, 784\)"),
    ({"x_train": np.zeros((120, 32, 32), np.uint8)}, r"it is uint8 \(120, 32, 32\)"),
    (npz(**small(99)), r"at least 100.* it is uint8 \(99, 28, 28\)"),
    (npz(**small(120, 0)), r"x_test .* it is uint8 \(0, 28, 28\)"),
    ({"y_train": np.zeros(120)}, "y_train of integers .* it is float64"),
    ({"y_train": np.zeros((120, 10), int)}, r"it is int64 \(120, 10\)"),
    ({"y_train": np.zeros(119, np.uint8)}, r"y_train of integers \(120,\)"),
    ({"y_test": np.full(100, 10, np.uint8)}, "labels 0 to 9 in y_test; they run from 10 to 10"),
    ({"y_test": np.full(100, -1, np.int8)}, "they run from -1 to -1"),
]


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_mnist(path)
    message = str(caught.value)
    assert message.startswith(f"The MNIST file {path.name!r} ")
    assert "INITS_MNIST" in message
    assert str(path.parent) not in message
    return message


@pytest.mark.parametrize(("content", "message"), WRONG, ids=[message for _, message in WRONG])
def test_other_files_are_refused(
    tmp_path: Path, content: bytes | dict[str, np.ndarray], message: str
) -> None:
    data = npz(**small() | content) if isinstance(content, dict) else content
    (tmp_path / "some.npz").write_bytes(data)
    assert re.search(message, refusal(tmp_path / "some.npz"))


def test_paths_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    assert "cannot be opened (No such file" in refusal(tmp_path / "none.npz")
    (tmp_path / "dir.npz").mkdir()
    assert "cannot be opened (Is a directory)" in refusal(tmp_path / "dir.npz")
    os.mkfifo(tmp_path / "pipe.npz")
    assert "is a pipe" in refusal(tmp_path / "pipe.npz")
    path = tmp_path / "mine.npz"
    path.write_bytes(npz(**small()))
    path.chmod(0)
    root = not os.geteuid()
    if root:  # which may read everything
        os.seteuid(65534)
    try:
        assert "cannot be opened (Permission denied)" in refusal(path)
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture(scope="module")
def blank() -> bytes:
    """Return an archive of few bytes, so that damage hits its structure."""
    buffer = io.BytesIO()
    parts = {"x_train": (100, 28, 28), "y_train": 100, "x_test": (100, 28, 28), "y_test": 100}
    np.savez_compressed(buffer, **{key: np.zeros(shape, np.uint8) for key, shape in parts.items()})
    return buffer.getvalue()


@given(st.data())
def test_damage_is_refused_or_harmless(folder: Path, blank: bytes, data: st.DataObject) -> None:
    content = bytearray(blank)
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(blank)), "cut")]
    for _ in range(data.draw(st.integers(0, 3)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "hurt.npz").write_bytes(content)
    try:
        dataset = read_mnist(folder / "hurt.npz")
    except DataError:
        return
    assert not any(getattr(dataset, key).any() for key in KEYS)


def test_load_keeps_one_dataset_of_each_name_and_never_falls_back(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    path.write_bytes(npz(**small()))
    digits, mnist = load("digits"), load("mnist", path)
    path.unlink()
    assert load("digits", tmp_path / "none.npz") is digits
    assert load("mnist", path) is mnist
    with pytest.raises(DataError):
        load("mnist", tmp_path / "none.npz")
    with pytest.raises(SpecError, match="but got 'cifar10'"):
        load("cifar10")


@pytest.mark.parametrize("name", DATASETS)
def test_an_entry_is_complete(name: str) -> None:
    entry = DATASETS[name]
    assert entry.name == name
    assert entry.title
    assert entry.phrase
    assert entry.licence.endswith(".")
    assert bool(entry.make) != bool(entry.download)
    assert not entry.read or local_files(replace(read({}), **{name: Path("a")})) == {name: Path("a")}
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
