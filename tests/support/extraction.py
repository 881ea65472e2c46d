"""Weight files given to a store and waited for, and processes that do something else with them."""

import hashlib
import io
import time
from collections.abc import Callable

from inits.sandbox.processes import python
from inits.weightfiles import subprocess_reader as module
from inits.weightfiles.store import SUFFIX, Reading, WeightFile, WeightStore, wait

PATIENCE = 120.0  # seconds after which something is broken
MEMORY = 1_000_000


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def until(condition: Callable[[], object]) -> None:
    """Wait for something that happens unless the code is broken."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def take(store: WeightStore, content: bytes, name: str = "net.npz") -> Reading:
    """A file taken apart, or why not."""
    reading = store.take(io.BytesIO(content), name)
    assert wait([reading], PATIENCE)
    return reading


def kept(store: WeightStore, content: bytes, name: str = "net.npz") -> WeightFile:
    reading = take(store, content, name)
    assert reading.error is None
    file = store.get(reading.digest)
    assert file is not None
    return file


def left(store: WeightStore) -> list[str]:
    """Whatever is in the folder that is no file taken apart."""
    return [path.name for path in store.folder.iterdir() if path.suffix != SUFFIX]


def child(monkeypatch, prelude: str) -> None:
    """Have the process do something first: `t` is the module `inits.weightfiles.extract`."""
    monkeypatch.setattr(
        module,
        "python",
        lambda call: python(f"import io, json, os\nimport inits.weightfiles.extract as t\n{prelude}\n{call}"),
    )
