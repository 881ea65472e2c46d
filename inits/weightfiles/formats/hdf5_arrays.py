"""Check the type and the place of arrays in an HDF5 file before the library reads them."""

import zlib
from math import prod
from typing import Any

import numpy as np
from h5py import h5d, h5s, h5t
from numpy.typing import NDArray

from inits.weightfiles.formats.limits import (
    BLOCK,
    CLEANER,
    Stored,
    checked,
    no_numbers,
    quoted,
    refusal,
    size,
)
from inits.weightfiles.formats.safetensors import widened
from inits.weightfiles.formats.sources import Window
from inits.weightfiles.formats.work import UNFOLD

MAX_CHUNK = 16_000_000  # bytes; h5py makes them of at most 1 MiB
MAX_LZF = 1 << 20  # this filter has no limit of its output, which may be 88 times as long
SHUFFLE, DEFLATE, CHECKSUM, LZF = 2, 1, 3, 32000
_PIPELINE = (CHECKSUM, SHUFFLE, DEFLATE, LZF, CHECKSUM)  # the order in which h5py filters
_TYPES = {
    h5t.ENUM: "true or false, or other words,",
    h5t.STRING: "texts",
    h5t.COMPOUND: "complex numbers or a table",
    h5t.REFERENCE: "references",
    h5t.VLEN: "lists of any length",
}


def stored(data: h5d.DatasetID, name: str, file: Window, halves: bool) -> Stored:
    """Return an array that is checked and not read yet; with `halves`, 2 opaque bytes are a bfloat16.

    `name` is for messages. Raises WeightFileError.
    """
    kind, space = data.get_type(), data.get_space()
    halves = halves and kind.get_class() == h5t.OPAQUE and kind.get_size() == 2
    if kind.get_class() not in (h5t.INTEGER, h5t.FLOAT) and not halves:
        raise no_numbers(name, _TYPES.get(kind.get_class(), "an unusual type"))
    if space.get_simple_extent_type() == h5s.NULL:
        raise refusal(f"has no values in {quoted(name)}", CLEANER)
    dtype = np.dtype(np.float32) if halves else kind.dtype.newbyteorder("=")
    kept = checked(name, Stored(space.shape, dtype, lambda: _load(data, kept, file, halves)))
    _check_storage(data, name, file, prod(kept.shape) * kind.get_size())
    return kept


def pieces(data: h5d.DatasetID) -> int:
    """Return the number of chunks that an array must have; the library may take forever to count those it has."""
    plan, shape = data.get_create_plist(), data.get_space().shape
    if plan.get_layout() != h5d.CHUNKED or not shape:
        return 0
    return prod(-(-side // part) for side, part in zip(shape, plan.get_chunk(), strict=True))


def _check_storage(data: h5d.DatasetID, name: str, file: Window, declared: int) -> None:
    plan = data.get_create_plist()
    layout = plan.get_layout()
    if layout not in (h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED) or plan.get_external_count():
        raise refusal(f"keeps the array {quoted(name)} in other files", CLEANER)
    place = data.get_offset() if layout == h5d.CONTIGUOUS else None
    if place is not None and place + declared > file.size:
        raise refusal(
            f"is cut off: {size(declared)} are declared for {quoted(name)}, more than is left in it"
        )
    if layout == h5d.CHUNKED:
        _check_chunks(data, name, file)


def _check_chunks(data: h5d.DatasetID, name: str, file: Window) -> None:
    filters, order = _filters(data), iter(_PIPELINE)
    if len(set(filters)) != len(filters) or not all(one in order for one in filters):
        raise refusal(f"has the array {quoted(name)} in an unusual compression", CLEANER)
    chunk, most = _chunk(data), MAX_LZF if LZF in filters else MAX_CHUNK
    if chunk > most:
        raise refusal(
            f"has {quoted(name)} in pieces of {size(chunk)}, and at most {size(most)} are read", CLEANER
        )
    file.work.spend(2 * UNFOLD * chunk * pieces(data))  # each once to check it and once to read it
    if data.get_num_chunks() != pieces(data):
        raise refusal(f"has the array {quoted(name)}, of which some pieces were never written", CLEANER)


def _filters(data: h5d.DatasetID) -> list[int]:
    plan = data.get_create_plist()
    return [plan.get_filter(number)[0] for number in range(plan.get_nfilters())]


def _chunk(data: h5d.DatasetID) -> int:
    """Return the bytes of a chunk after decompression."""
    return int(prod(data.get_create_plist().get_chunk()) * data.get_type().get_size())


def _load(data: h5d.DatasetID, kept: Stored, file: Window, halves: bool) -> NDArray[Any]:
    array = np.empty(kept.shape, np.uint16 if halves else kept.dtype)
    if array.size:
        if data.get_create_plist().get_layout() == h5d.CHUNKED:
            _check_sizes(data, file)
        kind = data.get_type() if halves else None
        data.read(h5s.ALL, h5s.ALL, array.view(kind.dtype) if kind else array, kind)
    return widened(array) if halves else array


def _check_sizes(data: h5d.DatasetID, file: Window) -> None:
    """Decompress every chunk by small pieces first: the library has no limit when it does."""
    filters, whole = _filters(data), _chunk(data)
    chunks: list[Any] = []
    data.chunk_iter(chunks.append)
    for chunk in chunks:
        if chunk.size > whole + whole // 64 + 1024:
            raise refusal("has a compressed piece that is larger than what is in it", CLEANER)
        raw = file.at(chunk.byte_offset, chunk.size)
        deflated = DEFLATE in filters and not chunk.filter_mask >> filters.index(DEFLATE) & 1
        if deflated and decompressed_size(raw, whole + 4) > whole + 4:  # 4: a checksum
            raise refusal("has a compressed piece that expands to more than it declares", CLEANER)


def decompressed_size(raw: bytes, limit: int) -> int:
    """Count the bytes of a deflated chunk after decompression, up to the first piece that exceeds `limit`."""
    stream, total = zlib.decompressobj(), 0
    while total <= limit and not stream.eof:
        part = len(stream.decompress(raw, BLOCK))
        raw, total = stream.unconsumed_tail, total + part
        if not part and not raw:
            raise refusal("has a compressed piece that is cut off")
    return total
