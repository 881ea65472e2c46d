"""The first epoch, everything measured on the way, against Model.fit with the same settings."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks import model_fit
from benchmarks.report import Row
from benchmarks.workbench import Workbench
from inits.engine.engine import Engine
from inits.engine.jobs import Plan
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec, OptimizerSpec

SIX = ("he_normal", "glorot_uniform", "lecun_normal", "orthogonal", "random_normal", "random_uniform")
REPEATS = 3
RIVAL = model_fit.NAME


def run(bench: Workbench) -> list[Row]:
    repeats = bench.count(REPEATS)
    with bench.engine() as engine:
        cold = [timed(engine, _cold(k, bench.dataset)).first for k in range(repeats)]
        ones, sixes = [], []
        for seed in range(repeats):
            ones.append(timed(engine, experiment(SIX[:1], seed, bench.dataset)))
            sixes.append(timed(engine, experiment(SIX, 100 + seed, bench.dataset)))
        cores, mnist = engine.settings.cores, engine.settings.mnist
        peaks = engine.call(_peak, cores, bench.count(2048, 64), bench.count(5))
    warm, one = median(epoch.first for epoch in ones), median(epoch.whole for epoch in ones)
    six = median(epoch.whole for epoch in sixes)
    fits = [model_fit.Fit((128,), "relu", "he_normal", 32, images) for images in (3200, *[None] * repeats)]
    rival = median(bench.in_new_process(model_fit.seconds, bench.dataset, mnist, fits, False)[1:])
    # Forward, gradients for weights, gradients for inputs; no gradient for pixels.
    products = 2 * 3 * sum(a * b for a, b in Network().kernel_shapes) - 2 * 784 * 128
    work = 60_000 * products / 1e9
    return [
        Row("one start, whole epoch", one, "s", None, rival, RIVAL),
        Row("one start, times as fast", rival / one, "x"),
        Row("six starts, whole epoch", six, "s", None, 6 * rival, f"6 x {RIVAL}"),
        Row("six starts, times as fast", 6 * rival / six, "x"),
        Row("float32 matrix products of one core", peaks[0], "GFLOP/s"),
        Row("float32 matrix products of all cores", peaks[1], "GFLOP/s"),
        Row("one start: share of its core's peak", 100 * work / one / peaks[0], "%"),
        Row("six starts: share of the machine's peak", 100 * 6 * work / six / peaks[1], "%"),
        Row("Run to first point, network not compiled", 1000 * median(cold), "ms"),
        Row("Run to first point, network compiled", 1000 * warm, "ms"),
    ]


def experiment(names: tuple[str, ...], seed: int, dataset: str) -> Experiment:
    """Return an experiment on 784-128-10 with SGD and batches of 32, one start for each initializer."""
    starts = tuple(Start(InitializerSpec.parse(name)) for name in names)
    optimizer = OptimizerSpec.parse("SGD(learning_rate=0.05)")
    return Experiment(starts, optimizer=optimizer, seeds=(seed,), dataset=dataset)


def _cold(k: int, dataset: str) -> Experiment:
    """Return an experiment whose network has not been compiled."""
    starts = experiment(SIX[:1], k, dataset).starts
    return Experiment(starts, Network((120 + k,)), seeds=(k,), dataset=dataset)


@dataclass(frozen=True)
class Timed:
    """Times of a training.

    Attributes:
        first: seconds until the first points were here.
        whole: seconds until all results, with the weights, were here.
        finished: runs that had finished when the first points were here.
    """

    first: float
    whole: float
    finished: int


def timed(engine: Engine, plan: Plan, begun: Callable[[Iterable[object]], bool] = any) -> Timed:
    """Train a plan. The first points are here when `any` run, or `all`, has a point on its curve."""
    began = perf_counter()
    job = engine.run(plan)
    first, finished = None, len(plan.runs)
    while first is None and not job.over.wait(0.002):
        records = job.records
        if begun(record.done for record in records):
            first, finished = perf_counter() - began, sum(record.finished for record in records)
    job.over.wait()
    whole = perf_counter() - began
    if job.error or not all(record.finished for record in job.records):
        raise RuntimeError(job.error or "A run did not finish.")
    return Timed(first or whole, whole, finished)


def _peak(cores: int, size: int, repeats: int) -> tuple[float, float]:
    """Return the GFLOP/s of float32 matrix products on one core, and on all cores at once."""
    matrix = np.random.default_rng(0).random((size, size), np.float32)

    def best(_: int = 0) -> float:
        times = []
        for _ in range(repeats):
            began = perf_counter()
            matrix @ matrix
            times.append(perf_counter() - began)
        return 2 * size**3 / min(times) / 1e9

    with ThreadPoolExecutor(cores) as pool:
        return best(), sum(pool.map(best, range(cores)))
