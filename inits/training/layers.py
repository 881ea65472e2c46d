"""The network itself, built by Keras, and its weights as a file that Keras reads. Imports Keras."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from inits.experiments.network import Network
from inits.experiments.record import FloatArray

TOO_LARGE = (MemoryError, tf.errors.ResourceExhaustedError)  # what is raised where memory does not suffice


def build_model(network: Network) -> keras.Sequential:
    """Dense layers with the network's activation, then Dense logits: the model that the page describes."""
    hidden = [keras.layers.Dense(units, activation=network.activation) for units in network.hidden]
    output = keras.layers.Dense(network.outputs)
    return keras.Sequential([keras.Input((network.inputs,)), *hidden, output])


def versions() -> str:
    """Of what computes: another one may come to numbers that differ in the last digits."""
    return f"keras {keras.__version__}, tensorflow {tf.__version__}, numpy {np.__version__}"


def weights_file(network: Network, weights: Sequence[FloatArray]) -> bytes:
    """Return the bytes of a `.weights.h5` file, which `Model.load_weights` of the same network takes."""
    model = build_model(network)
    model.set_weights(list(weights))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.weights.h5")
        model.save_weights(path)
        return path.read_bytes()
