"""Check the lists of an HDF5 file (B-trees, extensible arrays) before the library walks through them.

A list whose part contains itself, or comes twice on many levels, takes a few kilobytes, and the library walks through
it for years. Here every part is visited once. Source: HDF5 File Format Specification 3.0, sections III.A and VII.
"""

import struct
from itertools import pairwise

from inits.errors import WeightFileError
from inits.weightfiles.formats.limits import CLEANER, MAX_ENTRIES, refusal
from inits.weightfiles.formats.sources import Window
from inits.weightfiles.formats.work import MESSAGE, STEP

NOWHERE = 2**64 - 1
NAME = 8  # bytes of the key of a name
MAX_LEVELS = 16
CHUNKED = 2
_EXTENSIBLE, _TREE = 4, 5  # kinds of lists of pieces
_ABOUT = {1: 0, 2: 0, 3: 1, _EXTENSIBLE: 5, _TREE: 6}  # bytes between the kind of a list and its address


def check_pieces(file: Window, layout: bytes) -> None:
    """Check the list of the pieces of an array, given the message about its layout. Raises WeightFileError."""
    version, first, second = layout[:3]
    if version > 3:
        if first == CHUNKED:
            _check_newer_pieces(file, layout)
        return
    axes, kind, place = (second, first, 3) if version == 3 else (first, second, 8)
    if kind == CHUNKED:
        check_tree(file, struct.unpack_from("<Q", layout, place)[0], 8 + 8 * axes)


def _check_newer_pieces(file: Window, layout: bytes) -> None:
    axes, width = layout[3:5]
    kind = layout[5 + axes * width]
    if kind not in (_EXTENSIBLE, _TREE):
        return  # a list as long as the shape says
    (address,) = struct.unpack_from("<Q", layout, 6 + axes * width + _ABOUT[kind])
    if kind == _TREE:
        check_newer_tree(file, address)
    elif address != NOWHERE and struct.unpack("<Q", file.at(address + 44, 8))[0] > MAX_ENTRIES:
        raise refusal(f"has more than {MAX_ENTRIES:,} pieces in a list", CLEANER)


def check_tree(file: Window, root: int, key: int) -> None:
    """Check a B-tree whose keys have `key` bytes. Raises WeightFileError if a part comes twice."""
    levels, todo = {root: -1}, [root] if root != NOWHERE else []
    while todo:
        place = todo.pop()
        head = file.at(place, 24)
        level, entries = head[5], int.from_bytes(head[6:8], "little")
        file.work.spend(STEP + MESSAGE * entries)
        if head[:4] != b"TREE" or levels[place] not in (-1, level):
            raise refusal("has a damaged list of groups or pieces")
        if not level and head[4]:
            continue  # on the lowest level of a list of pieces are the pieces themselves
        for (child,) in struct.iter_unpack(f"<{key}xQ", file.at(place + 24, (key + 8) * entries)):
            if child in levels:
                raise _twice()
            levels[child] = level - 1
            if level:
                todo.append(child)


def check_newer_tree(file: Window, address: int) -> None:
    """Check a B-tree of version 2. Raises WeightFileError if a part comes twice."""
    if address == NOWHERE:
        return
    head = file.at(address, 26)
    node, record, levels, root, entries = struct.unpack_from("<6xIHH2xQH", head)
    if head[:4] != b"BTHD" or not record or node < 10 + record or levels > MAX_LEVELS:
        raise refusal("has a damaged list of names or pieces")
    widths = _widths(node, record, levels)
    seen, todo = {root}, [(root, entries, levels)] if root != NOWHERE else []
    while todo:
        place, entries, level = todo.pop()
        file.work.spend(STEP + MESSAGE * entries)
        if not level:
            continue
        number, total = widths[level - 1]
        size = 8 + number + total
        block = file.at(place + 6 + record * entries, size * (entries + 1))
        for start, end in pairwise(range(0, len(block) + 1, size)):
            child, below = struct.unpack_from("<Q", block, start)[0], block[start + 8 : end - total]
            if child in seen:
                raise _twice()
            seen.add(child)
            todo.append((child, int.from_bytes(below, "little"), level - 1))


def _widths(node: int, record: int, levels: int) -> list[tuple[int, int]]:
    """Return the bytes of the numbers of records in a child, and below it, for the levels above the lowest."""
    most = total = (node - 10) // record
    number, below = _width(most), 0
    found = []
    for _ in range(levels):
        found.append((number, below))
        size = 8 + number + below
        most = (node - 10 - size) // (record + size)
        total = (most + 1) * total + most
        below = _width(total)
    return found


def _width(largest: int) -> int:
    return (max(1, largest).bit_length() - 1) // 8 + 1


def _twice() -> WeightFileError:
    return refusal("has a list of names or pieces with one part twice", CLEANER)
