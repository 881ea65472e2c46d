"""The process that forks a jailed child for every request. Keras is imported once, and no TensorFlow op is run.

Requests come through one socket, and the process ends when that is closed. No other thread runs Python, so that
it can fork safely.
"""

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass

READY = b"ready"
ENDED = struct.Struct("<iBQ")  # wait status, why it was killed, the most bytes of memory
LATE, TOO_LARGE, LEFT = 1, 2, 3  # reasons to kill a child: time, memory, only its main thread has ended
INTERVAL = 0.02  # seconds between two looks at the children


@dataclass
class Child:
    """A child that runs, with the socket of its caller and its limits."""

    pid: int
    exited: int  # a descriptor that is readable once the child has ended
    caller: socket.socket
    deadline: float
    memory: int
    killed_for: int = 0


def main(descriptor: int, files: str) -> None:
    """Serve requests from the socket `descriptor` until it is closed."""
    control = socket.socket(fileno=descriptor)
    watch = _Watch(control)
    try:
        from inits.sandbox import jail

        # The rules list the readable folders before the import, which may add entries to sys.path.
        rules = jail.prepare(files)
        from inits.sandbox import child

        child.prepare()
    except Exception as error:
        control.send(f"{type(error).__name__}: {error}".encode()[:1000])
        return
    watch.end()
    gc.collect()
    gc.freeze()
    control.send(READY)
    Zygote(control, rules).serve()


class _Watch:
    """Ends the process if its owner ends while it imports."""

    def __init__(self, control: socket.socket):
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(control,))
        self._thread.start()

    def _run(self, control: socket.socket) -> None:
        poll = select.poll()
        poll.register(control, select.POLLHUP)
        while not self._over.is_set():
            if poll.poll(100):
                os._exit(0)

    def end(self) -> None:
        self._over.set()
        self._thread.join()


class Zygote:
    """The loop over new requests, children that end, callers that leave, and deadlines."""

    def __init__(self, control: socket.socket, rules: int | None):
        self.control, self.rules = control, rules
        self.children: dict[int, Child] = {}
        self.count = 0
        self.inherited = 1024 * int(status_of(os.getpid())["VmData"].split()[0])

    def serve(self) -> None:
        while self._step():
            pass
        for child in self.children.values():
            os.kill(child.pid, signal.SIGKILL)

    def _step(self) -> bool:
        watched: dict[int, Child | None] = {self.control.fileno(): None}
        for child in self.children.values():
            watched[child.exited] = watched[child.caller.fileno()] = child
        ready, _, _ = select.select(list(watched), [], [], INTERVAL if self.children else None)
        for descriptor in ready:
            one = watched[descriptor]
            if one is None:
                if not self._begin():
                    return False
            elif one.pid not in self.children:
                continue
            elif descriptor == one.exited:
                self._end(one)
            else:
                os.kill(one.pid, signal.SIGKILL)  # its caller has left
                one.caller.setblocking(False)
                self._end(one)
        for child in self.children.values():
            if not child.killed_for and (reason := self._too_much(child)):
                child.killed_for = reason
                os.kill(child.pid, signal.SIGKILL)
        return True

    def _too_much(self, child: Child) -> int:
        """Return the reason to kill a child; 0 if there is none."""
        if child.deadline <= time.monotonic():
            return LATE
        status = status_of(child.pid)
        # A leader that has ended: its other threads go on, and this file no longer has their memory.
        if status.get("State", "").startswith("Z"):
            return LEFT
        # The limits of the address space and of data come first and raise MemoryError. But they count mappings, and
        # code can give back what it has inherited, or turn what it has filled into something else.
        return TOO_LARGE if occupied(status) > self.inherited + child.memory else 0

    def _begin(self) -> bool:
        """Start the child of one request; return False at the end of the socket."""
        message, descriptors, _, _ = socket.recv_fds(self.control, 4096, 4)
        if not message:
            return False
        code, result, output, status = descriptors
        wanted = json.loads(message)
        self.count += 1
        myself, pid = os.getpid(), os.fork()
        if pid == 0:
            _become_child(myself, (code, result, output), self.rules, wanted, self.count)
        for descriptor in (code, result, output):
            os.close(descriptor)
        caller = socket.socket(fileno=status)
        deadline = time.monotonic() + wanted["wall"]
        self.children[pid] = Child(pid, os.pidfd_open(pid), caller, deadline, int(wanted["memory"]))
        return True

    def _end(self, child: Child) -> None:
        """Wait for a child that has ended or was killed, and report its end to its caller."""
        _, status, usage = os.wait4(child.pid, 0)
        del self.children[child.pid]
        os.close(child.exited)
        with contextlib.suppress(OSError):  # the caller may have left
            child.caller.send(ENDED.pack(status, child.killed_for, 1024 * usage.ru_maxrss))
        child.caller.close()


def status_of(pid: int) -> dict[str, str]:
    """Return the entries of /proc/PID/status; none if the process has just ended."""
    try:
        with open(f"/proc/{pid}/status", "rb", buffering=0) as file:
            lines = file.read(10_000).decode("ascii", "replace").splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def occupied(status: dict[str, str]) -> int:
    """Return the bytes of memory that a process has filled, in the machine or swapped out, without files."""
    kinds = ("RssAnon", "RssShmem", "VmSwap", "VmPTE")
    return 1024 * sum(int(status.get(kind, "0").split()[0]) for kind in kinds)


def _become_child(
    parent: int, given: tuple[int, int, int], rules: int | None, wanted: dict[str, float], number: int
) -> None:
    """Turn the forked process into a child: close all other descriptors, enter the jail, run the code."""
    from inits.sandbox import child, jail

    try:
        os.setsid()
        code, result, output, rules = _only(*given, rules)
        limits = jail.Limits(memory=int(wanted["memory"]), cpu=int(wanted["wall"]) + 5)
        jail.enter(parent, rules, limits, number)
        child.serve(code, result, output)
        os._exit(0)
    except BaseException as error:
        # The jail did not close, or the reply could not be written. This message is ours, not the code's.
        os.write(2, f"{type(error).__name__}: {error}".encode()[:500])
    finally:
        os._exit(70)


def _only(code: int, result: int, output: int, rules: int | None) -> tuple[int, int, int, int | None]:
    """Keep the standard streams and these descriptors, numbered from 3, and close all others."""
    nothing = os.open("/dev/null", os.O_RDONLY)
    wanted = [nothing, output, output, code, result, *(() if rules is None else (rules,))]
    safe = [os.dup2(descriptor, 100 + place) for place, descriptor in enumerate(wanted)]
    for place, descriptor in enumerate(safe):
        os.dup2(descriptor, place)
    os.closerange(len(wanted), 65_536)
    return 3, 4, 1, None if rules is None else 5


if ctypes.sizeof(ctypes.c_void_p) != 8:
    sys.exit("The sandbox needs a 64-bit system.")
