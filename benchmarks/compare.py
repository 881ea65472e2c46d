"""Several starts in one experiment: the first points of all, the cost of each more, and what is on disk already."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from playwright.sync_api import Page

from benchmarks.epoch import REPEATS, SIX, experiment, timed, wait
from benchmarks.live import chromium, serve
from benchmarks.report import Row
from benchmarks.visitor import train
from inits.engine.engine import Engine
from inits.engine.jobs import Plan
from inits.experiments.experiment import Experiment, Run
from inits.experiments.network import Network
from inits.settings import read

EIGHT = (*SIX, "he_uniform", "glorot_normal")
STARTS = (1, 2, 4, 8)
RESULTS_ARE_THERE = """() => {
  const cards = document.querySelector(".st-key-train-cards").innerText.replaceAll("\\u200b", "");
  return cards.includes("HeUniform") && cards.includes("%") && !document.body.innerText.includes("Press Run for");
}"""
TURNS, QUEUE = "a few steps each in turn", "one after the other on each core"


@dataclass(frozen=True)
class Queued:
    """An experiment whose starts are not trained in turns but one after the other."""

    experiment: Experiment
    at_once: int = 1
    live: bool = True

    @property
    def key(self) -> str:
        return f"queued {self.experiment.key}"

    @property
    def runs(self) -> tuple[Run, ...]:
        return self.experiment.runs


def run() -> list[Row]:
    engine = Engine(replace(read(), cache_mb=0))  # everything is trained
    wait(engine)
    cold = [timed(engine, _new_network(k), all)[0] for k in range(REPEATS)]
    timed(engine, experiment(EIGHT, seed=999))  # compiles the network on all cores
    first, whole = _median(engine, lambda seed: experiment(SIX, seed))
    queued_first, queued_whole = _median(engine, lambda seed: Queued(experiment(SIX, 100 + seed)))
    costs = {n: _median(engine, lambda seed, n=n: experiment(EIGHT[:n], 1000 * n + seed))[1] for n in STARTS}
    engine.close()
    return [
        Row("first points of six starts, network never compiled", median(cold), "s", 3),
        Row(f"first points of six starts, {TURNS}", first, "s", None, queued_first, QUEUE),
        Row(f"six starts whole, {TURNS}", whole, "s", None, queued_whole, QUEUE),
        *(Row(f"{n} starts whole, each", seconds / n, "s") for n, seconds in costs.items()),
        Row("an experiment that was trained before, chosen in the browser", _from_cache(), "s", 0.5),
    ]


def _new_network(k: int) -> Experiment:
    return replace(experiment(SIX, k), network=Network((120 + k,)))


def _median(engine: Engine, plan: Callable[[int], Plan]) -> tuple[float, float]:
    measured = [timed(engine, plan(seed), all) for seed in range(REPEATS)]
    return median(first for first, _ in measured), median(whole for _, whole in measured)


def _from_cache() -> float:
    """Median seconds from the click on a preset until the results of its starts are on the page.

    They were trained by an earlier server with the same folder of results.
    """
    with TemporaryDirectory() as folder:
        environ = {"INITS_CACHE": str(Path(folder, "results"))}
        trained = "/train?starts=GlorotUniform;GlorotNormal;HeUniform;HeNormal&seeds=5"
        for turn in range(2):
            with serve("app.py", environ=environ) as address, chromium() as browser:
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                if not turn:
                    train(page, f"{address}{trained}")
                    continue
                page.goto(f"{address}{trained}")
                page.locator(".st-key-train-csv button").wait_for(timeout=120_000)
                return median(_choose(page) for _ in range(REPEATS))
    raise RuntimeError("The second server was never asked.")


def _choose(page: Page) -> float:
    """Away to other starts, and back to those that were trained, by the presets."""
    _preset(page, "Too small, right, too large")
    page.locator(".st-key-train-cards").get_by_text("Too small").wait_for()
    page.wait_for_timeout(1000)
    began = _preset(page, "Uniform against normal")
    page.wait_for_function(RESULTS_ARE_THERE)
    return perf_counter() - began


def _preset(page: Page, name: str) -> float:
    page.locator("[class*=st-key-train-presets] button").first.click()
    button = page.get_by_role("button", name=name, exact=True)
    button.wait_for()
    began = perf_counter()
    button.click()
    page.keyboard.press("Escape")
    return began
