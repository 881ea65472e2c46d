"""The store of weight files: the arrays that come back, how often files are read, and what the folder keeps."""

import errno
import io
import json
import logging
import os
import threading

import numpy as np
import pytest
from support import PATIENCE, until
from support.extraction import MEMORY, digest_of, kept, left, read_here, stand_in, take
from support.weight_corpus import KERNEL, npz, tensor, tensors

from inits.errors import WeightFileError
from inits.files import disk_problem
from inits.measure.array_summary import summarize_array
from inits.sandbox.processes import python
from inits.weightfiles import read, subprocess_reader, weight_file
from inits.weightfiles import store as weightstore
from inits.weightfiles.store import SUFFIX, WeightStore, wait
from inits.weightfiles.subprocess_reader import BROKEN
from inits.weightfiles.weight_file import ABOUT, VALUES

FILES = ("functional.keras", "images.weights.h5", "sequences.h5", "float16.keras", "float64.weights.h5")


@pytest.fixture
def started(monkeypatch) -> list[str]:
    """The calls for which processes were started."""
    calls: list[str] = []
    monkeypatch.setattr(subprocess_reader, "python", lambda call: calls.append(call) or python(call))
    return calls


@pytest.fixture
def read_names(monkeypatch) -> list[str]:
    """The names of files that were read, in this process."""
    return read_here(monkeypatch)


# What comes back.


@pytest.mark.keras
@pytest.mark.parametrize("name", FILES)
def test_files_of_keras_are_stored_value_by_value(saved, store, name):
    file = kept(store, (saved / name).read_bytes(), name)
    expected = [(layer, *item) for layer in read(saved / name) for item in layer.arrays.items()]
    assert [(one.layer, one.name, one.kind) for one in file.summaries] == [
        (layer.name, variable, layer.kind) for layer, variable, _ in expected
    ]
    for number, (_, _, array) in enumerate(expected):
        found, about = file.values(number), file.summaries[number]
        assert (found.dtype, about.dtype, about.shape) == (np.float32, str(array.dtype), array.shape)
        np.testing.assert_array_equal(found, array.astype(np.float32))
        assert repr(about.summary) == repr(summarize_array("", "", "", array).summary)
    assert file.parameters == sum(array.size for _, _, array in expected)
    assert file.kind == ("keras" if name.endswith(".keras") else "hdf5")
    assert left(store) == []


@pytest.mark.usefixtures("read_names")
def test_kernels_of_pytorch_are_transposed(store):
    kernel = np.arange(6, dtype=np.float32)
    header = {"a.weight": tensor([3, 2], 0, 24), "b.weight": tensor([2, 3, 1, 1], 24, 48)}
    file = kept(store, tensors(header, np.tile(kernel, 2).tobytes()), "net.safetensors")
    np.testing.assert_array_equal(file.values(0), kernel.reshape(3, 2).T)
    np.testing.assert_array_equal(file.values(1), kernel.reshape(2, 3).T[None, None])
    assert [one.shape for one in file.summaries] == [(2, 3), (1, 1, 3, 2)]
    assert (file.kind, file.layers) == ("safetensors", ("a", "b"))


@pytest.mark.usefixtures("read_names")
def test_unusual_arrays_are_read(store):
    arrays = {
        "a/scalar": np.float64(2.5),
        "a/empty": np.zeros((0, 3), np.float32),
        "b/odd": np.array([[np.nan, np.inf], [1e300, -0.0]]),
        "b/turned": np.arange(12.0).reshape(3, 4).T,
    }
    file = kept(store, npz(**arrays))
    with np.errstate(over="ignore"):
        for number, array in enumerate(arrays.values()):
            np.testing.assert_array_equal(file.values(number), array.astype(np.float32))
            assert file.values(number).shape == array.shape
    assert file.layers == ("a", "b")


@pytest.mark.usefixtures("read_names")
def test_digest_gives_access_in_all_servers_on_the_folder(store):
    content = npz()
    file = kept(store, content)
    assert file.digest == digest_of(content)
    other = WeightStore(store.folder, MEMORY).get(file.digest)
    np.testing.assert_array_equal(other.values(0), KERNEL)
    assert [one.to_dict() for one in other.summaries] == [one.to_dict() for one in file.summaries]
    assert store.get("0" * 32) is None
    (store.folder / f"{file.digest}{SUFFIX}" / VALUES).unlink()
    with pytest.raises(WeightFileError, match="is not available; choose the file again"):
        file.values(0)


# How often.


def test_same_file_twice_is_read_once(store, read_names):
    content = npz()
    first, second = (take(store, content, name) for name in ("a.npz", "b.npz"))
    assert first is second
    again = WeightStore(store.folder, MEMORY)
    assert take(again, content).error is None
    assert read_names == ["a.npz"]
    assert left(store) == []


