"""Fixtures of the tests of weight files."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import SUPPORT
from support.extraction import MEMORY

from inits.weightfiles.store import WeightStore


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that another process saved with Keras and loaded again."""
    folder = tmp_path_factory.mktemp("saved")
    command = [sys.executable, str(SUPPORT / "saved_models.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[WeightStore]:
    """A store of weight files in an empty folder."""
    store = WeightStore(tmp_path / "weights", 100 * MEMORY)
    yield store
    store.close()
