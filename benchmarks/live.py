"""A real server and a real browser, for the benchmarks and the browser tests."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NO_CACHE = {
    "INITS_CACHE_MB": "0",
    "INITS_WEIGHTS_MB": "0",
}  # nothing is kept, and nothing is there from before
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The browser to drive: the setting CHROMIUM, or the first of `BROWSERS` that is installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser without a past."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serve(
    script: str, *options: str, base: str = "", seconds: float = 60, environ: Mapping[str, str] | None = None
) -> Iterator[str]:
    """The address of a fresh server that runs `script`, a path inside the repository, under `base`.

    `environ` is added to the environment.
    """
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", script]
    command += [f"--server.port={port}", "--server.headless=true"]
    command += [f"--server.baseUrlPath={base}", *options]
    address = f"http://127.0.0.1:{port}/{base}".rstrip("/")
    with TemporaryFile() as log:  # not a pipe: nobody empties it, and a full one stops the server
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **(environ or {})}
        )
        try:
            _wait(process, f"{address}/_stcore/health", seconds, log)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(seconds)
            finally:
                process.kill()  # one that does not end fails, and holds up nothing
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(process: subprocess.Popen, address: str, seconds: float, log: IO[bytes]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            log.seek(0)
            raise RuntimeError(f"The server ended.\n{log.read().decode()}")
        try:
            with urlopen(address, timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"The server did not answer within {seconds:g} s.")
