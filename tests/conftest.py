"""What tests share."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy comes: tests run beside each other already
BESIDE = Path(__file__).parents[2] / "shared" / "data" / "mnist.npz"

pytest.register_assert_rewrite("support.cases")  # so that its asserts say what they compared

settings.register_profile("no clock", deadline=None)  # a busy machine is no failure
settings.load_profile("no clock")


@pytest.fixture(scope="session")
def mnist_path() -> Path:
    """The real mnist.npz: what INITS_MNIST names, else ../shared/data/mnist.npz beside the repository."""
    path = Path(os.environ.get("INITS_MNIST") or BESIDE).expanduser()
    if not path.is_file():
        pytest.skip("needs the real MNIST: set INITS_MNIST to a local mnist.npz")
    return path


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of Keras' that is empty, and nothing kept in memory."""
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
    """Streamlit's AppTest leaves its script as `__main__`, which new processes would then run."""
    sys.modules["__main__"] = _MAIN
