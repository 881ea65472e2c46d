"""Read `.keras` files: a zip with the config and the weights in HDF5."""

from collections.abc import Iterator
from contextlib import contextmanager

from inits.weightfiles.formats import config, hdf5, hdf5_raw, keras_groups, zips
from inits.weightfiles.formats.limits import MAX_TEXT, StoredLayer, refusal
from inits.weightfiles.formats.sources import Window

CONFIG, WEIGHTS = "config.json", "model.weights.h5"


def recognizes(file: Window) -> bool:
    """Return True for a zip with the weights or the config of a model. Raises WeightFileError."""
    return zips.is_zip(file) and not {WEIGHTS, CONFIG}.isdisjoint(zips.opened(file).namelist())


@contextmanager
def stored_layers(file: Window) -> Iterator[list[StoredLayer]]:
    """Open the weights in the zip, with the names and classes of the config. Raises WeightFileError."""
    archive = zips.opened(file)
    members = {member.filename: member for member in archive.infolist()}
    if WEIGHTS not in members:
        raise refusal(f"is a zip without {WEIGHTS}", "save the model with Keras 3 as .keras")
    model = config.model(zips.text(file, archive, members[CONFIG], MAX_TEXT)) if CONFIG in members else None
    inner = zips.seekable(file, archive, members[WEIGHTS])
    if inner.at(0, 8) != hdf5_raw.SIGNATURE:
        raise refusal(f"has a {WEIGHTS} that is no HDF5 file")
    with hdf5.opened(inner) as reader:
        yield keras_groups.stored_layers(reader, model)
