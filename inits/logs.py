"""Logging of the app: one line for each event, with its name and `key=value` pairs."""

from __future__ import annotations

import logging
import sys

LEVELS = ("debug", "info", "warning", "error")


def begin(level: str) -> None:
    """Write what this app logs at `level` and above to the standard error stream. Later calls only set the level."""
    root = logging.getLogger("inits")
    root.setLevel(level.upper())
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        root.addHandler(handler)
        root.propagate = False
