"""Start the servers, engines, browsers and processes that benchmarks measure, and set how much is measured."""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import sleep
from typing import TypeVar

from playwright.sync_api import Browser

from benchmarks.grid import Grid, started
from benchmarks.live import NO_CACHE, chromium, serve
from inits import settings
from inits.engine.engine import Engine
from inits.sandbox.client import Sandbox

T = TypeVar("T")
# No scheduler listens there: the server computes theory and starts no compute process.
NO_COMPUTE = {"INITS_SCHEDULER": "tcp://127.0.0.1:9"}


@dataclass(frozen=True)
class Workbench:
    """Start what a benchmark needs, each time anew.

    Attributes:
        small: measure once and little, on the stand-in's digits. The figures mean nothing; the benchmark has run.
    """

    small: bool = False

    @property
    def dataset(self) -> str:
        return "digits" if self.small else "mnist"

    def count(self, full: int, small: int = 1) -> int:
        """Return how often something is measured, or how much of it."""
        return small if self.small else full

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """Yield an engine that is ready and keeps no results. Raises RuntimeError when MNIST is missing."""
        with closing(Engine(replace(settings.read(), cache_mb=0))) as engine:
            wait_until_ready(engine)
            if self.dataset == "mnist" != engine.status.dataset:
                raise RuntimeError(f"This benchmark needs MNIST. {engine.status.why}")
            yield engine

    def sandbox(self) -> AbstractContextManager[Sandbox]:
        """Return a sandbox that has not started as a context manager."""
        return closing(Sandbox())

    def serve(
        self, script: str = "app.py", environ: Mapping[str, str] = NO_CACHE
    ) -> AbstractContextManager[str]:
        """Return a server as a context manager: it yields its address."""
        return serve(script, environ=environ)

    def grid(self, folder: Path, workers: int) -> AbstractContextManager[Grid]:
        """Return a cluster with its certificates in `folder` as a context manager."""
        return started(folder, workers)

    def browser(self) -> AbstractContextManager[Browser]:
        """Return a browser without a cache as a context manager."""
        return chromium()

    def in_new_process(self, function: Callable[..., T], *arguments: object) -> T:
        """Return the result of a function in a Python process that has imported nothing else."""
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            return pool.submit(function, *arguments).result()


def wait_until_ready(engine: Engine, slots: int = 1) -> None:
    """Return when the engine can train `slots` runs at once. Raises RuntimeError when it failed to start."""
    while not (engine.status.ready and engine.slots >= slots):
        if engine.status.error:
            raise RuntimeError(engine.status.error)
        sleep(0.05)
