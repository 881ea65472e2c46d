"""Weights from files that Keras, NumPy or safetensors wrote, read as data: no object is made of anything in a file.

What is declared is checked before it is read: how many arrays of which sizes, and that they lie in the file itself.
Whatever is wrong with a file is one WeightFileError. The HDF5 library is written in C and may still break on a file
made to break it: what comes from strangers is read in a process of its own.
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
from inits.weightfiles.formats.limits import MOST_BYTES, Sketch, check, refusal
from inits.weightfiles.formats.sources import Source, Window, name_of, opened


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer's arrays by name, as they are stored; bfloat16 becomes float32. Layers in models are 'model/layer'.

    `kind` is the class in Keras, "" when the file does not tell it. `layout` is "torch" when names say that
    PyTorch made the arrays: a kernel is then (out, in). Arrays without a name are "0", "1".
    """

    name: str
    arrays: dict[str, NDArray[Any]]
    kind: str = ""
    layout: str = ""


def iterate(source: Source, suffix: str | None = None, *, most_bytes: int = MOST_BYTES) -> Iterator[Layer]:
    """The layers of a file that have arrays, in the network's order as far as the file tells it, one at a time.

    `source` is a path or a seekable binary file, which stays open; `suffix` is what its name ends with, if it has
    none. What the file is, its content decides. Raises WeightFileError, before the first layer or at a damaged one.
    """
    named = ending(suffix or name_of(source))
    with _plainly(), opened(source) as file, _sketches(file, named) as sketches:
        checked = check(sketches, file.size, most_bytes)
        while checked:
            sketch = checked.pop(0)
            arrays = {name: array.load() for name, array in sketch.arrays.items()}
            yield Layer(sketch.name, arrays, sketch.kind, sketch.layout)
            del arrays


def format_of(source: Source, suffix: str | None = None) -> str:
    """What a file is by its content: "hdf5", "keras", "npz" or "safetensors". Raises WeightFileError."""
    with _plainly(), opened(source) as file:
        return content.format_of(file, ending(suffix or name_of(source)))


@contextmanager
def _sketches(file: Window, named: str) -> Iterator[list[Sketch]]:
    with content.OPENERS[content.format_of(file, named)].sketches(file) as sketches:
        yield sketches


@contextmanager
def _plainly() -> Iterator[None]:
    """Whatever goes wrong is a WeightFileError of one sentence."""
    try:
        yield
    except WeightFileError:
        raise
    except MemoryError:
        raise refusal("needs more memory than is free", "use a smaller model") from None
    except (zipfile.BadZipFile, zlib.error):
        raise refusal("is damaged: what is in it has changed since it was saved") from None
    except Exception as error:  # h5py, zipfile, NumPy and their C libraries raise nearly anything
        raise refusal("is damaged, or not what it seems to be") from error
