"""Bad weight files: each is refused with one sentence, takes little memory and touches no other file."""

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

MAX_GROWTH = 150_000_000  # bytes, for the worst file of the corpus: 20 MB of JSON text
EXAMPLES = 1000
IN_OPEN = 0x20


def run(*command: object) -> str:
    """Run a separate Python process, since C code can stop it, and return what it printed."""
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    command = [sys.executable, *map(str, command)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


class Watch:
    """Watches with inotify if any process opens a file."""

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
    """The messages of a separate process for every bad file, its memory, and True if it opened the canary."""
    folder = tmp_path_factory.mktemp("corpus")
    for bad in CORPUS:
        (folder / bad.name).write_bytes(bad.build(canary))
    watch = Watch(canary) if sys.platform == "linux" else None
    found = json.loads(run(SUPPORT / "weight_corpus.py", folder))
    return {**found, "opened": watch is not None and watch.opened(), "files": os.listdir(folder)}


@pytest.mark.parametrize("bad", CORPUS, ids=lambda bad: bad.name)
def test_bad_file_is_refused_with_its_problem_and_a_remedy(answers, canary, bad):
    message = answers["messages"][bad.name]
    assert bad.mentions in message
    assert message.startswith("The file ")
    assert message.endswith(".")
    assert message.isprintable()
    assert len(message) < 400
    assert any(f"; {verb} " in message for verb in ("save", "use", "download", "check", "fetch", "unpack")), (
        message
    )
    assert not [word for word in (str(canary), "site-packages", "Error", "errno", " b'") if word in message]


def test_bad_files_take_little_memory_and_open_and_create_no_other_file(answers, canary):
    assert 0 < answers["grew"] < MAX_GROWTH
    assert not answers["opened"]
    assert len(CORPUS) >= 150
    assert sorted(answers["files"]) == sorted(bad.name for bad in CORPUS)  # nothing was made beside them
    if sys.platform == "linux":
        watch = Watch(canary)
        with h5py.File(canary) as file:
            assert file["dense/kernel"][0, 0] == TOKEN
        assert watch.opened()  # as it would have been seen


def test_any_bytes_are_read_or_refused(tmp_path):
    try:
        outcomes = json.loads(run(SUPPORT / "weight_fuzz.py", tmp_path, EXAMPLES))
    except AssertionError as error:
        content = base64.b64encode((tmp_path / "current").read_bytes())[:200_000].decode()
        error.add_note(f"the file in base64: {content}")
        raise
    assert outcomes["read"] > 0 < outcomes["refused"]
    assert outcomes["read"] + outcomes["refused"] >= EXAMPLES


# Memory.

LAYERS, SHAPE = 8, (9000, 250)  # 9 MB each, 72 MB in all; so narrow a matrix is decomposed in little time
MEASURE = """
import json, os, sys
from support.weight_corpus import peak
from inits.weightfiles.extract import extract_arrays
from inits.weightfiles.reader import iterate

def measured(path):
    with open(path, "rb") as file, open(os.devnull, "wb") as values:
        return sum(one["bytes"] for one in extract_arrays(file, values, path)["arrays"])

def size(layers):
    total = 0
    for layer in layers:
        total += sum(array.nbytes for array in layer.arrays.values())
        del layer
    return total

def in_child(way, path):
    out, into = os.pipe()
    if not os.fork():  # its peak begins with what it has
        before = peak()
        os.write(into, json.dumps([way(path), peak() - before]).encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as file:
        os.wait()
        return json.load(file)

folder, small = sys.argv[1], sys.argv[2]
for _ in range(2):
    measured(f"{folder}/{small}")  # whatever is made at first use
ways = {
    "read": lambda path: size(list(iterate(path))),
    "iterate": lambda path: size(iterate(path)),
    "extract": measured,
}
cases = [(case, *case.split(" ", 1)) for case in sys.argv[3:]]
print(json.dumps({case: in_child(ways[way], f"{folder}/{name}") for case, name, way in cases}))
"""
SHARES = {
    "read": (0.9, 1.7),
    "iterate": (0.0, 0.7),
    "extract": (1 / LAYERS, 2.0),
}  # of the size of all arrays
KINDS = ("stored.npz", "plain.safetensors", "plain.h5", "gzip.h5", "stored.keras", "deflated.keras")
CASES = [f"{name} {how}" for name in KINDS for how in ("read", "iterate")]
CASES += [
    "stored.npz extract",
    "deflated.keras extract",
]  # extracting decomposes every matrix, which takes time


@pytest.fixture(scope="module")
def measured(tmp_path_factory) -> dict[str, tuple[int, int]]:
    """The bytes of all arrays and the growth of memory for each case, measured in children of one process."""
    folder = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(0)  # integers, because random bits take long to compress
    arrays = {f"dense_{n}/kernel": rng.integers(0, 256, SHAPE).astype(np.float32) for n in range(LAYERS)}
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
    return json.loads(run("-c", MEASURE, folder, "small.npz", *CASES))


@pytest.mark.parametrize("case", CASES)
def test_memory_stays_within_its_share_of_the_arrays(measured, case):
    size, grew = measured[case]
    least, most = SHARES[case.partition(" ")[2]]
    assert size == LAYERS * 4 * SHAPE[0] * SHAPE[1]
    assert least * size <= grew < most * size  # with the least it is known to have been measured
