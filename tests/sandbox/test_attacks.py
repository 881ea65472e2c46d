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
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Missing:
    """The reason why there is no jail here, and True if that is a failure."""

    reason: str
    required: bool = sys.platform == "linux" and "CI" in os.environ


Strike = Callable[[Attack], list[str]]


class Jails(ExitStack):
    """The jail of one mode at a time, which takes seconds to start and then runs one attack after the other."""

    mode = ""
    jail: Strike | Missing = Missing("")

    def strike(self, mode: str, attack: Attack) -> list[str]:
        """Run an attack and return what the detectors saw. Skips the test if there can be no jail here."""
        if mode != self.mode:
            self.close()
            self.mode, self.jail = mode, self._start(mode)
        if not isinstance(self.jail, Missing):
            return self.jail(attack)
        (pytest.fail if self.jail.required else pytest.skip)(f"There is no jail. {self.jail.reason}")

    def _start(self, mode: str) -> Strike | Missing:
        *user, files = mode.split(", ")
        if not can_jail():
            return Missing(f"No jail for {sys.platform}.")
        if files == "chroot" and not _can_mount(bool(user or os.getuid())):
            return Missing("This user may not mount anything here, as a chroot needs.", required=False)
        if user:
            return _by_another_user(files, MODES[mode])
        from support.arena import Arena

        arena = self.enter_context(Arena(files))
        return Missing(arena.reason) if arena.reason else arena.strike


def _can_mount(ordinary: bool) -> bool:
    """Return True if a user can mount a file system in a namespace."""
    own = ["--user", "--map-root-user"] if ordinary else []
    trial = ["unshare", *own, "--mount", "mount", "-t", "tmpfs", "none", "/tmp"]
    if ordinary and not os.getuid():
        return ordinary_user.run(*trial).returncode == 0
    return subprocess.run(trial, check=False, capture_output=True).returncode == 0


def _by_another_user(files: str, categories: set[str]) -> Strike | Missing:
    """Run the attacks of some categories as an ordinary user and return what the detectors saw."""
    program = str(Path(ordinary_user.__file__).resolve())
    try:
        done = ordinary_user.run(sys.executable, "-B", program, files, *sorted(categories))
    except OSError as error:
        return Missing(f"No process of an ordinary user can start: {error}")
    broken = "Traceback" in done.stderr  # the attacks did not run to their end
    if broken or done.returncode:
        reason = f"No process of an ordinary user can start: {done.stderr[-2000:]}"
        return Missing(reason, required=True) if broken else Missing(reason)
    seen = json.loads(done.stdout)
    return Missing(seen["off"][0]) if "off" in seen else lambda attack: seen[attack.name]


@pytest.fixture(scope="module")
def jails() -> Iterator[Jails]:
    with Jails() as found:
        yield found


@pytest.mark.parametrize(("mode", "attack"), CASES)
def test_attack_leaves_nothing_behind(jails: Jails, mode: str, attack: Attack) -> None:
    assert jails.strike(mode, attack) == []
