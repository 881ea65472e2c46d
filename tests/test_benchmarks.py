"""Run every benchmark once, small; check the rivals, and how benchmarks are found and printed."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from support.figures import assert_figures
from support.visit import ARGUMENTS, DESKTOP

from benchmarks import __main__ as command
from benchmarks import browser, code, compare, model_fit, start
from benchmarks.epoch import Timed
from benchmarks.live import NO_CACHE, find_chromium
from benchmarks.report import Row
from benchmarks.workbench import Workbench, wait_until_ready
from inits.engine.engine import Engine
from inits.sandbox.client import Sandbox

IN_A_BROWSER = ("browser", "code", "compare", "signal", "start")
LONG = (*IN_A_BROWSER, "crowd")
ELSEWHERE = ("cluster", "soak")  # run in tests/engine/test_cluster.py and tests/test_soak.py
NAMES = [
    pytest.param(
        name, marks=[pytest.mark.browser] * (name in IN_A_BROWSER) + [pytest.mark.benchmark] * (name in LONG)
    )
    for name in command.titles()
    if name not in ELSEWHERE
]


@dataclass(frozen=True, kw_only=True)
class SharedWorkbench(Workbench):
    """A small workbench that starts one browser and one process, and keeps them for all benchmarks.

    The browser keeps compiled scripts, as figures do not matter here.

    The app, the engine and its sandbox are those of the other tests.
    """

    app: str
    shared_engine: Engine
    small: bool = True
    stack: ExitStack = field(default_factory=ExitStack)
    kept: dict[str, Any] = field(default_factory=dict)

    def engine(self) -> AbstractContextManager[Engine]:
        wait_until_ready(self.shared_engine)
        return nullcontext(self.shared_engine)

    def sandbox(self) -> AbstractContextManager[Sandbox]:
        return nullcontext(self.shared_engine.sandbox)

    def serve(
        self, script: str = "app.py", environ: Mapping[str, str] = NO_CACHE
    ) -> AbstractContextManager[str]:
        return nullcontext(self.app) if script == "app.py" else super().serve(script, environ)

    @contextmanager
    def browser(self) -> Iterator[Browser]:
        with self._keep("window", self._window) as window:
            yield cast("Browser", SimpleNamespace(new_page=lambda **_: window.new_page()))
            for page in window.pages[1:]:  # the browser would end with its last page
                page.close()

    @contextmanager
    def _window(self) -> Iterator[BrowserContext]:
        with TemporaryDirectory() as folder, sync_playwright() as playwright:
            yield playwright.chromium.launch_persistent_context(
                folder, executable_path=find_chromium(), args=ARGUMENTS, viewport=DESKTOP
            )

    def in_new_process(self, function: Callable[..., Any], *arguments: object) -> Any:
        with self._keep("process", lambda: ProcessPoolExecutor(1, get_context("spawn"))) as pool:
            return pool.submit(function, *arguments).result()

    def _keep(self, name: str, start: Callable[[], AbstractContextManager[Any]]) -> nullcontext[Any]:
        if name not in self.kept:
            self.kept[name] = self.stack.enter_context(start())
        return nullcontext(self.kept[name])


@pytest.fixture(scope="module")
def shared(
    app: str, tmp_path_factory: pytest.TempPathFactory, engine: Engine
) -> Iterator[tuple[SharedWorkbench, ThreadPoolExecutor]]:
    """A workbench, and the thread that uses it: in this one the Playwright of other tests may be active."""
    environ = {"INITS_MNIST": "missing.npz", "KERAS_HOME": str(tmp_path_factory.mktemp("keras"))}
    bench = SharedWorkbench(app=app, shared_engine=engine)
    with mock.patch.dict(os.environ, environ), ThreadPoolExecutor(1) as thread:
        yield bench, thread
        thread.submit(bench.stack.close).result()


@pytest.mark.keras
@pytest.mark.skipif(os.name != "posix", reason="counts open files and uses the commands of a Unix shell")
@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_runs(name: str, shared: tuple[SharedWorkbench, ThreadPoolExecutor]) -> None:
    if name in IN_A_BROWSER and not find_chromium():
        assert not os.environ.get("CI"), "no browser"
        pytest.skip("no browser")
    bench, thread = shared
    rows: list[Row] = thread.submit(import_module(f"benchmarks.{name}").run, bench).result()
    assert_figures(rows)


@pytest.mark.benchmark
@pytest.mark.browser
def test_charts_of_the_wrong_kind_are_refused(shared: tuple[SharedWorkbench, ThreadPoolExecutor]) -> None:
    if not find_chromium():
        pytest.skip("no browser")
    bench, thread = shared

    def refused() -> None:
        ours, rival = '<div class="inits-chart"></div>', '<div data-testid="stPlotlyChart"></div>'
        with bench.browser() as chromium:
            page = chromium.new_page()
            for html, chart in ((ours, browser.OURS), (rival, browser.RIVAL)):
                page.set_content(html)
                browser.check(page, chart)
            for html, chart in ((ours, browser.RIVAL), (ours + rival, browser.RIVAL), ("", browser.OURS)):
                page.set_content(html)
                with pytest.raises(RuntimeError, match="must be"):
                    browser.check(page, chart)

    thread.submit(refused).result()


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (model_fit.check, ("keras.src.trainer", 10, 10), ("inits.training.training", 10, 10)),
        (model_fit.check, ("keras.src.trainer", 10, 10), ("keras.src.trainer", 9, 10)),
        (compare.check, (2, [Timed(0.1, 0.2, finished=4)]), (2, [Timed(0.1, 0.2, finished=0)])),
        (code.check, (f"{code.PRINTED}\n",), ("(784, 128) True True",)),
        (start.check, (start.HELLO, "👋 Welcome to Streamlit!"), (start.HELLO, "What does HeNormal draw?")),
        (start.check, ("app.py", "What does HeNormal draw?"), ("app.py", "Welcome to Streamlit!")),
    ],
)
def test_a_rival_that_is_none_is_refused(
    check: Callable[..., None],
    right: tuple[Any, ...],
    wrong: tuple[Any, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith("inits.training")]:
        monkeypatch.delitem(sys.modules, name)  # other tests import it
    defaults = mock.Mock()
    defaults.config.threading.get_intra_op_parallelism_threads.return_value = 0
    monkeypatch.setitem(sys.modules, "tensorflow", defaults)
    check(*right)
    with pytest.raises(RuntimeError):
        check(*wrong)


EXAMPLE = '''"""Measure a blink.

