"""A sweep on a cluster of one worker and of two, each with one slot, over TLS on this machine."""

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from benchmarks.grid import Grid
from benchmarks.report import Row
from benchmarks.sweep import trained
from benchmarks.workbench import Workbench, wait_until_ready
from inits.engine.engine import Engine
from inits.experiments.sweep import Sweep

SWEEP = Sweep(
    "stddev", (0.02, 0.05, 0.1, 0.2), "depth", (1, 2, 3, 4), width=256, batch_size=8, dataset="digits"
)
TIMES = 3


@dataclass(frozen=True)
class Measured:
    """Measurements of sweeps on one cluster.

    Attributes:
        speed: cells a second.
        scheduler, web: milliseconds of a core that a cell costs the scheduler, and this process as a web server.
        files: files that the scheduler has open.
        memory: of the largest worker, in MB.
    """

    speed: float
    scheduler: float
    web: float
    files: int
    memory: float


def run(bench: Workbench) -> list[Row]:
    counts = (1, 2)[: bench.count(2)]
    measured = [_sweeps(bench, workers) for workers in counts]
    one, most = measured[0], measured[-1]
    return [
        *(
            Row(f"sweep on {workers} worker{'s'[: workers - 1]}, cells a second", each.speed, "1/s")
            for workers, each in zip(counts, measured, strict=True)
        ),
        Row("times as fast", most.speed / one.speed, "x"),
        Row("scheduler, for each cell", most.scheduler, "ms"),
        Row("web server, for each cell", most.web, "ms"),
        Row("scheduler, open files for each worker", most.files - one.files, ""),
        Row("worker, memory", most.memory, "MB"),
    ]


def _sweeps(bench: Workbench, workers: int) -> Measured:
    """Return the median of several sweeps, after the networks are compiled."""
    with (
        TemporaryDirectory() as name,
        bench.grid(Path(name, "tls"), workers) as grid,
        closing(Engine(grid.settings(Path(name, "cache"), cache_mb=0))) as engine,
    ):
        wait_until_ready(engine, slots=workers)
        small = replace(SWEEP, values=SWEEP.values[:2], columns=SWEEP.columns[:1], batch_size=512)
        return _measure(engine, grid, small if bench.small else SWEEP, bench)


def _measure(engine: Engine, grid: Grid, sweep: Sweep, bench: Workbench) -> Measured:
    times = bench.count(TIMES)
    trained(engine, sweep)
    scheduler, web = psutil.Process(grid.scheduler.pid), psutil.Process()
    before = _used(scheduler), _used(web)
    seconds = median(trained(engine, replace(sweep, seed=seed)) for seed in range(1, times + 1))
    cells = times * sweep.cells
    return Measured(
        speed=sweep.cells / seconds,
        scheduler=1000 * (_used(scheduler) - before[0]) / cells,
        web=1000 * (_used(web) - before[1]) / cells,
        files=scheduler.num_fds(),
        memory=max(map(_largest, grid.workers)),
    )


def _largest(nanny: psutil.Popen) -> float:
    """Return the megabytes of a worker: the largest process below its nanny."""
    processes = [nanny, *nanny.children(recursive=True)]
    return float(max(process.memory_info().rss for process in processes)) / 1e6


def _used(process: psutil.Process) -> float:
    """Return the seconds of a core that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)
