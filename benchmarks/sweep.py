"""A sweep of 20 x 10 cells on the stand-in's digits, against a loop of Model.fit over cells of every depth."""

from time import perf_counter

from benchmarks import model_fit
from benchmarks.report import Row
from benchmarks.workbench import Workbench
from inits.engine.engine import Engine
from inits.experiments.sweep import Sweep, depths, grid

FITTED = (0.05, 0.2)  # the cells of each depth that the rival trains


def run(bench: Workbench) -> list[Row]:
    values, columns = grid(0.01, 1.0, bench.count(20, 2)), depths(bench.count(10, 1))
    sweep = Sweep("stddev", values, "depth", columns, width=64, batch_size=128, dataset="digits")
    with bench.engine() as engine:
        seconds = trained(engine, sweep)
    fits = [
        model_fit.Fit((64,) * depth, sweep.activation, stddev, sweep.batch_size, validate=True)
        for depth in map(int, (1, *columns))
        for stddev in FITTED
    ]
    warm_up = len(FITTED)
    loop = sum(bench.in_new_process(model_fit.seconds, "digits", None, fits, True)[warm_up:])
    ours, theirs = sweep.cells / seconds, (len(fits) - warm_up) / loop
    return [
        Row(f"sweep of {len(values)} x {len(columns)} cells, networks compiled on the way", seconds, "s"),
        Row("cells a second", ours, "1/s", None, theirs, f"{model_fit.NAME} in a loop"),
        Row("times as fast", ours / theirs, "x"),
    ]


def trained(engine: Engine, sweep: Sweep) -> float:
    """Train a sweep. Returns the seconds; raises RuntimeError unless every cell has a result."""
    began = perf_counter()
    job = engine.run(sweep)
    job.over.wait()
    seconds = perf_counter() - began
    if job.error or not all(record.conclusive for record in job.records):
        raise RuntimeError(job.error or "A cell did not finish.")
    return seconds
