"""Results on disk: whole or not at all, the oldest out first, and nothing read that is not ours."""

import logging
import os
import time
import zipfile
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.engine import store as module
from inits.engine.store import Store, decode, encode, run_key
from inits.experiments.experiment import Experiment, Start
from inits.experiments.record import Checkpoint, Divergence, Record
from inits.initializers.spec import InitializerSpec

KEY, OTHER = "a" * 64, "b" * 64
(RUN,) = Experiment((Start(InitializerSpec("HeNormal")),)).runs


def record(steps: int = 40, layers: int = 3, points: int = 2, seed: int = 0, **changes) -> Record:
    rng = np.random.default_rng(seed)

    def numbers(*shape: int) -> np.ndarray:
        return rng.random(shape, np.float32)

    checkpoints = tuple(
        Checkpoint(
            step, rng.random(), rng.random(), 10_000, numbers(layers, 2),
            rng.integers(0, 99, (layers, 64), np.int32), *(numbers(layers) for _ in range(4)),
        )
        for step in range(points)
    )  # fmt: skip
    losses, accuracies = numbers(steps), numbers(steps)
    base = Record(0, steps, 32 * steps, losses, accuracies, checkpoints, finished=True, seconds=0.25)
    return replace(base, **changes)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "results", 1_000_000)


@given(st.integers(0, 30), st.integers(1, 5), st.integers(0, 4), st.integers(0, 99))
def test_a_record_comes_back_as_it_was(steps, layers, points, number):
    before = record(steps, layers, points)
    after = decode(encode(KEY, before), KEY, number)
    assert bytes(after) == bytes(before)
    assert after.run == number
    for name in ("steps", "images", "finished", "seconds", "stopped", "error", "divergence"):
        assert getattr(after, name) == getattr(before, name)
    for ours, theirs in zip(after.checkpoints, before.checkpoints, strict=True):
        assert (ours.step, ours.loss, ours.accuracy, ours.held_out) == (
            theirs.step, theirs.loss, theirs.accuracy, theirs.held_out
        )  # fmt: skip
        assert ours.counts.dtype == np.int32


@pytest.mark.parametrize("loss", [np.inf, np.nan])
@pytest.mark.parametrize("broken", [None, 2])
def test_a_divergence_comes_back_as_it_was(loss, broken):
    largest, gradient = np.array([1, np.inf], np.float32), np.array([np.nan, 3], np.float32)
    before = record(finished=False, divergence=Divergence(7, float(loss), largest, gradient, broken))
    after = decode(encode(KEY, before), KEY, 0)
    assert bytes(after) == bytes(before)
    assert (after.divergence.step, after.divergence.broken) == (7, broken)
    np.testing.assert_equal(after.divergence.loss, loss)
    assert after.settled


def test_what_was_put_is_there_for_every_server_on_the_folder(store):
    assert not store.has(KEY)
    assert store.get(KEY) is None
    store.put(KEY, record())
    assert bytes(Store(store.folder, 1000).get(KEY)) == bytes(record())
    assert [path.name for path in store.folder.iterdir()] == [f"{KEY}.run.npz"]


def test_a_limit_of_0_keeps_and_finds_nothing(store):
    store.put(KEY, record())
    nothing = Store(store.folder, 0)
    nothing.put(OTHER, record())
    assert (nothing.has(KEY), nothing.get(KEY), nothing.has(OTHER)) == (False, None, False)


def test_the_result_unused_for_longest_goes_first(store):
    size = len(encode(KEY, record()))
    store.limit = int(4.5 * size)
    keys = [letter * 64 for letter in "0123"]
    for age, key in enumerate(keys):
        store.put(key, record())
        os.utime(store.folder / f"{key}.run.npz", (age, age))
    assert store.get(keys[0]) is not None  # used just now
    store.put(KEY, record())
    assert [key for key in keys if store.has(key)] == [keys[0], keys[2], keys[3]]
    assert store.has(KEY)


