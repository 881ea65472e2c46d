"""Start a real server and a real browser, for benchmarks and browser tests."""

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
from urllib.parse import urlsplit
from urllib.request import urlopen

import psutil
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
)  # the first costs a tenth less
NO_CACHE = {"INITS_CACHE_MB": "0", "INITS_WEIGHTS_MB": "0"}  # no result is kept on disk or read from it
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
    """Return the browser in the environment variable CHROMIUM, or the first of `BROWSERS` that is installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless browser with an empty cache."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serve(
    script: str,
    *options: str,
    base: str = "",
    seconds: float = 60,
    environ: Mapping[str, str] | None = None,
    output: Path | None = None,
) -> Iterator[str]:
    """Yield the address of a new server.

    Args:
        script: a path, from the root of the repository.
        options: of `streamlit run`.
        base: the path of the address under which the app is served.
        seconds: how long to wait for the server to start and to end.
        environ: added to the environment.
        output: a new file for what the server writes to the terminal.

    Raises:
        RuntimeError: the server ended or did not answer in time.
    """
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", script]
    command += [f"--server.port={port}", "--server.headless=true"]
    command += [f"--server.baseUrlPath={base}", *options]
    address = f"http://127.0.0.1:{port}/{base}".rstrip("/")
    with (
        output.open("wb+") if output else TemporaryFile() as log
    ):  # a pipe that is not read would fill up and stop the server
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
                process.kill()  # a server that does not end raises TimeoutExpired, and is gone
                process.wait()


def server_process(address: str) -> psutil.Process:
    """Return the process of the server at an address, started by this process."""
    option = f"--server.port={urlsplit(address).port}"
    return next(child for child in psutil.Process().children() if option in child.cmdline())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], address: str, seconds: float, log: IO[bytes]) -> None:
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
