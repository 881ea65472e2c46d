"""Open the bytes of a weight file: a path, an upload, or a part of another file."""

import io
import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from inits.weightfiles.formats.limits import refusal
from inits.weightfiles.formats.work import CALL, READ, Work

Source = str | os.PathLike[str] | BinaryIO


class Window(io.RawIOBase):
    """A read-only part of a file with its own position; one call reads at most `limit` bytes.

    All parts of a file share its `work`.
    """

    def __init__(
        self,
        file: BinaryIO | io.RawIOBase,
        start: int = 0,
        size: int | None = None,
        limit: int | None = None,
        work: Work | None = None,
    ):
        super().__init__()
        self.file, self.start, self.limit = file, start, limit
        self.size = file.seek(0, os.SEEK_END) - start if size is None else size
        self.work: Work = work or getattr(file, "work", None) or Work.of(self.size)
        self.archive: zipfile.ZipFile | None = None  # once the file was opened as a zip
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        view = view[: max(0, min(len(view), self.size - self._at))]
        self.work.spend(CALL + len(view) // READ)
        self.file.seek(self.start + self._at)
        done = 0
        while done < len(view):
            part = self.file.read(min(len(view) - done, 1 << 20))
            if not part:
                break  # the file has become shorter
            view[done : done + len(part)] = part
            done += len(part)
        self._at += done
        return done

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self.size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        if self.limit is not None and wanted > self.limit:
            raise refusal(f"has a list of contents of {wanted:,} bytes, and at most {self.limit:,} are read")
        return super().read(wanted) or b""

    def head(self, size: int) -> bytes:
        """Return the first bytes, as many as there are up to `size`."""
        return self.at(0, min(size, self.size))

    def at(self, offset: int, size: int) -> bytes:
        """Return exactly `size` bytes from an offset. Raises WeightFileError if the file ends before."""
        self.seek(offset)
        data = self.read(size)
        if len(data) != size:
            raise refusal(f"is cut off: it ends after {self.size:,} bytes")
        return data


@contextmanager
def opened(source: Source, work: Work | None = None) -> Iterator[Window]:
    """Open a path, or use a seekable binary file, which stays open. Raises WeightFileError."""
    if not isinstance(source, str | os.PathLike):
        yield Window(source, work=work)
        return
    with _open(source) as file:
        yield Window(file, work=work)


def _open(path: str | os.PathLike[str]) -> BinaryIO:
    try:
        if stat.S_ISREG(os.stat(path).st_mode):  # a device or pipe may never end
            return Path(path).open("rb")
    except (OSError, ValueError):
        raise refusal("is not there or cannot be opened", "check its name") from None
    raise refusal("is a folder or a device", "choose a weight file")


def name_of(source: Source) -> str:
    """Return the last part of the name of a path or an upload, in lower case; "" if it has none."""
    name = source if isinstance(source, str | os.PathLike) else getattr(source, "name", "")
    return Path(os.fsdecode(name)).name.lower() if isinstance(name, str | os.PathLike) else ""
