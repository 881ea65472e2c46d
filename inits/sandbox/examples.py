"""Examples of pasted code: four ways to write an initializer, and versions of them that go wrong.

Plain data: the web process shows it and never runs it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """Code that defines an initializer, and a note on its result; `broken` code is wrong on purpose."""

    name: str
    code: str
    note: str
    broken: bool


def _sound(name: str, note: str, code: str) -> Example:
    return Example(name, code.lstrip("\n"), note, broken=False)


def _broken(name: str, note: str, code: str) -> Example:
    return Example(name, code.lstrip("\n"), note, broken=True)


EXAMPLES = (
    _sound(
        "Class of Keras 2",
        "The weights are uniform from −0.05 to 0.05 whatever the shape, so their scale does not follow the fan-in.",
        """
import numpy as np
from keras.initializers import Initializer


class MyInitializer(Initializer):
    def __call__(self, shape, dtype=None):
        w = np.random.random(shape)
        w = w * 0.1 - 0.05
        return K.variable(value=w, dtype=dtype)


model = Sequential()
model.add(Dense(units=10, input_shape=(784,), kernel_initializer=MyInitializer()))
""",
    ),
    _sound(
        "Function",
        "A function of a shape and a dtype is all that Keras needs; no weight lies beyond two standard deviations.",
        """
import keras


def my_init(shape, dtype=None):
    return keras.random.truncated_normal(shape, stddev=0.05, dtype=dtype)
""",
    ),
    _sound(
        "He by hand",
        "The fan-in times the variance is 2 in every layer, as in HeNormal, so a ReLU network keeps its signal.",
        """
import numpy as np


def he_by_hand(shape, dtype="float32"):
    fan_in = shape[0]
    std = np.sqrt(2.0 / fan_in)
    return np.random.normal(0.0, std, size=shape).astype(dtype)
""",
    ),
    _sound(
        "Scaled to a batch",
        "Like LSUV: an orthogonal kernel is scaled until a random batch leaves the layer with variance 1.",
        """
import numpy as np
from keras.initializers import Initializer, Orthogonal


class ScaledOrthogonal(Initializer):
    def __init__(self, samples=256):
        self.samples = samples

    def __call__(self, shape, dtype=None):
        kernel = np.array(Orthogonal()(shape, dtype=dtype))
        batch = np.random.normal(size=(self.samples, shape[0]))
        return kernel / np.std(batch @ kernel)
""",
    ),
    _broken(
        "Class that ignores the shape",
        "It returns 784 × 10 weights for every layer, which fits one layer and no other.",
        """
import numpy as np
from keras.initializers import Initializer


class OneSize(Initializer):
    def __call__(self, shape, dtype=None):
        return np.random.uniform(-0.05, 0.05, size=(784, 10))
""",
    ),
    _broken(
        "Function with an error",
        "It expects the four axes of a convolution; the error names the line of the helper that trips over two.",
        """
import numpy as np


def fans(shape):
    height, width, inputs, outputs = shape
    return height * width * inputs, height * width * outputs


def conv_init(shape, dtype=None):
    fan_in, fan_out = fans(shape)
    std = np.sqrt(2.0 / (fan_in + fan_out))
    return np.random.normal(0.0, std, size=shape)
""",
    ),
    _broken(
        "He without the square root",
        "2 / fan-in is the variance, not the standard deviation, so the fan-in times the variance falls short of 2.",
        """
import numpy as np


def he_by_hand(shape, dtype="float32"):
    fan_in = shape[0]
    std = 2.0 / fan_in
    return np.random.normal(0.0, std, size=shape).astype(dtype)
""",
    ),
    _broken(
        "He with equal columns",
        "One column is drawn and repeated, so all units of a layer start as copies of each other.",
        """
import numpy as np


def he_by_hand(shape, dtype="float32"):
    fan_in, units = shape
    std = np.sqrt(2.0 / fan_in)
    column = np.random.normal(0.0, std, size=(fan_in, 1))
    return np.repeat(column, units, axis=1).astype(dtype)
""",
    ),
    _broken(
        "Scaled from zeros",
        "The outputs of zeros have variance 0, and 0 / 0 is NaN.",
        """
import numpy as np
from keras.initializers import Initializer, Zeros


class ScaledZeros(Initializer):
    def __call__(self, shape, dtype=None):
        kernel = np.array(Zeros()(shape, dtype=dtype))
        batch = np.random.normal(size=(256, shape[0]))
        return kernel / np.std(batch @ kernel)
""",
    ),
)
"""The sound ones first, then the broken ones in the same order."""
