"""The handwriting that networks learn: MNIST, and an offline stand-in made of other real digits.

Nothing falls back in silence: MNIST that cannot be had is a DataError, and the caller decides what then.

MNIST: Y. LeCun, C. Cortes, C. Burges; CC BY-SA 3.0. The stand-in: see data/README.md.
"""

import hashlib
import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from inits.data import standin
from inits.data.downloads import Progress, download, keras_cache, no_progress
from inits.errors import DataError, SpecError

Bytes = NDArray[np.uint8]

TITLES = {"mnist": "MNIST", "digits": "Digits (stand-in, not MNIST)"}
KEYS = ("x_train", "y_train", "x_test", "y_test")
SIDE = 28  # pixels
MNIST_FINGERPRINT = "1c44bd551dc6d84b"  # of what Keras downloads
DIGITS_FINGERPRINT = "432789513804398d"  # of the stand-in, known before it is made
STANDIN_IMAGES = 12_000  # to learn from
FEWEST = 100  # images in each part of a local file
MNIST_BYTES = 11_490_434  # what Keras downloads
REMEDY = "Set INITS_MNIST to an mnist.npz as Keras offers it, or unset it to let Keras download one."
ELSEWHERE = (
    "Check the network, set INITS_MNIST to a local mnist.npz, or choose the digits that come with the app."
)

_KEPT: dict[str, tuple[Path | int | None, "Dataset"]] = {}  # the last of each name
_LOADING = {name: threading.Lock() for name in TITLES}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images as rows of pixels 0..255 and labels 0..9, all uint8 and read-only; x (n, 784), y (n,)."""

    name: str
    x_train: Bytes
    y_train: Bytes
    x_test: Bytes
    y_test: Bytes

    def __post_init__(self) -> None:
        for key in KEYS:
            getattr(self, key).setflags(write=False)

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.name]

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that name the arrays, wherever they were read from."""
        digest = hashlib.sha256()
        for key in KEYS:
            array = getattr(self, key)
            digest.update(f"{key}{array.shape}".encode())
            digest.update(array)
        return digest.hexdigest()[:16]


def pixels(x: Bytes) -> NDArray[np.float32]:
    """Bytes 0..255 as float32 in [0, 1], x / 255 as in Keras' examples."""
    return x.astype(np.float32) / np.float32(255)


def batches(n: int, batch_size: int, seed: int) -> NDArray[np.int32]:
    """The order of one epoch over n examples, int32 (steps, batch_size).

    A permutation of 0..n-1 by seed, row by row. When batch_size does not divide n, the end of the last row is
    padded with -1: leave those out, as Keras trains on the smaller batch. The same on every platform.
    Raises SpecError when a number is out of range.
    """
    for name, value, least in (("n", n, 1), ("batch_size", batch_size, 1), ("seed", seed, 0)):
        if value < least:
            raise SpecError(f"{name} must be at least {least}, but got {value!r}.")
    order = np.full(-(-n // batch_size) * batch_size, -1, np.int32)
    order[:n] = np.random.Generator(np.random.PCG64(seed)).permutation(n)
    return order.reshape(-1, batch_size)


def load(name: str, local: Path | None = None, progress: Progress = no_progress) -> Dataset:
    """The dataset of that name: "mnist" (the file `local`, else by way of Keras) or "digits".

    The last one of each name is kept in memory, so that loading again returns the same object.
    Raises SpecError for another name, DataError when MNIST cannot be had.
    """
    if name not in TITLES:
        raise SpecError(f"dataset must be one of {', '.join(TITLES)}, but got {name!r}.")
    source = local if name == "mnist" else 0
    with _LOADING[name]:  # once, also when several runs ask for it at the same time
        kept = _KEPT.get(name)
        if kept is None or kept[0] != source:
            kept = _KEPT[name] = (source, _fresh(name, local, progress))
    return kept[1]


def _fresh(name: str, local: Path | None, progress: Progress) -> Dataset:
    if name == "digits":
        return digits()
    return read_mnist(local) if local else download_mnist(progress)


def digits(seed: int = 0) -> Dataset:
    """The stand-in: 12,000 images for training (each of 1,500 digits eight times), 297 for testing.

    The seed decides the small turns and shifts and the order; the same seed gives the same bytes.
    """
    return Dataset("digits", *standin.arrays(seed))


def read_mnist(path: Path) -> Dataset:
    """MNIST, or a part of it, from a local mnist.npz.

    The file holds x_train, x_test uint8 (n, 28, 28) and y_train, y_test of integers 0..9 (n,), n >= 100.
    Raises DataError for anything else; the message carries the file's name without its folder.
    """
    try:
        if stat.S_ISFIFO(path.stat().st_mode):
            _refuse(path, "is a pipe")
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                _refuse(path, "is not an npz archive")
            file.seek(0)
            arrays = _members(path, file)
    except OSError as error:
        _refuse(path, f"cannot be opened ({error.strerror or type(error).__name__})", error)
    return _checked(path, arrays)


def _members(path: Path, file: IO[bytes]) -> dict[str, NDArray[Any]]:
    """The four arrays of an npz archive as they are."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            names = set(archive.files)
            arrays = {key: archive[key] for key in KEYS if key in names}
    except Exception as error:  # zip, zlib, NumPy and its header parser raise a dozen kinds for damaged bytes
        _refuse(path, "is damaged, cut short or holds pickled objects", error)
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        _refuse(path, f"has no array {', '.join(missing)}; it holds {sorted(names)[:8]}")
    return arrays


def _checked(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Dataset:
    """The arrays (n, 28, 28) and (n,) as a dataset, or a DataError that names what is wrong."""
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if x.dtype != np.uint8 or x.ndim != 3 or x.shape[1:] != (SIDE, SIDE) or len(x) < FEWEST:
            _refuse(path, f"must have x_{part} uint8 (at least {FEWEST}, 28, 28); it is {x.dtype} {x.shape}")
        if y.dtype.kind not in "iu" or y.shape != x.shape[:1]:
            _refuse(path, f"must have y_{part} of integers {x.shape[:1]}; it is {y.dtype} {y.shape}")
        if y.min() < 0 or y.max() > 9:
            _refuse(path, f"must have labels 0 to 9 in y_{part}; they run from {y.min()} to {y.max()}")
    flat = (arrays[key].reshape(len(arrays[key]), -1) if key[0] == "x" else arrays[key] for key in KEYS)
    return Dataset("mnist", *(np.ascontiguousarray(array, np.uint8) for array in flat))


def _refuse(path: Path, what: str, cause: Exception | None = None) -> NoReturn:
    raise DataError(f"The MNIST file {path.name!r} {what}. {REMEDY}") from cause


def download_mnist(progress: Progress = no_progress) -> Dataset:
    """MNIST by way of `keras.datasets.mnist.load_data()`, which caches it in Keras' own place.

    `progress` is told as `downloads.download` says. Raises DataError when the network does not deliver.
    """
    from keras.datasets import mnist

    path = keras_cache("datasets", "mnist.npz")
    train, test = download("MNIST", mnist.load_data, path, MNIST_BYTES, progress, ELSEWHERE)
    return _checked(path, dict(zip(KEYS, (*train, *test), strict=True)))
