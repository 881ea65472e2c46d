"""Cache folders that several servers may share: atomic writes, last use and size limits."""

import errno
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

UNFINISHED = ".new"  # the ending of a file that is being written
AHEAD = 3600.0  # seconds by which the clock of another server may be ahead of this one


_REASONS = {
    errno.ENOSPC: ("the disk of this server is full", "make room on it"),
    errno.EDQUOT: ("the space that this server may use is full", "make room in it"),
    errno.EFBIG: ("it is larger than a file on this server may be", "use a smaller one"),
    errno.EROFS: ("the disk of this server is read-only", "mount it for writing"),
    errno.EACCES: ("this server may not write to its folder", "check the rights of the folder"),
    errno.EPERM: ("this server may not write to its folder", "check the rights of the folder"),
    errno.EIO: ("the disk of this server failed", "check the disk"),
}


def disk_problem(what: str, error: OSError) -> str | None:
    """Return a sentence for an error of the disk: what could not be stored, why, and what to do; None for others."""
    why, remedy = _REASONS.get(error.errno or 0, (None, ""))
    return why and f"{what} could not be stored, because {why}; {remedy}, then try again."


@dataclass(frozen=True, order=True)
class Entry:
    """A file or folder of a cache: the time of its last use, its size in bytes and its path."""

    used: float
    size: int
    path: Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that others see as a whole or not at all.

    Raises OSError, after which nothing is left of the new file.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name[:16], suffix=UNFINISHED)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def mark_used(path: Path) -> None:
    """Record that a file or folder is used now. Raises OSError when it does not exist."""
    os.utime(path)


def entries(paths: Iterable[Path], folders: bool = False) -> list[Entry]:
    """Return the entries at those paths that exist: files or, with `folders`, folders of files."""
    found = []
    for path in paths:
        with suppress(OSError):  # another server has just removed it
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode) == folders:
                size = sum(one.lstat().st_size for one in path.iterdir()) if folders else status.st_size
                found.append(Entry(_last_use(status), size, path))
    return found


def _last_use(status: os.stat_result) -> float:
    """Return the time of the last use; 0 for a time to come: the clock was set back, and the entry is old."""
    return status.st_mtime if status.st_mtime < time.time() + AHEAD else 0.0


def trim(found: Iterable[Entry], limit: int, keep: Path, share: float = 1.0) -> int:
    """Remove entries, the least recently used first, if they take more than `limit` bytes.

    The others then take at most `share` of the limit. The entry at `keep` stays whatever its size.
    Returns the bytes that are left.
    """
    oldest_first = sorted(found)
    size = sum(entry.size for entry in oldest_first)
    goal = limit if size <= limit else share * limit
    for entry in oldest_first:
        if size <= goal:
            break
        if entry.path != keep:
            remove(entry.path)
            size -= entry.size
    return size


def remove_abandoned(paths: Iterable[Path], seconds: float) -> None:
    """Remove what was last written more than `seconds` ago: a server that died has left it unfinished."""
    for path in paths:
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > seconds:
                remove(path)


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