More words."""

from benchmarks.report import Row


def run(bench):
    print("blinking")
    return [
        Row("one blink", 0.1234, "s", 0.3, 12345.6, "a nap"),
        Row("eyes", bench.count(2, 1), ""),
    ]
'''
TABLE = """\
what       figure  unit  goal  rival
one blink  0.123   s     0.3   12,346 a nap
eyes       2"""


@pytest.fixture
def blink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with one benchmark, `blink`, and another module."""
    (tmp_path / "blink.py").write_text(EXAMPLE)
    (tmp_path / "helper.py").write_text("raise RuntimeError('must not be imported')\n")
    monkeypatch.setattr(command, "__file__", str(tmp_path / "__main__.py"))
    monkeypatch.setattr("benchmarks.__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "benchmarks.blink", raising=False)


def test_benchmarks_are_the_modules_with_a_run() -> None:
    found = command.titles()
    assert {"browser", "epoch", "start"} <= set(found)
    assert not {"chart_app", "explore_with_plotly", "live", "report", "visitor", "workbench"} & set(found)
    assert all(title and title != name for name, title in found.items())


@pytest.mark.usefixtures("blink")
@pytest.mark.parametrize("names", [[], ["blink"]])
def test_prints_a_table(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.titles() == {"blink": "Measure a blink."}
    assert "benchmarks.blink" not in sys.modules  # a list of titles imports none
    command.main(names)
    assert capsys.readouterr() == (f"Measure a blink.\n\n{TABLE}\n\n", "blinking\n")


@pytest.mark.usefixtures("blink")
@pytest.mark.parametrize(("option", "eyes"), [([], 2), (["--small"], 1)])
def test_prints_nothing_but_json(option: list[str], eyes: int, capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["blink", "--json", *option])
    printed = json.loads(capsys.readouterr().out)
    assert [Row(**row) for row in printed["blink"]] == [
        Row("one blink", 0.1234, "s", 0.3, 12345.6, "a nap"),
        Row("eyes", eyes, ""),
    ]


@pytest.mark.usefixtures("blink")
def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["blink", "wink"])
    assert "no benchmark named wink; there are blink" in capsys.readouterr().err
