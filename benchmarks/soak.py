"""A long day: 2,000 runs and 20,000 slider moves, and what each process has as they pass."""

import asyncio
import os
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil

from benchmarks.crowd import STDDEVS
from benchmarks.live import serve
from benchmarks.report import Row
from benchmarks.visits import PATIENCE, Visit, visit

RUNS = int(os.environ.get("SOAK_RUNS", "2000"))
MOVES = 10 * RUNS
SLIDING, RUNNING = 4, 2  # sessions at once
VISIT = 20  # runs, or ten times as many moves, until somebody else takes the place
RUN = "starts=HeNormal&hidden=8&batch=512&data=digits&seed={}"
SAMPLES = 40


@dataclass
class Sample:
    """What a process has: memory in MB, open files, threads."""

    memory: float
    files: int
    threads: int


@dataclass
class Day:
    """How far it is."""

    runs: int = 0
    moves: int = 0

    @property
    def share(self) -> float:
        return min(self.runs / RUNS, self.moves / MOVES)


def run() -> list[Row]:
    environ = {"INITS_CACHE_MB": "20", "INITS_MNIST": "missing.npz"}
    with TemporaryDirectory() as cache, serve("app.py", environ={**environ, "INITS_CACHE": cache}) as address:
        return asyncio.run(_day(address))


async def _day(address: str) -> list[Row]:
    port = address.rpartition(":")[2]
    web = next(one for one in psutil.Process().children() if f"--server.port={port}" in one.cmdline())
    async with visit(address) as first:
        await first.go("explore")
        while "explore.pixels" not in first.widgets:  # Keras has drawn
            await asyncio.sleep(0.5)
    (compute,) = (one for one in web.children(recursive=True) if one.nice() == 10)
    processes, day, began = {"web": web, "compute": compute}, Day(), perf_counter()
    people = [_runs(address, day) for _ in range(RUNNING)] + [_slides(address, day) for _ in range(SLIDING)]
    everybody = asyncio.gather(*people)
    samples: list[dict[str, Sample]] = []
    while not everybody.done():
        await asyncio.sleep(0.5)
        if day.share * SAMPLES >= len(samples):
            samples.append({name: _sample(process) for name, process in processes.items()})
    errors = [error for found in await everybody for error in found]
    for error in sorted(set(errors)):
        print(f"error: {error} ({errors.count(error)} times)")
    rows = [Row(f"{RUNS:,} runs and {MOVES:,} slider moves", perf_counter() - began, "s")]
    for name in processes:
        print(name, *(f"{sample[name].memory:.0f}" for sample in samples), "MB")
        half, end = samples[len(samples) // 2][name], samples[-1][name]
        rows += [
            Row(f"{name} process half way", half.memory, "MB"),
            Row(f"{name} process at the end", end.memory, "MB"),
            Row(f"{name} process, growth over the second half", 100 * (end.memory / half.memory - 1), "%", 5),
            Row(f"{name} process, more open files than half way", end.files - half.files, ""),
            Row(f"{name} process, more threads than half way", end.threads - half.threads, ""),
        ]
    return [*rows, Row("errors", len(errors), "", 0)]


def _sample(process: psutil.Process) -> Sample:
    return Sample(process.memory_info().rss / 1e6, process.num_fds(), process.num_threads())


async def _runs(address: str, day: Day) -> list[str]:
    """One experiment after the other, each with a seed of its own."""
    errors = []
    while day.runs < RUNS:
        async with visit(address) as one:
            await one.go("explore")
            for _ in range(VISIT):
                seed = day.runs
                day.runs += 1
                if seed >= RUNS:
                    break
                await one.go("train", RUN.format(seed))
                await one.set("train.run", trigger_value=True)
                await _over(one)
                await one.go("choose")
            errors += one.errors
    return errors


async def _over(one: Visit) -> None:
    """Until the page has the result."""
    async with asyncio.timeout(PATIENCE):
        while "train.csv" not in one.widgets:
            one.news.clear()
            await one.news.wait()


async def _slides(address: str, day: Day) -> list[str]:
    """One slider move after the other."""
    errors = []
    while day.moves < MOVES:
        async with visit(address) as one:
            await one.go("explore", "init=RandomNormal")
            for move in range(10 * VISIT):
                await one.set("explore.stddev", string_array_value=[STDDEVS[move % len(STDDEVS)]])
                day.moves += 1
            errors += one.errors
    return errors