def test_two_at_once_share_one_process_and_others_wait_their_turn(store, started):
    with store._turns.turn(store._turns.enter("")):  # as if a file were being read
        same = [store.take(io.BytesIO(npz()), "a.npz") for _ in range(2)]
        other = store.take(io.BytesIO(npz(a=np.ones(3))), "b.npz")
        assert same[0] is same[1]
        assert (same[0].ahead(), other.ahead()) == (1, 2)
        assert not wait([same[0]], 0.05)
        assert same[0].progress == 0.0
        assert store.get(other.digest) is None
    assert wait([*same, other], PATIENCE)
    assert [one.error for one in (*same, other)] == [None] * 3
    assert (len(started), other.ahead(), other.progress) == (2, 0, 1.0)
    assert left(store) == []


def test_refused_file_is_read_again_on_the_next_upload(store, started, monkeypatch):
    stand_in(monkeypatch, "os._exit(1)")
    assert take(store, npz()).error == BROKEN
    monkeypatch.undo()
    assert take(store, npz()).error is None


@pytest.mark.usefixtures("read_names")
def test_abandoned_files_are_removed_after_a_while_but_never_those_that_wait(store):
    with store._turns.turn(store._turns.enter("")):
        reading = store.take(io.BytesIO(npz()), "a.npz")
        until(lambda: list(store.folder.glob("*.upload")))
        (store.folder / "a.new").mkdir()
        (store.folder / "b.upload").write_bytes(b"x")
        for path in store.folder.iterdir():
            os.utime(path, (0, 0))
        (store.folder / "c.upload").write_bytes(b"x")
        store._remove_unfinished()
    assert wait([reading], PATIENCE)
    assert reading.error is None
    assert left(store) == ["c.upload"]


# Folders.


@pytest.mark.usefixtures("read_names")
def test_temporary_folder_replaces_one_that_cannot_be_written(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    store = WeightStore(tmp_path / "file" / "weights", MEMORY)
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(kept(store, npz()).values(0), KERNEL)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "Weight files are kept for this run of the server only"
    ]
    folder = store.folder
    assert tmp_path not in folder.parents
    store.close()
    assert not folder.exists()


@pytest.mark.usefixtures("read_names")
@pytest.mark.parametrize("limit", [0, MEMORY])
def test_files_stay_after_close_unless_the_limit_is_0(tmp_path, limit):
    store = WeightStore(tmp_path / "weights", limit)
    files = [kept(store, npz(a=np.full(9, number))) for number in range(3)]
    assert all(store.get(file.digest) for file in files)
    assert (tmp_path / "weights").exists() == store.folder.is_relative_to(tmp_path) == bool(limit)
    store.close()
    assert store.folder.exists() == bool(limit)
    if limit:
        assert WeightStore(store.folder, MEMORY).get(files[0].digest) is not None


@pytest.mark.usefixtures("read_names")
def test_least_recently_used_file_goes_and_the_newest_stays(store):
    contents = [npz(a=np.full(100, number, np.float32)) for number in range(4)]
    digests = [digest_of(content) for content in contents]
    for age, content in enumerate(contents[:3]):
        kept(store, content)
        os.utime(store.folder / f"{digest_of(content)}{SUFFIX}", (age, age))
    assert store.get(digests[0]) is not None  # used just now
    store.limit = sum(path.stat().st_size for path in store.folder.glob("*/*")) + 100
    kept(store, contents[3])
    assert [digest for digest in digests if store.get(digest)] == [digests[0], digests[2], digests[3]]
    store.limit = 10
    large = kept(store, npz(a=np.ones(1000)))
    assert [path.name for path in store.folder.iterdir()] == [f"{large.digest}{SUFFIX}"]
    assert len(large.values(0)) == 1000


@pytest.mark.usefixtures("read_names")
def test_foreign_folders_are_never_removed(store):
    store.folder.joinpath("thesis").mkdir()
    store.folder.joinpath("thesis", VALUES).write_bytes(bytes(5000))
    store.limit = 10
    for number in range(2):
        kept(store, npz(a=np.full(50, number)))
    assert store.folder.joinpath("thesis", VALUES).exists()
    assert len(list(store.folder.glob(f"*{SUFFIX}"))) == 1


