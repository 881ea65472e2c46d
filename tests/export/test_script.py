"""Test that the exported Keras script runs without this project and learns as the app does."""

import ast
import csv
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inits.data.dataset import KEYS, Dataset
from inits.data.standin import digits
from inits.experiments.experiment import Experiment, Run, Start
from inits.experiments.file_start import FileSpec
from inits.experiments.network import MAX_LAYERS, Network
from inits.experiments.pasted import PastedSpec, clean
from inits.experiments.record import InitialArrays
from inits.experiments.weight_source import LsuvSpec
from inits.export.script import needed, script
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.catalog import CATALOG
from inits.initializers.optimizers import OPTIMIZERS
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.sandbox import picking
from inits.sandbox.examples import EXAMPLES
from inits.seeds import derive_seed
from inits.training.beginning import beginning, order_of
from inits.training.slot import Slot
from inits.weightfiles.fitting import _changed

pytestmark = pytest.mark.keras

parse = InitializerSpec.parse
INSTANCE = "import keras\n\ninitializer = keras.initializers.HeUniform()  # one seed for all layers\n"
LAMBDA = """
>>> scale = np.random.uniform(0.04, 0.06)  # drawn when the code runs
>>> init = lambda shape: scale * np.random.standard_normal(shape)
"""
FILE = FileSpec("before.h5", "0" * 32, "shuffled")
KINDS = (
    Start(parse("HeNormal()")),
    Start(parse("VarianceScaling(scale=2.0)"), parse("RandomNormal(stddev=0.05)")),
    Start(parse("Orthogonal(gain=1.5)"), parse("Constant(value=0.01)")),
    Start(LsuvSpec(), parse("Ones()")),
    Start(PastedSpec("A function", EXAMPLES[1].code)),
    Start(PastedSpec("An object", INSTANCE)),
    Start(PastedSpec("A lambda", LAMBDA)),
    Start(FILE),
)
WILD = Start(parse("RandomNormal(stddev=1e30)"))  # the loss is not finite from the first batch on
SEVERAL = Experiment(KINDS, Network((24, 16)), batch_size=50, seeds=(7,))
OTHERS = Experiment(
    (Start(FILE.replace(how="Gaussian")), Start(FILE.replace(how="as saved"), parse("Ones()")), WILD),
    Network((24, 24), "elu"),
    OptimizerSpec.parse("Adam(0.003)"),
    batch_size=64,
    seeds=(0, 3),
)


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Return 650 training images, so that the last batch is a short one."""
    whole = digits()
    return Dataset("digits", whole.x_train[:650], whole.y_train[:650], whole.x_test, whole.y_test)


@pytest.fixture(scope="module")
def curves_of(data, tmp_path_factory) -> Callable[[Experiment], tuple[str, list[dict[str, str]]]]:
    """Run all scripts in one process that has only Keras; return what a script printed and the rows it wrote."""
    folders = {experiment: tmp_path_factory.mktemp("script") for experiment in (SEVERAL, OTHERS)}
    write(folders[SEVERAL], SEVERAL, data, beside=False)  # the images are an argument
    write(folders[OTHERS], OTHERS, data)
    environ = {**os.environ, "PYTHONPATH": "", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-P", "-c", RUN_ALL, *map(str, folders.values())]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]", "this project is not imported"

    def found(experiment: Experiment) -> tuple[str, list[dict[str, str]]]:
        with open(folders[experiment] / "curves.csv", newline="", encoding="utf-8") as file:
            return done.stdout, list(csv.DictReader(file))

    return found


RUN_ALL = """
import os, runpy, sys
for folder in sys.argv[1:]:
    os.chdir(folder)
    sys.argv = ["experiment.py", *(name for name in os.listdir() if name == "local.npz")]
    runpy.run_path("experiment.py")
