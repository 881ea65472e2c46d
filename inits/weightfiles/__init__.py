"""Weight files as data: read, stored and fitted to networks.

Importing this package does not import the HDF5 library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inits.weightfiles.formats.sources import Source
    from inits.weightfiles.reader import Layer


def read(source: Source, suffix: str | None = None) -> list[Layer]:
    """Return all layers of a weight file, each with `.name` and `.arrays` (name -> array).

    Arguments and errors are those of `inits.weightfiles.reader.iterate`, which reads one layer at a time.
    """
    from inits.weightfiles.reader import iterate

    return list(iterate(source, suffix))
