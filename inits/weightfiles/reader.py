"""Read weight files as data: no object is created from anything in a file.

Declarations are checked before anything is read: how many arrays of which sizes, and that they lie in the file itself.
Every problem with a file is one WeightFileError. The HDF5 library is written in C and may still break on a file that
was made to break it: untrusted files are read in a separate process.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from inits.errors import WeightFileError
from inits.weightfiles.catalog import ending
from inits.weightfiles.formats import content
from inits.weightfiles.formats.limits import MAX_BYTES, StoredLayer, check, refusal
from inits.weightfiles.formats.sources import Source, Window, name_of, opened
from inits.weightfiles.formats.work import Work


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of a weight file.

    Attributes:
        name: the name of the layer; of a layer in a model "model/layer".
        arrays: the arrays by name as they are stored, with bfloat16 as float32. Arrays without a name are "0", "1".
        kind: the class in Keras; "" if the file does not say it.
        layout: "torch" if the names are those of PyTorch, whose kernels are (out, in); else "".
    """

    name: str
    arrays: dict[str, NDArray[Any]]
    kind: str = ""
    layout: str = ""


def iterate(
    source: Source, suffix: str | None = None, *, max_bytes: int = MAX_BYTES, work: Work | None = None
) -> Iterator[Layer]:
    """Yield the layers of a file that have arrays, in the order of the network if the file has it.

    The content of the file decides its format, not its name.

    Args:
        source: a path, or a seekable binary file, which stays open.
        suffix: the end of its name, for a file without one.
        max_bytes: the bytes of all arrays that are read at most.
        work: what reading may take; as much as is allowed for a file of its size by default.

    Raises:
        WeightFileError: before the first layer, or at a damaged one.
    """
    named = ending(suffix or name_of(source))
    with _one_error(), opened(source, work) as file, _enough(file.work), _stored_layers(file, named) as found:
        checked = check(found, file.size, max_bytes)
        while checked:
            stored_layer = checked.pop(0)
            arrays = {name: array.load() for name, array in stored_layer.arrays.items()}
            yield Layer(stored_layer.name, arrays, stored_layer.kind, stored_layer.layout)
            del arrays


def format_of(source: Source, suffix: str | None = None) -> str:
    """Return the key in FORMATS of a file's format, judged by its content. Raises WeightFileError."""
    with _one_error(), opened(source) as file:
        return content.format_of(file, ending(suffix or name_of(source)))


@contextmanager
def _stored_layers(file: Window, named: str) -> Iterator[list[StoredLayer]]:
    with content.OPENERS[content.format_of(file, named)].stored_layers(file) as stored_layers:
        yield stored_layers


@contextmanager
def _enough(work: Work) -> Iterator[None]:
    """Name the reason if a library has hidden that more work was needed than is allowed."""
    try:
        yield
    except Exception:
        if work.is_spent:
            work.refuse()
        raise


@contextmanager
def _one_error() -> Iterator[None]:
    """Turn every error into a WeightFileError of one sentence."""
    try:
        yield
    except WeightFileError:
        raise
    except MemoryError:
        raise refusal("needs more memory than is free", "use a smaller model") from None
    except (zipfile.BadZipFile, zlib.error):
        raise refusal("is damaged: its content has changed since it was saved") from None
    except Exception as error:  # h5py, zipfile, NumPy and their C libraries raise nearly anything
        raise refusal("is damaged, or has another format than it seems to have") from error
