"""What an operator reads: one line for each thing that happened, `key=value` after its name."""

from __future__ import annotations

import logging
import sys

LEVELS = ("debug", "info", "warning", "error")


def begin(level: str) -> None:
    """Write what this app logs from `level` on to the standard error stream, once."""
    root = logging.getLogger("inits")
    root.setLevel(level.upper())
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        root.addHandler(handler)
        root.propagate = False
