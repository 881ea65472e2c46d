"""Test the download of the script with the files that it reads."""

import io
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import inits
from inits.data.dataset import Dataset
from inits.data.datasets import DATASETS
from inits.experiments.experiment import Experiment, Start
from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network
from inits.export import bundle
from inits.initializers.spec import InitializerSpec

FILE = FileSpec("net.h5", "0" * 32, "shuffled")
MNIST = Experiment((Start(InitializerSpec("HeNormal")),), Network((4,)))


def test_script_of_mnist_needs_no_file():
    files = bundle.script_files(MNIST, ["a"], None, fingerprint=DATASETS["mnist"].fingerprint)
    assert list(files) == ["experiment.py"]
    assert b"keras.datasets.mnist" in files["experiment.py"]


def test_script_of_another_mnist_names_its_file():
    text = bundle.script_files(MNIST, ["a"], None, fingerprint="0123")["experiment.py"].decode()
    assert "It reads mnist.npz, which must lie beside this script." in " ".join(text.split())


def test_digits_and_layers_of_a_weight_file_are_included(monkeypatch):
    arrays = [np.ones((784, 4), np.float32), np.zeros(4, np.float32), None, None]
    asked = []
    monkeypatch.setattr(
        bundle.fitting, "fitted_arrays", lambda spec, *others: asked.append(spec.how) or arrays
    )
    experiment = replace(MNIST, starts=(*MNIST.starts, Start(FILE)), dataset="digits")
    files = bundle.script_files(experiment, ["a", "b"], None)
    packed = zipfile.ZipFile(io.BytesIO(bundle.zipped(files)))
    assert packed.namelist() == ["experiment.py", "digits.npz", "start-2.npz"]
    with np.load(io.BytesIO(files["digits.npz"])) as found:
        assert Dataset("digits", *found.values()).fingerprint == DATASETS["digits"].fingerprint
    with np.load(io.BytesIO(packed.read("start-2.npz"))) as found:
        assert found.files == ["kernel_0", "bias_0"]
        np.testing.assert_array_equal(found["kernel_0"], arrays[0])
    assert asked == ["as saved"]  # the script shuffles them


@pytest.mark.parametrize("computes", ["", "keras 3.12.0"])
def test_versions_are_those_of_the_compute_process(computes):
    words = bundle.all_versions(computes)
    assert words.startswith(computes or "Python")
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert words.endswith(f"Initializers {inits.__version__}")
    assert inits.__version__ == project["version"]
