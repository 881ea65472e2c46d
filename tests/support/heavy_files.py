"""Small weight files that keep a reader without limits busy for very long."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import h5py
import numpy as np

from support.weight_corpus import hdf5, headed, keras_zip

PIECE = 4_000_000  # values: 16 MB
TOO_MUCH = "far more work"


@dataclass(frozen=True)
class Heavy:
    """A file that takes long.

    Attributes:
        build: returns a file of some size.
        long: a size that takes more than ten seconds without limits.
        size: a size for a test.
        share: how many times less work a file of that size is allowed in the test.
        mentions: a part of the message.
        block: the bytes of a block of a compressed member in the test.
    """

    build: Callable[[int], bytes]
    long: int
    size: int
    share: int = 1
    mentions: str = TOO_MUCH
    block: int = 4_000_000


def one_number_in_large_pieces(size: int) -> bytes:
    """Add arrays of one number, each in a compressed piece of 16 MB."""
    raw = zlib.compress(bytes(4 * PIECE), 9)

    def fill(file: h5py.File) -> None:
        for number in range(size):
            data = file.create_dataset(
                f"a/{number}", (1,), "f4", maxshape=(None,), chunks=(PIECE,), compression=1
            )
            data.id.write_direct_chunk((0,), raw)

    return hdf5(fill)


def with_links(fill: Callable[[h5py.Dataset], None], size: int) -> bytes:
    """Add one array under many names."""

    def add(file: h5py.File) -> None:
        file["a/x"] = np.float32(1)
        fill(file["a/x"])
        for number in range(size):
            file[f"a/{number}"] = file["a/x"]

    return hdf5(add)


def links_to_attributes(size: int) -> bytes:
    return with_links(lambda data: data.attrs.update({str(n): n for n in range(size // 3)}), size)


def tower(content: bytes, leaf: int, kind: int, levels: int) -> bytes:
    """Put levels on a list in the file, each of which has the level below as often as it has room."""
    key, room = (8, 32) if kind == 0 else (24, 64)
    keys = content[leaf + 24 : leaf + 24 + key]
    below, out = leaf, content
    for level in range(1, levels + 1):
        place, nowhere = len(out), bytes([255]) * 8
        head = b"TREE" + struct.pack("<BBH", kind, level, room) + 2 * nowhere
        out += head + (keys + struct.pack("<Q", below)) * room + keys
        below = place
    for at in range(len(content) - 8):
        if content[at : at + 8] == struct.pack("<Q", leaf):
            out = out[:at] + struct.pack("<Q", below) + out[at + 8 :]
    end = struct.pack("<Q", len(content))
    return out.replace(end, struct.pack("<Q", len(out)), 1)


def list_of_pieces_in_itself(size: int) -> bytes:
    content = hdf5(lambda file: file.create_dataset("a", data=np.zeros(4, "f4"), chunks=(4,)))
    return tower(content, content.rindex(b"TREE\x01"), 1, size)


def list_of_names_in_itself(size: int) -> bytes:
    content = hdf5(lambda file: file.__setitem__("a", np.float32(1)))
    return tower(content, content.index(b"TREE\0"), 0, size)


def checksum(data: bytes) -> bytes:
    """Return the checksum of HDF5: lookup3 by Bob Jenkins."""

    def turned(x: int, bits: int) -> int:
        return (x << bits | x >> 32 - bits) & 0xFFFFFFFF

    state = [0xDEADBEEF + len(data) & 0xFFFFFFFF] * 3
    data = data.ljust(-(-len(data) // 12) * 12, b"\0")
    for place in range(0, len(data), 12):
        a, b, c = (
            x + y & 0xFFFFFFFF for x, y in zip(state, struct.unpack_from("<III", data, place), strict=True)
        )
        if place + 12 < len(data):
            for bits in (4, 6, 8, 16, 19, 4):
                a = (a - c & 0xFFFFFFFF) ^ turned(c, bits)
                a, b, c = b, c + b & 0xFFFFFFFF, a
            state = [a, b, c]
            continue
        for bits in (14, 11, 25, 16, 4, 14, 24):
            c = (c ^ b) - turned(b, bits) & 0xFFFFFFFF
            a, b, c = b, c, a
        return struct.pack("<I", b)
    raise ValueError("no data")


def signed(content: bytes, start: int, end: int) -> bytes:
    """Set the checksum of a part of a file, which follows it."""
    return content[:end] + checksum(content[start:end]) + content[end + 4 :]


def newer_tower(content: bytes, levels: int) -> bytes:
    """Put levels on a list of the newer form, each of which has the level below as often as it has room."""
    at = content.rindex(b"BTHD")
    assert signed(content, at, at + 34) == content
    kind, node, record, root, entries = struct.unpack_from("<5xBIH4xQH", content, at)
    most = total = (node - 10) // record
    number, below, child = 1 if most < 256 else 2, 0, (root, entries, entries)
    out = content
    for _ in range(levels):
        size = 8 + number + below
        room = min(20, (node - 10 - size) // (record + size))
        pointer = struct.pack("<Q", child[0]) + child[1].to_bytes(number, "little")
        pointer += child[2].to_bytes(below, "little") if below else b""
        part = b"BTIN\0" + bytes([kind]) + content[root + 6 : root + 6 + record] * room + pointer * (room + 1)
        child = len(out), room, (room + 1) * child[2] + room
        out += (part + checksum(part)).ljust(node, b"\0")
        most = (node - 10 - size) // (record + size)
        total = (most + 1) * total + most
        below = (total.bit_length() - 1) // 8 + 1
    head = struct.pack("<H2xQHQ", levels, *child[:2], entries)  # as if there were no more than before
    out = out[: at + 12] + head + out[at + 34 :]
    out = signed(out, at, at + 34)
    return signed(out[:28] + struct.pack("<Q", len(out)) + out[36:], 0, 44)


def newer_list_of_pieces_in_itself(size: int) -> bytes:
    many = {"chunks": (1, 1), "maxshape": (None, None)}
    content = hdf5(lambda file: file.create_dataset("a", data=np.ones((3, 3)), **many), libver="latest")
    return newer_tower(content, size)


def newer_list_of_names_in_itself(size: int) -> bytes:
    content = hdf5(lambda file: [file.create_group(str(number)) for number in range(12)], libver="latest")
    return newer_tower(content, size)


def endless_list_of_pieces(size: int) -> bytes:
    """Return an array of three pieces, whose list claims to have many more."""
    many = {"chunks": (1,), "maxshape": (None,)}
    content = hdf5(lambda file: file.create_dataset("a", data=np.ones(3), **many), libver="latest")
    at = content.rindex(b"EAHD")
    return signed(content[: at + 44] + struct.pack("<Q", size) + content[at + 52 :], at, at + 68)


def pieces_without_number(size: int) -> bytes:
    return hdf5(lambda file: file.create_dataset("a/0", (size,), "f4", chunks=(1,)), libver="latest")


def arrays_far_apart(size: int, block: int = 4_000_000) -> bytes:
    """Let the arrays that follow each other lie in different blocks of a compressed file."""

    def fill(file: h5py.File) -> None:
        for region in range(10):
            file[f"z{region}/x"] = np.zeros(block // 4 + 1000, np.float32)
            for number in range(size // 10):
                file[f"{number}/{region}"] = np.float32(region)

    return keras_zip(weights=hdf5(fill), compression=zipfile.ZIP_DEFLATED)


def long_extra_fields(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(size):
            member = zipfile.ZipInfo(f"{number}.npy")
            member.extra = struct.pack("<HH", 0x9999, 0) * 16_000
            archive.writestr(member, b"")
    return out.getvalue()


def deep_weights(size: int) -> bytes:
    path = "/".join("abcdefghijklmnopqrstuvwxyz12345")

    def fill(file: h5py.File) -> None:
        inner = file.create_group(f"dense/{path}")
        for number in range(size):
            inner[str(number)] = np.float32(1)
        file.attrs["layer_names"] = [b"dense"]
        for part in range(-(-size // 3000)):
            numbers = range(3000 * part, min(size, 3000 * (part + 1)))
            file["dense"].attrs[f"weight_names{part}"] = [f"{path}/{number}" for number in numbers]

    return hdf5(fill)


def dots_in_a_path(size: int) -> bytes:
    def fill(file: h5py.File) -> None:
        file["dense/k"] = np.float32(1)
        name = "./" * 4_000_000 + "k"
        file["dense"].attrs["weight_names"] = [name]
        file.attrs["layer_names"] = np.array([b"dense"] * size)

    return hdf5(fill)


def rows_of_nothing(size: int) -> bytes:
    """Return an array of very many rows with no value in them."""
    return headed(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({size}, 0)}}", values=b"")


HEAVY = {
    "one_number_in_large_pieces": Heavy(one_number_in_large_pieces, 5000, 100),
    "links_to_attributes": Heavy(links_to_attributes, 9000, 300, share=500),
    "list_of_pieces_in_itself": Heavy(list_of_pieces_in_itself, 7, 7, mentions="one part twice"),
    "list_of_names_in_itself": Heavy(list_of_names_in_itself, 8, 8, mentions="one part twice"),
    "newer_list_of_pieces_in_itself": Heavy(newer_list_of_pieces_in_itself, 7, 7, mentions="one part twice"),
    "newer_list_of_names_in_itself": Heavy(newer_list_of_names_in_itself, 7, 7, mentions="one part twice"),
    "endless_list_of_pieces": Heavy(endless_list_of_pieces, 1 << 40, 1 << 40, mentions="more than 50,000"),
    "pieces_without_number": Heavy(pieces_without_number, 1 << 40, 1 << 40, mentions="more than 50,000"),
    "arrays_far_apart": Heavy(
        lambda size: arrays_far_apart(size, 40_000), 9000, 200, share=1000, block=40_000
    ),
    "long_extra_fields": Heavy(long_extra_fields, 150, 80, mentions="list of contents"),
    "deep_weights": Heavy(deep_weights, 9000, 200, share=30),
    "dots_in_a_path": Heavy(dots_in_a_path, 9000, 1, mentions="far too long"),
}
