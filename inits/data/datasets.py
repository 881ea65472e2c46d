"""The datasets that networks learn from, one entry each.

Nothing falls back in silence: a dataset that cannot be loaded raises DataError, and the caller decides what then.
"""

import importlib
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inits.data.dataset import Dataset
from inits.data.downloads import Progress, download, keras_cache, no_progress
from inits.data.mnist import read_mnist
from inits.data.standin import digits
from inits.errors import SpecError
from inits.settings import Settings
from inits.text import shown


@dataclass(frozen=True, kw_only=True)
class Download:
    """A dataset that Keras downloads: `keras.datasets.MODULE`, the file in its cache, and about how many bytes."""

    module: str
    file: str
    size: int


@dataclass(frozen=True, kw_only=True)
class DatasetEntry:
    """A dataset.

    Attributes:
        name: in experiments, addresses and JSON.
        title: in a list of choices.
        phrase: in a sentence: "One epoch of MNIST".
        licence: who made it, and its licence, as a sentence.
        shape: (rows, columns) of an image.
        classes: number of labels.
        training_images, test_images: how many there are.
        fingerprint: of the arrays, see `Dataset.fingerprint`.
        download: how Keras has it; None if the app carries it.
        read: reads it from a local file, the setting INITS_ and its name in capitals; None if it has no such setting.
        make: makes it from what the app carries; None if Keras downloads it.
        fallback: name of the dataset that can take its place; "" for none.
        note: shown on a page if it is chosen; "" for none.
        scoring: how the accuracy of a batch is to be understood.
        mean_squares, pair: what theory needs to know of all training images, see `signal_theory.Inputs`.
    """

    name: str
    title: str
    phrase: str
    licence: str
    fingerprint: str
    training_images: int
    test_images: int
    shape: tuple[int, int] = (28, 28)
    classes: int = 10
    download: Download | None = None
    read: Callable[[Path], Dataset] | None = None
    make: Callable[[], Dataset] | None = None
    fallback: str = ""
    note: str = ""
    scoring: str = "Scored before the network trains on the batch."
    mean_squares: tuple[float, ...]
    pair: tuple[float, float]

    @property
    def inputs(self) -> int:
        """Number of pixels of an image."""
        return math.prod(self.shape)

    @property
    def setting(self) -> str:
        """Name of the environment variable that names a local file; "" if it has none."""
        return f"INITS_{self.name.upper()}" if self.read else ""

    def load(self, local: Path | None = None, progress: Progress = no_progress) -> Dataset:
        """Load it, from the file `local` if it can be read from one. Raises DataError if that fails."""
        if self.make:
            return self.make()
        if local and self.read:
            return self.read(local)
        return self._downloaded(progress)

    def _downloaded(self, progress: Progress) -> Dataset:
        """Return what Keras downloads, or has in its cache. `progress` is called as by `downloads.download`."""
        assert self.download, "an entry has a source"
        module = importlib.import_module(f"keras.datasets.{self.download.module}")
        remedy = "Check the network, "
        remedy += f"set {self.setting} to a local {self.download.file}, " if self.read else ""
        remedy += "or choose the digits that come with the app."
        path = keras_cache("datasets", self.download.file)
        parts = download(self.title, module.load_data, path, self.download.size, progress, remedy)
        flat = (
            array.reshape(len(array), -1) if array.ndim > 1 else array for part in parts for array in part
        )
        return Dataset(self.name, *(np.ascontiguousarray(array, np.uint8) for array in flat))


_ENTRIES = (
    DatasetEntry(
        name="mnist",
        title="MNIST",
        phrase="MNIST",
        licence="MNIST is by Y. LeCun, C. Cortes and C. Burges (CC BY-SA 3.0).",
        fingerprint="1c44bd551dc6d84b",
        training_images=60_000,
        test_images=10_000,
        download=Download(module="mnist", file="mnist.npz", size=11_490_434),
        read=read_mnist,
        fallback="digits",
        mean_squares=(0.0555, 0.0749, 0.0889, 0.1016, 0.1144, 0.1287, 0.1471, 0.1794),
        pair=(0.1081, 0.393),
    ),
    DatasetEntry(
        name="digits",
        title="Digits (stand-in)",
        phrase="the stand-in digits",
        licence="The digits are by E. Alpaydin and C. Kaynak (CC BY 4.0); the app turned and shifted them.",
        fingerprint="432789513804398d",
        training_images=12_000,
        test_images=297,
        make=digits,
        note="The stand-in: 1,797 real handwritten digits, enlarged to 28 × 28; 1,500 of them, turned and shifted, "
        "make 12,000 to learn, 297 to test. It is not MNIST.",
        scoring="Scored before training on the batch; 8 views of a digit.",
        mean_squares=(0.0714, 0.0864, 0.0955, 0.1050, 0.1131, 0.1207, 0.1281, 0.1383),
        pair=(0.1091, 0.510),
    ),
)

DATASETS: dict[str, DatasetEntry] = {entry.name: entry for entry in _ENTRIES}
"""All datasets by name."""
DEFAULT = "mnist"
"""The dataset that workers load when they start; its fallback comes with the app."""


def local_files(settings: Settings) -> dict[str, Path]:
    """Return the local files of datasets that the settings name, by dataset."""
    paths = {name: getattr(settings, name) for name, entry in DATASETS.items() if entry.read}
    return {name: path for name, path in paths.items() if path}


_KEPT: dict[str, tuple[Path | None, Dataset]] = {}  # the last of each name
_LOADING = {name: threading.Lock() for name in DATASETS}


def load(name: str, local: Path | None = None, progress: Progress = no_progress) -> Dataset:
    """Load the dataset of a name, see `DatasetEntry.load`.

    The last one of each name is kept in memory, so that loading again returns the same object.
    Raises SpecError for an unknown name, DataError if the dataset cannot be loaded.
    """
    if name not in DATASETS:
        raise SpecError(f"dataset must be one of {', '.join(DATASETS)}, but got {shown(name)}.")
    entry = DATASETS[name]
    source = local if entry.read else None
    with _LOADING[name]:  # once, also when several runs ask for it at the same time
        kept = _KEPT.get(name)
        if kept is None or kept[0] != source:
            kept = _KEPT[name] = (source, entry.load(source, progress))
    return kept[1]
