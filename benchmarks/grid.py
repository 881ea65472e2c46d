"""Start a cluster on this machine with the commands of docs/CLUSTER.md, for tests and benchmarks."""

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import sleep

import psutil
from distributed import Security

from benchmarks.live import ROOT, free_port
from inits.engine import certificates
from inits.settings import Settings

COMMAND = re.compile(
    r"^(?:DASK_CONFIG=\S+ )?(dask scheduler|dask worker|python -m inits\.engine\.certificates) .*", re.M
)


@dataclass(frozen=True)
class Grid:
    """A scheduler at a port of this machine, workers with one slot each, and the folder of their TLS files."""

    port: int
    folder: Path
    scheduler: psutil.Popen
    workers: list[psutil.Popen]

    def settings(self, cache: Path, cache_mb: int = 50) -> Settings:
        """Return the settings of a web server with its own cache."""
        ca, cert, key = (self.folder / name for name in certificates.NAMES)
        return Settings(
            mnist=None,
            scheduler=f"tls://127.0.0.1:{self.port}",
            tls_ca=ca,
            tls_cert=cert,
            tls_key=key,
            cores=2,
            cache=cache,
            cache_mb=cache_mb,
        )

    @property
    def security(self) -> Security:
        ca, cert, key = (str(self.folder / name) for name in certificates.NAMES)
        return Security(tls_ca_file=ca, tls_client_cert=cert, tls_client_key=key, require_encryption=True)


@contextmanager
def started(folder: Path, workers: int = 2) -> Iterator[Grid]:
    """Yield a cluster whose scheduler listens, with its certificates in `folder`; end all its processes afterwards."""
    port, known = free_port(), commands()

    def start(name: str) -> psutil.Popen:
        environ, words = _command(known[name], folder, port)
        return psutil.Popen(
            words, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    if start("python -m inits.engine.certificates").wait():
        raise RuntimeError("The certificates could not be made.")
    processes = [start("dask scheduler"), *(start("dask worker") for _ in range(workers))]
    try:
        while not _listens(port):
            if processes[0].poll() is not None:
                raise RuntimeError("The scheduler ended.")
            sleep(0.1)
        yield Grid(port, folder, processes[0], processes[1:])
    finally:
        for process in reversed(processes):
            _end(process)


def commands() -> dict[str, str]:
    """Return the commands in docs/CLUSTER.md by what they start."""
    text = (ROOT / "docs" / "CLUSTER.md").read_text(encoding="utf-8")
    return {found[1]: found[0] for found in COMMAND.finditer(text)}


def _command(line: str, folder: Path, port: int) -> tuple[dict[str, str], list[str]]:
    """Return the environment and the arguments of a command, changed for this machine without a network."""
    line = line.replace("10.0.0.1:8786", f"127.0.0.1:{port}").replace("--port 8786", f"--port {port}")
    line = re.sub(r"10\.0\.0\.\d", "127.0.0.1", line).replace("training=4", "training=1")
    line = line.replace("tls/", f"{folder}/").replace("certificates tls", f"certificates {folder}")
    words = shlex.split(line)
    given = dict(word.split("=", 1) for word in words if word.startswith("DASK_CONFIG="))
    program, *arguments = words[len(given) :]
    environ = {
        **os.environ,
        "INITS_MNIST": "missing.npz",
        "KERAS_HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        **dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9"),
        **given,
    }
    python = [sys.executable] if program == "python" else [sys.executable, "-m", program]
    return environ, [*python, *arguments]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end(process: psutil.Popen) -> None:
    with suppress(psutil.Error):
        for child in process.children(recursive=True):
            with suppress(psutil.Error):
                child.kill()
    process.kill()
    process.wait()
