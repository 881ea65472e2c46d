"""MNIST from a local mnist.npz."""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from inits.data.dataset import KEYS, Dataset
from inits.errors import DataError

SIDE = 28  # pixels
MIN_IMAGES = 100  # in each part of a local file
REMEDY = "Set INITS_MNIST to an mnist.npz as Keras offers it, or unset it to let Keras download one."


def read_mnist(path: Path) -> Dataset:
    """Read MNIST, or a part of it, from a local mnist.npz.

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
    return checked(path, arrays)


def _members(path: Path, file: IO[bytes]) -> dict[str, NDArray[Any]]:
    """Return the four arrays of an npz archive as they are."""
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


def checked(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Dataset:
    """Return the arrays (n, 28, 28) and (n,) as a dataset. Raises DataError if one is wrong."""
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if x.dtype != np.uint8 or x.ndim != 3 or x.shape[1:] != (SIDE, SIDE) or len(x) < MIN_IMAGES:
            _refuse(
                path, f"must have x_{part} uint8 (at least {MIN_IMAGES}, 28, 28); it is {x.dtype} {x.shape}"
            )
        if y.dtype.kind not in "iu" or y.shape != x.shape[:1]:
            _refuse(path, f"must have y_{part} of integers {x.shape[:1]}; it is {y.dtype} {y.shape}")
        if y.min() < 0 or y.max() > 9:
            _refuse(path, f"must have labels 0 to 9 in y_{part}; they run from {y.min()} to {y.max()}")
    flat = (arrays[key].reshape(len(arrays[key]), -1) if key[0] == "x" else arrays[key] for key in KEYS)
    return Dataset("mnist", *(np.ascontiguousarray(array, np.uint8) for array in flat))


def _refuse(path: Path, what: str, cause: Exception | None = None) -> NoReturn:
    raise DataError(f"The MNIST file {path.name!r} {what}. {REMEDY}") from cause
