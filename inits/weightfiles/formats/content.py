"""Find the format of a file by its content, whatever its name, or say what the file is instead."""

import re
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Protocol, cast

from inits.errors import WeightFileError
from inits.weightfiles.catalog import FORMATS
from inits.weightfiles.formats import zips
from inits.weightfiles.formats.limits import AGAIN, CLEANER, OTHER, StoredLayer, refusal
from inits.weightfiles.formats.sources import Window


class Opener(Protocol):
    """The functions of the module of a format. Both raise WeightFileError for a damaged file."""

    def recognizes(self, file: Window) -> bool:
        """Return True if a file has this format, judged by its content."""

    def stored_layers(self, file: Window) -> AbstractContextManager[list[StoredLayer]]:
        """Open a file of this format: its layers, whose arrays can be loaded inside the context."""


def _opener(module: str) -> Opener:
    return cast(Opener, import_module(f"inits.weightfiles.formats.{module}"))


OPENERS = {key: _opener(one.module) for key, one in FORMATS.items()}  # imported before the jail closes

HEAD = 2048  # bytes of a file by which it is recognized
_FOREIGN = (
    (
        rb"version https://git-lfs",
        "is a pointer of Git LFS, not the file itself",
        "fetch it with `git lfs pull`",
    ),
    (rb"\s*<(!doctype|html|\?xml|head|body)", "is a web page", "download the file itself"),
    (rb'\s*\{.*"weight_map"', "is the list of a file in several parts", "save the weights in one file"),
    (rb"\x80[\x02-\x05]", "is a Python pickle, which could run any code", CLEANER),
    (rb"\x93NUMPY", "is a single array", "save it with np.savez"),
    (rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!|.{257}ustar", "is packed", "unpack it first"),
    (rb"\0+$", "begins with zeros only", AGAIN),
    (rb"[\t\n\r -~]*$", "is text", OTHER),
)


def format_of(file: Window, named: str = "") -> str:
    """Return the key of a file's format in FORMATS, judged by its content.

    Raises WeightFileError, which says what a file of any other kind is; `named` is the ending of its name.
    """
    for key, opener in OPENERS.items():
        if opener.recognizes(file):
            return key
    but = f"is named {named}, but " if named else ""
    raise _foreign_zip(file, but) if zips.is_zip(file) else _foreign(file, but)


def _foreign(file: Window, but: str) -> WeightFileError:
    head = file.head(HEAD)
    if not head:
        return refusal(f"{but}is empty")
    for pattern, what, remedy in _FOREIGN:
        if re.match(pattern, head, re.IGNORECASE | re.DOTALL):
            return refusal(f"{but}{what}", remedy)
    return refusal(f"{but}is no weight file of a known kind", OTHER)


def _foreign_zip(file: Window, but: str) -> WeightFileError:
    if any(name.endswith("data.pkl") for name in zips.opened(file).namelist()):
        return refusal(f"{but}is made by torch.save, with a pickle in it", "save its weights as .safetensors")
    return refusal(f"{but}is a zip without weights of Keras or NumPy", OTHER)
