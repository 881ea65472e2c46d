"""Networks trained for an epoch, and the same network in plain Keras and in NumPy."""

import math

import keras
import numpy as np

from inits.data.dataset import Dataset, batches, pixels
from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.experiments.record import Record
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.seeds import derive_seed
from inits.training.training import train

parse = InitializerSpec.parse


HE, GLOROT = Start(parse("HeNormal()")), Start(parse("GlorotUniform()"), parse("RandomNormal(stddev=0.1)"))


NET = Network((24, 16))


SGD, ADAM = OptimizerSpec.parse("SGD(0.1)"), OptimizerSpec.parse("Adam(0.01)")


BATCH = 32


def keras_model(net: Network, optimizer: OptimizerSpec, weights, eager: bool = False) -> keras.Model:
    """Return the same network as Keras' guides build it; eager spares its graph for a few steps."""
    stack = [keras.Input((net.inputs,))]
    stack += [keras.layers.Dense(units, activation=net.activation) for units in net.hidden]
    model = keras.Sequential([*stack, keras.layers.Dense(net.outputs)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    made = getattr(keras.optimizers, optimizer.name)(**dict(optimizer.arguments))
    model.compile(optimizer=made, loss=loss, metrics=["accuracy"], jit_compile=False, run_eagerly=eager)
    model.set_weights(weights)
    return model


def fit(model: keras.Model, data: Dataset, order: np.ndarray) -> np.ndarray:
    """Return loss and accuracy of each batch by `train_on_batch`, (steps, 2)."""
    found = []
    for row in order:
        there = row[row >= 0]
        model.reset_metrics()
        found.append(model.train_on_batch(pixels(data.x_train[there]), data.y_train[there]))
    return np.array(found, np.float64)


def order_for(data: Dataset, batch_size: int = BATCH, seed: int = 0) -> np.ndarray:
    return batches(len(data.x_train), batch_size, derive_seed(seed, "batches"))


def run(
    experiment, data, slots, runs=(0,), is_stopped=lambda run: False, on_frame=lambda frame: None
) -> list[Record]:
    with slots.borrow(experiment.runs[0], data) as slot:
        return train([(i, experiment.runs[i]) for i in runs], data, slot, on_frame, is_stopped)


def assert_equal(ours, theirs) -> None:
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def assert_close(ours, theirs, atol: float) -> None:
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


def forward(weights, images, limit=math.inf) -> list[np.ndarray]:
    """The output of each layer of a ReLU network, float64; what float32 cannot hold is infinite."""
    values, outputs = pixels(images).astype(np.float64), []
    with np.errstate(invalid="ignore", over="ignore"):
        for i in range(0, len(weights), 2):
            values = values @ weights[i].astype(np.float64) + weights[i + 1]
            values = np.where(np.abs(values) > limit, np.inf * np.sign(values), values)
            values = np.maximum(values, 0) if i < len(weights) - 2 else values
            outputs.append(values)
    return outputs


def cross_entropy(logits, labels) -> np.ndarray:
    top = logits.max(1, keepdims=True)
    sums = np.log(np.exp(logits - top).sum(1)) + top[:, 0]
    return sums - logits[np.arange(len(labels)), labels]


def gradient_norms(weights, images, labels) -> list[float]:
    """L2 norms of the kernels' gradients by backpropagation written out."""
    outputs = forward(weights, images)
    share = np.exp(outputs[-1] - outputs[-1].max(1, keepdims=True))
    delta = (share / share.sum(1, keepdims=True) - np.eye(10)[labels]) / len(labels)
    norms = []
    for i in range(len(outputs) - 1, -1, -1):
        before = outputs[i - 1] if i else pixels(images).astype(np.float64)
        norms.append(np.linalg.norm(before.T @ delta))
        delta = delta @ weights[2 * i].T * (before > 0)
    return norms[::-1]


def dead_shares(outputs) -> list[float]:
    return [float(np.mean((values == values[0]).all(0))) for values in outputs]


WILD = Start(parse("RandomNormal(stddev=3.0)"))


DEEP = Network((32,) * 4)


FLOAT32 = float(np.finfo(np.float32).max)
