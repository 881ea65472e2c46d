"""A sweep of 20 x 10 cells on the embedded digits, against a loop of Model.fit over cells of every depth."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from time import perf_counter

from benchmarks.epoch import RIVAL, wait
from benchmarks.report import Row
from inits.data.standin import digits
from inits.engine.engine import Engine
from inits.experiments.sweep import Sweep, depths, grid
from inits.settings import read

SWEEP = Sweep("stddev", grid(0.01, 1.0, 20), "depth", depths(10), width=64, batch_size=128, dataset="digits")
FITTED = 2  # cells of each depth that the rival trains


def run() -> list[Row]:
    engine = Engine(replace(read(), cache_mb=0))  # everything is trained
    wait(engine)
    began = perf_counter()
    job = engine.run(SWEEP)
    job.over.wait()
    seconds = perf_counter() - began
    engine.close()
    if job.error or not all(record.settled for record in job.records):
        raise RuntimeError(job.error or "A cell did not finish.")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        rival = pool.submit(_fit_cells).result()
    ours, theirs = SWEEP.cells / seconds, len(SWEEP.columns) * FITTED / rival
    return [
        Row("sweep of 20 x 10 cells, networks compiled on the way", seconds, "s"),
        Row("cells a second", ours, "1/s", None, theirs, f"{RIVAL} in a loop"),
        Row("times as fast", ours / theirs, "x"),
    ]


def _fit_cells() -> float:
    """Seconds for some cells of every depth, each built, compiled and fitted as one would in a loop."""
    import keras

    data = digits()
    images, labels = data.x_train.astype("float32") / 255, data.y_train.astype("int32")
    tests = data.x_test.astype("float32") / 255, data.y_test.astype("int32")

    def fit(depth: int, stddev: float) -> None:
        start = {"kernel_initializer": keras.initializers.RandomNormal(stddev=stddev)}
        hidden = [keras.layers.Dense(64, SWEEP.activation, **start) for _ in range(depth)]
        model = keras.Sequential([keras.Input((784,)), *hidden, keras.layers.Dense(10, **start)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.05), loss, metrics=["accuracy"])
        with redirect_stdout(StringIO()):  # the progress bar, on by default
            model.fit(images, labels, batch_size=SWEEP.batch_size, epochs=1, validation_data=tests)

    fit(1, 0.1)  # warms up
    began = perf_counter()
    for depth in SWEEP.columns:
        for stddev in (0.05, 0.2):
            fit(int(depth), stddev)
    return perf_counter() - began