print([name for name in sys.modules if name.startswith("inits")])
"""


def names_of(experiment: Experiment) -> list[str]:
    return [f"{n}: {start.kernel.label}" for n, start in enumerate(experiment.starts)]


def in_file(net: Network) -> list[np.ndarray | None]:
    """Return the arrays of a weight file for a network: the first kernel with its bias, the last kernel without."""
    rng = np.random.default_rng(5)
    middle = [None] * (2 * len(net.hidden) - 2)
    shapes = [(784, net.hidden[0]), net.hidden[:1], *middle, (net.hidden[-1], 10), None]
    return [shape and rng.normal(0, 0.06, shape).astype(np.float32) for shape in shapes]


def arrays_for(run: Run) -> InitialArrays:
    """Return the weights of a start from a file or pasted code as the app makes them."""
    kernel, net = run.start.kernel, run.network
    if isinstance(kernel, FileSpec):
        seeds = [derive_seed(run.seed, "file", kind, n) for n in range(3) for kind in ("kernel", "bias")]
        both = zip(in_file(net), seeds, strict=True)
        return [None if values is None else _changed(values, kernel.how, seed) for values, seed in both]
    if not isinstance(kernel, PastedSpec):
        return ()
    seeds = [derive_seed(run.seed, "kernel", n) for n in range(3)]
    keras.utils.set_random_seed(seeds[0])
    found, arrays = picking.execute(kernel.source), []
    for shape, seed in zip(net.kernel_shapes, seeds, strict=True):
        keras.utils.set_random_seed(seed)
        arrays += [np.asarray(picking.to_array(found.create()(shape)), np.float32), None]
    return arrays


def write(folder: Path, experiment: Experiment, data: Dataset, *, beside: bool = True) -> None:
    """Write the script and the files that it reads to a folder; without images `beside` it they are in local.npz."""
    images = "digits.npz" if beside else None
    np.savez(folder / (images or "local.npz"), **{key: getattr(data, key) for key in KEYS})
    arrays = in_file(experiment.network)
    named = {f"{kind}_{n}": arrays[2 * n + i] for n in range(3) for i, kind in enumerate(("kernel", "bias"))}
    for name in needed(experiment).values():
        np.savez(folder / name, **{key: values for key, values in named.items() if values is not None})
    text = script(experiment, names_of(experiment), "Keras", data_file=images)
    (folder / "experiment.py").write_text(text, encoding="utf-8")


def learned(run: Run, slot: Slot, nudge: float = 0.0) -> np.ndarray:
    """Return loss and accuracy of each batch as the app trains, (steps, 2), up to the first loss that is not finite.

    Each weight is first changed by at most a share `nudge` of itself.
    """
    arrays = beginning(run, slot.data, arrays_for(run))[0]
    rng = np.random.default_rng(0)
    moved = [array * (1 + nudge * rng.uniform(-1, 1, array.shape)).astype(np.float32) for array in arrays]
    slot.load(moved, run.optimizer.learning_rate)
    curves = np.stack(slot.train(order_of(run, slot.data)), axis=1)
    over = np.flatnonzero(~np.isfinite(curves[:, 0]))
    return curves[: over[0] + 1] if len(over) else curves


@pytest.mark.parametrize("experiment", [SEVERAL, OTHERS], ids=["every kind", "another optimizer"])
def test_script_gives_the_curves_of_the_app(experiment, data, curves_of):
    """The tolerance is what rounding alone does: the change of the app's curve when each weight moves by a digit."""
    printed, lines = curves_of(experiment)
    slot = Slot(experiment.network, experiment.optimizer, experiment.batch_size, data)
    for number, run in enumerate(experiment.runs):
        name = names_of(experiment)[number % len(experiment.starts)]
        expected = learned(run, slot)
        mine = [line for line in lines if (line["start"], line["seed"]) == (name, str(run.seed))]
        assert [int(line["step"]) for line in mine] == list(range(1, len(expected) + 1))
        found = np.array([[line["loss"], line["accuracy"]] for line in mine], float)
        astray = np.abs(learned(run, slot, nudge=2**-22) - expected)[:, 0].max()
        digit = np.spacing(expected[:, 0].max())  # of float32: the smallest difference of two losses
        tolerance = 4 * (astray + digit) if np.isfinite(expected).all() else 0
        np.testing.assert_allclose(found[:, 0], expected[:, 0], rtol=0, atol=tolerance)
        assert f"{name}, seed {run.seed}: " in printed
        if run.start is WILD:
            assert len(expected) == 1
            assert not np.isfinite(expected[0, 0])
        else:
            assert (
                np.abs(found - expected)[:, 1].max() < 1.01 / experiment.batch_size
            )  # at most one image differs


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize(
    ("arguments", "setting", "read"),
    [
        ([], None, None),
        ([], "set.npz", "set.npz"),
        (["given.npz"], "set.npz", "given.npz"),
        (["--mnist", "given.npz"], None, "given.npz"),
        (["-f", "/runtime/kernel.json"], None, None),  # as in a notebook
    ],
)
def test_script_reads_a_local_copy_that_is_given_or_set(
    arguments, setting, read, beside, tmp_path, monkeypatch
):
    names = ("given.npz", "set.npz", "mnist.npz")
    images = {
        name: np.full((1, 28, 28), 51 * place, np.uint8) for place, name in enumerate([*names, "of Keras"])
    }
    for name in names:
        np.savez(tmp_path / name, **dict.fromkeys(KEYS, images[name]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INITS_MNIST", raising=False)
    if setting:
        monkeypatch.setenv("INITS_MNIST", setting)
    monkeypatch.setattr(sys, "argv", ["experiment.py", *arguments])
    pair = (images["of Keras"],) * 2
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: (pair, pair))

    text = script(Experiment(KINDS[:1]), ["a"], data_file="mnist.npz" if beside else None)
    names_after = {"__file__": str(tmp_path / "experiment.py")}
    exec(text[: text.index("def batches")], names_after)

    expected = images[read or ("mnist.npz" if beside else "of Keras")]
    np.testing.assert_allclose(names_after["x_test"], expected.reshape(1, 784) / 255, rtol=1e-6)


def test_stand_in_digits_are_never_replaced_by_a_local_mnist():
    assert "LOCAL" not in script(Experiment(KINDS[:1], dataset="digits"), ["a"], data_file="digits.npz")


def every_experiment() -> dict[str, Experiment]:
    """Return experiments with every initializer of a Dense layer, optimizer and activation, a large and a small one."""
    net, ones = Network((9, 784), "gelu"), InitializerSpec("Ones")
    found = {
        name: Experiment((Start(InitializerSpec(name), ones), KINDS[0]), net)
        for name in CATALOG
        if name != "STFT"
    }
    found |= {name: Experiment(KINDS[:1], optimizer=OptimizerSpec(name)) for name in OPTIMIZERS}
    found |= {f"with {name}": Experiment(KINDS[:1], Network((128,), name)) for name in ACTIVATIONS}
    deep = Network(tuple(range(901, 901 + MAX_LAYERS)))
    return found | {
        "largest": Experiment(KINDS, deep, seeds=tuple(range(20))),
        "least": Experiment(KINDS[:1], Network(())),
        "several": SEVERAL,
        "others": replace(OTHERS, starts=OTHERS.starts[:2]),
    }


def test_every_script_compiles_and_passes_ruff(tmp_path):
    for name, experiment in every_experiment().items():
        for versions, file in (("", None), ("keras 3.12.0, tensorflow 2.21.0, numpy 2.3.5", "digits.npz")):
            text = script(experiment, names_of(experiment), versions, data_file=file)
            compile(text, name, "exec", dont_inherit=True)
            (tmp_path / f"{name}-{file}.py").write_text(text, encoding="utf-8")
    check = ["check", "--select", "E,F,W,I,B,UP,C4,SIM,RUF", "--ignore", "E401"]
    for command in (["format", "--check"], check):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", tmp_path]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def constants(text: str) -> dict[str, object]:
    """Return the pasted code of a script by name, and the names of its starts."""
    assigned = {
        node.targets[0].id: node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    found = {name: ast.literal_eval(value) for name, value in assigned.items() if name.startswith("CODE")}
    return found | {"STARTS": [ast.literal_eval(item.elts[0]) for item in assigned["STARTS"].elts]}


TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"'\\\n#"), min_size=1)


@given(TEXT.filter(lambda code: clean(code).strip()), TEXT)
@example("x = '''a''' + \"\"\"b\"\"\"\\", 'say "it\'s"')
@example('a = """b"""', "\0\u2028")
@example("a = 'b\\", "'''")
def test_pasted_code_and_names_are_written_unchanged(code, name):
    text = script(Experiment((Start(PastedSpec("mine", code)),)), [name])
    found = constants(text)
    assert found["CODE_1"].strip("\n") == clean(code).strip("\n")
    assert found["STARTS"] == [name]