DAMAGE = {
    "missing": lambda text: None,
    "cut short": lambda text: text[: len(text) // 2],
    "of another version": lambda text: json.dumps(json.loads(text) | {"version": weight_file.FORMAT + 1}),
    "a list": lambda text: "[]",
    "of other arrays": lambda text: '{"version": 1, "kind": "npz", "arrays": [{}]}',
}


@pytest.mark.usefixtures("read_names")
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_or_foreign_folder_is_ignored_with_a_log_line_and_replaced(store, caplog, damage):
    about = store.folder / f"{kept(store, npz()).digest}{SUFFIX}" / ABOUT
    text = damage(about.read_text())
    about.unlink() if text is None else about.write_text(text)
    other = WeightStore(store.folder, MEMORY)
    with caplog.at_level(logging.WARNING):
        assert other.get(digest_of(npz())) is None
    (record,) = caplog.records
    assert record.getMessage().startswith(f"Ignored {about.parent}: ")
    np.testing.assert_array_equal(kept(other, npz()).values(0), KERNEL)
    assert left(store) == []


def full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_full_disk_is_reported_at_once_and_leaves_nothing(store):
    file = io.BytesIO()
    file.read = full
    words = "because the disk of this server is full; make room on it, then try again."
    with pytest.raises(WeightFileError, match=f"^The file could not be stored, {words}$"):
        store.take(file, "a.npz")
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("module", "name"),
    [(weightstore.tempfile, "mkdtemp"), (weightstore.os, "replace"), (subprocess_reader.os, "pipe")],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the assertion checks it
def test_full_disk_during_reading_ends_with_an_error(store, monkeypatch, module, name):
    assert store.folder.exists()
    with monkeypatch.context() as patch:
        patch.setattr(module, name, full)
        reading = store.take(io.BytesIO(npz()), "a.npz")
        assert wait([reading], PATIENCE), "the reading never ends"
    assert reading.error.endswith("try again.")
    assert list(store.folder.iterdir()) == []


def test_closing_ends_the_process_that_reads(tmp_path, monkeypatch):
    store = WeightStore(tmp_path, 0)
    stand_in(monkeypatch, "time.sleep(600)")
    reading = store.take(io.BytesIO(npz()), "a.npz")
    until(lambda: store._readers._children)
    (process,) = store._readers._children
    folder = store.folder
    store.close()
    assert wait([reading], PATIENCE)
    assert (reading.error, process.poll() is None) == (BROKEN, False)
    assert not folder.exists()
    assert "inits-weights" not in {one.name for one in threading.enumerate()}


# Many sessions.


@pytest.mark.usefixtures("read_names")
def test_session_that_brings_many_files_removes_its_own(store):
    other = take(store, npz(a=np.full(100, 9)), session="b")
    store.quota = 2 * sum(path.stat().st_size for path in store.folder.glob("*/*")) + 100
    own = [take(store, npz(a=np.full(100, number)), session="a") for number in range(4)]
    assert [bool(store.get(one.digest)) for one in (other, *own)] == [True, False, False, True, True]
    refused = take(store, npz(a=np.ones(10_000)), session="c")
    assert "a session can store at most 0.0 MB on this server" in refused.error
    assert left(store) == []


@pytest.mark.usefixtures("read_names")
def test_files_that_wait_are_limited_for_a_session_and_for_all(store, monkeypatch):
    with store._turns.turn(store._turns.enter("c")):
        waiting = [store.take(io.BytesIO(npz(a=np.full(3, n))), "a.npz", "a") for n in range(4)]
        with pytest.raises(WeightFileError, match="4 of your files wait to be read; wait until"):
            store.take(io.BytesIO(npz()), "a.npz", "a")
        monkeypatch.setattr(weightstore, "MAX_COPIES", 5 * len(npz(a=np.ones(4))))
        waiting.append(store.take(io.BytesIO(npz(a=np.ones(4))), "a.npz", "b"))
        with pytest.raises(WeightFileError, match="Too many files of other people wait"):
            store.take(io.BytesIO(npz(a=np.ones(9))), "a.npz", "b")
        assert len(left(store)) == 5
    assert wait(waiting, PATIENCE)
    assert [one.error for one in waiting] == [None] * 5


def test_without_any_folder_there_is_a_sentence_and_no_file(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    store = WeightStore(tmp_path / "file" / "weights", MEMORY)
    monkeypatch.setattr(weightstore.tempfile, "mkdtemp", full)
    assert store.get("0" * 32) is None
    with pytest.raises(WeightFileError, match="could not be stored, because the disk of this server is full"):
        store.take(io.BytesIO(npz()), "a.npz")


@pytest.mark.usefixtures("read_names")
def test_few_files_are_in_memory(store, monkeypatch):
    monkeypatch.setattr(weight_file, "MAX_KNOWN", 2)
    files = [kept(store, npz(a=np.full(3, number))) for number in range(3)]
    assert [store._known.get(one.digest) for one in files] == [None, *files[1:]]
    assert store.get(files[0].digest) is not None
    assert len(store._known._files) == 2


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk of this server is full; make room on it, then try again."),
        (errno.EDQUOT, "the space that this server may use is full; make room in it, then try again."),
        (errno.EROFS, "the disk of this server is read-only; mount it for writing, then try again."),
        (
            errno.EACCES,
            "this server may not write to its folder; check the rights of the folder, then try again.",
        ),
    ],
)
def test_each_problem_of_a_disk_has_a_sentence(number, words):
    assert disk_problem("VGG16", OSError(number, "")) == f"VGG16 could not be stored, because {words}"
    assert disk_problem("VGG16", OSError("other")) is None
