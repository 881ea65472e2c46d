"""What an attack leaves behind, seen from outside: hits on listeners, changed files, what the kernel keeps, secrets.

No detector relies on the attacking code. A detector has targets, which the snippets know, and reports what it saw,
beginning with its own name. Detectors of processes are in `watchers`.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np

from inits.sandbox.results import Result

ROOT = Path(__file__).parents[2]
SITE = Path(sysconfig.get_path("purelib"))
Targets = Mapping[str, object]


class Detector(Protocol):
    """A detector of one effect; `hits` yields what it has seen since the last call."""

    def targets(self) -> Targets: ...

    def hits(self) -> Iterator[str]: ...

    def close(self) -> None: ...


class Listeners:
    """Sockets of ours. The kernel accepts the connections, so no thread is needed."""

    def __init__(self, folder: Path, tag: str):
        self.path, self.abstract = str(folder / "listener"), f"\0{tag}"
        self.sockets = {
            "tcp": _bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "udp": _bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "unix": _bound(socket.AF_UNIX, socket.SOCK_STREAM, self.path),
            "abstract": _bound(socket.AF_UNIX, socket.SOCK_STREAM, self.abstract),
        }
        with suppress(OSError):  # a machine without IPv6
            self.sockets["tcp6"] = _bound(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0))
        os.chmod(self.path, 0o777)

    def targets(self) -> Targets:
        ports = {name: self._port(name) for name in ("tcp", "tcp6", "udp")}
        return {**ports, "unix": self.path, "abstract": self.abstract}

    def _port(self, name: str) -> int:
        return int(self.sockets[name].getsockname()[1]) if name in self.sockets else 0

    def hits(self) -> Iterator[str]:
        for name, one in self.sockets.items():
            with suppress(BlockingIOError):
                while True:
                    one.recv(100) if one.type == socket.SOCK_DGRAM else one.accept()[0].close()
                    yield f"{name}: a connection came"

    def close(self) -> None:
        for one in self.sockets.values():
            one.close()


def _bound(family: int, kind: int, address: object) -> socket.socket:
    one = socket.socket(family, kind)
    try:
        one.bind(address)  # type: ignore[arg-type]
    except OSError:
        one.close()
        raise
    one.setblocking(False)
    if kind == socket.SOCK_STREAM:
        one.listen(500)
    return one


_WRITTEN_TO = ("/", "/dev/shm", "/run", "/var/tmp")


class Files:
    """Folders to which everyone may write by their permissions: only a jail keeps code out of them."""

    def __init__(self, folder: Path, tag: str, sign: str):
        self.tag = tag
        self.folder, self.readable = folder / "open", folder / "readable"
        self.secret, self.kept = self.folder / "secret.txt", self.folder / "kept.txt"
        self.library = self.readable / "library.txt"
        self.texts = {
            self.secret: f"{sign}-file\n",
            self.folder / f"stolen_{tag}.py": f'TEXT = "{sign}-module"\n',
            self.folder / f"{sign}-listed": "",
            self.kept: "kept\n" * 3000,
            self.library: "library\n" * 1000,
        }
        self._restore()

    def _restore(self) -> None:
        for folder in (self.folder, self.readable):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            folder.chmod(0o777)
        for path, text in self.texts.items():
            path.write_text(text)
            path.chmod(0o666)
        self.before = self._look()

    def _look(self) -> dict[str, tuple[str, int, int]]:
        found = {}
        for path in (*self.folder.rglob("*"), *self.readable.rglob("*")):
            state = path.lstat()
            text = path.read_text(errors="replace") if path.is_file() else ""
            found[str(path)] = (text, state.st_mode, state.st_mtime_ns)
        return found

    def targets(self) -> Targets:
        names = ("tag", "folder", "secret", "kept", "readable", "library")
        return {name: str(getattr(self, name)) for name in names} | {"root": str(ROOT), "site": str(SITE)}

    def hits(self) -> Iterator[str]:
        after = self._look()
        for path in sorted(self.before.keys() | after.keys()):
            if self.before.get(path) != after.get(path):
                yield f"files: {path} is not as it was"
        for folder in {*map(Path, _WRITTEN_TO), Path(tempfile.gettempdir()), ROOT, SITE, Path.home()}:
            for stray in folder.glob(f"*{self.tag}*"):
                yield f"files: {stray} is new"
                stray.unlink()
        if after != self.before:
            self._restore()

    def close(self) -> None:
        """Do nothing: the caller removes the folder."""


class Leftovers:
    """Objects of the kernel that outlive a process: shared memory, queues, semaphores, keys."""

    _REMOVED_BY = (("shm", "-M"), ("msg", "-Q"), ("sem", "-S"))

    def __init__(self, tag: str):
        self.tag, self.key, self.had_key = tag, secrets.randbits(30) | 1, False

    def targets(self) -> Targets:
        return {"key": self.key}

    def hits(self) -> Iterator[str]:
        for kind, option in self._REMOVED_BY:
            with suppress(FileNotFoundError):
                lines = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]
                if any(int(line.split()[0]) == self.key for line in lines):
                    yield f"leftover: {kind}"
                    subprocess.run(["ipcrm", option, str(self.key)], check=True)
        with suppress(FileNotFoundError):
            key = self.tag in Path("/proc/keys").read_text()
            if key and not self.had_key:
                yield "leftover: a key"
            self.had_key = key

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class Answers:
    """Data in a result that may not be there: data of this machine, or anything that was not requested."""

    _PATHS = (
        "/etc/passwd",
        "/etc/shadow",
        ROOT / "README.md",
        ROOT / "inits" / "errors.py",
        "/proc/self/environ",
    )
    MAX_BYTES = 400_000  # bytes of text and weights

    def __init__(self, sign: str):
        self.signs = {sign.encode(): "the secret"}
        for path in self._PATHS:
            with suppress(OSError):
                self.signs[Path(path).read_bytes()[:40]] = str(path)

    def hits(self, result: Result, shapes: Sequence[tuple[int, ...]]) -> Iterator[str]:
        seen = b"\n".join(_everything(result))
        for sign, name in self.signs.items():
            if sign in seen:
                yield f"secret: {name} is in the answer: {seen[seen.index(sign) :][:60]!r}"
        received = [one.shape for one in result.arrays if one.dtype == np.float32]
        if len(received) != len(result.arrays) or received != list(shapes[: len(received)]):
            yield f"answer: arrays of {received}"
        if len(seen) > self.MAX_BYTES:
            yield f"answer: {len(seen)} bytes"


def _everything(result: Result) -> Iterator[bytes]:
    """Yield all text of a result, and its arrays as raw bytes and as bytes with their rounded values."""
    error, picked = result.error, result.picked
    yield result.output.encode()
    if error is not None:
        yield json.dumps([error.message, error.kind, error.frames], ensure_ascii=False).encode()
    if picked is not None:
        yield json.dumps([picked.name, picked.kind, picked.others], ensure_ascii=False).encode()
    for one in result.arrays:
        yield one.tobytes()
        yield np.nan_to_num(one, nan=0, posinf=0, neginf=0).clip(0, 255).astype(np.uint8).tobytes()
