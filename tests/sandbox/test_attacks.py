"""No snippet of the table gets out of the jail: what it leaves behind is looked for from outside.

With each of the layers that close the file system; as root, where each child becomes a user of its own, and as an
ordinary user, who cannot do that. Root runs the latter in a process of such a user's.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support import ordinary_user
from support.attacks import ATTACKS, Attack

from inits.sandbox.canary import can_jail

pytestmark = pytest.mark.keras

CATEGORIES = {one.category for one in ATTACKS}
FILES = {"files", "proc"}
AROUND = {
    *FILES,
    "environment",
    "network",
    "processes",
    "signals",
    "system calls",
}  # what a layer may let through
MODES = {"landlock": CATEGORIES, "chroot": AROUND}
OLD = {"landlock 1": {*FILES, "network", "signals"}}  # as Linux 5.13 has it, which knows less
if sys.platform == "linux":
    ORDINARY = {"landlock": CATEGORIES, "chroot": FILES, **OLD}
    MODES |= OLD if os.getuid() else {f"ordinary user, {files}": some for files, some in ORDINARY.items()}
CASES = [
    pytest.param(mode, one, id=f"{mode}: {one.category}: {one.name}")
    for mode, categories in MODES.items()
    for one in ATTACKS
    if one.category in categories
]


class NoJailError(Exception):
    """There is none, and must be one; the message says why."""


class RunError(Exception):
    """The attacks did not run to the end; the message says why."""


class Jails(ExitStack):
    """The jail of one mode at a time: it takes seconds to start, and is asked for one attack after another."""

    def __init__(self) -> None:
        super().__init__()
        self.mode, self.reason, self.must = "", "", False
        self.seen: Callable[[Attack], list[str]] = lambda attack: []

    def strike(self, mode: str, attack: Attack) -> list[str]:
        """What the detectors see of an attack. Skips where there can be no jail; where there must be one, fails."""
        if mode != self.mode:
            self.close()
            self.mode, self.reason, self.must = mode, "", sys.platform == "linux" and "CI" in os.environ
            self._start(mode)
        if self.reason and self.must:
            pytest.fail(f"There is no jail. {self.reason}")
        if self.reason:
            pytest.skip(self.reason)
        return self.seen(attack)

    def _start(self, mode: str) -> None:
        *user, files = mode.split(", ")
        if files == "chroot" and can_jail() and not _can_mount(bool(user or os.getuid())):
            self.reason, self.must = "This user may not mount anything here, as a chroot needs.", False
            return
        try:
            self.seen = _by_another_user(files, MODES[mode]) if user else self._by_this_user(files)
        except NoJailError as error:
            self.reason = str(error)
        except RunError as error:
            self.reason, self.must = str(error), True

    def _by_this_user(self, files: str) -> Callable[[Attack], list[str]]:
        if not can_jail():
            raise NoJailError(f"No jail for {sys.platform}.")
        from support.arena import Arena

        arena = self.enter_context(Arena(files))
        if arena.reason:
            raise NoJailError(arena.reason)
        return arena.strike


def _can_mount(ordinary: bool) -> bool:
    """Whether a user can change a file system of their own."""
    own = ["--user", "--map-root-user"] if ordinary else []
    trial = ["unshare", *own, "--mount", "mount", "-t", "tmpfs", "none", "/tmp"]
    if ordinary and not os.getuid():
        return ordinary_user.run(*trial).returncode == 0
    return subprocess.run(trial, check=False, capture_output=True).returncode == 0


def _by_another_user(files: str, categories: set[str]) -> Callable[[Attack], list[str]]:
    """What the detectors of an ordinary user saw of all attacks of some categories."""
    program = str(Path(ordinary_user.__file__).resolve())
    try:
        done = ordinary_user.run(sys.executable, "-B", program, files, *sorted(categories))
    except OSError as error:
        raise NoJailError(f"No process of an ordinary user's: {error}") from error
    if "Traceback" in done.stderr:
        raise RunError(done.stderr[-2000:])
    if done.returncode:
        raise NoJailError(f"No process of an ordinary user's: {done.stderr[-2000:]}")
    seen = json.loads(done.stdout)
    if "off" in seen:
        raise NoJailError(seen["off"][0])
    return lambda attack: seen[attack.name]


@pytest.fixture(scope="module")
def jails() -> Iterator[Jails]:
    with Jails() as found:
        yield found


@pytest.mark.parametrize(("mode", "attack"), CASES)
def test_an_attack_leaves_nothing_behind(jails: Jails, mode: str, attack: Attack) -> None:
    assert jails.strike(mode, attack) == []
