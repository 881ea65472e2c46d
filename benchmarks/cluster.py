"""A sweep on a cluster of one worker and of two, each with one slot, over TLS on this machine."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

import psutil

from benchmarks.grid import started
from benchmarks.report import Row
from inits.compute import Engine
from inits.sweep import Sweep

SWEEP = Sweep(
    "stddev", (0.02, 0.05, 0.1, 0.2), "depth", (1, 2, 3, 4), width=256, batch_size=8, dataset="digits"
)
TIMES = 3


def run() -> list[Row]:
    (one, _), (two, scheduler) = _sweeps(1), _sweeps(2)
    return [
        Row("sweep on 1 worker, cells a second", one, "1/s"),
        Row("sweep on 2 workers, cells a second", two, "1/s"),
        Row("times as fast", two / one, "x", 2),
        Row("scheduler, of one core, for a cell a second", 100 * scheduler / two, "%"),
    ]


def _sweeps(workers: int) -> tuple[float, float]:
    """Cells a second, the median of sweeps once the networks are compiled; the scheduler's share of a core."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        grid = stack.enter_context(started(folder / "tls", workers))
        engine = Engine(grid.settings(folder / "cache", cache_mb=0))
        stack.callback(engine.close)
        while not (engine.status.ready and engine.slots == workers):
            if engine.status.error:
                raise RuntimeError(engine.status.error)
            sleep(0.1)
        _seconds(engine, 0)
        scheduler = psutil.Process(grid.scheduler.pid)
        scheduler.cpu_percent()
        seconds = median(_seconds(engine, seed) for seed in range(1, TIMES + 1))
        return SWEEP.cells / seconds, scheduler.cpu_percent() / 100


def _seconds(engine: Engine, seed: int) -> float:
    began = perf_counter()
    job = engine.run(replace(SWEEP, seed=seed))
    job.over.wait()
    if job.error or not all(record.settled for record in job.records):
        raise RuntimeError(job.error or "A cell did not finish.")
    return perf_counter() - began
