"""Several starts in one experiment: the first points of all, the cost of each, and results that are on disk."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from playwright.sync_api import Page

from benchmarks.epoch import REPEATS, SIX, Timed, experiment, timed
from benchmarks.report import Row
from benchmarks.visitor import PATIENCE, train
from benchmarks.workbench import Workbench
from inits.engine.jobs import Plan
from inits.experiments.experiment import Experiment, Run
from inits.experiments.network import Network

EIGHT = (*SIX, "he_uniform", "glorot_normal")
STARTS = (1, 2, 4, 8)
RESULTS_ARE_SHOWN = """() => {
  const cards = document.querySelector(".st-key-train-cards").innerText.replaceAll("\\u200b", "");
  return cards.includes("HeUniform") && cards.includes("%") && !document.body.innerText.includes("Press Run for");
}"""
INTERLEAVED, QUEUED = "a few steps each in turn", "one after the other on each core"


@dataclass(frozen=True)
class Queued:
    """An experiment whose starts are trained one after the other: the rival of training them in turns."""

    experiment: Experiment
    at_once: int = 1
    live: bool = True

    @property
    def key(self) -> str:
        return f"queued {self.experiment.key}"

    @property
    def runs(self) -> tuple[Run, ...]:
        return self.experiment.runs


def run(bench: Workbench) -> list[Row]:
    counts = STARTS[: bench.count(len(STARTS))]

    def plan(names: tuple[str, ...], seed: int) -> Experiment:
        return experiment(names, seed, bench.dataset)

    with bench.engine() as engine:

        def measure(make: Callable[[int], Plan]) -> list[Timed]:
            return [timed(engine, make(seed), all) for seed in range(bench.count(REPEATS))]

        # Networks of other widths have not been compiled.
        cold = measure(lambda k: replace(plan(SIX, k), network=Network((110 + k,))))
        timed(engine, plan(EIGHT, 999), all)  # compiles the network on all cores
        ours = measure(lambda seed: plan(SIX, seed))
        rival = measure(lambda seed: Queued(plan(SIX, 100 + seed)))
        check(engine.slots, rival)

        def cost(count: int) -> float:
            return _whole(measure(lambda seed: plan(EIGHT[:count], 1000 * count + seed))) / count

        costs = {count: cost(count) for count in counts}
    six = "six starts"
    kept = "an experiment that was trained before, chosen in the browser"
    return [
        Row(f"first points of {six}, network not compiled", _first(cold), "s"),
        Row(f"first points of {six}, {INTERLEAVED}", _first(ours), "s", None, _first(rival), QUEUED),
        Row(f"{six} whole, {INTERLEAVED}", _whole(ours), "s", None, _whole(rival), QUEUED),
        *(Row(f"{count} starts whole, each", seconds, "s") for count, seconds in costs.items()),
        *([] if bench.small else [Row(kept, _from_disk(bench), "s")]),
    ]


def _first(epochs: list[Timed]) -> float:
    return median(epoch.first for epoch in epochs)


def _whole(epochs: list[Timed]) -> float:
    return median(epoch.whole for epoch in epochs)


def check(slots: int, rival: list[Timed]) -> None:
    """Raise RuntimeError unless the last start of the rival began when all but one on each core had finished."""
    expected = len(SIX) - slots
    if any(epoch.finished < expected for epoch in rival):
        raise RuntimeError(f"The rival must train its starts {QUEUED}.")


def _from_disk(bench: Workbench) -> float:
    """Return the median seconds from the click on a preset until the results of its starts are shown.

    They were trained by an earlier server with the same folder of results.
    """
    trained = "/train?starts=GlorotUniform;GlorotNormal;HeUniform;HeNormal&data=" + bench.dataset
    trained += f"&seeds={bench.count(5)}"
    with TemporaryDirectory() as folder:
        environ = {"INITS_CACHE": str(Path(folder, "results"))}
        with bench.serve(environ=environ) as address, bench.browser() as browser:
            train(browser.new_page(viewport={"width": 1280, "height": 900}), f"{address}{trained}")
        with bench.serve(environ=environ) as address, bench.browser() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{address}{trained}")
            page.locator(".st-key-train-csv button").wait_for(timeout=PATIENCE)
            return median(_choose(page) for _ in range(bench.count(REPEATS)))


def _choose(page: Page) -> float:
    """Choose other starts, and then those that were trained, by the presets."""
    _preset(page, "Too small, right, too large")
    page.locator(".st-key-train-cards").get_by_text("Too small").wait_for()
    page.wait_for_timeout(1000)
    began = _preset(page, "Uniform against normal")
    page.wait_for_function(RESULTS_ARE_SHOWN)
    return perf_counter() - began


def _preset(page: Page, name: str) -> float:
    """Click on a preset. Returns the time of the click."""
    page.locator("[class*=st-key-train-presets] button").first.click()
    button = page.get_by_role("button", name=name, exact=True)
    button.wait_for()
    began = perf_counter()
    button.click()
    page.keyboard.press("Escape")
    return began
