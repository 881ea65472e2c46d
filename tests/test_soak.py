"""Memory, files and threads of the processes over many visits. `python -m benchmarks soak` measures a long day."""

import os
from pathlib import Path

import pytest

from benchmarks.live import serve
from benchmarks.soak import ENVIRON, live_through
from benchmarks.visits import wait_for

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows counts no open files")

RUNS = 24
SESSIONS = 6  # at once: this many more files may be open by chance, while a leak at every run would add 12


def test_resources_do_not_grow_with_visits(tmp_path: Path) -> None:
    with serve("app.py", environ={**ENVIRON, "INITS_CACHE": str(tmp_path)}) as address:
        day = wait_for(live_through(address, RUNS))
    assert day.errors == []
    assert len(list(tmp_path.glob("*.run.npz"))) == RUNS
    half = len(day.samples) // 2
    for name in ("web", "compute"):
        before, after = day.second_half(name)
        assert after.memory < 1.05 * before.memory
        for what in ("files", "threads", "shared"):
            counts = [getattr(sample[name], what) for sample in day.samples]
            assert max(counts[half:]) <= max(counts[:half]) + SESSIONS, what
    heavy, last = {"tensorflow", "pandas", "pyarrow"}, day.samples[-1]
    assert not heavy & last["web"].libraries
    assert heavy <= last["compute"].libraries  # Keras imports them all, so the check finds them
