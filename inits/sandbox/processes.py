"""What all processes that run pasted code share: their environment, their limits, and the outcome of a request."""

import os
import re
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_OUTPUT = 80_000  # bytes; a process that writes more is ended
GRACE = 10.0  # seconds for the end of a process beside its own time
PIECE = 1 << 16  # bytes read or written at a time
GONE = "The process for pasted code ended unexpectedly. Run again."

ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "KERAS_HOME": os.devnull,  # nothing is read from or written to a home folder
    "HOME": os.devnull,
    "LANG": "C.UTF-8",
    "MPLCONFIGDIR": os.devnull,
    "PATH": os.defpath,
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_INHERITED = ("LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP")  # some Pythons do not start without these


def _folders() -> set[str]:
    """Return the folders in which this app, Python and its packages are installed, as written and as resolved."""
    libraries = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    found = {str(ROOT), sys.prefix, sys.base_prefix, *libraries}
    return (found | set(map(os.path.realpath, found))) - {"/", "/usr", "/usr/local"}  # the last tell nothing


_INSTALLED = re.compile(
    rf"(?<![\w.-])(?:{'|'.join(map(re.escape, sorted(_folders(), key=len, reverse=True)))})(?:[/\\]+|(?![\w.-]))"
)


def without_folders(text: str) -> str:
    """Return a text without the folders of this installation: of a path in them, "numpy/linalg/_linalg.py" is left."""
    return _INSTALLED.sub("", text)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a request: its reply and its output as bytes, and how its process ended.

    Attributes:
        ending: "exited", "time", "memory", "left" (only the main thread ended), "output", "reply" (longer than asked
            for), "cancelled" or "signal".
        code: the exit code, or the number of the signal.
        memory: the most bytes that the process had.
    """

    reply: bytes
    output: bytes
    ending: str
    code: int = 0
    memory: int = 0


@dataclass(frozen=True)
class Limits:
    """The limits of a request: seconds by the clock, bytes of memory, bytes of the reply."""

    wall: float
    memory: int
    reply: int


def python(call: str) -> list[str]:
    """Return the command that runs a call of ours in a Python that reads no settings of its user."""
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {call}"
    # With the environment below this isolates as -I does, and keeps the hash seed.
    return [sys.executable, "-s", "-P", "-B", "-c", start]


def environment() -> dict[str, str]:
    """Return the environment of such a process, in which nothing of the server's is."""
    return ENVIRONMENT | {name: os.environ[name] for name in _INHERITED if name in os.environ}
