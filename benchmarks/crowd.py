"""A class of 50 for 60 s: its sessions move sliders, watch a live run and switch pages."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from random import Random
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil

from benchmarks.live import server_process
from benchmarks.report import Row
from benchmarks.visits import PATIENCE, Visit, visit, wait_for
from benchmarks.workbench import Workbench
from pages.parts.page.catalog import PAGES

OTHER_PAGES = [name for name in PAGES if name not in ("explore", "train")]
STDDEVS = ("0.01", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07", "0.08", "0.09", "0.1")
LIVE = "starts=HeNormal;GlorotUniform;RandomNormal&hidden=3+x+1024&seeds=5&data="
SMALL = "starts=HeNormal&hidden=3x256&batch=8&data=digits&seed={}"
WAITS = re.compile(r"Waiting for its turn: .*, about ")
STEPS = re.compile(r"([\d,]+) of [\d,]+ steps")
FEWEST = 3  # times that progress was shown
ABSENCE = 6.0  # seconds without progress of the live run: the session was on another page


@dataclass(frozen=True)
class Class:
    """A class, and how it spends its time.

    Attributes:
        sessions: how many there are; one only watches the live run.
        seconds: how long they stay.
        think: seconds between two moves of a slider.
        watch: seconds that a session looks at the live run, before it goes to another page.
        moves: slider moves before it goes to another page.
        turns: how often a session changes what it does, at most.
        settle: seconds until memory is measured again: Streamlit keeps a closed session for two minutes.
        live: the query of the live run.
    """

    sessions: int = 50
    seconds: float = 60.0
    think: float = 2.0
    watch: float = 12.0
    moves: int = 6
    turns: int = 1_000_000
    settle: float = 150.0
    live: str = LIVE + "mnist"


SMALL_CLASS = Class(
    sessions=4, think=0.2, watch=1.0, moves=2, turns=1, settle=0.0, live=LIVE + "digits&batch=8"
)


@dataclass
class Log:
    """Measurements of all sessions of a class, which ends at `until`.

    Attributes:
        sliders, pages: seconds until all of the page was there.
        live: (when, session, steps of the live run that it was shown).
    """

    until: float
    sliders: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    live: list[tuple[float, int, int]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


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
        visitors = [_Visitor(size, number, log, Random(number)).stay(address) for number in numbers]
        watching = asyncio.create_task(_watch(first, size.sessions, log, log.until))
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


@dataclass(frozen=True)
class _Visitor:
    """A session that watches the live run, moves a slider and looks at other pages, again and again."""

    size: Class
    number: int
    log: Log
    random: Random

    async def stay(self, address: str) -> None:
        activities = (self._look_at_the_run, self._move_a_slider, self._look_at_pages)
        await asyncio.sleep(self.random.uniform(0, 2.5 * self.size.think))  # no two at the same instant
        try:
            async with visit(address) as one:
                await one.go("explore")
                turns = range(self.number, self.number + self.size.turns)
                for turn in takewhile(lambda _: perf_counter() < self.log.until, turns):
                    await activities[turn % 3](one)
                self.log.errors.extend(one.errors)
        except Exception as error:
            self.log.errors.append(f"{type(error).__name__}: {error}")

    async def _look_at_the_run(self, one: Visit) -> None:
        self.log.pages.append(await one.go("train", self.size.live))
        await _watch(one, self.number, self.log, min(self.log.until, perf_counter() + self.size.watch))

    async def _move_a_slider(self, one: Visit) -> None:
        self.log.pages.append(await one.go("explore", "init=RandomNormal"))
        for _ in range(self.size.moves):
            if await self._think():
                value = self.random.choice(STDDEVS)
                self.log.sliders.append(await one.set("explore.stddev", string_array_value=[value]))

    async def _look_at_pages(self, one: Visit) -> None:
        for page in self.random.sample(OTHER_PAGES, 2):
            if await self._think():
                self.log.pages.append(await one.go(page))

    async def _think(self) -> bool:
        """Pause. Returns True while there is time left."""
        await asyncio.sleep(self.random.uniform(0.5, 1.5) * self.size.think)
        return perf_counter() < self.log.until


async def _watch(one: Visit, number: int, log: Log, until: float) -> None:
    """Record the progress of the live run that a session is shown."""
    while (left := until - perf_counter()) > 0:
        one.news.clear()
        try:
            await asyncio.wait_for(one.news.wait(), left)
        except TimeoutError:
            return
        if found := STEPS.match(one.progress):
            log.live.append((perf_counter(), number, int(found[1].replace(",", ""))))


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
