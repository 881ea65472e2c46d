"""A class of 50 for 60 s: its sessions move sliders, watch a live run and switch pages."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil

from benchmarks.classroom import (
    OTHER_PAGES,
    SMALL_CLASS,
    STEPS,
    Class,
    Log,
    Visitor,
    watch_run,
)
from benchmarks.live import server_process
from benchmarks.report import Row
from benchmarks.visits import PATIENCE, Visit, visit, wait_for
from benchmarks.workbench import Workbench

SMALL = "starts=HeNormal&hidden=3x256&batch=8&data=digits&seed={}"
WAITS = re.compile(r"Waiting for its turn: .*, about ")
FEWEST = 3  # times that progress was shown
ABSENCE = 6.0  # seconds without progress of the live run: the session was on another page


def run(bench: Workbench) -> list[Row]:
    size = SMALL_CLASS if bench.small else Class()
    with _server(bench) as address:
        rows = wait_for(_class(address, size))
    with _server(bench) as address:
        return [*rows, *wait_for(_pressed(address, size.sessions))]


@contextmanager
def _server(bench: Workbench) -> Iterator[str]:
    with TemporaryDirectory() as cache, bench.serve(environ={"INITS_CACHE": cache}) as address:
        yield address


async def _class(address: str, size: Class) -> list[Row]:
    web = server_process(address)
    async with visit(address) as first:
        await _wait_for_keras(first)
        for page in OTHER_PAGES:
            await first.go(page)
        before = web.memory_info().rss
        peak = [before]
        await _begin_live_run(first, size)
        sampling = asyncio.create_task(_sample(web, peak))
        cpu, began = _cpu(web), perf_counter()
        log = Log(began + size.seconds)
        numbers = range(size.sessions - 1)
        visitors = [Visitor(size, number, log, Random(number)).stay(address) for number in numbers]
        watching = asyncio.create_task(watch_run(first, size.sessions, log, log.until))
        await asyncio.gather(*visitors)
        async with asyncio.timeout(PATIENCE):
            while len(log.live) < FEWEST:
                await asyncio.sleep(0.1)
        watching.cancel()
        load = (_cpu(web) - cpu) / (perf_counter() - began)
        if first.progress == "":
            log.errors.append("the live run ended too early")
        else:
            await first.set("train.stop", trigger_value=True)
    await asyncio.sleep(size.settle)
    sampling.cancel()
    _print_errors(log.errors)
    return [
        *_latencies(log, size),
        Row("web process, of one core", 100 * load, "%"),
        Row("web process before", before / 1e6, "MB"),
        Row("web process at most", max(peak) / 1e6, "MB"),
        Row("web process afterwards", web.memory_info().rss / 1e6, "MB"),
        Row("errors", len(log.errors), ""),
    ]


async def _begin_live_run(one: Visit, size: Class) -> None:
    """Start the run that the class watches, and wait for its first steps."""
    await one.go("train", size.live)
    await one.set("train.run", trigger_value=True)
    async with asyncio.timeout(PATIENCE):
        while not STEPS.match(one.progress):
            await asyncio.sleep(0.1)


def _latencies(log: Log, size: Class) -> list[Row]:
    """Return how long the sessions waited for pages, sliders and the live curve."""
    ages, name = _ages(log.live), f"{size.sessions} sessions"
    slider, age = f"{name}: slider moved to all of the page", f"{name}: age of the live curve"
    return [
        Row(f"{slider}, p50", 1000 * _quantile(log.sliders, 50), "ms"),
        Row(f"{slider}, p95", 1000 * _quantile(log.sliders, 95), "ms"),
        Row(f"{name}: slider moves", len(log.sliders), ""),
        Row(f"{age}, p50", _quantile(ages, 50), "s"),
        Row(f"{age}, p95", _quantile(ages, 95), "s"),
        Row(f"{name}: another page, p95", 1000 * _quantile(log.pages, 95), "ms"),
    ]


async def _wait_for_keras(one: Visit) -> None:
    """Open Explore, and wait for the weights that Keras drew."""
    await one.go("explore")
    while "explore.pixels" not in one.widgets:
        await asyncio.sleep(0.5)


async def _sample(web: psutil.Process, peak: list[int]) -> None:
    while True:
        peak.append(web.memory_info().rss)
        await asyncio.sleep(0.5)


def _cpu(process: psutil.Process) -> float:
    """Return the seconds of a core that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _ages(live: Sequence[tuple[float, int, int]]) -> list[float]:
    """Return how old the progress of each session is, ten times a second: since when another was shown more."""
    news: list[tuple[float, int]] = []  # when a number of steps was first shown in any session
    for when, _, steps in sorted(live):
        if not news or steps > news[-1][1]:
            news.append((when, steps))
    ages = []
    for number in {number for _, number, _ in live}:
        own = [(when, steps) for when, session, steps in live if session == number]
        for (when, steps), (then, _) in pairwise(own):
            if then - when > ABSENCE:
                continue
            newer = next((first for first, known in news if known > steps), then)
            ages += [max(0.0, when + tick / 10 - newer) for tick in range(int(10 * (then - when)) + 1)]
    return ages


@dataclass
class Pressed:
    """Measurements of sessions that pressed Run at the same time.

    Attributes:
        results: seconds until each was shown the result.
        queued: sessions that were shown their place in the queue and the time to wait.
    """

    results: list[float] = field(default_factory=list)
    queued: set[int] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


async def _pressed(address: str, sessions: int) -> list[Row]:
    """Press Run in all sessions: on the same experiment, then on a different one in each."""
    async with visit(address) as first:
        await _wait_for_keras(first)
    alone = await _press(address, [1])
    same = await _press(address, [2] * sessions)
    different = await _press(address, range(3, 3 + sessions))
    errors = [*alone.errors, *same.errors, *different.errors]
    _print_errors(errors)
    pressed, many = "Run pressed to the result", f"{sessions} sessions"
    return [
        Row(f"{pressed}: one session", max(alone.results), "s"),
        Row(f"{pressed}: {many}, the same experiment, the last", max(same.results), "s"),
        Row(f"{pressed}: {many}, {sessions} experiments, p50", _quantile(different.results, 50), "s"),
        Row(f"{pressed}: {many}, {sessions} experiments, the last", max(different.results), "s"),
        Row("of them shown their place and the wait", len(different.queued), ""),
        Row("errors after Run", len(errors), ""),
    ]


async def _press(address: str, seeds: Sequence[int]) -> Pressed:
    """Press Run in one session for each seed."""
    found = Pressed()

    async def press(number: int, one: Visit) -> float:
        began = perf_counter()
        await one.set("train.run", trigger_value=True)
        async with asyncio.timeout(PATIENCE):
            while "train.csv" not in one.widgets:
                one.news.clear()
                await one.news.wait()
                if WAITS.match(one.progress):
                    found.queued.add(number)
        return perf_counter() - began

    async with AsyncExitStack() as stack:
        visitors = [await stack.enter_async_context(visit(address)) for _ in seeds]
        for one, seed in zip(visitors, seeds, strict=True):
            await one.go("explore")
            await one.go("train", SMALL.format(seed))
            assert "train.csv" not in one.widgets
        found.results = await asyncio.gather(*(press(*numbered) for numbered in enumerate(visitors)))
        found.errors = [error for one in visitors for error in one.errors]
    return found


def _print_errors(errors: Sequence[str]) -> None:
    for error in sorted(set(errors)):
        print(f"error: {error} ({errors.count(error)} times)")


def _quantile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]
