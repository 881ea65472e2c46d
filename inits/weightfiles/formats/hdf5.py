"""Read groups, arrays and names of an HDF5 file, only from places in the file itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count, takewhile
from math import prod
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5g, h5l, h5o, h5t

from inits.weightfiles.formats import hdf5_arrays, hdf5_raw
from inits.weightfiles.formats.limits import (
    CLEANER,
    MAX_ARRAYS,
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_TEXT,
    Stored,
    natural,
    quoted,
    refusal,
    size,
)
from inits.weightfiles.formats.sources import Window
from inits.weightfiles.formats.work import STEP, TEXT

MAX_PATH = 10_000  # characters
_LINKS = {h5l.TYPE_SOFT: "a soft link", h5l.TYPE_EXTERNAL: "a link to another file"}


@dataclass(frozen=True)
class Object:
    """An open group or array, and the address of its header in the file."""

    id: Any
    address: int

    @property
    def is_group(self) -> bool:
        """True for a group."""
        return isinstance(self.id, h5g.GroupID)


@contextmanager
def opened(file: Window) -> Iterator["Reader"]:
    """Open a reader of an HDF5 file. Raises WeightFileError."""
    root = hdf5_raw.checked_root(file)
    try:
        archive = h5py.File(file, "r")
    except OSError:
        raise refusal("is an HDF5 file that is cut off or damaged") from None
    with archive:
        yield Reader(Object(h5o.open(archive.id, b"/"), root), file)


class Reader:
    """An open HDF5 file. Every method raises WeightFileError for features that weights do not need."""

    def __init__(self, root: Object, file: Window):
        self.root, self.file = root, file
        self._heap = hdf5_raw.Heap(file)
        self._entries = 0
        self._seen: set[int] = set()

    def has(self, group: Object, name: str) -> bool:
        """Return True if a group has an entry of that name."""
        return bool(group.id.links.exists(name.encode(errors="surrogateescape")))

    def names(self, group: Object) -> list[str]:
        """Return the names in a group, in the order of creation if the file has it, else in natural order."""
        self._count(group.id.get_num_objs())
        links: list[bytes] = []
        group.id.links.iterate(links.append)
        found = [name.decode(errors="surrogateescape") for name in links]
        known = set(found)
        added = [name for name in hdf5_raw.names_as_added(self.file, group.address) if name in known]
        if sorted(added) == sorted(found) and not _alphabetical(added):
            return added
        return sorted(found, key=natural)

    def open(self, parent: Object, path: str) -> Object:
        """Open the group or array at a path, of which every step must lie in this file."""
        if len(path) > MAX_PATH:
            raise refusal("has names that are far too long", CLEANER)
        steps = [step for step in path.split("/") if step not in ("", ".")]
        if len(steps) > MAX_DEPTH:
            raise refusal(f"has groups in groups, more than {MAX_DEPTH} deep", CLEANER)
        found = parent
        for step in steps:
            if not found.is_group or not self.has(found, step):
                raise refusal(f"names {quoted(path)}, which is not in it")
            found = self._step(found, step.encode(errors="surrogateescape"), path)
        return found

    def _step(self, group: Object, name: bytes, path: str) -> Object:
        self.file.work.spend(STEP)
        link = group.id.links.get_info(name)
        if link.type != h5l.TYPE_HARD:
            raise refusal(f"has {_LINKS.get(link.type, 'an unknown link')} at {quoted(path)}", CLEANER)
        hdf5_raw.check(self.file, link.u)
        found = h5o.open(group.id, name)
        if not isinstance(found, h5g.GroupID | h5d.DatasetID):
            raise refusal(f"has neither a group nor an array at {quoted(path)}", CLEANER)
        return Object(found, link.u)

    def enter(self, group: Object, depth: int) -> None:
        """Note that a group is walked through. A group that comes twice is refused: it is a cycle or a trick."""
        if depth > 2 * MAX_DEPTH:  # a model has two groups
            raise refusal(f"has models in models, more than {MAX_DEPTH} deep", CLEANER)
        if group.address in self._seen:
            raise refusal("has a group that is found under two names", CLEANER)
        self._seen.add(group.address)

    def array(self, place: Object, name: str) -> Stored:
        """Return an array that is checked and not read yet; `name` is for messages."""
        if place.is_group:
            raise refusal(f"has a group instead of an array at {quoted(name)}")
        opaque = place.id.get_type().get_class() == h5t.OPAQUE
        halves = opaque and self.text(place, "dtype") == "bfloat16"
        self._count(hdf5_arrays.pieces(place.id))
        return hdf5_arrays.stored(place.id, name, self.file, halves)

    def strings(self, where: Object, name: str) -> list[str] | None:
        """Return a list of names that is an attribute, or several for many names; None if there is none."""
        if h5a.exists(where.id, name.encode()):
            return self._attribute(where, name)
        parts = takewhile(lambda part: h5a.exists(where.id, part.encode()), (f"{name}{n}" for n in count()))
        found = [self._attribute(where, part) for part in parts]
        return list(chain.from_iterable(found)) if found else None

    def text(self, where: Object, name: str) -> str:
        """Return an attribute that is one text; "" if there is none."""
        return "".join(self._attribute(where, name)) if h5a.exists(where.id, name.encode()) else ""

    def _attribute(self, where: Object, name: str) -> list[str]:
        attribute = h5a.open(where.id, name.encode())
        if attribute.shape is None or not prod(attribute.shape):
            return []
        if attribute.get_type().get_class() != h5t.STRING:
            raise refusal(f"has no texts in {quoted(name)}")
        number, stored = prod(attribute.shape), attribute.get_storage_size()
        self._count(number)
        self.file.work.spend(STEP + TEXT * min(stored, MAX_TEXT))
        if number > MAX_ARRAYS or stored > MAX_TEXT:
            raise refusal(
                f"has {number:,} texts of {size(stored)} in {quoted(name)}, more than is read", CLEANER
            )
        if attribute.get_type().is_variable_str():
            return self._heap.texts(self._references(where, name, 16 * number))
        values = np.empty(attribute.shape, attribute.dtype)
        attribute.read(values)
        return [one.decode(errors="surrogateescape") for one in values.reshape(-1).tolist()]

    def _references(self, where: Object, name: str, length: int) -> bytes:
        found = hdf5_raw.attribute(self.file, where.address, name.encode())
        if found is None or len(found) < length:
            raise refusal(f"keeps {quoted(name)} in a form that Keras never writes", CLEANER)
        return found[:length]

    def _count(self, more: int) -> None:
        self._entries += more
        if self._entries > MAX_ENTRIES:
            raise refusal(
                f"has more than {MAX_ENTRIES:,} groups, arrays, pieces of arrays and names", CLEANER
            )


def _alphabetical(names: list[str]) -> bool:
    """Return True if dense_10 comes before dense_2, as in files that other programs have rewritten."""
    return names == sorted(names) and names != sorted(names, key=natural)
