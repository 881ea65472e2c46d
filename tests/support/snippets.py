"""Pasted code for all versions of Keras with the expected results (over 300 lines since it is data).

One process runs all of it. Only that process imports Keras, since `prepare` changes shared modules.
"""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from inits.sandbox.examples import EXAMPLES
from support import PYTHONPATH, ROOT

SHAPES = ((60, 40), (40, 30))
SEEDS = (101, 102)  # of the two layers
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Snippet:
    """Code, and the initializer that is picked; or the words of its problem; or the class and line of its error.

    Values are known exactly (`values`, from NumPy's or Python's generator) or by their law: mean 0 and `std`.
    """

    name: str
    code: str
    picked: str = "start"
    kind: str = "function"
    others: tuple[str, ...] = ()
    problem: tuple[str, ...] = ()
    error: tuple[str, int] | None = None
    dtype: str = "float32"
    values: Callable[[Any, Shape], Any] | None = None
    std: Callable[[Shape], float] | None = None
    repeats: bool = True


def draw(generator: Any, shape: Shape) -> Any:
    return generator.random_sample(shape)


def uniform(generator: Any, shape: Shape) -> Any:
    return generator.random_sample(shape) * 0.1 - 0.05


def he(shape: Shape) -> float:
    return sqrt(2 / shape[0])


def std(value: float) -> Callable[[Shape], float]:
    return lambda shape: value


TRUNCATED = 0.8796256610342398  # std of a normal law cut off at 2 std; SciPy's truncnorm(-2, 2).std()


def wrong(name: str, code: str, **expected: Any) -> Snippet:
    return Snippet(name, code, picked="", kind="", **expected)


