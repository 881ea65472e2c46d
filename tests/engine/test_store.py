"""Results on disk: encoding, limits, and files that are damaged or not ours."""

import os
import time
import zipfile
from dataclasses import asdict, replace
from io import BytesIO
from unittest import mock

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


SIZE = len(encode(KEY, record()))


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "results", 1_000_000)


DIVERGENCES = st.builds(
    Divergence,
    st.just(7),
    st.sampled_from([np.inf, np.nan]),
    st.just(np.array([1, np.inf], np.float32)),
    st.just(np.array([np.nan, 3], np.float32)),
    st.sampled_from([None, 2]),
)


@given(st.integers(0, 30), st.integers(1, 5), st.integers(0, 4), st.integers(0, 99), st.none() | DIVERGENCES)
def test_record_round_trips(steps, layers, points, number, divergence):
    before = record(steps, layers, points, finished=divergence is None, divergence=divergence, factors=(0.5,))
    after = decode(encode(KEY, before), KEY, number)
    assert (after.run, bytes(after)) == (number, bytes(before))
    np.testing.assert_equal(asdict(replace(after, run=0)), asdict(before))
    assert all(point.counts.dtype == np.int32 for point in after.checkpoints)


def test_result_is_there_for_every_server_on_the_folder(store):
    assert (store.has(KEY), store.get(KEY)) == (False, None)
    store.put(KEY, record())
    assert bytes(Store(store.folder, 1000).get(KEY)) == bytes(record())
    assert [path.name for path in store.folder.iterdir()] == [f"{KEY}.run.npz"]


def test_limit_of_0_keeps_and_finds_nothing(store):
    store.put(KEY, record())
    nothing = Store(store.folder, 0)
    nothing.put(OTHER, record())
    assert (nothing.has(KEY), nothing.get(KEY), store.has(OTHER)) == (False, None, False)


def test_least_recently_used_result_is_removed_first(store):
    store.limit = int(4.5 * SIZE)
    keys = [letter * 64 for letter in "0123"]
    for age, key in enumerate(keys):
        store.put(key, record())
        os.utime(store.folder / f"{key}.run.npz", (age, age))
    assert store.get(keys[0]) is not None  # used just now
    store.put(KEY, record())
    assert [key for key in (*keys, KEY) if store.has(key)] == [keys[0], keys[2], keys[3], KEY]


def test_new_results_stay_when_the_clock_was_set_back(store, monkeypatch):
    store.limit = int(4.5 * SIZE)
    old = [letter * 64 for letter in "0123"]
    for key in old:
        store.put(key, record())
    yesterday = time.time() - 86_400
    monkeypatch.setattr(time, "time", lambda: yesterday)
    for key in (KEY, OTHER):
        store.put(key, record())
        os.utime(store.folder / f"{key}.run.npz", (yesterday, yesterday))
    assert (store.has(KEY), store.has(OTHER), sum(map(store.has, old))) == (True, True, 2)


def test_folder_of_two_servers_stays_within_its_limit(store):
    def used() -> int:
        return sum(path.stat().st_size for path in store.folder.iterdir())

    store.limit = 5 * SIZE
    servers = store, Store(store.folder, store.limit)
    for number in range(40):
        servers[number % 2].put(f"{number:064x}", record(seed=number))
    assert used() <= 2 * store.limit  # each counts only its own files until its share is full
    Store(store.folder, store.limit).put(KEY, record())
    assert used() <= store.limit


def test_other_files_stay_and_results_beyond_the_limit_are_not_kept(store):
    store.folder.mkdir()
    (store.folder / "thesis.npz").write_bytes(b"x" * 2000)
    store.limit = SIZE + 10
    for key in (KEY, OTHER):
        store.put(key, record())
    store.limit = SIZE - 1
    store.put(KEY, record())
    assert (store.folder / "thesis.npz").exists()
    assert [store.has(key) for key in (KEY, OTHER)] == [False, True]


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
def test_damaged_or_foreign_file_is_ignored_and_logged_once(content, store, caplog):
    store.put(KEY, record())
    (store.folder / f"{KEY}.run.npz").write_bytes(content)
    found = store.get(KEY)
    if found is None:
        assert (store.has(KEY), store.get(KEY), len(caplog.records)) == (False, None, 1)
        assert f"Ignored {store.folder / KEY}" in caplog.text
    else:  # the byte was one that means nothing
        assert bytes(found) == bytes(record())
    store.put(KEY, record(seed=1))
    assert bytes(store.get(KEY)) == bytes(record(seed=1))


def test_folder_in_the_place_of_a_file_is_no_result(store):
    (store.folder / f"{KEY}.run.npz").mkdir(parents=True)
    assert (store.has(KEY), store.get(KEY)) == (False, None)


def test_full_disk_and_a_folder_that_cannot_be_made_are_logged(store, caplog, monkeypatch):
    store.put(KEY, record())
    blocked = Store(store.folder / f"{KEY}.run.npz" / "below", 1_000_000)
    blocked.put(OTHER, record())
    monkeypatch.setattr(os, "replace", mock.Mock(side_effect=OSError("disk full")))
    store.put(OTHER, record())
    assert caplog.text.count("was not kept") == 2
    assert "disk full" in caplog.text
    assert (blocked.get(OTHER), [path.name for path in store.folder.iterdir()]) == (None, [f"{KEY}.run.npz"])


def test_key_follows_everything_that_decides_a_result():
    keys = {
        run_key(run, data, versions)
        for run in (RUN, replace(RUN, seed=1), replace(RUN, batch_size=64), replace(RUN, dataset="digits"))
        for data in ("1234", "5678")
        for versions in ("keras 3.15", "keras 3.16")
    }
    assert len(keys) == 16
    assert all(len(key) == 64 for key in keys)
