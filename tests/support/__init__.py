"""Helpers that several tests share."""

import os
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUPPORT = Path(__file__).parent
PYTHONPATH = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
"""For programs that tests start: the project and these helpers."""
PATIENCE = 180.0  # seconds after which something is broken


def until(condition: Callable[[], object]) -> None:
    """Wait for something that happens unless the code is broken."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
