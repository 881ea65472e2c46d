"""Read those parts of an HDF5 file from its bytes for which the HDF5 library is not safe.

Lists of names are references to texts in a heap. The library copies the text for each reference, of which a thousand
may point to one text, and never returns if a heap has an object without a size (HDF5 issue 1707). It also sorts the
names in a group, while the file has them in the order of creation, for Keras the order of the network.
Source: HDF5 File Format Specification 3.0, sections II.A, III.D, III.E and IV.A.
"""

import struct
from collections.abc import Iterator

from inits.weightfiles.formats import hdf5_lists
from inits.weightfiles.formats.hdf5_lists import NOWHERE
from inits.weightfiles.formats.limits import CLEANER, MAX_TEXT, refusal
from inits.weightfiles.formats.sources import Window
from inits.weightfiles.formats.work import MESSAGE, TEXT

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MAX_BLOCKS = 2_000  # of the header of one object
LAYOUT, ATTRIBUTE, CONTINUED, GROUP = 0x08, 0x0C, 0x10, 0x11
_MANY = {
    0x02: 8,
    0x15: 2,
}  # links and attributes in a separate heap: bytes of the count that may come first
_SHARED = 2  # a message that is stored elsewhere


def checked_root(file: Window) -> int:
    """Return the address of the root group. Raises WeightFileError for unsafe names, or addresses not of 8 bytes."""
    head = file.at(0, 48)
    if (head[13:15] if head[8] < 2 else head[9:11]) != b"\x08\x08":
        raise refusal("is an HDF5 file of a form that Keras never writes", CLEANER)
    if head[8] >= 2:
        (root,) = struct.unpack_from("<Q", head, 36)
    else:
        root, cached, tree, heap = struct.unpack("<8xQI4xQQ", file.at(60 if head[8] else 56, 40))
        if cached == 1:
            _heap(file, heap)
            hdf5_lists.check_tree(file, tree, hdf5_lists.NAME)
    check(file, root)
    return int(root)


def check(file: Window, address: int) -> None:
    """Raise WeightFileError for an object, or names in a group, on which the library would never return."""
    for kind, body in messages(file, address):
        if kind == GROUP:
            tree, heap = struct.unpack_from("<QQ", body)
            _heap(file, heap)
            hdf5_lists.check_tree(file, tree, hdf5_lists.NAME)
        elif kind == LAYOUT:
            hdf5_lists.check_pieces(file, body)
        elif kind in _MANY:
            place = 2 + (_MANY[kind] if body[1] & 1 else 0)
            heap, *trees = struct.unpack_from("<QQQ" if body[1] & 2 else "<QQ", body, place)
            for tree in trees:
                hdf5_lists.check_newer_tree(file, tree)
            if heap != NOWHERE and any(file.at(heap + 7, 2)):
                raise refusal("has compressed names, which may expand to any size", CLEANER)


def messages(file: Window, address: int) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of the messages in the header of an object, without those stored elsewhere."""
    flags = file.at(address, 6)[5] if file.at(address, 4) == b"OHDR" else None
    blocks = [_first(file, address, flags)]
    for number, (start, size) in enumerate(blocks):  # grows while it is read
        if number == MAX_BLOCKS or sum(size for _, size in blocks) > MAX_TEXT:
            raise refusal("has an object with a header that is far too long", CLEANER)
        block = file.at(start, size)
        if flags is not None and number:
            block = block[4:-4]  # a signature and a checksum
        for kind, body in _of_block(block, flags):
            file.work.spend(MESSAGE)
            if kind == CONTINUED:
                blocks.append(struct.unpack_from("<QQ", body))
            yield kind, body


def _first(file: Window, address: int, flags: int | None) -> tuple[int, int]:
    """Return the address of the first messages and their bytes. `flags` are those of the newer format."""
    if flags is None:
        return address + 16, struct.unpack("<I", file.at(address + 8, 4))[0]
    place = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    return place + width, int.from_bytes(file.at(place, width), "little")


def _of_block(block: bytes, flags: int | None) -> Iterator[tuple[int, bytes]]:
    form, head = ("<HHB", 8) if flags is None else ("<BHB", 6 if flags & 4 else 4)
    place = 0
    while place + head <= len(block):
        kind, size, marks = struct.unpack_from(form, block, place)
        if not marks & _SHARED:
            yield kind, block[place + head : place + head + size]
        place += head + size


def attribute(file: Window, address: int, name: bytes) -> bytes | None:
    """Return the value of an attribute as it is stored; None if it is not in the header of the object."""
    for kind, body in messages(file, address):
        if kind == ATTRIBUTE:
            version, *sizes = struct.unpack_from("<BxHHH", body)
            place = 9 if version == 3 else 8
            if body[place : place + sizes[0]].split(b"\0")[0] == name:
                return body[place + sum((size + 7) // 8 * 8 if version == 1 else size for size in sizes) :]
    return None


def names_as_added(file: Window, address: int) -> list[str]:
    """Return the names in a group in the order of creation; an empty list if the group does not have it."""
    for kind, body in messages(file, address):
        if kind == GROUP:
            names = _heap(file, *struct.unpack_from("<8xQ", body))
            file.work.spend(TEXT * len(names))
            return [name for name in names.decode(errors="surrogateescape").split("\0") if name]
    return []


def _heap(file: Window, address: int) -> bytes:
    """Return the names of a group. The library follows a cycle in their free list without end (HDF5 issue 5382)."""
    size, free, data = struct.unpack("<QQQ", file.at(address + 8, 24))
    if size > MAX_TEXT:
        raise refusal("has a group with names that are far too long", CLEANER)
    names, steps = file.at(data, size), 0
    while free not in (1, NOWHERE):
        steps += 1
        file.work.spend(MESSAGE)
        if free + 16 > size or 16 * steps > size:
            raise refusal("has a damaged list of names in a group")
        (free,) = struct.unpack_from("<Q", names, free)
    return names


class Heap:
    """The texts to which attributes refer. What was read is kept in memory, up to a limit."""

    def __init__(self, file: Window):
        self.file = file
        self._left = 2 * MAX_TEXT
        self._known: dict[int, dict[int, bytes]] = {}

    def texts(self, references: bytes) -> list[str]:
        """Return the texts in the order of the references. Raises WeightFileError."""
        found = []
        total = 0
        for length, address, index in struct.iter_unpack("<IQI", references):
            text = self._collection(address).get(index) if length else b""
            if text is None:
                raise refusal("has a name that is lost")
            total += len(text)
            self.file.work.spend(MESSAGE + TEXT * len(text))
            if total > MAX_TEXT:
                raise refusal("has names that are far too long", CLEANER)
            found.append(text[:length].split(b"\0")[0].decode(errors="surrogateescape"))
        return found

    def _collection(self, address: int) -> dict[int, bytes]:
        if address not in self._known:
            head = self.file.at(address, 16)
            (size,) = struct.unpack_from("<Q", head, 8)
            self._left -= size
            if head[:4] != b"GCOL" or self._left < 0:
                raise refusal("has names that are damaged or far too long")
            self._known[address] = dict(_objects(self.file.at(address, size)))
        return self._known[address]


def _objects(block: bytes) -> Iterator[tuple[int, bytes]]:
    place = 16
    while place + 16 <= len(block):
        index, size = struct.unpack_from("<H6xQ", block, place)
        if not index:
            return  # the rest is free
        yield index, block[place + 16 : place + 16 + size]
        place += 16 + (size + 7) // 8 * 8
