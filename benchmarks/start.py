"""From the start of the web process to its first page, and the memory of that process: medians of five."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.request import urlopen

import psutil
import streamlit
from playwright.sync_api import Browser

from benchmarks.live import serve, server_process
from benchmarks.report import Row
from benchmarks.visitor import explore, train
from benchmarks.workbench import NO_COMPUTE, Workbench

STARTS = 5
HELLO = str(Path(streamlit.__file__).parent / "hello" / "streamlit_app.py")
RIVAL, RIVAL_TITLE = "streamlit hello", "Welcome to Streamlit"
FIRST_PAGE = "[data-testid=stApp][data-test-script-state=notRunning] h1"  # the first run is over


def run(bench: Workbench) -> list[Row]:
    ours, rival = _starts(bench, "app.py", HELLO)
    rows = [
        Row("process start to server ready", ours[0], "s", None, rival[0], RIVAL),
        Row("process start to first page", ours[1], "s", None, rival[1], RIVAL),
    ]
    if bench.small:
        return rows
    memory, libraries = _weight(bench)
    return [
        *rows,
        Row("web process after Explore and a training: memory", memory, "MB"),
        Row("web process after Explore and a training: TensorFlow libraries", libraries, "files"),
    ]


def _starts(bench: Workbench, *scripts: str) -> list[tuple[float, float]]:
    """Return the median seconds to "server ready" and to the first page of each script; they take turns."""
    seconds: list[tuple[list[float], list[float]]] = [([], []) for _ in scripts]
    for turn in range(bench.count(-1, 0), bench.count(STARTS)):
        for script, waits in zip(scripts, seconds, strict=True):
            with bench.browser() as browser:
                ready, page = _start(browser, script, NO_COMPUTE if bench.small else {})
            if turn >= 0:  # the turn before fills the disk cache
                waits[0].append(ready)
                waits[1].append(page)
    return [(median(ready), median(page)) for ready, page in seconds]


def _start(browser: Browser, script: str, environ: Mapping[str, str]) -> tuple[float, float]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    began = perf_counter()
    with serve(script, environ=environ) as address:
        with urlopen(address):  # raises unless the status is 200
            ready = perf_counter() - began
        page.goto(address)
        page.wait_for_selector(FIRST_PAGE)
        first = perf_counter() - began
        check(script, page.locator("h1").first.inner_text())
        return ready, first


def check(script: str, title: str) -> None:
    """Raise RuntimeError unless the title is that of the script's first page: ours, or the rival's."""
    if (RIVAL_TITLE in title) != (script == HELLO):
        raise RuntimeError(f"The first page of {script} has an unexpected title: {title!r}.")


def _weight(bench: Workbench) -> tuple[float, int]:
    """Return the megabytes and the number of TensorFlow libraries of the web process alone, after a visit."""
    with bench.serve() as address, bench.browser() as browser:
        web = server_process(address)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        explore(page, address)
        train(page, f"{address}/train?data={bench.dataset}")
        if not any(_tensorflow(child) for child in web.children(recursive=True)):
            raise RuntimeError("TensorFlow was not found in the compute process, where it must be.")
        return web.memory_info().rss / 1e6, _tensorflow(web)


def _tensorflow(process: psutil.Process) -> int:
    """Return how many of TensorFlow's libraries a process has mapped."""
    return sum("tensorflow" in Path(library.path).name for library in process.memory_maps())
