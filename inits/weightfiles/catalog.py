"""The catalog of weight file formats.

A new format is one entry here and one module in `formats`, which has the two functions
of `inits.weightfiles.formats.content.Opener`. The web process imports the catalog and none of the modules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Format:
    """A format of weight files.

    Attributes:
        title: its name in messages.
        endings: the endings of names of such files, in lower case.
        module: the name of the module in `inits.weightfiles.formats` that recognizes and opens such files.
        suggested: the endings that messages suggest, if they are others.
    """

    title: str
    endings: tuple[str, ...]
    module: str
    suggested: tuple[str, ...] = ()


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "keras": Format(".keras", (".keras",), "keras_zip"),
        "hdf5": Format("HDF5", (".h5", ".hdf5"), "keras_hdf5", suggested=(".weights.h5", ".h5")),
        "npz": Format(".npz", (".npz",), "npz"),
        "safetensors": Format(".safetensors", (".safetensors",), "safetensors"),
    }
)
"""The formats by the names under which results are kept; a file has the first one that recognizes it."""

ENDINGS = tuple(ending for one in FORMATS.values() for ending in one.endings)


def suggestion() -> str:
    """Return the endings that people can use: ".keras, .h5 or .npz"."""
    *others, last = (ending for one in FORMATS.values() for ending in one.suggested or one.endings)
    return f"{', '.join(others)} or {last}"


def ending(name: str) -> str:
    """Return the ending of a name that belongs to a format; "" when it has none of them."""
    return next((one for one in ENDINGS if name.lower().endswith(one)), "")


def misnamed(kind: str, name: str) -> str:
    """Return a sentence if the name of a file promises another format than the file has; else ""."""
    named, found = ending(name), FORMATS[kind]
    return f"It is named {named}, but is {found.title}." if named and named not in found.endings else ""
