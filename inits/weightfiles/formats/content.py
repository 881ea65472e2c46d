"""What a file is, by its first bytes rather than by its name."""

import re

from inits.weightfiles.formats import hdf5_raw, keras_zip, zips
from inits.weightfiles.formats.limits import AGAIN, CLEANER, OTHER, refusal
from inits.weightfiles.formats.sources import Window

LOOK = 2048  # bytes
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
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
    """A key of FORMATS. Raises WeightFileError that says what a file of that name is instead."""
    head, but = file.at(0, min(LOOK, file.size)), f"is named {named}, but " if named else ""
    if not head:
        raise refusal(f"{but}is empty")
    if head.startswith(hdf5_raw.SIGNATURE):
        return "hdf5"
    if head.startswith(_ZIPS):
        return _of_zip(file, but)
    if head[8:9] == b"{" and not re.fullmatch(rb"[\t\n\r -~]{8}", head[:8]):
        return "safetensors"
    for pattern, what, remedy in _FOREIGN:
        if re.match(pattern, head, re.IGNORECASE | re.DOTALL):
            raise refusal(f"{but}{what}", remedy)
    raise refusal(f"{but}is no weight file of a known kind", OTHER)


def _of_zip(file: Window, but: str) -> str:
    names = zips.opened(file).namelist()
    if keras_zip.WEIGHTS in names or keras_zip.CONFIG in names:
        return "keras"
    if not names or any(name.endswith(".npy") for name in names):
        return "npz"
    if any(name.endswith("data.pkl") for name in names):
        raise refusal(f"{but}is made by torch.save, with a pickle in it", "save its weights as .safetensors")
    raise refusal(f"{but}is a zip without weights of Keras or NumPy", OTHER)
