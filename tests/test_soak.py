"""Memory, files and threads of the processes over many visits. `python -m benchmarks soak` measures a long day."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.figures import assert_figures

from benchmarks.soak import live_through, report
from benchmarks.visits import wait_for

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows counts no open files")

RUNS = 14
SESSIONS = 6  # at once: this many more files may be open by chance, while a leak at every run would add 7


def test_resources_do_not_grow_with_visits(app: str, environ: Mapping[str, str]) -> None:
    def results() -> int:
        return len(list(Path(environ["INITS_CACHE"]).glob("*.run.npz")))

    before = results()
    day = wait_for(live_through(app, RUNS))
    assert day.errors == []
    assert_figures(report(day, seconds=1.0))
    assert results() - before == RUNS
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
