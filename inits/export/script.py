"""Write an experiment as a readable Keras script with the same kernels and batches, without this project."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise

from inits.data.dataset import MAX_PIXEL
from inits.data.datasets import DATASETS
from inits.experiments.experiment import ZEROS, Experiment, Start
from inits.experiments.file_start import FileSpec
from inits.experiments.pasted import PastedSpec, clean, name_of
from inits.experiments.weight_source import LsuvSpec
from inits.export.script_texts import (
    BATCHES,
    BEGIN,
    BIAS,
    BUILD,
    CHANGED,
    FILLED,
    FROM_FILE,
    FROM_KERAS,
    GIVEN,
    LSUV,
    MAIN,
    PASTED,
    PIXELS,
    TRAIN,
    TRY,
)
from inits.initializers.spec import InitializerSpec
from inits.seeds import derive_seed
from inits.text import counted

WIDTH = 88  # of a line, as formatters have it
CHANGES = {"as saved": "as_saved", "shuffled": "shuffled", "Gaussian": "gaussian"}
ORTHONORMAL = InitializerSpec("Orthogonal")


def script(
    experiment: Experiment,
    names: Sequence[str],
    versions: str = "",
    picked: Mapping[str, str] | None = None,
    data_file: str | None = None,
) -> str:
    """Return the script of an experiment.

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
        _imports(experiment, bool(beside), bool(pasted)),
        _settings(experiment, biased, bool(files)),
        _data(experiment, data_file),
        *helpers,
        *starts,
        _listed("STARTS", [f"({_quoted(name)}, start_{n})" for n, name in enumerate(names, 1)]),
        TRAIN.format(optimizer=optimizer),
        MAIN.format(begin=begin),
    ]
    return _joined([part.strip("\n") for part in parts])


def needed(experiment: Experiment) -> dict[int, str]:
    """Return the files with weights that the script of an experiment reads, by the index of their start."""
    kernels = [start.kernel for start in experiment.starts]
    return {
        place: f"start-{place + 1}.npz"
        for place, kernel in enumerate(kernels)
        if isinstance(kernel, FileSpec)
    }


def _joined(parts: Sequence[str]) -> str:
    """Return the parts with two empty lines around functions and one elsewhere."""
    text = parts[0]
    for before, part in pairwise(parts):
        apart = any(one.startswith(("def ", "CODE_", "# What")) for one in (before, part))
        text += ("\n\n\n" if apart else "\n\n") + part
    return text + "\n"


def _about(experiment: Experiment, versions: str, beside: Sequence[str], pasted: bool) -> str:
    """Return the docstring of the script."""
    data = DATASETS[experiment.dataset]
    runs = f"{counted(len(experiment.starts), 'start')} and {counted(len(experiment.seeds), 'seed')}"
    words = [
        f"One epoch of {data.phrase} in plain Keras, for {runs}.",
        "It writes curves.csv: the loss and the accuracy of each batch, before the network learns from it. It "
        "needs Keras with TensorFlow: pip install keras tensorflow.",
        "The seeds are those of the app that wrote this, so the kernels are the very same, and so are the "
        "batches. The losses agree to the last digits of float32 until rounding errors grow: in a deep network that is "
        "after some hundred batches, and then they differ as if every weight had been moved by its last digit.",
    ]
    if beside:
        words.append(f"It reads {' and '.join(beside)}, which must lie beside this script.")
    if data.read and data.download:
        words.append(
            f"To use a local copy of {data.title}, give its path, python experiment.py {data.download.file}, or set "
            f"{data.setting} to it."
        )
    if not data.download:
        words.append(data.licence)
    if pasted:
        words.append(
            "Pasted code is run here as it was written, and without a jail: read it first. Code of the Keras 2 era "
            "may need names that Keras has dropped since."
        )
    if versions:
        words.append(f"Written with {versions}; others may draw other kernels from the same seeds.")
    paragraphs = [textwrap.fill(one, WIDTH - 3 * (not place)) for place, one in enumerate(words)]
    return '"""' + "\n\n".join(paragraphs) + '\n"""'


def _data(experiment: Experiment, data_file: str | None) -> str:
    """Return the lines that load the images: from a given file, the file beside the script or by Keras."""
    entry = DATASETS[experiment.dataset]
    if not data_file:
        assert entry.download, "Keras has it"
        loading = FROM_KERAS.format(module=entry.download.module)
    else:
        beside = f'BESIDE / "{data_file}"'
        loading = FROM_FILE.format(path=f"LOCAL or {beside}" if entry.read else beside)
    if entry.read:
        loading = GIVEN.format(setting=entry.setting) + loading
    return loading + PIXELS[1:].format(inputs=entry.inputs, max_pixel=MAX_PIXEL)


def _imports(experiment: Experiment, beside: bool, pasted: bool) -> str:
    standard = ["import csv", *["import inspect"] * pasted, "import os"]
    standard += ["import sys"] * bool(DATASETS[experiment.dataset].read)
    standard += ["from pathlib import Path"] * beside
    backend = 'os.environ["KERAS_BACKEND"] = "tensorflow"  # another one draws other numbers'
    place = "\n\nBESIDE = Path(__file__).parent" if beside else ""
    return "\n".join(standard) + f"\n\n{backend}\n\nimport keras\nimport numpy as np{place}"


def _settings(experiment: Experiment, biased: bool, files: bool) -> str:
    """Return the network, and the seeds of all that is drawn."""
    net = experiment.network
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
    """Return a list of numbers with as many on a line as fit."""
    text = ", ".join(map(str, numbers))
    if len(head) + len(text) + 2 <= WIDTH:
        return [f"{head}{text}],"]
    margin = (len(head) - len(head.lstrip())) * " "
    body = textwrap.fill(text + ",", WIDTH, initial_indent=f"{margin}    ", subsequent_indent=f"{margin}    ")
    return [head, *body.split("\n"), f"{margin}],"]


def _start(start: Start, number: int, picked: Mapping[str, str]) -> str:
    """Return the function that builds the network of a start."""
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
    """Return the function that makes an initializer of Keras from a seed."""
    code = textwrap.indent(f"return {spec.code('seed')}", 8 * " ")
    return f"    def {name}(seed):\n{code}\n\n"


def _listed(name: str, items: Sequence[str]) -> str:
    return f"{name} = [\n" + "".join(f"    {item},\n" for item in items) + "]"


def _quoted(text: str) -> str:
    """Return a text as Python writes it, in double quotes where possible."""
    plain = text.isprintable() and '"' not in text
    return json.dumps(text, ensure_ascii=False) if plain else repr(text)


def _long(text: str) -> str:
    """Return a literal of several lines that keeps its text unchanged."""
    text = text.rstrip("\n") + "\n"
    for quotes in ('"""', "'''"):
        if quotes not in text and not text.endswith(quotes[0]):
            return f"r{quotes}\n{text}{quotes}"
    return repr(text)
