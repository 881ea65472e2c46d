"""A compressed member of a zip as a seekable file."""

import io
import os
import zlib
from functools import lru_cache
from typing import Any

from inits.weightfiles.formats.limits import refusal
from inits.weightfiles.formats.sources import Window
from inits.weightfiles.formats.work import UNFOLD

STEP = 4_000_000  # bytes of a block
KEPT = 4  # blocks in memory
_PIECE, _PART = 1 << 14, 1 << 18  # bytes that are read, and decompressed, at a time


class Deflated(io.RawIOBase):
    """Decompresses a member by blocks, of which a few are kept, and the decompressor's state at each (about 40 kB)."""

    def __init__(self, raw: Window, size: int, checksum: int):
        super().__init__()
        self.raw, self.size, self.work = raw, size, raw.work
        self._at = 0
        self._states = [(0, zlib.decompressobj(-zlib.MAX_WBITS))]
        self._block = lru_cache(KEPT)(self._decompress)
        found = 0
        for number in range(-(-size // STEP)):
            found = zlib.crc32(self._block(number), found)
        if found != checksum:
            raise zlib.error("wrong checksum")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max(0, {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence] + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view, done = memoryview(buffer).cast("B"), 0
        while done < len(view) and self._at < self.size:
            number, start = divmod(self._at, STEP)
            part = memoryview(self._block(number))[start : start + len(view) - done]
            view[done : done + len(part)] = part
            done, self._at = done + len(part), self._at + len(part)
        return done

    def _decompress(self, number: int) -> bytearray:
        place, state = self._states[number]
        stream, block = state.copy(), bytearray(min(STEP, self.size - number * STEP))
        self.work.spend(UNFOLD * len(block))
        self.raw.seek(place)
        done, rest = 0, b""
        while done < len(block):
            rest = rest or self.raw.read(_PIECE)
            part, ended = stream.decompress(rest, min(_PART, len(block) - done)), not rest
            if ended and not part:
                raise refusal("is cut off in a compressed member")
            block[done : done + len(part)] = part
            rest, done = stream.unconsumed_tail, done + len(part)
        if number + 1 == len(self._states):
            self._states.append((self.raw.tell() - len(rest), stream))
        return block
