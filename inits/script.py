"""An experiment as a plain Keras script: readable, without this project, with the same kernels and the same batches."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise

from inits.experiment import ZEROS, Experiment, Start
from inits.from_file import FileSpec
from inits.kernels import LsuvSpec
from inits.pasted import PastedSpec, clean, name_of
from inits.seeds import derive_seed
from inits.spec import InitializerSpec
from inits.words import counted

WIDTH = 88  # of a line, as formatters have it
CHANGES = {"as saved": "as_saved", "shuffled": "shuffled", "Gaussian": "gaussian"}
ORTHONORMAL = InitializerSpec("Orthogonal")

DATA = {
    "mnist": "(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()\n",
    "file": """
with np.load(BESIDE / "{file}") as digits:
    x_train, y_train = digits["x_train"], digits["y_train"]
    x_test, y_test = digits["x_test"], digits["y_test"]
""".lstrip(),
}
PIXELS = """
x_train = x_train.reshape(-1, 784).astype("float32") / 255
x_test = x_test.reshape(-1, 784).astype("float32") / 255
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
    """A network whose layers are drawn one by one, each with a seed of its own."""
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


def script(
    experiment: Experiment,
    names: Sequence[str],
    versions: str = "",
    picked: Mapping[str, str] | None = None,
    data_file: str | None = None,
) -> str:
    """The script of an experiment.

    Args:
        names: what the starts are called.
        versions: of what the app computes with.
        picked: the initializer in pasted code, by its source: a name or an expression; else its likely name.
        data_file: the file beside the script that has the images; None for Keras' own MNIST.
    """
    kernels = [start.kernel for start in experiment.starts]
    pasted = [kernel for kernel in kernels if isinstance(kernel, PastedSpec)]
    files = [kernel for kernel in kernels if isinstance(kernel, FileSpec)]
    lsuv = any(isinstance(kernel, LsuvSpec) for kernel in kernels)
    biased = any(start.bias != ZEROS for start in experiment.starts)
    beside = [*([data_file] if data_file else []), *(name for name in needed(experiment).values())]
    helpers = [
        BATCHES,
        BUILD.format(argument=", bias=None" if biased else "", bias=BIAS[1:] if biased else ""),
    ]
    helpers += [LSUV] * lsuv + [PASTED] * bool(pasted) + [FILLED] * bool(files)
    helpers += [CHANGED[how] for how in dict.fromkeys(kernel.how for kernel in files)]
    starts = [_start(start, number, picked or {}) for number, start in enumerate(experiment.starts, 1)]
    optimizer = textwrap.indent(experiment.optimizer.code(), 8 * " ").strip()
    begin = TRY[1:] if lsuv or pasted or files else BEGIN
    parts = [
        _about(experiment, versions, beside, bool(pasted)),
        _imports(bool(beside), bool(pasted)),
        _settings(experiment, biased, bool(files)),
        (DATA["file"].format(file=data_file) if data_file else DATA["mnist"]) + PIXELS[1:],
        *helpers,
        *starts,
        _listed("STARTS", [f"({_quoted(name)}, start_{n})" for n, name in enumerate(names, 1)]),
        TRAIN.format(optimizer=optimizer),
        MAIN.format(begin=begin),
    ]
    return _joined([part.strip("\n") for part in parts])


def needed(experiment: Experiment) -> dict[int, str]:
    """The files with weights that the script of an experiment reads, by the place of their start."""
    kernels = [start.kernel for start in experiment.starts]
    return {
        place: f"start-{place + 1}.npz"
        for place, kernel in enumerate(kernels)
        if isinstance(kernel, FileSpec)
    }


def _joined(parts: Sequence[str]) -> str:
    """The parts, two empty lines around functions and one elsewhere."""
    text = parts[0]
    for before, part in pairwise(parts):
        apart = any(one.startswith(("def ", "CODE_", "# What")) for one in (before, part))
        text += ("\n\n\n" if apart else "\n\n") + part
    return text + "\n"


def _about(experiment: Experiment, versions: str, beside: Sequence[str], pasted: bool) -> str:
    """What the script does, for whoever opens it."""
    digits = "MNIST" if experiment.dataset == "mnist" else "the stand-in digits"
    runs = f"{counted(len(experiment.starts), 'start')} and {counted(len(experiment.seeds), 'seed')}"
    words = [
        f"One epoch of {digits} in plain Keras, for {runs}.",
        "It writes curves.csv: the loss and the accuracy of each batch, before the network learns from it. It "
        "needs Keras with TensorFlow: pip install keras tensorflow.",
        "The seeds are those of the app that wrote this, so the kernels are the very same, and so are the "
        "batches. The losses agree to the last digits of float32 until rounding tells: in a deep network that is "
        "after some hundred batches, and then they differ as if every weight had been moved by its last digit.",
    ]
    if beside:
        words.append(f"It reads {' and '.join(beside)}, which must lie beside this script.")
    if experiment.dataset == "digits":
        words.append(
            "The digits are by E. Alpaydin and C. Kaynak (CC BY 4.0); the app turned and shifted them."
        )
    if pasted:
        words.append(
            "Pasted code is run here as it was written, and without a jail: read it first. Code of the Keras 2 era "
            "may need names that Keras has dropped since."
        )
    if versions:
        words.append(f"Written with {versions}; others may draw other kernels from the same seeds.")
    paragraphs = [textwrap.fill(one, WIDTH - 3 * (not place)) for place, one in enumerate(words)]
    return '"""' + "\n\n".join(paragraphs) + '\n"""'


