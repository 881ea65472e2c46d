"""A sweep on a cluster of one worker and of two, each with one slot, over TLS on this machine."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

import psutil

from benchmarks.grid import started
from benchmarks.report import Row
from inits.engine.engine import Engine
from inits.experiments.sweep import Sweep

SWEEP = Sweep(
    "stddev", (0.02, 0.05, 0.1, 0.2), "depth", (1, 2, 3, 4), width=256, batch_size=8, dataset="digits"
)
TIMES = 3


@dataclass(frozen=True)
class Measured:
    """Cells a second; what a cell costs the scheduler and this process, as a web server, in ms of a core."""

    speed: float
    scheduler: float
    web: float
    files: int  # that the scheduler has open
    memory: float  # of the largest worker, in MB


def run() -> list[Row]:
    one, two = _sweeps(1), _sweeps(2)
    return [
        Row("sweep on 1 worker, cells a second", one.speed, "1/s"),
        Row("sweep on 2 workers, cells a second", two.speed, "1/s"),
        Row("times as fast", two.speed / one.speed, "x", 2),
        Row("scheduler, for each cell", two.scheduler, "ms"),
        Row("web server, for each cell", two.web, "ms"),
        Row("scheduler, open files for each worker", two.files - one.files, ""),
        Row("worker, memory", two.memory, "MB"),
    ]


def _sweeps(workers: int) -> Measured:
    """The median of sweeps once the networks are compiled."""
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
        processes = psutil.Process(grid.scheduler.pid), psutil.Process()
        before = [_used(process) for process in processes]
        seconds = median(_seconds(engine, seed) for seed in range(1, TIMES + 1))
        costs = [
            1000 * (_used(process) - then) / (TIMES * SWEEP.cells)
            for process, then in zip(processes, before, strict=True)
        ]
        nannies = [psutil.Process(worker.pid) for worker in grid.workers]
        memory = max(
            one.memory_info().rss for each in nannies for one in (each, *each.children(recursive=True))
        )
        return Measured(SWEEP.cells / seconds, *costs, processes[0].num_fds(), memory / 1e6)


def _used(process: psutil.Process) -> float:
    """Seconds of a core."""
    times = process.cpu_times()
    return times.user + times.system


def _seconds(engine: Engine, seed: int) -> float:
    began = perf_counter()
    job = engine.run(replace(SWEEP, seed=seed))
    job.over.wait()
    if job.error or not all(record.settled for record in job.records):
        raise RuntimeError(job.error or "A cell did not finish.")
    return perf_counter() - began
