"""A long day: 2,000 runs and 20,000 slider moves, and the resources of each process meanwhile."""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil

from benchmarks.classroom import STDDEVS
from benchmarks.live import server_process
from benchmarks.report import Row
from benchmarks.visits import PATIENCE, Visit, visit, wait_for
from benchmarks.workbench import Workbench

RUNS = int(os.environ.get("SOAK_RUNS", "2000"))
MOVES_A_RUN = 10
SLIDING, RUNNING = 4, 2  # sessions at once
VISIT = 20  # runs, or ten times as many moves, before a new session takes the place
RUN = "starts=HeNormal&hidden=8&batch=512&data=digits&seed={}"
SAMPLES = 40
ENVIRON = {"INITS_CACHE_MB": "20", "INITS_MNIST": "missing.npz"}


@dataclass(frozen=True)
class Sample:
    """The resources of a process: memory in MB, open files, threads, blocks of shared memory, libraries."""

    memory: float
    files: int
    threads: int
    shared: int
    libraries: frozenset[str]


@dataclass
class Day:
    """The progress of a day, and the samples of each process by its name.

    Attributes:
        goal: runs of the whole day; there are ten times as many slider moves.
    """

    goal: int
    runs: int = 0
    moves: int = 0
    samples: list[dict[str, Sample]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Return the share of the day that is over."""
        return min(self.runs / self.goal, self.moves / (MOVES_A_RUN * self.goal))

    def second_half(self, name: str) -> tuple[Sample, Sample]:
        """Return the samples of a process half way and at the end."""
        return self.samples[len(self.samples) // 2][name], self.samples[-1][name]


def run(bench: Workbench) -> list[Row]:
    with TemporaryDirectory() as cache, bench.serve(environ={**ENVIRON, "INITS_CACHE": cache}) as address:
        began = perf_counter()
        day = wait_for(live_through(address, RUNS))
        return report(day, perf_counter() - began)


def report(day: Day, seconds: float) -> list[Row]:
    """Return the figures of a day that took some seconds; print its errors, and the memory of each process."""
    rows = [Row(f"{day.goal:,} runs and {MOVES_A_RUN * day.goal:,} slider moves", seconds, "s")]
    for error in sorted(set(day.errors)):
        print(f"error: {error} ({day.errors.count(error)} times)")
    for name in day.samples[0]:
        print(name, *(f"{sample[name].memory:.0f}" for sample in day.samples), "MB")
        half, end = day.second_half(name)
        rows += [
            Row(f"{name} process half way", half.memory, "MB"),
            Row(f"{name} process at the end", end.memory, "MB"),
            Row(f"{name} process, growth over the second half", 100 * (end.memory / half.memory - 1), "%"),
            Row(f"{name} process, more open files than half way", end.files - half.files, ""),
            Row(f"{name} process, more threads than half way", end.threads - half.threads, ""),
            Row(f"{name} process, more shared blocks than half way", end.shared - half.shared, ""),
        ]
    return [*rows, Row("errors", len(day.errors), "")]


async def live_through(address: str, runs: int) -> Day:
    """Visit a server in several sessions that make `runs` runs and ten times as many slider moves."""
    web = server_process(address)
    async with visit(address) as first:
        await first.go("explore")
        while "explore.pixels" not in first.widgets:  # Keras has drawn
            await asyncio.sleep(0.5)
    (compute,) = (one for one in web.children(recursive=True) if one.nice() == 10)
    processes, day = {"web": web, "compute": compute}, Day(runs)
    sessions = [_runs(address, day) for _ in range(RUNNING)] + [_slides(address, day) for _ in range(SLIDING)]
    visits = asyncio.gather(*sessions)
    while not visits.done():
        await asyncio.sleep(0.2)
        if day.share * SAMPLES >= len(day.samples):
            day.samples.append({name: _sample(process) for name, process in processes.items()})
    await visits
    return day


def _sample(process: psutil.Process) -> Sample:
    mapped = [Path(block.path) for block in process.memory_maps()]
    shared = sum(path.parts[:3] == ("/", "dev", "shm") for path in mapped)
    libraries = frozenset(part for path in mapped if path.suffix == ".so" for part in path.parts)
    memory = process.memory_info().rss / 1e6
    return Sample(memory, process.num_fds(), process.num_threads(), shared, libraries)


async def _runs(address: str, day: Day) -> None:
    """Run one experiment after the other, each with another seed."""
    while day.runs < day.goal:
        async with visit(address) as one:
            await one.go("explore")
            for _ in range(VISIT):
                seed = day.runs
                day.runs += 1
                if seed >= day.goal:
                    break
                await one.go("train", RUN.format(seed))
                one.widgets.pop("train.csv", None)  # of the previous run
                await one.set("train.run", trigger_value=True)
                await _over(one)
                await one.go("choose")
            day.errors += one.errors


async def _over(one: Visit) -> None:
    """Return when the page shows the result."""
    async with asyncio.timeout(PATIENCE):
        while "train.csv" not in one.widgets:
            one.news.clear()
            await one.news.wait()


async def _slides(address: str, day: Day) -> None:
    """Move a slider, again and again."""
    while day.moves < MOVES_A_RUN * day.goal:
        async with visit(address) as one:
            await one.go("explore", "init=RandomNormal")
            for move in range(MOVES_A_RUN * VISIT):
                if day.moves >= MOVES_A_RUN * day.goal:
                    break
                await one.set("explore.stddev", string_array_value=[STDDEVS[move % len(STDDEVS)]])
                day.moves += 1
            day.errors += one.errors
