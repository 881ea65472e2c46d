"""The first epoch: ours, everything measured on the way, against Model.fit with the same settings."""

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks.report import Row
from inits.data.datasets import load
from inits.engine.engine import Engine
from inits.engine.jobs import Plan
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.settings import read

SIX = ("he_normal", "glorot_uniform", "lecun_normal", "orthogonal", "random_normal", "random_uniform")
REPEATS = 3
RIVAL = "Model.fit"


def run() -> list[Row]:
    settings = replace(read(), cache_mb=0)  # everything is trained
    engine = Engine(settings)
    wait(engine)
    cold = [timed(engine, _cold(k))[0] for k in range(REPEATS)]
    warm, one, six = [], [], []
    for repeat in range(REPEATS):
        first, seconds = timed(engine, experiment(SIX[:1], seed=repeat))
        warm.append(first)
        one.append(seconds)
        six.append(timed(engine, experiment(SIX, seed=100 + repeat))[1])
    peaks = engine.call(_peak, settings.cores)
    engine.close()
    fit = _fit_times(settings.mnist)
    flops = 2 * 3 * sum(a * b for a, b in Network().kernel_shapes) - 2 * 784 * 128  # no gradient for pixels
    work = 60_000 * flops / 1e9
    ours, ours_six, rival = median(one), median(six), median(fit)
    rival_six = 6 * rival
    return [
        Row("one start, whole epoch", ours, "s", None, rival, RIVAL),
        Row("one start, times as fast", rival / ours, "x", 8),
        Row("six starts, whole epoch", ours_six, "s", None, rival_six, f"6 x {RIVAL}"),
        Row("six starts, times as fast", rival_six / ours_six, "x", 20),
        Row("float32 matrix products of one core", peaks[0], "GFLOP/s"),
        Row("float32 matrix products of all cores", peaks[1], "GFLOP/s"),
        Row("one start: share of its core's peak", 100 * work / ours / peaks[0], "%", 50),
        Row("six starts: share of the machine's peak", 100 * 6 * work / ours_six / peaks[1], "%", 50),
        Row("Run to first point, cold slot", 1000 * median(cold), "ms", 2000),
        Row("Run to first point, warm slot", 1000 * median(warm), "ms", 300),
    ]


def wait(engine: Engine) -> None:
    while not engine.status.ready:
        if engine.status.phase == "failed":
            raise RuntimeError(engine.status.error)
        engine.call(len, ())
    if engine.status.dataset != "mnist":
        raise RuntimeError(f"The benchmark needs MNIST. {engine.status.why}")


def experiment(names: tuple[str, ...], seed: int) -> Experiment:
    starts = tuple(Start(InitializerSpec.parse(name)) for name in names)
    return Experiment(starts, optimizer=OptimizerSpec.parse("SGD(learning_rate=0.05)"), seeds=(seed,))


def _cold(k: int) -> Experiment:
    """An experiment whose network has not been compiled."""
    return Experiment(experiment(SIX[:1], k).starts, Network((120 + k,)), seeds=(k,))


def timed(engine: Engine, plan: Plan, begun: Callable[[Iterable[object]], bool] = any) -> tuple[float, float]:
    """Seconds from Run until `any` run, or `all`, has a point on its curve; and to the end, all weights here."""
    began = perf_counter()
    job = engine.run(plan)
    first = None
    while first is None and not job.over.wait(0.002):
        if begun(record.done for record in job.records):
            first = perf_counter() - began
    job.over.wait()
    seconds = perf_counter() - began
    if job.error or not all(record.finished for record in job.records):
        raise RuntimeError(job.error or "A run did not finish.")
    return first or seconds, seconds


def _peak(cores: int, size: int = 2048, repeats: int = 5) -> tuple[float, float]:
    """GFLOP/s of float32 matrix products on one core, and on all cores at once, in the compute process."""
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


def _fit_times(mnist) -> list[float]:
    """Seconds of Model.fit for one start, in a process of its own with TensorFlow's default threads."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_fit, mnist).result()


def _fit(mnist) -> list[float]:
    import keras

    data = load("mnist", mnist)
    images, labels = data.x_train.astype("float32") / 255, data.y_train.astype("int32")
    times = []
    for seed in range(REPEATS + 1):
        keras.utils.set_random_seed(seed)
        layers = [keras.layers.Dense(128, "relu", kernel_initializer="he_normal"), keras.layers.Dense(10)]
        model = keras.Sequential([keras.Input((784,)), *layers])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.05), loss, metrics=["accuracy"])
        if not seed:  # the first is for warming up
            model.fit(images[:3200], labels[:3200], batch_size=32, verbose=0)
            continue
        began = perf_counter()
        with redirect_stdout(StringIO()):  # the progress bar, on by default
            model.fit(images, labels, batch_size=32, epochs=1)
        times.append(perf_counter() - began)
    return times