SNIPPETS = (
    Snippet(
        "Keras 2 class, no import of K, model at the end",
        """import numpy as np

from keras.initializers import Initializer

class MyInitializer(Initializer):

    def __call__(self, shape, dtype=None):

        w = np.random.random(shape)

        w = w * 0.1 - 0.05

        return K.variable(value=w, dtype=dtype)

model = Sequential()

model.add(Dense(units=10, input_shape=(784,), kernel_initializer=MyInitializer()))
""",
        *("MyInitializer", "class"),
        values=uniform,
    ),
    Snippet(
        "Keras 1 function and model",
        """from keras import backend as K
import numpy as np
from keras.models import Sequential
from keras.layers.core import Dense, Activation

def my_init(shape, name=None):
    value = np.random.random(shape)
    return K.variable(value, name=name)

model = Sequential()
model.add(Dense(output_dim=64, input_dim=20, init=my_init))
model.add(Activation('relu'))
""",
        *("my_init", "function"),
        values=draw,
    ),
    Snippet(
        "Keras 1 initializations",
        """from keras import initializations

def my_init(shape, name=None):
    return initializations.normal(shape, scale=0.01, name=name)
""",
        *("my_init", "function"),
        std=std(0.01),
    ),
    Snippet(
        "Keras 1 he_normal with dim_ordering asked for",
        """from keras.initializations import he_normal, get_fans
def scaled(shape, name, dim_ordering):
    assert get_fans(shape) == get_fans(shape, dim_ordering=dim_ordering) == shape
    assert he_normal(shape, name, dim_ordering).shape == shape
    return K.get_value(he_normal(shape, name=name, dim_ordering=dim_ordering))
""",
        *("scaled", "function"),
        std=he,
    ),
    Snippet(
        "Keras 1 word std",
        "init = lambda shape, name=None: K.random_normal(shape, mean=0., std=0.3)",
        *("init", "function"),
        std=std(0.3),
    ),
    Snippet(
        "Keras 1 words low and high",
        "def my_init(shape, name=None):\n    return K.random_uniform(shape, low=-3., high=3.)",
        *("my_init", "function"),
        std=std(sqrt(3)),
    ),
    Snippet(
        "Keras 2 function of a shape alone, in a model",
        """import keras.backend as K
from keras.models import Sequential
from keras.layers import Dense
def my_init(shape):
    return K.random_normal(shape, stddev=0.5)
model = Sequential([Dense(3, input_dim=4, kernel_initializer=my_init, bias_initializer='zero')])
assert model.layers[0].get_weights()[0].shape == (4, 3)
""",
        *("my_init", "function"),
        std=std(0.5),
    ),
    Snippet(
        "Keras 2 documentation",
        """from keras import backend as K

def my_init(shape, dtype=None):
    return K.random_normal(shape, dtype=dtype)

model = Sequential()
model.add(Dense(64, kernel_initializer=my_init))
""",
        *("my_init", "function"),
        std=std(1),
    ),
    Snippet(
        "Keras 2 class with arguments and get_config, used once",
        """from keras import initializers
from keras.engine.topology import Layer

class Scaled(initializers.Initializer):
    def __init__(self, scale, seed=None):
        super(Scaled, self).__init__()
        self.scale = scale
        self.seed = seed

    def __call__(self, shape, dtype=None):
        return K.truncated_normal(shape, 0., self.scale, dtype=dtype, seed=self.seed)

    def get_config(self):
        return {'scale': self.scale, 'seed': self.seed}

layer = Dense(units=3, kernel_initializer=Scaled(0.2))
layer.build((None, 4))
""",
        *("Scaled(0.2)", "instance"),
        std=std(0.2 * TRUNCATED),
    ),
    Snippet(
        "Keras 2 old names",
        """from keras.initializers import normal, uniform, _compute_fans
from keras.utils.generic_utils import get_custom_objects
class Mine:
    def __call__(self, shape, dtype=None):
        fan_in, fan_out = _compute_fans(shape, data_format='channels_last')
        assert isinstance(uniform(), keras.initializers.RandomUniform)
        return normal(mean=0., stddev=1. / fan_in)(shape, dtype=dtype)
get_custom_objects().update({'mine': Mine})
""",
        *("Mine", "class"),
        std=lambda shape: 1 / shape[0],
    ),
    Snippet(
        "Keras 2 VarianceScaling of a normal law",
        "from keras.initializers import VarianceScaling\n"
        "initializer = VarianceScaling(scale=2.0, mode='fan_in', distribution='normal', seed=None)",
        *("initializer", "instance"),
        std=he,
    ),
    Snippet(
        "tf.keras class",
        """import tensorflow as tf
from tensorflow.keras import backend as K
import tensorflow.keras.initializers
from tensorflow.keras.layers import Dense

class ExampleRandomNormal(tf.keras.initializers.Initializer):
    def __init__(self, mean=0.0, stddev=0.3):
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape, dtype=None, **kwargs):
        return tf.random.normal(shape, mean=self.mean, stddev=self.stddev, dtype=dtype)
""",
        *("ExampleRandomNormal", "class"),
        std=std(0.3),
    ),
    Snippet(
        "tf.keras of the inside",
        """from tensorflow.python.keras import backend as K
from tensorflow.python.keras.initializers import Initializer
class Inside(Initializer):
    def __call__(self, shape, dtype=None, partition_info=None):
        return K.random_uniform(shape, -1., 1., dtype=dtype)
""",
        *("Inside", "class"),
        std=std(1 / sqrt(3)),
    ),
    Snippet(
        "TensorFlow 1 names",
        """import tensorflow as tf
def weights(shape, dtype=tf.float32, partition_info=None):
    return tf.Variable(tf.truncated_normal(shape, stddev=0.1, dtype=dtype) + 0.0 * tf.log(tf.to_float(1)))
""",
        *("weights", "function"),
        std=std(0.1 * TRUNCATED),
    ),
    Snippet(
        "TensorFlow 1 through compat",
        """import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
init = tf.random_normal_initializer(0.0, 0.02)
""",
        *("init", "instance"),
        std=std(0.02),
    ),
    Snippet(
        "TensorFlow's own initializers",
        """start = tf.initializers.truncated_normal(stddev=0.1)
from tensorflow.keras.initializers import normal, zero
assert tf.keras.initializers.normal is tf.initializers.RandomNormal
""",
        kind="instance",
        std=std(0.1 * TRUNCATED),
    ),
    Snippet(
        "TensorFlow 1 class with partition_info wanted",
        """class Mixed(object):
    def __init__(self, gain=3.0):
        self.gain = gain
    def __call__(self, shape, dtype, partition_info):
        return self.gain * tf.random_uniform(shape, -1, 1, dtype=dtype)
""",
        *("Mixed", "class"),
        std=std(sqrt(3)),
    ),
    Snippet(
        "tf.function",
        """@tf.function
def compiled(shape, dtype=None):
    return tf.random.normal(shape, stddev=0.5)
""",
        *("compiled", "function"),
        std=std(0.5),
    ),
    Snippet(
        "Keras 3 class",
        """from keras import ops, random, initializers

@keras.saving.register_keras_serializable()
class Halved(initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return ops.multiply(0.5, random.normal(shape, dtype=dtype))
""",
        *("Halved", "class"),
        std=std(0.5),
    ),
    Snippet(
        "Keras 3 class that keeps a seed",
        """class Seeded(keras.initializers.Initializer):
    def __init__(self, seed=7):
        self.seed = seed
    def __call__(self, shape, dtype=None):
        return keras.random.uniform(shape, -1, 1, dtype=dtype, seed=self.seed)
""",
        *("Seeded", "class"),
        std=std(1 / sqrt(3)),
    ),
    Snippet(
        "Keras 3 object", "initializer = keras.initializers.HeNormal()", *("initializer", "instance"), std=he
    ),
    Snippet(
        "Keras 3 class by another name", "Start = keras.initializers.HeUniform", *("Start", "class"), std=he
    ),
    Snippet(
        "NumPy function without a dtype",
        "def start(shape):\n    return np.random.random(shape) * 0.1 - 0.05",
        dtype="float64",
        values=uniform,
    ),
    Snippet(
        "NumPy of old",
        """def start(shape, dtype=np.float):
    count = np.product(shape)
    assert np.int(count) == count and np.bool(1) and np.object is object
    return np.random.random(count).astype(np.float).reshape(shape) * 0.1 - 0.05
""",
        dtype="float64",
        values=uniform,
    ),
    Snippet(
        "NumPy generator with its own seed",
        "def start(shape):\n    return np.random.default_rng(3).normal(0, 0.5, shape)",
        dtype="float64",
        std=std(0.5),
    ),
    Snippet(
        "NumPy generator without a seed",
        "def start(shape):\n    return np.random.default_rng().normal(0, 0.5, shape)",
        dtype="float64",
        std=std(0.5),
        repeats=False,
    ),
    Snippet(
        "NumPy linear algebra",
        """from numpy.linalg import qr
def orthogonal(shape):
    return qr(np.random.normal(size=shape))[0] * np.sqrt(shape[0])
""",
        *("orthogonal", "function"),
        dtype="float64",
        std=std(1),
    ),
    Snippet(
        "SciPy",
        """from scipy.stats import truncnorm
from scipy import stats
def start(shape, dtype=None):
    return truncnorm.rvs(-2, 2, size=shape).astype(dtype)
""",
        std=std(TRUNCATED),
    ),
    Snippet(
        "Python's own random, nested lists",
        "def start(shape):\n    return [[random.uniform(-1, 1) for _ in range(shape[1])] for _ in range(shape[0])]",
        dtype="float64",
        std=std(1 / sqrt(3)),
    ),
    Snippet(
        "list of tensors",
        "def start(shape):\n    return [tf.random.normal(shape[1:]) for _ in range(shape[0])]",
        std=std(1),
    ),
    Snippet(
        "bfloat16",
        "def start(shape):\n    return tf.cast(tf.random.normal(shape), 'bfloat16')",
        dtype="bfloat16",
        std=std(1),
    ),
    Snippet(
        "Keras variable",
        "def start(shape, dtype=None):\n    return keras.Variable(np.random.random(shape) * 0.1 - 0.05, dtype=dtype)",
        values=uniform,
    ),
    Snippet(
        "lambda",
        "start = lambda shape, dtype=None: np.random.random(shape).astype(dtype)",
        values=draw,
    ),
    Snippet(
        "lambda in a model",
        "Dense(3, kernel_initializer=lambda s, dtype=None: np.random.normal(0, 2, s))",
        *("lambda s, dtype=None: np.random.normal(0, 2, s)", "function"),
        dtype="float64",
        values=lambda generator, shape: generator.normal(0, 2, shape),
    ),
    Snippet(
        "partial of NumPy",
        "from functools import partial\nstart = partial(np.random.uniform, -0.5, 0.5)",
        dtype="float64",
        values=lambda generator, shape: generator.uniform(-0.5, 0.5, shape),
    ),
    Snippet(
        "partial of a function",
        """import functools
def scaled(scale, shape, dtype=None):
    return (scale * np.random.random(shape)).astype(dtype)
start = functools.partial(scaled, 3)
""",
        values=lambda generator, shape: np.float32(3 * generator.random_sample(shape)),
    ),
    Snippet(
        "partial in a model",
        """import functools
def scaled(shape, scale):
    return scale * np.random.random(shape)
Dense(5, kernel_initializer=functools.partial(scaled, scale=2))
""",
        *("functools.partial(scaled, scale=2)", "function"),
        dtype="float64",
        values=lambda generator, shape: 2 * generator.random_sample(shape),
    ),
    Snippet(
        "function that makes one",
        """def make(scale=1.0):
    def start(shape, dtype=None):
        return scale * np.random.random(shape)
    return start
Dense(5, kernel_initializer=make(4.0))
""",
        *("make(4.0)", "function"),
        dtype="float64",
        values=lambda generator, shape: 4 * generator.random_sample(shape),
    ),
    Snippet(
        "decorated function that takes anything",
        """def checked(function):
    def call(*args, **kwargs):
        return function(*args, **kwargs)
    return call

@checked
def start(shape, dtype=None):
    return np.random.random(shape).astype(dtype)
""",
        values=draw,
    ),
    Snippet(
        "dtype by position alone",
        "def start(shape, dtype, /):\n    return np.random.random(shape).astype(dtype)",
        values=draw,
    ),
    Snippet(
        "dtype among any words",
        "def start(size, *, seed=None, **words):\n    assert words == {'dtype': 'float32'}\n"
        "    return np.random.random(size)",
        dtype="float64",
        values=draw,
    ),
    Snippet(
        "function in C",
        "initializer = np.random.random_sample",
        *("initializer", "function"),
        dtype="float64",
        values=draw,
    ),
    Snippet(
        "odd word for the shape",
        "import math\ndef xavier(s):\n    return np.random.random(s) / math.sqrt(s[0])",
        *("xavier", "function"),
        dtype="float64",
        values=lambda generator, shape: generator.random_sample(shape) / sqrt(shape[0]),
    ),
    Snippet(
        "object with arguments, said by name, before another class",
        """class Scaled(Initializer):
    def __init__(self, scale):
        self.scale = scale
    def __call__(self, shape, dtype=None):
        return self.scale * np.random.random(shape)
initializer = Scaled(7)
class Other(Initializer):
    def __call__(self, shape, dtype=None):
        return np.zeros(shape)
""",
        *("initializer", "instance"),
        others=("Other",),
        dtype="float64",
        values=lambda generator, shape: 7 * generator.random_sample(shape),
    ),
    Snippet(
        "several classes: the last one",
        """class One(Initializer):
    def __call__(self, shape, dtype=None):
        return np.zeros(shape)
class Two(One):
    def __call__(self, shape, dtype=None):
        return np.random.random(shape)
class Zero(Initializer):
    def __call__(self, shape, dtype=None):
        return np.zeros(shape)
class Last(Initializer):
    def __call__(self, shape, dtype=None):
        return 9 * np.random.random(shape)
def plot(shape):
    return shape
""",
        *("Last", "class"),
        others=("plot", "Zero", "Two"),
        dtype="float64",
        values=lambda generator, shape: 9 * generator.random_sample(shape),
    ),
    Snippet(
        "several classes: the one that a layer gets",
        """class First(Initializer):
    def __call__(self, shape, dtype=None):
        return 5 * np.random.random(shape)
class Second(Initializer):
    def __call__(self, shape, dtype=None):
        return np.zeros(shape)
def build(units, scale=1):
    return Sequential([Dense(units, kernel_initializer=First()), Dense(1, kernel_initializer='zeros')])
""",
        *("First", "class"),
        others=("Second",),
        dtype="float64",
        values=lambda generator, shape: 5 * generator.random_sample(shape),
    ),
    Snippet(
        "helper functions after the class and the function they help",
        """class Start:
    def __call__(self, shape, dtype=None):
        return limit(shape) * np.random.random(shape)
def limit(shape):
    return 1 / fans(shape)
def fans(shape):
    return sum(shape)
def show(weights):
    print(weights)
""",
        *("Start", "class"),
        dtype="float64",
        values=lambda generator, shape: generator.random_sample(shape) / sum(shape),
    ),
    Snippet(
        "helper function after the function it helps",
        "def start(shape):\n    return np.random.random(shape) / fans(shape)\ndef fans(shape):\n    return sum(shape)",
        dtype="float64",
        values=lambda generator, shape: generator.random_sample(shape) / sum(shape),
    ),
    Snippet(
        "no imported name, no layer, no model counts",
        """from keras.initializers import HeNormal, Zeros
from numpy.random import random as draw
class Kernel(keras.layers.Layer):
    def call(self, x):
        return x
relu = keras.activations.relu
loss = keras.losses.MeanSquaredError()
def start(shape):
    return draw(shape)
def late(shape):
    return 0
from keras.initializers import HeNormal as late
model = Sequential()
""",
        dtype="float64",
        values=draw,
    ),
    Snippet(
        "object that a dataclass makes",
        """from __future__ import annotations
from dataclasses import dataclass
from typing import Optional, Tuple
Shape = Tuple[int, ...]

@dataclass
class Start:
    scale: float = 3.0
    seed: Optional[int] = None
    def __call__(self, shape: Shape, dtype: str = "float32"):
        return (self.scale * np.random.random(shape)).astype(dtype)
""",
        *("Start", "class"),
        values=lambda generator, shape: 3 * generator.random_sample(shape),
    ),
    Snippet(
        "indented, odd spaces, Windows line ends, byte order mark",
        "\ufeff    def start(shape):\r\n        return\u00a0np.random.random(shape)\r\n    # done\r\n",
        dtype="float64",
        values=draw,
    ),
    Snippet(
        "notebook",
        """%matplotlib inline
!pip install keras
if True:
    !pip list
def start(shape):
    text = ("%d"
            % shape[0])
    return np.random.random(shape)
""",
        dtype="float64",
        values=draw,
    ),
    Snippet(
        "a line that begins with % and is Python",
        "def start(shape):\n    return np.random.random(shape) * (7\n    %4)",
        dtype="float64",
        values=lambda generator, shape: 3 * generator.random_sample(shape),
    ),
    Snippet(
        "prompts and results",
        """>>> import numpy as np
>>> def start(shape):
...     return np.random.random(shape)
...
>>> 1 + 1
2
""",
        dtype="float64",
        values=draw,
    ),
    Snippet(
        "prompts of IPython",
        """In [1]: def start(shape):
   ...:     return np.random.random(shape)
   ...:

In [2]: 1 + 1
Out[2]: 2
""",
        dtype="float64",
        values=draw,
    ),
    Snippet(
        "main program",
        "def start(shape):\n    return 0\nif __name__ == '__main__':\n    init = lambda *s: np.ones(s[0])",
        *("init", "function"),
        others=("start",),
        dtype="float64",
        values=lambda generator, shape: np.ones(shape),
    ),
    # Code that gives no weights.
    wrong("nothing", "", problem=("defines no names.", "__call__(self, shape, dtype=None)")),
    wrong(
        "a model alone",
        "model = Sequential()\nmodel.add(Dense(10, input_shape=(784,), kernel_initializer='uniform'))",
        problem=("Nothing here looks like an initializer", "defines model."),
    ),
    wrong(
        "class without a call",
        "class Start(Initializer):\n    def call(self, shape):\n        return np.zeros(shape)",
        problem=("defines Start.", "__call__(self, shape, dtype=None)"),
    ),
    wrong(
        "class with wanted arguments",
        "class Start(Initializer):\n    def __init__(self, low, high, seed=None):\n        pass\n"
        "    def __call__(self, shape, dtype=None):\n        return np.zeros(shape)",
        problem=(
            "Start cannot be created without a value for low and high",
            "`initializer = Start(low=0.1, high=0.1)`",
        ),
    ),
    wrong(
        "function with wanted arguments",
        "def start(shape, scale):\n    return scale * np.zeros(shape)",
        problem=("start needs scale beside the shape", "Give scale a default value"),
    ),
    wrong("no return", "def start(shape):\n    np.zeros(shape)", problem=("but got None", "`return`")),
    wrong(
        "an initializer in place of values",
        "def start(shape):\n    return keras.initializers.HeNormal()",
        problem=("but got HeNormal: call that with the shape first",),
    ),
    wrong("text", "def start(shape):\n    return ['a']", problem=("real numbers", "list of <U1")),
    wrong("complex", "def start(shape):\n    return 1j * np.ones(shape)", problem=("ndarray of complex128",)),
    wrong(
        "ragged",
        "def start(shape):\n    return [[1], [1, 2]]",
        problem=("a list that holds no plain numbers",),
    ),
    wrong(
        "symbolic",
        "def start(shape):\n    return keras.Input(shape)",
        problem=("a KerasTensor that holds no plain numbers",),
    ),
    # Code that raises an error: the line is that of the pasted text.
    wrong(
        "lost indentation",
        "import numpy as np\n\nclass Start:\n\ndef __call__(self, shape):\n\nreturn np.zeros(shape)",
        error=("IndentationError", 5),
    ),
    wrong("syntax after a notebook's line", "%matplotlib inline\n\nx = = 1", error=("SyntaxError", 3)),
    wrong("syntax after prompts", ">>> 1\n1\n>>> x = = 1\n", error=("SyntaxError", 3)),
    wrong("return outside of a function", "\n\n    x = 1\n    return x", error=("SyntaxError", 4)),
    wrong("error at once", "x = 1\n\ny = x / 0\n", error=("ZeroDivisionError", 3)),
    wrong(
        "error in a helper",
        "def start(shape):\n    return helper(shape)\n\ndef helper(shape):\n    a, b, c = shape\n",
        error=("ValueError", 5),
    ),
    wrong("module that is not there", "\nimport matplotlib.pyplot as plt", error=("ModuleNotFoundError", 2)),
    wrong("leaves", "import sys\nsys.exit()", error=("SystemExit", 2)),
)


