"""A class of 50 for 60 s: they move sliders, watch a live run and switch pages."""

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

from benchmarks.live import serve
from benchmarks.report import Row
from benchmarks.visits import PATIENCE, Visit, visit
from pages.parts.page.catalog import PAGES

CLASS = 50
SECONDS = 60.0
THINK = 2.0  # seconds between two moves of a slider
WATCH, MOVES = 12.0, 6  # seconds at the live run, then so many moves, then another page
OTHERS = [name for name in PAGES if name not in ("explore", "train")]
STDDEVS = ("0.01", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07", "0.08", "0.09", "0.1")
LIVE = "starts=HeNormal;GlorotUniform;RandomNormal&hidden=3+x+1024&seeds=5&data=mnist"
SMALL = "starts=HeNormal&hidden=3x256&batch=8&data=digits&seed={}"
WAITS = re.compile(r"Waiting for its turn: .*, about ")
STEPS = re.compile(r"([\d,]+) of [\d,]+ steps")
SETTLE = 150.0  # seconds: Streamlit keeps a session that has hung up for two minutes


@dataclass
class Seen:
    """What the class saw. `live`: (when, session, steps of the live run that it was shown)."""

    sliders: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    live: list[tuple[float, int, int]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def run() -> list[Row]:
    with _server() as address:
        rows = asyncio.run(_class(address, _web()))
    with _server() as address:  # another: the run of the class goes on
        return [*rows, *asyncio.run(_pressed(address))]


@contextmanager
def _server() -> Iterator[str]:
    with TemporaryDirectory() as cache, serve("app.py", environ={"INITS_CACHE": cache}) as address:
        yield address


def _web() -> psutil.Process:
    return next(child for child in psutil.Process().children() if "app.py" in child.cmdline())


async def _class(address: str, web: psutil.Process) -> list[Row]:
    async with visit(address) as first:
        await _drawn(first)
        for page in OTHERS:
            await first.go(page)
        before = web.memory_info().rss
        await first.go("train", LIVE)
        await first.set("train.run", trigger_value=True)
        async with asyncio.timeout(PATIENCE):
            while not STEPS.match(first.progress):
                await asyncio.sleep(0.1)
        seen, peak = Seen(), [before]
        sampling = asyncio.create_task(_sample(web, peak))
        cpu, began = web.cpu_times(), perf_counter()
        until = began + SECONDS
        watcher = asyncio.create_task(_watch(first, CLASS, seen, until))
        people = [_person(address, number, seen, until) for number in range(CLASS - 1)]
        await asyncio.gather(watcher, *people)
        used = web.cpu_times()
        load = (used.user + used.system - cpu.user - cpu.system) / (perf_counter() - began)
        if first.progress == "":
            seen.errors.append("the live run was over too early")
    await asyncio.sleep(SETTLE)
    sampling.cancel()
    after = web.memory_info().rss
    for error in sorted(set(seen.errors)):
        print(f"error: {error} ({seen.errors.count(error)} times)")
    ages = _ages(seen.live)
    return [
        Row(
            f"{CLASS} sessions: slider moved to all of the page, p50",
            1000 * _quantile(seen.sliders, 50),
            "ms",
        ),
        Row(
            f"{CLASS} sessions: slider moved to all of the page, p95",
            1000 * _quantile(seen.sliders, 95),
            "ms",
            300,
        ),
        Row(f"{CLASS} sessions: slider moves", len(seen.sliders), ""),
        Row(f"{CLASS} sessions: age of the live curve, p50", _quantile(ages, 50), "s"),
        Row(f"{CLASS} sessions: age of the live curve, p95", _quantile(ages, 95), "s", 1.5),
        Row(f"{CLASS} sessions: another page, p95", 1000 * _quantile(seen.pages, 95), "ms"),
        Row("web process, of one core", 100 * load, "%"),
        Row("web process before", before / 1e6, "MB"),
        Row("web process at most", max(peak) / 1e6, "MB", 350),
        Row("web process afterwards", after / 1e6, "MB"),
        Row("errors", len(seen.errors), "", 0),
    ]


async def _drawn(one: Visit) -> None:
    """Open Explore, and wait until Keras has drawn."""
    await one.go("explore")
    while "explore.pixels" not in one.widgets:
        await asyncio.sleep(0.5)


async def _pressed(address: str) -> list[Row]:
    """All press Run: on the same experiment, then each on one of their own."""
    async with visit(address) as first:
        await _drawn(first)
    alone, same, different = [
        await _press(address, seeds) for seeds in ([1], [2] * CLASS, range(3, 3 + CLASS))
    ]
    errors = [*alone.errors, *same.errors, *different.errors]
    for error in sorted(set(errors)):
        print(f"error: {error} ({errors.count(error)} times)")
    to, many = "Run pressed to the result", f"{CLASS} sessions"
    return [
        Row(f"{to}: one session", max(alone.results), "s"),
        Row(f"{to}: {many}, the same experiment, the last", max(same.results), "s"),
        Row(f"{to}: {many}, {CLASS} experiments, p50", _quantile(different.results, 50), "s"),
        Row(f"{to}: {many}, {CLASS} experiments, the last", max(different.results), "s"),
        Row("of them told their place and the wait", len(different.told), ""),
        Row("errors", len(errors), "", 0),
    ]


@dataclass
class Pressed:
    """Seconds until each saw the result, and who were told a place in the queue."""

    results: list[float] = field(default_factory=list)
    told: set[int] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


async def _press(address: str, seeds: Sequence[int]) -> Pressed:
    found = Pressed()

    async def press(number: int, one: Visit) -> float:
        began = perf_counter()
        await one.set("train.run", trigger_value=True)
        async with asyncio.timeout(PATIENCE):
            while "train.csv" not in one.widgets:
                one.news.clear()
                await one.news.wait()
                if WAITS.match(one.progress):
                    found.told.add(number)
        return perf_counter() - began

    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(visit(address)) for _ in seeds]
        for one, seed in zip(people, seeds, strict=True):
            await one.go("explore")
            await one.go("train", SMALL.format(seed))
            assert "train.csv" not in one.widgets
        found.results = await asyncio.gather(*(press(*numbered) for numbered in enumerate(people)))
        found.errors = [error for one in people for error in one.errors]
    return found


async def _sample(web: psutil.Process, peak: list[int]) -> None:
    while True:
        peak.append(web.memory_info().rss)
        await asyncio.sleep(0.5)


async def _person(address: str, number: int, seen: Seen, until: float) -> None:
    """One of the class: watches the live run, moves a slider, looks at another page, again and again."""
    chance = Random(number)
    await asyncio.sleep(chance.uniform(0, 5))  # nobody opens a page at the same instant
    try:
        async with visit(address) as one:
            await one.go("explore")
            turn = number
            while perf_counter() < until:
                if turn % 3 == 0:
                    seen.pages.append(await one.go("train", LIVE))
                    await _watch(one, number, seen, min(until, perf_counter() + WATCH))
                elif turn % 3 == 1:
                    seen.pages.append(await one.go("explore", "init=RandomNormal"))
                    for _ in range(MOVES):
                        await asyncio.sleep(chance.uniform(0.5, 1.5) * THINK)
                        if perf_counter() < until:
                            value = chance.choice(STDDEVS)
                            seen.sliders.append(await one.set("explore.stddev", string_array_value=[value]))
                else:
                    for page in chance.sample(OTHERS, 2):
                        await asyncio.sleep(chance.uniform(0.5, 1.5) * THINK)
                        if perf_counter() < until:
                            seen.pages.append(await one.go(page))
                turn += 1
            seen.errors.extend(one.errors)
    except Exception as error:
        seen.errors.append(f"{type(error).__name__}: {error}")


async def _watch(one: Visit, number: int, seen: Seen, until: float) -> None:
    while (left := until - perf_counter()) > 0:
        one.news.clear()
        try:
            await asyncio.wait_for(one.news.wait(), left)
        except TimeoutError:
            return
        if found := STEPS.match(one.progress):
            seen.live.append((perf_counter(), number, int(found[1].replace(",", ""))))


def _ages(live: Sequence[tuple[float, int, int]]) -> list[float]:
    """How old what each session shows is, ten times a second: since when anybody had been shown more than that."""
    news: list[tuple[float, int]] = []  # when so many steps were first seen, by anybody
    for when, _, steps in sorted(live):
        if not news or steps > news[-1][1]:
            news.append((when, steps))
    ages = []
    for number in {number for _, number, _ in live}:
        mine = [(when, steps) for when, who, steps in live if who == number]
        for (when, steps), (then, _) in pairwise(mine):
            if then - when > WATCH / 2:
                continue  # it was elsewhere in between
            newer = next((first for first, known in news if known > steps), then)
            ages += [max(0.0, when + tick / 10 - newer) for tick in range(int(10 * (then - when)) + 1)]
    return ages


def _quantile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]
