"""Train with `keras.Model.fit`: the rival of epochs and sweeps, in a process without this app's training code."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from time import perf_counter

from inits.data.dataset import Dataset
from inits.data.datasets import load

NAME = "Model.fit"


@dataclass(frozen=True)
class Fit:
    """The settings of one epoch of `Model.fit` with SGD.

    Attributes:
        initializer: the name of a Keras initializer, or the standard deviation of a RandomNormal.
        images: how many images of the training set are used; None for all.
        validate: evaluate on the test images after the epoch.
    """

    hidden: Sequence[int]
    activation: str
    initializer: str | float
    batch_size: int
    images: int | None = None
    validate: bool = False


def seconds(dataset: str, local: Path | None, fits: Sequence[Fit], build: bool) -> list[float]:
    """Return the seconds of each epoch, with those to build and compile the model if `build`.

    Args:
        dataset: "mnist" or "digits".
        local: a local mnist.npz, or None for Keras' download.
    """
    data = load(dataset, local)
    return [_seconds(data, fit, build) for fit in fits]


def _seconds(data: Dataset, fit: Fit, build: bool) -> float:
    import keras

    images, labels = (array[: fit.images] for array in (data.x_train, data.y_train))
    inputs, targets = images.astype("float32") / 255, labels.astype("int32")
    tests = (data.x_test.astype("float32") / 255, data.y_test.astype("int32")) if fit.validate else None
    start = fit.initializer
    kernels = start if isinstance(start, str) else keras.initializers.RandomNormal(stddev=start)
    keras.utils.set_random_seed(0)
    began = perf_counter()
    layers = [keras.layers.Dense(units, fit.activation, kernel_initializer=kernels) for units in fit.hidden]
    model = keras.Sequential([keras.Input((784,)), *layers, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.05), loss, metrics=["accuracy"])
    if not build:
        began = perf_counter()
    with redirect_stdout(StringIO()):  # the progress bar, on by default
        model.fit(inputs, targets, batch_size=fit.batch_size, epochs=1, validation_data=tests)
    taken = perf_counter() - began
    check(type(model).fit.__module__, int(model.optimizer.iterations), -(-len(inputs) // fit.batch_size))
    return taken


def check(module: str, steps: int, expected: int) -> None:
    """Raise RuntimeError unless Keras' own `fit` took every step, with TensorFlow's default number of threads."""
    import tensorflow as tf

    threads = tf.config.threading.get_intra_op_parallelism_threads()
    if not module.startswith("keras.") or "inits.training" in sys.modules or threads:
        raise RuntimeError(
            f"The rival must be Keras with its defaults, but got {module} and {threads} threads."
        )
    if steps != expected:
        raise RuntimeError(f"The rival must take {expected} steps, but took {steps}.")
