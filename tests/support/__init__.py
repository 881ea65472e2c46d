"""Helpers that several tests share."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUPPORT = Path(__file__).parent
PYTHONPATH = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
"""For programs that tests start: the project and these helpers."""