def _imports(beside: bool, pasted: bool) -> str:
    standard = ["import csv", *["import inspect"] * pasted, "import os"]
    standard += ["from pathlib import Path"] * beside
    backend = 'os.environ["KERAS_BACKEND"] = "tensorflow"  # another one draws other numbers'
    place = "\n\nBESIDE = Path(__file__).parent" if beside else ""
    return "\n".join(standard) + f"\n\n{backend}\n\nimport keras\nimport numpy as np{place}"


def _settings(experiment: Experiment, biased: bool, files: bool) -> str:
    """The network, and the seeds of all that is drawn."""
    net = experiment.architecture
    paths: dict[str, tuple[str, ...]] = {"kernels": ("kernel",)}
    paths |= {"biases": ("bias",)} if biased else {}
    paths |= {"file_kernel": ("file", "kernel"), "file_bias": ("file", "bias")} if files else {}
    lines = ["# fmt: off", "SEEDS = {  # of the batches, and of each layer's draw"]
    for seed in dict.fromkeys(experiment.seeds):
        lines += [f"    {seed}: {{", f'        "batches": {derive_seed(seed, "batches")},']
        for key, path in paths.items():
            drawn = [derive_seed(seed, *path, layer) for layer in range(len(net.kernel_shapes))]
            lines += _filled(f'        "{key}": [', drawn)
        lines.append("    },")
    head = [_hidden(net.hidden), f'ACTIVATION = "{net.activation}"', f"BATCH_SIZE = {experiment.batch_size}"]
    return "\n".join([*head, "", *lines, "}", "# fmt: on"])


def _hidden(units: Sequence[int]) -> str:
    if len(units) > 1 and len(set(units)) == 1:
        return f"HIDDEN = [{units[0]}] * {len(units)}"
    line = f"HIDDEN = [{', '.join(map(str, units))}]"
    return line if len(line) <= WIDTH else _listed("HIDDEN", [str(one) for one in units])


def _filled(head: str, numbers: Sequence[int]) -> list[str]:
    """A list of numbers with as many on a line as there is room for."""
    text = ", ".join(map(str, numbers))
    if len(head) + len(text) + 2 <= WIDTH:
        return [f"{head}{text}],"]
    margin = (len(head) - len(head.lstrip())) * " "
    body = textwrap.fill(text + ",", WIDTH, initial_indent=f"{margin}    ", subsequent_indent=f"{margin}    ")
    return [head, *body.split("\n"), f"{margin}],"]


def _start(start: Start, number: int, picked: Mapping[str, str]) -> str:
    """The function that builds the network of a start."""
    kernel, head, code = start.kernel, f"def start_{number}(seeds):\n", ""
    bias, given = "", "kernel"
    if start.bias != ZEROS:
        bias, given = _drawn("bias", start.bias), "kernel, bias"
    if isinstance(kernel, PastedSpec):
        source = clean(kernel.source)
        name = picked.get(kernel.source) or name_of(source)
        code = f"CODE_{number} = {_long(source)}\n\n\n"
        body = f'    made = defined(CODE_{number}, {_quoted(name)}, seeds["kernels"][0])\n\n'
        body += "    def kernel(seed):\n        return seeded(made, seed)\n\n"
        return f"{code}{head}{body}{bias}    return build(seeds, {given})"
    body = _drawn(
        "kernel", kernel if isinstance(kernel, InitializerSpec) else getattr(kernel, "rest", ORTHONORMAL)
    )
    built = f"build(seeds, {given})"
    if isinstance(kernel, LsuvSpec):
        built = f"scaled({built}, seeds)"
    if isinstance(kernel, FileSpec):
        built = f'filled({built}, "start-{number}.npz", {CHANGES[kernel.how]}, seeds)'
    return f"{head}{body}{bias}    return {built}"


def _drawn(name: str, spec: InitializerSpec) -> str:
    """The function of a seed that gives an initializer of Keras."""
    code = textwrap.indent(f"return {spec.code('seed')}", 8 * " ")
    return f"    def {name}(seed):\n{code}\n\n"


def _listed(name: str, items: Sequence[str]) -> str:
    return f"{name} = [\n" + "".join(f"    {item},\n" for item in items) + "]"


def _quoted(text: str) -> str:
    """A text as Python writes it, in double quotes where they do."""
    plain = text.isprintable() and '"' not in text
    return json.dumps(text, ensure_ascii=False) if plain else repr(text)


def _long(text: str) -> str:
    """Text of several lines as a literal that leaves it as it is."""
    text = text.rstrip("\n") + "\n"
    for quotes in ('"""', "'''"):
        if quotes not in text and not text.endswith(quotes[0]):
            return f"r{quotes}\n{text}{quotes}"
    return repr(text)
