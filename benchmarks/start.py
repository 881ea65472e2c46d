"""From the start of the web process to its first page, and what that process weighs: medians of five."""

from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.request import urlopen

import psutil
import streamlit
from playwright.sync_api import Browser

from benchmarks.live import NO_CACHE, chromium, serve
from benchmarks.report import Row
from benchmarks.visitor import explore, train

RUNS = 5
HELLO = str(Path(streamlit.__file__).parent / "hello" / "streamlit_app.py")
RIVAL = "streamlit hello"
MORE = 1.5  # seconds that we may take beyond the rival
FIRST_PAGE = "[data-testid=stApp][data-test-script-state=notRunning] h1"  # the first run is over, and shows


def run() -> list[Row]:
    ours, rival = _starts("app.py", HELLO)
    memory, libraries = _weight()
    return [
        Row("process start to server ready", ours[0], "s", rival[0] + MORE, rival[0], RIVAL),
        Row("process start to first page", ours[1], "s", rival[1] + MORE, rival[1], RIVAL),
        Row("web process after Explore and a training: memory", memory, "MB", goal=200),
        Row("web process after Explore and a training: TensorFlow libraries", libraries, "files", goal=0),
    ]


def _starts(*scripts: str) -> list[tuple[float, float]]:
    """Median seconds to "server ready" and to the first page of each script; they take turns."""
    seconds = [([], []) for _ in scripts]
    for turn in range(-1, RUNS):
        for script, waits in zip(scripts, seconds, strict=True):
            with chromium() as browser:
                start = _start(browser, script)
            if turn >= 0:  # the turn before fills the disk cache
                for wait, value in zip(waits, start, strict=True):
                    wait.append(value)
    return [(median(ready), median(page)) for ready, page in seconds]


def _start(browser: Browser, script: str) -> tuple[float, float]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    began = perf_counter()
    with serve(script) as address:
        with urlopen(address):  # raises unless the status is 200
            ready = perf_counter() - began
        page.goto(address)
        page.wait_for_selector(FIRST_PAGE)
        return ready, perf_counter() - began


def _weight() -> tuple[float, int]:
    """Megabytes and loaded TensorFlow libraries of the web process alone, after a visitor's work."""
    with serve("app.py", environ=NO_CACHE) as address, chromium() as browser:
        web = next(child for child in psutil.Process().children() if "app.py" in child.cmdline())
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        explore(page, address)
        train(page, f"{address}/train")
        if not any(_tensorflow(child) for child in web.children(recursive=True)):
            raise RuntimeError("TensorFlow was not found in the compute process, where it must be.")
        return web.memory_info().rss / 1e6, _tensorflow(web)


def _tensorflow(process: psutil.Process) -> int:
    """How many of TensorFlow's libraries a process has mapped."""
    return sum("tensorflow" in Path(library.path).name for library in process.memory_maps())
