"""Run a program as an ordinary user if root runs the tests. As such a program: run the attacks.

`python tests/support/ordinary_user.py landlock files proc` prints what the detectors saw of the attacks of these
categories (default: all) as JSON, by the name of the attack.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from support import PYTHONPATH, ROOT

NOBODY = 65534


def closed_folders(paths: list[Path], uid: int = NOBODY) -> set[Path]:
    """Return the outermost folders on the way to these paths that `uid` may not enter."""
    found = set()
    for path in paths:
        for folder in reversed([path, *path.parents]):
            state = folder.stat()
            if not state.st_mode & (0o100 if state.st_uid == uid else 0o001):
                found.add(folder)
                break
    return found


def opened(paths: list[Path], closed: set[Path], aside: Path) -> str:
    """Return shell commands after which these paths can be reached, and nothing else in the closed folders.

    They need a new mount namespace: empty folders cover the closed ones, and the paths are mounted inside.
    """
    lines = ["set -e", f"mount -t tmpfs -o mode=755 none {aside}"]
    inside = [path for path in paths if any(path.is_relative_to(folder) for folder in closed)]
    for number, path in enumerate(inside):
        lines += [f"mkdir {aside}/{number}", f"mount --bind {shlex.quote(str(path))} {aside}/{number}"]
    lines += [f"mount -t tmpfs -o mode=755 none {shlex.quote(str(folder))}" for folder in closed]
    for number, path in enumerate(inside):
        quoted = shlex.quote(str(path))
        lines += [f"mkdir -p {quoted}", f"mount --bind {aside}/{number} {quoted}"]
    return "\n".join(lines)


def command(program: list[str], aside: Path) -> list[str]:
    """Return the command by which root runs a program as an ordinary user without groups or capabilities.

    `aside` is an empty folder.
    """
    needed = sorted({Path(one).resolve() for one in (sys.base_prefix, sys.prefix, ROOT)})
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--bounding-set=-all"]
    change = [*user, "--inh-caps=-all", "--", *program]
    closed = closed_folders(needed)
    if not closed:
        return change
    script = f"{opened(needed, closed, aside)}\nexec {shlex.join(change)}"
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]


def run(*program: str) -> subprocess.CompletedProcess[str]:
    """Run a program as an ordinary user, and wait for its end."""
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH, "HOME": "/tmp"}
    with tempfile.TemporaryDirectory() as aside:
        started = command(list(program), Path(aside))
        return subprocess.run(
            started, capture_output=True, text=True, env=environment, cwd="/", timeout=600, check=False
        )


def attack(files: str, categories: list[str]) -> dict[str, list[str]]:
    """Return what the detectors saw of all attacks of some categories; under "off" the reason if there is no jail."""
    from support.arena import Arena
    from support.attacks import ATTACKS

    with Arena(files) as arena:
        if arena.reason:
            return {"off": [arena.reason]}
        chosen = [one for one in ATTACKS if not categories or one.category in categories]
        return {one.name: arena.strike(one) for one in chosen}


if __name__ == "__main__":
    if (
        os.getuid() == 0
        or os.getgroups()
        or "CapEff:\t0000000000000000" not in Path("/proc/self/status").read_text()
    ):
        sys.exit("An ordinary user is needed.")
    print(json.dumps(attack(sys.argv[1], sys.argv[2:])))
