"""HDF5 files: weights as all versions of Keras save them, and any other HDF5 file with arrays in groups."""

from collections.abc import Iterator
from contextlib import contextmanager

from inits.weightfiles.formats import hdf5, hdf5_raw, keras_groups, keras_legacy
from inits.weightfiles.formats.limits import StoredLayer
from inits.weightfiles.formats.sources import Window


def recognizes(file: Window) -> bool:
    """Return True for an HDF5 file."""
    return file.head(len(hdf5_raw.SIGNATURE)) == hdf5_raw.SIGNATURE


@contextmanager
def stored_layers(file: Window) -> Iterator[list[StoredLayer]]:
    """Open the file in the layout that it has. Raises WeightFileError."""
    with hdf5.opened(file) as reader:
        group = keras_legacy.root(reader)
        yield (
            keras_groups.stored_layers(reader) if group is None else keras_legacy.stored_layers(reader, group)
        )
