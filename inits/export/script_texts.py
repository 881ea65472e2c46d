"""Pieces of plain Keras code that the scripts of experiments consist of."""

GIVEN = """
given = [argument for argument in sys.argv[1:] if argument.endswith(".npz")]
LOCAL = given[0] if given else os.environ.get("{setting}")
""".lstrip()
FROM_KERAS = """
if LOCAL:
    with np.load(LOCAL) as images:
        x_train, y_train = images["x_train"], images["y_train"]
        x_test, y_test = images["x_test"], images["y_test"]
else:
    (x_train, y_train), (x_test, y_test) = keras.datasets.{module}.load_data()
""".lstrip()
FROM_FILE = """
with np.load({path}) as images:
    x_train, y_train = images["x_train"], images["y_train"]
    x_test, y_test = images["x_test"], images["y_test"]
""".lstrip()
PIXELS = """
x_train = x_train.reshape(-1, {inputs}).astype("float32") / {max_pixel}
x_test = x_test.reshape(-1, {inputs}).astype("float32") / {max_pixel}
"""
BATCHES = '''
def batches(seeds):
    """The numbers of the images in each batch: each once, in an order by seed."""
    rng = np.random.Generator(np.random.PCG64(seeds["batches"]))
    order = rng.permutation(len(x_train))
    return [order[i : i + BATCH_SIZE] for i in range(0, len(order), BATCH_SIZE)]
'''
BUILD = '''
def build(seeds, kernel{argument}):
    """Build a network whose layers are drawn one by one, each with its own seed."""
    model = keras.Sequential([keras.Input((784,))])
    for layer, units in enumerate([*HIDDEN, 10]):
        model.add(
            keras.layers.Dense(
                units,
                activation=ACTIVATION if layer < len(HIDDEN) else None,
                kernel_initializer=kernel(seeds["kernels"][layer]),
{bias}            )
        )
    return model
'''
BIAS = """
                bias_initializer=bias(seeds["biases"][layer]) if bias else "zeros",
"""
LSUV = '''
def scaled(model, seeds):
    """Every kernel scaled until its layer's sums have variance 1 on the first batch.

    Layer-sequential unit variance (LSUV), Mishkin & Matas 2016,
    https://arxiv.org/abs/1511.06422
    """
    signal = x_train[batches(seeds)[0]]
    for layer in model.layers:
        kernel, bias = layer.get_weights()
        factor = 1.0
        for _ in range(10):
            sums = signal @ (kernel * np.float32(factor)) + bias
            variance = float(sums.var(dtype="float64"))
            if abs(variance - 1) <= 0.1:
                break
            factor /= variance**0.5
        kernel *= np.float32(factor)
        layer.kernel.assign(kernel)
        signal = np.asarray(layer.activation(signal @ kernel + bias))
    return model
'''
PASTED = '''
# What pasted code may name without importing it.
KNOWN = """
import math, random
import keras, numpy, tensorflow
import numpy as np, tensorflow as tf
from keras import Model, Sequential, initializers, layers, models, ops, utils
from keras.initializers import *
from keras.layers import Activation, Dense, Dropout, Flatten, Input
K = backend = tf.keras.backend
"""


def defined(code, name, seed):
    """What the code calls `name`, after it has run."""
    keras.utils.set_random_seed(seed)
    names = {"__name__": "__main__"}
    exec(KNOWN, names)
    exec(code, names)
    return eval(name, names)


def seeded(initializer, seed):
    """The initializer of one layer: a class is made anew, and the seed decides."""

    def draw(shape, dtype="float32"):
        keras.utils.set_random_seed(seed)
        made = initializer() if isinstance(initializer, type) else initializer
        takes = inspect.signature(made).parameters.keys() & {"dtype", "kwargs"}
        values = made(shape, dtype=dtype) if takes else made(shape)
        return np.asarray(values, "float32")

    return draw
'''
FILLED = '''
def filled(model, name, changed, seeds):
    """The model with a file's values, changed or not, where the file has some."""
    with np.load(BESIDE / name) as arrays:
        for number, layer in enumerate(model.layers):
            for kind, variable in [("kernel", layer.kernel), ("bias", layer.bias)]:
                values = arrays.get(f"{kind}_{number}")
                if values is not None:
                    variable.assign(changed(values, seeds[f"file_{kind}"][number]))
    return model
'''
CHANGED = {
    "as saved": """
def as_saved(values, seed):
    return values
""",
    "shuffled": '''
def shuffled(values, seed):
    """The same values in another order."""
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.permutation(values.reshape(-1)).reshape(values.shape)
''',
    "Gaussian": '''
def gaussian(values, seed):
    """Normal draws with the mean and the standard deviation of the values."""
    rng = np.random.Generator(np.random.PCG64(seed))
    mean, std = values.mean(dtype="float64"), values.std(dtype="float64")
    return rng.normal(mean, std, values.shape).astype("float32")
''',
}
TRAIN = '''
def train(model, seeds):
    """One epoch: step, loss and accuracy of each batch, before it is learned."""
    model.compile(
        optimizer={optimizer},
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,  # compiling would take as long as learning
    )
    for step, batch in enumerate(batches(seeds), 1):
        model.reset_metrics()  # else they would be means over all batches so far
        loss, accuracy = model.train_on_batch(x_train[batch], y_train[batch])
        yield step, float(loss), float(accuracy)
        if not np.isfinite(loss):
            break
'''
MAIN = """
with open("curves.csv", "w", newline="", encoding="utf-8") as file:
    curves = csv.writer(file)
    curves.writerow(["start", "seed", "step", "loss", "accuracy"])
    for seed, seeds in SEEDS.items():
        for name, start in STARTS:
{begin}            for point in train(model, seeds):
                curves.writerow([name, seed, *point])
            _, accuracy = model.evaluate(x_test, y_test, verbose=0)
            print(f"{{name}}, seed {{seed}}: {{accuracy:.2%}} of the test images are right")
"""
BEGIN = "            model = start(seeds)\n"
TRY = """
            try:
                model = start(seeds)
            except Exception as error:  # this start has no weights; the others go on
                print(f"{name}, seed {seed}: {error!r}")
                continue
"""
