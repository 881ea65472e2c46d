"""Helpers of the tests that run pasted code in real processes."""

import os

import psutil
import pytest

from inits.sandbox import landlock
from inits.sandbox.canary import can_jail
from inits.sandbox.client import Sandbox, round_of
from inits.sandbox.request_queue import Request
from inits.sandbox.results import Result
from support import PATIENCE

needs_jail = [
    pytest.mark.skipif(not can_jail(), reason="there is no jail for this system"),
    pytest.mark.skipif(
        os.name == "posix" and os.geteuid() != 0 and not landlock.version(),
        reason="an ordinary user needs Landlock, which this kernel does not have",
    ),
]

SHAPES = [(4, 3), (3, 3), (3, 3), (3, 2)]
ONE = [round_of([(1,)], 0)]
UNIFORM = "def init(shape, dtype=None):\n    return np.random.uniform(-0.1, 0.1, shape)\n"
ZEROS = "init = lambda shape: np.zeros(shape)"
LOOP = "while True: pass"
READY = "import os, sys\nos.write(1, b'ready')\nsys.stdin.read()\n"
"""The beginning of a plain process that needs no Keras."""


def done(request: Request) -> Result:
    """Wait for the result of a request."""
    result = request.wait(PATIENCE)
    assert result is not None
    return result


def zygote(sandbox: Sandbox) -> psutil.Process:
    """Return the zygote of a sandbox."""
    assert sandbox.jail.process is not None, sandbox.state
    return psutil.Process(sandbox.jail.process.pid)


def gone(process: psutil.Process) -> bool:
    """Return True if a process does not run any more, whether its parent has waited for it or not."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
