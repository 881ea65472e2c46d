"""Collect the files of an experiment to download: the Keras script with all that it reads."""

import io
import platform
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from inits import __version__
from inits.data.dataset import KEYS
from inits.data.datasets import DATASETS, load
from inits.experiments.experiment import Experiment
from inits.experiments.file_start import FileSpec
from inits.experiments.record import FloatArray
from inits.export.script import needed, script
from inits.weightfiles import fitting
from inits.weightfiles.store import WeightStore

NAME = "experiment.py"


def all_versions(computes: str) -> str:
    """Return the versions of the compute process and of this app."""
    return ", ".join(
        filter(None, (computes, f"Python {platform.python_version()}", f"Initializers {__version__}"))
    )


def data_file(experiment: Experiment, fingerprint: str) -> str | None:
    """Return the file of images that a script reads; None if Keras has them. `fingerprint` is that of MNIST here."""
    entry = DATASETS[experiment.dataset]
    if entry.download and (not entry.read or fingerprint in ("", entry.fingerprint)):
        return None
    return f"{entry.name}.npz"


def script_files(
    experiment: Experiment,
    names: Sequence[str],
    store: WeightStore,
    *,
    versions: str = "",
    picked: Mapping[str, str] | None = None,
    fingerprint: str = "",
) -> dict[str, bytes]:
    """Return the script and the files that it reads, by name; a local MNIST is not among them.

    `names`, `versions` and `picked` are as for `script`. Raises WeightFileError when a weight file is gone.
    """
    images = data_file(experiment, fingerprint)
    text = script(experiment, names, versions, picked, images)
    files = {NAME: text.encode()}
    if images and not DATASETS[experiment.dataset].download:
        data = load(experiment.dataset)
        files[images] = _npz({key: getattr(data, key) for key in KEYS})
    for place, name in needed(experiment).items():
        kernel = experiment.starts[place].kernel
        assert isinstance(kernel, FileSpec)
        files[name] = _npz(_values(kernel, experiment, store))
    return files


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def _values(kernel: FileSpec, experiment: Experiment, store: WeightStore) -> dict[str, FloatArray]:
    """Return the saved arrays of a weight file for each layer."""
    saved = replace(kernel, how="as saved")
    arrays = fitting.fitted_arrays(saved, experiment.network, 0, store)
    names = [f"{kind}_{layer}" for layer in range(len(arrays) // 2) for kind in ("kernel", "bias")]
    return {name: array for name, array in zip(names, arrays, strict=True) if array is not None}


def _npz(arrays: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()
