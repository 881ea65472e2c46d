"""One forward and backward pass of a run before it trains, and one trial step: the basis of the verdict.

Imports Keras: never for the web process.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from inits.experiments.experiment import Run
from inits.experiments.record import FloatArray, InitialArrays
from inits.initializers.spec import OptimizerSpec
from inits.theory.trainability import FirstPass
from inits.training.propagation import Batch, arrays_of, layers_of


def first_pass(run: Run, batch: Batch, initial: InitialArrays = ()) -> FirstPass:
    """Measure a pass over a batch. Raises what `inits.training.propagation.arrays_of` raises."""
    arrays = arrays_of(run.start, run.network, run.seed, batch.images, initial)
    loss, inputs, deltas, gradients = _pass(arrays, run.network.activation, batch)
    kernels, steps = arrays[::2], gradients[::2]
    rate = run.optimizer.learning_rate
    moved = [a - rate * _direction(run.optimizer, a, g) for a, g in zip(arrays, gradients, strict=True)]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return FirstPass(
            loss=loss,
            trial_loss=_pass(moved, run.network.activation, batch)[0],
            centered=np.array([_centered_norm(a, d) for a, d in zip(inputs, deltas, strict=True)]),
            gradients=np.array([_norm(one) for one in steps]),
            kernels=np.array([_norm(one) for one in kernels]),
            sizes=np.array([one.size for one in kernels]),
            duplicated=np.array([_duplicated_share(one) for one in inputs[1:]]),
            dead=np.array([np.mean(one.max(0) == one.min(0)) for one in inputs[1:]]),
        )


def _pass(
    arrays: Sequence[FloatArray], activation: str, batch: Batch
) -> tuple[float, list[FloatArray], list[FloatArray], list[FloatArray]]:
    """Return the mean loss, the inputs of every layer, and the loss's gradients by pre-activations and by arrays."""
    variables = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        before, after = layers_of(variables, activation, tf.constant(batch.images))
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=batch.labels, logits=before[-1])
        loss = tf.reduce_mean(losses)
    found = tape.gradient(loss, [*before, *variables])
    deltas, gradients = found[: len(before)], found[len(before) :]
    numpy = [one.numpy() for one in after]
    return (
        float(loss),
        [batch.images, *numpy],
        [one.numpy() for one in deltas],
        [one.numpy() for one in gradients],
    )


def _direction(optimizer: OptimizerSpec, weights: FloatArray, gradient: FloatArray) -> FloatArray:
    """Return the first step of an optimizer over its learning rate, without momentum and decay."""
    divisor = np.float32(optimizer.divisor)
    if not optimizer.adaptive:
        return gradient / divisor
    sizes = np.abs(gradient) + divisor
    direction = np.divide(gradient, sizes, out=np.zeros_like(gradient), where=sizes > 0)
    length = _norm(weights) if optimizer.entry.relative else 0.0
    return direction * np.float32(length / np.sqrt(weights.size)) if length else direction


def _centered_norm(inputs: FloatArray, deltas: FloatArray) -> float:
    """Norm of the kernel's gradient as far as it tells images apart: the mean of the inputs is taken out."""
    return _norm((inputs - inputs.mean(axis=0)).T @ deltas)


def _norm(values: FloatArray) -> float:
    """L2 norm, also where float32 has no place for a square."""
    return float(np.linalg.norm(values.astype(np.float64)))


def _duplicated_share(units: FloatArray) -> float:
    """Return the share of units, (images, units), with the same output as another one for every image."""
    _, counts = np.unique(np.ascontiguousarray(units.T), axis=0, return_counts=True)
    return float(counts[counts > 1].sum() / units.shape[1])
