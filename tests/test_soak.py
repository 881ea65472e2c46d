"""A short day with many visits: nothing piles up. `python -m benchmarks soak` is a long one."""

import os
from pathlib import Path

import pytest

from benchmarks.live import serve
from benchmarks.soak import ENVIRON, live_through
from benchmarks.visits import wait_for

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows counts no open files")

RUNS = 24


def test_nothing_piles_up(tmp_path: Path) -> None:
    with serve("app.py", environ={**ENVIRON, "INITS_CACHE": str(tmp_path)}) as address:
        day = wait_for(live_through(address, RUNS))
    assert day.errors == []
    assert len(list(tmp_path.glob("*.run.npz"))) == RUNS
    for name in ("web", "compute"):
        half, end = day.second_half(name)
        assert end.memory < 1.05 * half.memory
        assert end.files <= half.files
        assert end.threads <= half.threads
        assert end.shared <= half.shared
    heavy, last = {"tensorflow", "pandas", "pyarrow"}, day.samples[-1]
    assert not heavy & last["web"].libraries
    assert heavy <= last["compute"].libraries  # Keras imports them all: they would be seen