def test_a_clock_that_was_set_back_costs_no_new_result(store, monkeypatch):
    size = len(encode(KEY, record()))
    store.limit = int(4.5 * size)
    old = [letter * 64 for letter in "0123"]
    for key in old:
        store.put(key, record())
    yesterday = time.time() - 86_400
    monkeypatch.setattr(time, "time", lambda: yesterday)
    for key in (KEY, OTHER):
        store.put(key, record())
        os.utime(store.folder / f"{key}.run.npz", (yesterday, yesterday))  # as a clock set back would have it
    assert (store.has(KEY), store.has(OTHER)) == (True, True)
    assert sum(map(store.has, old)) == 2


def test_the_folder_stays_within_its_limit_also_when_two_servers_write(store):
    size = len(encode(KEY, record()))
    store.limit = 5 * size
    other = Store(store.folder, 5 * size)
    for number in range(40):
        (store, other)[number % 2].put(f"{number:064x}", record(seed=number))
    total = sum(path.stat().st_size for path in store.folder.iterdir())
    assert total <= 2 * store.limit  # each knows of its own until its share is full
    Store(store.folder, 5 * size).put(KEY, record())
    assert sum(path.stat().st_size for path in store.folder.iterdir()) <= store.limit


def test_files_of_others_are_never_removed(store):
    store.folder.mkdir()
    (store.folder / "thesis.npz").write_bytes(b"x" * 2000)
    store.limit = len(encode(KEY, record())) + 10
    for key in (KEY, OTHER):
        store.put(key, record())
    assert (store.folder / "thesis.npz").exists()
    assert [store.has(key) for key in (KEY, OTHER)] == [False, True]


def test_a_result_larger_than_the_limit_is_not_kept(store):
    store.put(KEY, record())
    store.limit = 2000
    store.put(OTHER, record())
    assert (store.has(KEY), store.has(OTHER)) == (True, False)


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :]


def compressed(content: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return out.getvalue()


def pickled() -> bytes:
    out = BytesIO()
    np.savez(out, about=np.array([{"key": KEY}], dtype=object))
    return out.getvalue()


GOOD = encode(KEY, record())
DAMAGED = {
    "empty": b"",
    "cut short": GOOD[: len(GOOD) // 2],
    "without its end": GOOD[:-30],
    "a text": b"not a result",
    "another run's": encode(OTHER, record()),
    "a pickle": pickled(),
    "compressed": compressed(GOOD),
    "too large": GOOD + b"\0" * module.LARGEST,
    **{f"a flipped byte at {at}": flipped(GOOD, at) for at in range(40, len(GOOD), len(GOOD) // 12)},
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_or_foreign_file_is_ignored_with_a_log_line(content, store, caplog):
    store.put(KEY, record())
    (store.folder / f"{KEY}.run.npz").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        found = store.get(KEY)
    if found is None:
        assert f"Ignored {store.folder / KEY}" in caplog.text
        assert not store.has(KEY)
        assert store.get(KEY) is None
        assert len(caplog.records) == 1  # said once
    else:  # the byte was one that means nothing
        assert bytes(found) == bytes(record())
    store.put(KEY, record(seed=1))
    assert bytes(store.get(KEY)) == bytes(record(seed=1))


def test_a_folder_in_the_place_of_a_file_is_no_result(store):
    (store.folder / f"{KEY}.run.npz").mkdir(parents=True)
    assert (store.has(KEY), store.get(KEY)) == (False, None)


def test_a_disk_that_refuses_is_logged_and_nothing_else(store, caplog, monkeypatch):
    store.put(KEY, record())
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(OSError("disk full")))
    with caplog.at_level(logging.WARNING):
        store.put(OTHER, record())
    assert "was not kept" in caplog.text
    assert "disk full" in caplog.text
    assert [path.name for path in store.folder.iterdir()] == [f"{KEY}.run.npz"]
    blocked = Store(store.folder / f"{KEY}.run.npz" / "below", 1_000_000)
    blocked.put(OTHER, record())
    assert blocked.get(OTHER) is None


def test_the_key_follows_everything_that_decides_a_result():
    keys = {
        run_key(run, data, versions)
        for run in (RUN, replace(RUN, seed=1), replace(RUN, batch_size=64), replace(RUN, dataset="digits"))
        for data in ("1234", "5678")
        for versions in ("keras 3.15", "keras 3.16")
    }
    assert len(keys) == 16
    assert all(len(key) == 64 for key in keys)
