"""Detectors of what an attack does to processes: a victim, this process, the zygote and its descendants.

As in `detectors`, a watcher has targets, which the snippets know, and reports what it saw, beginning with its name.
"""

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

SLACK = 300_000_000  # bytes that do not count: pages of libraries, pages that are being freed
MAX_SHARED = 500_000_000  # bytes of shared memory
MAX_THREADS = 80  # a child has 64
Targets = Mapping[str, object]


def soon(true: Callable[[], bool], seconds: float = 3.0) -> bool:
    """Wait until something becomes true; return False if it does not."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        select.select([], [], [], 0.01)
    return True


_VICTIM = """
import ctypes, os, sys
secret = ctypes.create_string_buffer(os.environ["SECRET"].encode())
ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(-1), 0, 0, 0)  # every process may trace it
print(ctypes.addressof(secret), flush=True)
for line in sys.stdin:
    print(secret.raw.hex(), flush=True)
"""


class Victim:
    """A process of ours that an attack can try to read, change, signal or slow down."""

    def __init__(self, sign: str):
        self.secret = f"{sign}-process"
        self._start()

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _VICTIM],
            env={"SECRET": self.secret},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = int(self.process.stdout.readline())
        self.before = self._state()

    def _state(self) -> Targets:
        """Return the properties that other processes could change."""
        pid = self.process.pid
        one, entries = psutil.Process(pid), Path(f"/proc/{pid}")
        return {
            "nice": one.nice(),
            "cores": one.cpu_affinity(),
            "files": resource.prlimit(pid, resource.RLIMIT_NOFILE),
            "cpu": resource.prlimit(pid, resource.RLIMIT_CPU),
            "tracer": _number((entries / "status").read_text(), "TracerPid:"),
            "oom": (entries / "oom_score_adj").read_text(),
        }

    def targets(self) -> Targets:
        return {"victim": self.process.pid, "address": self.address}

    def hits(self) -> Iterator[str]:
        wrong = self._wrong()
        if wrong:
            self.close()
            self._start()
            yield f"victim: {wrong}"

    def _wrong(self) -> str:
        with suppress(OSError):
            print(file=self.process.stdin, flush=True)
        ready, _, _ = select.select([self.process.stdout], [], [], 5)
        said = self.process.stdout.readline().strip() if ready else ""
        if said != (self.secret.encode() + b"\0").hex():
            return f"it says {said}" if said else "it is silent"
        after = self._state()
        return "" if after == self.before else f"it was {self.before} and is {after}"

    def close(self) -> None:
        self.process.kill()
        with suppress(BrokenPipeError):
            self.process.communicate()


class Signals:
    """The signals that this process receives, except those of a fault, a closed pipe and Ctrl-C."""

    _LEFT = ("KILL", "STOP", "CHLD", "INT", "PIPE", "SEGV", "BUS", "FPE", "ILL", "ABRT", "TRAP", "SYS")

    def __init__(self) -> None:
        self.seen: list[int] = []
        caught = signal.valid_signals() - {getattr(signal, f"SIG{name}") for name in self._LEFT}
        self.old = {one: signal.signal(one, lambda number, _: self.seen.append(number)) for one in caught}

    def targets(self) -> Targets:
        return {"server": os.getpid(), "group": os.getpgrp()}

    def hits(self) -> Iterator[str]:
        while self.seen:
            yield f"signal: {self.seen.pop()} came"

    def close(self) -> None:
        for one, handler in self.old.items():
            signal.signal(one, handler if handler is not None else signal.SIG_DFL)


class Processes:
    """The zygote and the descendants of this process, which adopts orphans of any session."""

    _ADOPT = 36  # PR_SET_CHILD_SUBREAPER

    def __init__(self, zygote: Callable[[], int], memory: int):
        self.zygote, self.memory = zygote, memory
        ctypes.CDLL(None).prctl(self._ADOPT, 1, 0, 0, 0)
        self.myself = psutil.Process()
        self._meet()

    def _meet(self) -> None:
        self.known = psutil.Process(self.zygote())
        self.size, self.open = self.known.memory_info(), self.known.num_fds()

    def begin(self) -> None:
        """Prepare for an attack."""
        if soon(lambda: self.zygote() != 0, 60.0) and self.zygote() != self.known.pid:
            self._meet()
        self.before = self._ours()
        self.parent, self.parent_open = self.myself.memory_info().rss, self.myself.num_fds()
        self.shared_before = _segments()
        self.threads = self.most = self.at_once = self.shared = 0

    def sample(self) -> None:
        """Measure the processes that run now."""
        with suppress(psutil.Error, OSError):
            found = [Path(f"/proc/{one.pid}") for one in self.known.children(recursive=True)]
            shared = _segments() - self.shared_before + sum(_shared(one) for one in found)
            self.shared = max(self.shared, shared)
            running = [text for one in found if (text := _status(one))]
            self.at_once = max(self.at_once, len(running))
            for text in running:
                self.threads = max(self.threads, _number(text, "Threads:"))
                self.most = max(self.most, 1024 * _number(text, "VmHWM:"))

    def targets(self) -> Targets:
        return {}

    def hits(self) -> Iterator[str]:
        yield from self._while_it_ran()
        if self.zygote() != self.known.pid or not self.known.is_running():
            yield "zygote: it is another one"
        else:
            yield from self._sizes()
        yield from self._survivors()

    def _while_it_ran(self) -> Iterator[str]:
        if self.at_once > 1:
            yield f"processes: {self.at_once} at once"
        if self.threads > MAX_THREADS:
            yield f"threads: {self.threads} at once"
        allowed = self.size.rss - self.size.shared + self.memory + SLACK
        if self.most > allowed:
            yield f"memory: {self.most / 1e9:.2f} GB, of {allowed / 1e9:.2f} GB at most"
        if self.shared > MAX_SHARED:
            yield f"memory: {self.shared / 1e9:.2f} GB are shared"

    def _sizes(self) -> Iterator[str]:
        for name, one, size in (("parent", self.myself, self.parent), ("zygote", self.known, self.size.rss)):
            grown = one.memory_info().rss - size
            if grown > SLACK:
                yield f"{name}: it has grown by {grown / 1e6:.0f} MB"
        for name, one, before in (
            ("parent", self.myself, self.parent_open),
            ("zygote", self.known, self.open),
        ):
            if not soon(lambda one=one, before=before: one.num_fds() <= before):
                yield f"{name}: it keeps descriptors open"

    def _survivors(self) -> Iterator[str]:
        if not soon(lambda: not self._new(), 1.0):
            for one in self._new():
                yield f"survivor: {one}"
                one.kill()
            soon(lambda: not self._new())

    def _new(self) -> set[psutil.Process]:
        found = self._ours() - self.before
        for one in found:
            with suppress(ChildProcessError):
                os.waitpid(one.pid, os.WNOHANG)  # an adopted process that has ended
        return {one for one in found if one.is_running()}

    def _ours(self) -> set[psutil.Process]:
        """Return the children of this process, including orphans, and the descendants of the zygote."""
        found = set(self.myself.children())
        with suppress(psutil.NoSuchProcess):
            found |= set(self.known.children(recursive=True))
        return found

    def close(self) -> None:
        ctypes.CDLL(None).prctl(self._ADOPT, 0, 0, 0, 0)


def _status(process: Path) -> str:
    """Return the status of a thread that has not ended, as that of its process; "" if all have ended."""
    texts = ((one / "status").read_text() for one in (process / "task").iterdir())
    return next((text for text in texts if "State:\tZ" not in text), "")


def _shared(process: Path) -> int:
    """Return the bytes of shared memory that a process has mapped, or holds in open files without a name."""
    mapped = 1024 * _number((process / "status").read_text(), "RssShmem:")
    with suppress(OSError):  # its files cannot be seen if it may not be traced
        held = {(one.stat().st_dev, one.stat().st_ino): one.stat().st_blocks for one in _nameless(process)}
        return max(mapped, 512 * sum(held.values()))
    return mapped


def _nameless(process: Path) -> Iterator[Path]:
    for one in (process / "fd").iterdir():
        if os.readlink(one).startswith(("/memfd:", "/dev/shm/")):
            yield one


def _segments() -> int:
    """Return the bytes of System V shared memory, which belongs to no process."""
    rows = Path("/proc/sysvipc/shm").read_text().splitlines()
    size = rows[0].split().index("size")
    return sum(int(row.split()[size]) for row in rows[1:])


def _number(status: str, name: str) -> int:
    """Return a number from a file in /proc; 0 if the process is ending and has none."""
    return int((status.partition(name)[2].split() or ["0"])[0])
