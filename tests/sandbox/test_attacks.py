"""No attack of the table gets out of the jail: detectors look from outside for what it leaves behind.

The jail differs by the layer that closes the file system, and by the user: as root each child becomes another user,
which an ordinary user cannot do. Each of these modes runs the attacks that its layers stop; the canary tries memory
and time in all of them. Tests that root starts run the modes of an ordinary user in a process of such a user.
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
SAME_USER = {"files", "proc", "processes", "signals", "system calls", "threads"}  # what a separate user stops
MODES = {
    "landlock": CATEGORIES,
    "chroot": {"files", "proc", "network", "signals", "system calls"},  # without Landlock's other rules
    "ordinary user, landlock": SAME_USER,
    "ordinary user, chroot": {"files", "proc"},  # in a user namespace
    "ordinary user, landlock 1": {"files", "network", "signals"},  # Linux 5.13 restricts less
}
if sys.platform != "linux" or os.getuid():  # an ordinary user runs these tests
    MODES |= {"landlock 1": MODES["ordinary user, landlock 1"]}
    MODES = {mode: categories for mode, categories in MODES.items() if "user" not in mode}
CASES = [
    pytest.param(mode, one, id=f"{mode}: {one.category}: {one.name}")
    for mode, categories in MODES.items()
    for one in ATTACKS
    if one.category in categories
]


class NoJailError(Exception):
    """There is no jail here; the message says why."""


class RunError(Exception):
    """The attacks did not run to their end; the message says why."""


class Jails(ExitStack):
    """The jail of one mode at a time, which takes seconds to start and then runs one attack after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.mode, self.reason, self.required = "", "", False
        self.seen: Callable[[Attack], list[str]] = lambda attack: []

    def strike(self, mode: str, attack: Attack) -> list[str]:
        """Run an attack and return what the detectors saw. Skips the test if there can be no jail here."""
        if mode != self.mode:
            self.close()
            self.mode, self.reason, self.required = mode, "", sys.platform == "linux" and "CI" in os.environ
            self._start(mode)
        if self.reason and self.required:
            pytest.fail(f"There is no jail. {self.reason}")
        if self.reason:
            pytest.skip(self.reason)
        return self.seen(attack)

    def _start(self, mode: str) -> None:
        *user, files = mode.split(", ")
        if files == "chroot" and can_jail() and not _can_mount(bool(user or os.getuid())):
            self.reason, self.required = "This user may not mount anything here, as a chroot needs.", False
            return
        try:
            self.seen = _by_another_user(files, MODES[mode]) if user else self._by_this_user(files)
        except NoJailError as error:
            self.reason = str(error)
        except RunError as error:
            self.reason, self.required = str(error), True

    def _by_this_user(self, files: str) -> Callable[[Attack], list[str]]:
        if not can_jail():
            raise NoJailError(f"No jail for {sys.platform}.")
        from support.arena import Arena

        arena = self.enter_context(Arena(files))
        if arena.reason:
            raise NoJailError(arena.reason)
        return arena.strike


def _can_mount(ordinary: bool) -> bool:
    """Return True if a user can mount a file system in a namespace."""
    own = ["--user", "--map-root-user"] if ordinary else []
    trial = ["unshare", *own, "--mount", "mount", "-t", "tmpfs", "none", "/tmp"]
    if ordinary and not os.getuid():
        return ordinary_user.run(*trial).returncode == 0
    return subprocess.run(trial, check=False, capture_output=True).returncode == 0


def _by_another_user(files: str, categories: set[str]) -> Callable[[Attack], list[str]]:
    """Run the attacks of some categories as an ordinary user and return what the detectors saw."""
    program = str(Path(ordinary_user.__file__).resolve())
    try:
        done = ordinary_user.run(sys.executable, "-B", program, files, *sorted(categories))
    except OSError as error:
        raise NoJailError(f"No process of an ordinary user can start: {error}") from error
    if "Traceback" in done.stderr:
        raise RunError(done.stderr[-2000:])
    if done.returncode:
        raise NoJailError(f"No process of an ordinary user can start: {done.stderr[-2000:]}")
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
