"""Results on disk, one file a run, named after everything that decides it.

Files are written whole or not at all, and nothing in them is ever run: arrays without pickles, and numbers as JSON.
"""

import hashlib
import io
import json
import logging
import re
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inits.experiments.experiment import Run
from inits.experiments.record import Checkpoint, Divergence, Record
from inits.files import UNFINISHED, entries, mark_used, trim, write_atomically

log = logging.getLogger(__name__)

FORMAT = 2  # files of another format are ignored
SUFFIX = ".run.npz"
LARGEST = 8_000_000  # bytes of a file that is one of ours
TRIM_TO = 0.9  # of the limit, so that not every new file looks for the oldest
_NAME = re.compile(r"[0-9a-f]{64}" + re.escape(SUFFIX))
_SCALARS = ("step", "loss", "accuracy", "held_out")
_ARRAYS = tuple(field.name for field in fields(Checkpoint) if field.name not in _SCALARS)


def run_key(run: Run, data: str, versions: str) -> str:
    """Return the name of a result, 64 hex digits of the run, the data and the versions of packages."""
    return hashlib.sha256("\n".join([str(FORMAT), run.key, data, versions]).encode()).hexdigest()


class Store:
    """A folder of results with a size limit in bytes; 0 keeps nothing. Any number of servers may share it.

    Errors of the disk are logged and not raised; the result is trained again.
    """

    def __init__(self, folder: Path, limit: int):
        self.folder, self.limit = folder, limit
        self._size: int | None = None  # of our files, as far as this server knows
        self._odd: set[str] = set()  # keys whose files cannot be read: logged once
        self._lock = threading.Lock()

    def has(self, key: str) -> bool:
        """Return True if there is a file under `key`. It is not read."""
        return self.limit > 0 and key not in self._odd and self._path(key).is_file()

    def get(self, key: str, number: int = 0) -> Record | None:
        """Return the record under `key`, with its number in a job; None if there is none that can be read."""
        path = self._path(key)
        if not self.has(key):
            return None
        try:
            if path.stat().st_size > LARGEST:
                raise ValueError(f"the file has {path.stat().st_size:,} bytes")
            record = decode(path.read_bytes(), key, number)
            mark_used(path)
        except FileNotFoundError:
            return None  # another server has just made room
        except Exception as error:  # a damaged file can make NumPy raise nearly anything
            self._odd.add(key)
            log.warning("Ignored %s: it is no result of ours (%s: %s)", path, type(error).__name__, error)
            return None
        return record

    def put(self, key: str, record: Record) -> None:
        """Write a record, and remove the least recently used ones beyond the limit."""
        if self.limit <= 0:
            return
        try:
            content = encode(key, record)
            if len(content) > min(self.limit, LARGEST):
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path(key), content)
            self._odd.discard(key)
            self._make_room(self._path(key), len(content))
        except OSError as error:
            log.warning("A result was not kept in %s: %s", self.folder, error)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"

    def _make_room(self, newest: Path, more: int) -> None:
        """Add the size of a new file; list the folder only when the limit may be exceeded."""
        with self._lock:
            if self._size is not None and self._size + more <= self.limit:
                self._size += more
                return
            ours = [path for path in self.folder.iterdir() if _is_ours(path.name)]
            self._size = trim(entries(ours), self.limit, keep=newest, share=TRIM_TO)


def _is_ours(name: str) -> bool:
    """Return True for a result, and for one that a server left unfinished when it died."""
    return _NAME.fullmatch(name) is not None or name.endswith(UNFINISHED)


def encode(key: str, record: Record) -> bytes:
    """Return a conclusive record, without its weights, as the bytes of a `.npz` file."""
    points = record.checkpoints
    about: dict[str, Any] = {
        "key": key,
        "steps": record.steps,
        "images": record.images,
        "finished": record.finished,
        "seconds": record.seconds,
        "factors": record.factors,
        "points": [[getattr(point, name) for name in _SCALARS] for point in points],
    }
    arrays: dict[str, Any] = {name: np.array([getattr(p, name) for p in points]) for name in _ARRAYS}
    arrays |= {"losses": record.losses, "accuracies": record.accuracies}
    if record.divergence is not None:
        why = asdict(record.divergence)
        arrays |= {f"why_{name}": why.pop(name) for name in ("largest", "gradient")}
        about["divergence"] = why
    about["checksum"] = _checksum(arrays)
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def decode(content: bytes, key: str, number: int) -> Record:
    """Return the record in a file. Raises an exception of any type for content that `encode` did not write."""
    with zipfile.ZipFile(io.BytesIO(content)) as members:
        if any(member.compress_type != zipfile.ZIP_STORED for member in members.infolist()):
            raise ValueError("it is compressed")  # a few bytes could expand to gigabytes
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(arrays.pop("about").tobytes())
    if about["key"] != key:
        raise ValueError("it belongs to another run")
    if about["checksum"] != _checksum(arrays):
        raise ValueError("its checksum is wrong")
    columns = zip(*(arrays[name] for name in _ARRAYS), strict=True)
    checkpoints = tuple(
        Checkpoint(**dict(zip(_SCALARS, scalars, strict=True)), **dict(zip(_ARRAYS, values, strict=True)))
        for scalars, values in zip(about["points"], columns, strict=True)
    )
    why = about.get("divergence")
    return Record(
        run=number,
        steps=about["steps"],
        images=about["images"],
        losses=arrays["losses"],
        accuracies=arrays["accuracies"],
        checkpoints=checkpoints,
        divergence=_divergence(why, arrays) if why else None,
        finished=about["finished"],
        seconds=about["seconds"],
        factors=tuple(about["factors"]),
    )


def _divergence(why: Mapping[str, Any], arrays: Mapping[str, NDArray[np.float32]]) -> Divergence:
    return Divergence(**why, largest=arrays["why_largest"], gradient=arrays["why_gradient"])


def _checksum(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the checksum of names, shapes and values: that of a zip file does not cover its directory."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}{array.dtype}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