def random_values(seed: int, shape: Shape) -> list[list[float]]:
    """Return what the snippet with Python's own generator draws."""
    generator = Random(seed)
    return [[generator.uniform(-1, 1) for _ in range(shape[1])] for _ in range(shape[0])]


def answers() -> dict[str, Any]:
    """Return the results of all snippets and examples by name, and facts about the process that ran them."""
    done = _done()
    assert done.returncode == 0, done.stderr[-5000:]
    return {**_read(done.stdout), "stderr": done.stderr}


_read = functools.cache(json.loads)


@functools.cache
def _done() -> subprocess.CompletedProcess[str]:
    """Run the process, with one thread for arithmetic, only once even if it fails."""
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), "1")
    return subprocess.run(
        [sys.executable, "-B", __file__],
        input=json.dumps({one.name: one.code for one in (*SNIPPETS, *EXAMPLES)}),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **threads, "PYTHONPATH": PYTHONPATH, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )


def _main() -> None:
    """Read code by name from standard input, and write what `answers` returns to standard output."""
    from tensorflow.python.eager.context import context_safe

    from inits.sandbox import compat

    output, sys.stdout = sys.stdout, sys.stderr  # snippets must not print into the answer
    codes = json.load(sys.stdin)
    threads = _threads()
    compat.prepare()
    said: dict[str, Any] = {"op ran in prepare": context_safe() is not None, "threads": [threads, _threads()]}
    for name, code in codes.items():
        before = set(sys.modules)
        said[name] = [_answer(code), _answer(code)]
        said[name][0]["imports"] = sorted(set(sys.modules) - before)
    said["op ran in snippets"] = context_safe() is not None
    json.dump(said, output)


def _threads() -> int:
    """Return the threads of this process, including those of libraries; 0 if the system does not say."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else 0


def _answer(code: str) -> dict[str, Any]:
    """Run a snippet once and draw both layers, as the jail does."""
    import traceback

    import keras

    from inits.sandbox import picking

    answer: dict[str, Any] = {}
    try:
        keras.utils.set_random_seed(SEEDS[0])
        picked = picking.execute(code)
        answer |= {"picked": picked.name, "kind": picked.kind, "others": picked.others, "layers": []}
        for shape, seed in zip(SHAPES, SEEDS, strict=True):
            keras.utils.set_random_seed(seed)
            array = picking.to_array(picked.create()(shape))
            answer["layers"].append({"dtype": str(array.dtype), "values": array.astype("float32").tolist()})
    except BaseException as error:  # also SystemExit
        lines = [
            one.lineno
            for one in traceback.extract_tb(error.__traceback__)
            if one.filename == picking.FILENAME
        ]
        lines += [error.lineno] if isinstance(error, SyntaxError) else []
        return answer | {
            "error": type(error).__name__,
            "message": str(error),
            "line": lines[-1] if lines else None,
        }
    return answer


if __name__ == "__main__":
    _main()
