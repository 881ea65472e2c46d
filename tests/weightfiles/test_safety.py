"""Bad weight files: each gets one sentence, takes little memory and touches nothing else, whatever its bytes are."""

import base64
import ctypes
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file
from support import PYTHONPATH, SUPPORT
from support.weight_corpus import CORPUS, TOKEN

MOST_GROWTH = 150_000_000  # bytes, for the worst file of the corpus: 20 MB of JSON text
EXAMPLES = 2500
IN_OPEN = 0x20


def run(*command: object) -> subprocess.CompletedProcess[str]:
    """A Python process of its own, since C code may take it down."""
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=300,
    )


class Watch:
    """Tells whether a file has been opened by anyone, as Linux sees it."""

    def __init__(self, path: Path):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self.libc.inotify_init1(os.O_NONBLOCK)
        assert self.libc.inotify_add_watch(self.descriptor, os.fsencode(path), IN_OPEN) > 0

    def opened(self) -> bool:
        try:
            return bool(os.read(self.descriptor, 4096))
        except BlockingIOError:
            return False


@pytest.fixture(scope="module")
def canary(tmp_path_factory) -> Path:
    """A good file beside the bad ones, to which some of them lead."""
    path = tmp_path_factory.mktemp("canary") / "canary.h5"
    with h5py.File(path, "w") as file:
        file["dense/kernel"] = np.full((3, 4), TOKEN, np.float32)
    return path


@pytest.fixture(scope="module")
def answers(canary, tmp_path_factory) -> dict:
    """What a process of its own says of every bad file, what memory it took, and whether it opened the canary."""
    folder = tmp_path_factory.mktemp("corpus")
    for bad in CORPUS:
        (folder / bad.name).write_bytes(bad.build(canary))
    watch = Watch(canary) if sys.platform == "linux" else None
    done = run(SUPPORT / "weight_corpus.py", folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return {
        **json.loads(done.stdout),
        "opened": watch.opened() if watch else False,
        "files": os.listdir(folder),
    }


def test_there_are_many_bad_files_each_with_a_name_of_its_own():
    assert len({bad.name for bad in CORPUS}) == len(CORPUS) >= 150


@pytest.mark.parametrize("bad", CORPUS, ids=lambda bad: bad.name)
def test_a_bad_file_gets_one_sentence_that_says_what_and_what_to_do(answers, canary, bad):
    said = answers["said"][bad.name]
    assert bad.mentions in said
    assert said.startswith("The file ")
    assert said.endswith(".")
    assert said.isprintable()
    assert len(said) < 400
    assert any(f"; {verb} " in said for verb in ("save", "use", "download", "check", "fetch", "unpack")), said
    assert not [word for word in (str(canary), "site-packages", "Error", "errno", " b'") if word in said]


def test_bad_files_take_little_memory(answers):
    assert 0 < answers["grew"] < MOST_GROWTH


def test_bad_files_lead_nowhere(answers, canary):
    assert not answers["opened"]
    assert sorted(answers["files"]) == sorted(bad.name for bad in CORPUS)  # nothing was made beside them
    if sys.platform == "linux":
        watch = Watch(canary)
        with h5py.File(canary) as file:
            assert file["dense/kernel"][0, 0] == TOKEN
        assert watch.opened()  # as it would have been seen


def test_any_bytes_are_read_or_refused(tmp_path):
    done = run(SUPPORT / "weight_fuzz.py", tmp_path, EXAMPLES)
    assert done.returncode == 0, (
        f"{done.stderr[-2000:]}\nthe file in base64: {base64_of(tmp_path / 'current')}"
    )


def base64_of(path):
    return base64.b64encode(path.read_bytes())[:200_000].decode()


# Memory.

LAYERS, SIDE = 8, 1500  # 9 MB each, 72 MB in all
MEASURE = """
import sys
from support.weight_corpus import peak
from inits.weightfiles import read
from inits.weightfiles.reader import iterate
list(iterate(sys.argv[2]))
before, size = peak(), 0
if sys.argv[3] == "read":
    size = sum(array.nbytes for layer in read(sys.argv[1]) for array in layer.arrays.values())
else:
    for layer in iterate(sys.argv[1]):
        size += sum(array.nbytes for array in layer.arrays.values())
        del layer
print(size, peak() - before)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """A folder of files of each kind with the same arrays, and a small one."""
    folder = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(0)
    arrays = {f"dense_{n}/kernel": rng.random((SIDE, SIDE), np.float32) for n in range(LAYERS)}
    np.savez(folder / "small.npz", a=np.zeros(3))
    np.savez(folder / "stored.npz", **arrays)
    save_file(arrays, folder / "plain.safetensors")
    with h5py.File(folder / "plain.h5", "w") as file, h5py.File(folder / "gzip.h5", "w") as packed:
        for name, array in arrays.items():
            file[name] = array
            packed.create_dataset(name, data=array, compression="gzip", compression_opts=1)
    for name, compression in (("stored.keras", zipfile.ZIP_STORED), ("deflated.keras", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(folder / name, "w", compression, compresslevel=1) as archive:
            archive.write(folder / "plain.h5", "model.weights.h5")
    return folder


@pytest.mark.parametrize("how", ["read", "iterate"])
@pytest.mark.parametrize(
    "name", ["stored.npz", "plain.safetensors", "plain.h5", "gzip.h5", "stored.keras", "deflated.keras"]
)
def test_memory_stays_within_twice_the_arrays_or_a_part_of_them(large, name, how):
    done = run(
        "-c",
        MEASURE,
        large / name,
        large / "small.npz",
        how,
    )
    assert done.returncode == 0, done.stderr
    size, grew = map(int, done.stdout.split())
    assert size == LAYERS * SIDE**2 * 4
    assert grew < (1.7 if how == "read" else 0.7) * size
    assert how == "iterate" or grew > 0.9 * size  # it was measured


TAKE_APART = """
import os
import sys
from support.weight_corpus import peak
from inits.weightfiles.extract import take_apart

def take(path):
    with open(path, "rb") as file, open(os.devnull, "wb") as values:
        return sum(one["bytes"] for one in take_apart(file, values, path)["arrays"])

take(sys.argv[2])
before = peak()
size = take(sys.argv[1])
print(size, peak() - before)
"""


@pytest.mark.parametrize("name", ["stored.npz", "plain.safetensors", "gzip.h5", "deflated.keras"])
def test_reading_and_measuring_together_stay_within_twice_the_arrays(large, name):
    done = run(
        "-c",
        TAKE_APART,
        large / name,
        large / "small.npz",
    )
    assert done.returncode == 0, done.stderr
    size, grew = map(int, done.stdout.split())
    assert size == LAYERS * SIDE**2 * 4
    assert SIDE**2 * 4 < grew < 2 * size  # at least an array: it was measured
