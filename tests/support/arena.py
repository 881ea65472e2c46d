"""A sandbox with all detectors around it, in which attacks run; without the jail, a test of the detectors."""

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from inits.sandbox import canary, processes
from inits.sandbox.client import Sandbox, round_of
from support.attacks import Attack
from support.detectors import Answers, Detector, Files, Leftovers, Listeners
from support.watchers import Processes, Signals, Victim

SHAPES = [(32, 32)]
MEMORY = 300_000_000  # bytes: less than users get, so that an attack exceeds it sooner
UNLIMITED = 10**12
PATIENCE = 60.0  # seconds; every request ends long before
USUAL = """
print("as usual")
def initializer(shape):
    return keras.initializers.HeNormal()(shape) + np.random.random(shape)
"""


class Arena:
    """A sandbox between all detectors. Needs the main thread, for signals.

    `files` is as for Sandbox, or "landlock 1" for the first version of Landlock. `reason` says why there is no jail.
    """

    def __init__(self, files: str = "best", jailed: bool = True):
        with ExitStack() as stack:
            self._start(stack, files, jailed)
            self._stack = stack.pop_all()

    def _start(self, stack: ExitStack, files: str, jailed: bool) -> None:
        folder = Path(tempfile.mkdtemp(prefix="inits-arena-"))
        stack.callback(shutil.rmtree, folder)
        folder.chmod(0o755)
        sign, tag = f"sign{secrets.token_hex(12)}", f"attack_{secrets.token_hex(6)}"
        stack.enter_context(mock.patch.dict(os.environ, INITS_SECRET=f"{sign}-environment"))
        self.answers, owned = Answers(sign), Files(folder, tag, sign)
        self.detectors: list[Detector] = []
        for one in (owned, Listeners(folder, tag), Victim(sign), Signals(), Leftovers(tag)):
            self.detectors.append(one)
            stack.callback(one.close)
        files, _, version = files.partition(" ")
        stack.enter_context(_prepared(owned.readable, jailed, version))
        self.sandbox = Sandbox(files, memory=MEMORY if jailed else UNLIMITED)
        stack.callback(self.sandbox.close)
        self.usual = self.sandbox.run(USUAL, SHAPES, 5)
        self.reason = self.sandbox.state.why
        if not self.reason:
            self.processes = Processes(self._zygote, MEMORY)
            stack.callback(self.processes.close)

    def _zygote(self) -> int:
        return self.sandbox.jail.process.pid if self.sandbox.jail.process is not None else 0

    def __enter__(self) -> "Arena":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def strike(self, attack: Attack, patience: float = PATIENCE) -> list[str]:
        """Run an attack and a usual request after it, and return what the detectors saw: nothing, if all is well."""
        targets: dict[str, object] = {}
        for one in self.detectors:
            targets |= one.targets()
        self.processes.begin()
        self.sandbox.wall = attack.wall
        request = self.sandbox.submit(attack.text(targets), [round_of(SHAPES, 5)])
        until = time.monotonic() + patience
        while (result := request.wait(0.01)) is None and time.monotonic() < until:
            self.processes.sample()
        if result is None:
            self.sandbox.cancel(request)
            return ["end: it does not end"]
        seen = [*self.answers.hits(result, SHAPES), *attack.mistakes(result), *self.processes.hits()]
        for one in self.detectors:
            seen += one.hits()
        return [*seen, *self._next()]

    def _next(self) -> Iterator[str]:
        self.sandbox.wall = PATIENCE
        after = self.sandbox.run(USUAL, SHAPES, 5)
        if (after.output, after.error, after.picked) != (self.usual.output, None, self.usual.picked):
            yield f"next: {after}"
        elif not np.array_equal(after.arrays[0], self.usual.arrays[0]):
            yield "next: the same seed draws something else"


@contextmanager
def _prepared(readable: Path, jailed: bool, version: str) -> Iterator[None]:
    """Have zygotes whose jail can read a folder of ours, as the Python installation, and has an old Landlock.

    Or zygotes without a jail and with the environment of the server.
    """
    changes = f"from inits.sandbox import jail; jail.READABLE += ({str(readable)!r},); "
    changes += f"jail.landlock.version = lambda: {version}; " if version else ""
    changes += "" if jailed else "jail.enter = lambda *_: None; "
    python, everything = processes.python, {**os.environ, **processes.environment()}
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(processes, "python", lambda call: python(changes + call)))
        if not jailed:
            stack.enter_context(mock.patch.object(canary, "check"))
            stack.enter_context(mock.patch.object(processes, "environment", return_value=everything))
        yield
