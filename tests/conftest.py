"""Fixtures and settings for all tests."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import settings

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # before NumPy is imported: tests run beside each other already
BESIDE = Path(__file__).parents[2] / "shared" / "data" / "mnist.npz"

pytest.register_assert_rewrite("support.cases")  # so that its asserts show what they compared

settings.register_profile("no clock", deadline=None)  # a busy machine must not fail a test
settings.load_profile("no clock")

WIDGETS = ("test_chart_browser.py", "test_editor_browser.py")  # these have a server of their own
SHARED_SERVER = "the browser tests of the app"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Deal out whole files, and all files that use the app's server and browser as one."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return file if "/e2e/" not in file or file.endswith(WIDGETS) else SHARED_SERVER

    return Scheduling(config, log)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays anyway: thousands of tests, and Keras."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _streamlit_leaves_keras_alone() -> Iterator[None]:
    """Keep AppTest from clearing Keras' session and collecting garbage after each run: seconds where Keras is loaded.

    The app itself never has Keras in the process of its pages, and switches the collection off.
    """
    from streamlit import config
    from streamlit.runtime.scriptrunner import script_runner

    config.set_option("runner.postScriptGC", False)
    with mock.patch.object(script_runner, "_clean_problem_modules"):
        yield


@pytest.fixture(scope="session")
def mnist_path() -> Path:
    """Return the real mnist.npz: the file in INITS_MNIST, else ../shared/data/mnist.npz beside the repository."""
    path = Path(os.environ.get("INITS_MNIST") or BESIDE).expanduser()
    if not path.is_file():
        pytest.skip("needs the real MNIST: set INITS_MNIST to a local mnist.npz")
    return path


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give Keras an empty cache folder, and forget the images kept in memory."""
    from keras.src.backend import config

    from inits.data import datasets

    monkeypatch.setattr(datasets, "_KEPT", {})
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path


_MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def _own_main() -> None:
    """Restore `__main__`: Streamlit's AppTest leaves its script there, and new processes would run it."""
    sys.modules["__main__"] = _MAIN
