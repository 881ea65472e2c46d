"""Write digits.npz, the 1,797 handwritten digits that the offline stand-in is made of.

    python -m inits.data.make_digits

Needs scikit-learn (any version since 0.20), which carries a copy of the digits and is not a dependency of the
app: install it with NumPy in a separate virtual environment, and run the script there. It uses no network.

The same digits give the same bytes: members are stored in a fixed order with a fixed time, compressed by zlib
(zlib-ng, which some Pythons carry in its place, compresses to other bytes that hold the same arrays).

Source and licence: README.md beside this file.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TARGET = Path(__file__).with_name("digits.npz")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


def packed(arrays: dict[str, NDArray[np.uint8]]) -> bytes:
    """Return the arrays as a compressed npz archive whose bytes depend on nothing else."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # the same on every system
            file.writestr(member, _npy(array), compresslevel=9)
    return archive.getvalue()


def _npy(array: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def main() -> None:
    """Write TARGET from scikit-learn's copy."""
    from sklearn.datasets import load_digits  # type: ignore[import-not-found]

    images, labels = load_digits().images, load_digits().target
    TARGET.write_bytes(packed({"images": images.astype(np.uint8), "labels": labels.astype(np.uint8)}))


if __name__ == "__main__":
    main()
