"""The sessions of a class: what each does, and what it measures."""

import asyncio
import re
from dataclasses import dataclass, field
from itertools import takewhile
from random import Random
from time import perf_counter

from benchmarks.visits import Visit, visit
from pages.parts.page.catalog import PAGES

OTHER_PAGES = [name for name in PAGES if name not in ("explore", "train")]


STDDEVS = ("0.01", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07", "0.08", "0.09", "0.1")


LIVE = "starts=HeNormal;GlorotUniform;RandomNormal&hidden=3+x+1024&seeds=5&data="


STEPS = re.compile(r"([\d,]+) of [\d,]+ steps")


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


@dataclass(frozen=True)
class Visitor:
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
        await watch_run(one, self.number, self.log, min(self.log.until, perf_counter() + self.size.watch))

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


async def watch_run(one: Visit, number: int, log: Log, until: float) -> None:
    """Record the progress of the live run that a session is shown."""
    while (left := until - perf_counter()) > 0:
        one.news.clear()
        try:
            await asyncio.wait_for(one.news.wait(), left)
        except TimeoutError:
            return
        if found := STEPS.match(one.progress):
            log.live.append((perf_counter(), number, int(found[1].replace(",", ""))))
