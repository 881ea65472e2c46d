"""Fixtures and settings for all tests."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from inits.engine import Engine

# Before NumPy is imported: tests run beside each other already.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
BESIDE = Path(__file__).parents[2] / "shared" / "data" / "mnist.npz"

pytest.register_assert_rewrite(
    "support.cases", "support.epochs", "support.figures"
)  # so that its asserts show what they compared

settings.register_profile("no clock", deadline=None)  # a busy machine must not fail a test
settings.load_profile("no clock")

LONGEST = (
    "e2e",
    "test_soak",
    "test_benchmarks",
    "sandbox",
    "engine",
    "weightfiles",
    "test_bad_days",
    "training",
    "pages",
)
TOGETHER = {  # files that share a process, which takes seconds to start; a file belongs to the first that names it
    "widgets": (
        "e2e/test_bundles_browser.py",
        "e2e/test_chart_browser.py",
        "e2e/test_editor_browser.py",
        "e2e/test_editor_reruns_browser.py",
    ),
    "jail": ("sandbox/test_results.py", "sandbox/test_sandbox.py", "sandbox/test_supervisor.py"),
    "snippets": ("sandbox/test_compat.py", "sandbox/test_examples.py"),
    "app": ("test_soak.py", "test_benchmarks.py"),
    "training": ("training/test_divergence.py", "training/test_probe.py", "training/test_training.py"),
    "saved models": ("weightfiles/test_fitting.py", "weightfiles/test_read.py", "weightfiles/test_store.py"),
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Deal out whole files, but as one those that share a process, such as the server of the browser tests."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            for name, files in TOGETHER.items():
                if file.endswith(files):
                    return name
            return "app" if "/e2e/" in file else file

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first, so that both processes end at about the same time."""
    folder = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        name = item.path.relative_to(folder).as_posix() if item.path.is_relative_to(folder) else ""
        return next((number for number, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays anyway, thousands of tests and Keras, and AppTest two seconds a run.

    Where Keras is loaded, Streamlit clears its session after each run of a page, and collects all garbage. The app
    itself never has Keras in the process of its pages, and switches the collection off.
    """
    if "streamlit" in sys.modules:
        from streamlit import config
        from streamlit.runtime.scriptrunner import script_runner

        config.set_option("runner.postScriptGC", False)
        script_runner._clean_problem_modules = lambda: None
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def mnist_path() -> Path:
    """Return the real mnist.npz: the file in INITS_MNIST, else ../shared/data/mnist.npz beside the repository."""
    path = Path(os.environ.get("INITS_MNIST") or BESIDE).expanduser()
    if not path.is_file():
        pytest.skip("needs the real MNIST: set INITS_MNIST to a local mnist.npz")
    return path


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an mnist.npz made of the stand-in's digits: 640 to learn from, 150 to test on."""
    import numpy as np

    from inits.data.standin import digits

    data, path = digits(), tmp_path_factory.mktemp("data") / "mnist.npz"
    arrays = {"x_train": data.x_train[:640], "x_test": data.x_test[:150]}
    arrays = {name: array.reshape(-1, 28, 28) for name, array in arrays.items()}
    np.savez(path, **arrays, y_train=data.y_train[:640], y_test=data.y_test[:150])
    return path


@pytest.fixture(scope="session")
def engine(small_mnist: Path) -> Iterator["Engine"]:
    """Share one engine with a compute process of two slots that keeps no results on disk."""
    from inits.engine import Engine
    from inits.settings import Settings

    engine = Engine(Settings(small_mnist, cores=2, cache=small_mnist.parent, cache_mb=0, weights_mb=100))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment without a network and without MNIST, so that the stand-in is used."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    own = {"INITS_CACHE": tmp_path_factory.mktemp("cache"), "KERAS_HOME": tmp_path_factory.mktemp("keras")}
    return {"INITS_MNIST": "missing.npz", **nowhere, **{name: str(path) for name, path in own.items()}}


@pytest.fixture(scope="session")
def app(environ: dict[str, str]) -> Iterator[str]:
    """Serve the app, with one compute process and one jail, for all tests that neither end nor configure them."""
    from support.visit import UPLOAD

    from benchmarks.live import serve

    with serve("app.py", f"--server.maxUploadSize={UPLOAD}", environ=environ) as address:
        yield address


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
