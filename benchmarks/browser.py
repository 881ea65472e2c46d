"""How long charts take in the browser: medians of ten visits to a warm server."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from playwright.sync_api import Page

from benchmarks.report import Row
from benchmarks.visitor import explore
from benchmarks.workbench import Workbench

VISITS = 10
OURS, RIVAL = ".inits-chart", "[data-testid=stPlotlyChart]"
RIVAL_NAME = "st.plotly_chart"
EXPLORE = "/?init=RandomNormal(stddev=0.05)"

# A picture is new when plotly's element holds other data than before. The clock runs in the page, from the
# moment the slider is released.
STOPWATCH = """() => {
  const data = () => document.querySelector(".js-plotly-plot")?.data;
  const before = data();
  window.waited = new Promise((resolve) => {
    const start = () => {
      const released = performance.now();
      const look = () => {
        const now = data();
        if (now && now !== before) resolve(performance.now() - released);
        else requestAnimationFrame(look);
      };
      look();
    };
    addEventListener("pointerup", start, { once: true, capture: true });
  });
}"""


@dataclass(frozen=True)
class Target:
    """A page to measure: its address on a server, and the element that its charts are in."""

    url: str
    chart: str


@dataclass(frozen=True)
class Waits:
    """Medians in milliseconds."""

    first_chart: float
    slider: float


def run(bench: Workbench) -> list[Row]:
    with bench.serve("benchmarks/chart_app.py") as address:
        targets = Target(f"{address}/?with=ours", OURS), Target(f"{address}/?with=plotly", RIVAL)
        one = _rows("one chart", *measure(bench, *targets))
    return one if bench.small else [*one, *_explore(bench)]


def _explore(bench: Workbench) -> list[Row]:
    """Measure the whole page Explore, and the same page with the charts of Streamlit."""
    with bench.serve() as address, bench.serve("benchmarks/explore_with_plotly.py") as other:
        targets = Target(f"{address}{EXPLORE}", OURS), Target(f"{other}{EXPLORE}", RIVAL)
        for target in targets:
            with bench.browser() as browser:
                explore(browser.new_page(), target.url)  # returns when the compute process is ready
        return _rows("Explore", *measure(bench, *targets))


def _rows(page: str, ours: Waits, rival: Waits) -> list[Row]:
    first, slider = f"{page}: first chart, fresh browser", f"{page}: slider released to the new picture"
    return [
        Row(first, ours.first_chart, "ms", None, rival.first_chart, RIVAL_NAME),
        Row(slider, ours.slider, "ms", None, rival.slider, RIVAL_NAME),
    ]


def measure(bench: Workbench, *targets: Target) -> list[Waits]:
    """Visit the targets in turn, so that a busy moment affects all alike."""
    waits: list[tuple[list[float], list[float]]] = [([], []) for _ in targets]
    for turn in range(bench.count(-1, 0), bench.count(VISITS)):
        for target, (first, slider) in zip(targets, waits, strict=True):
            seconds, steps = _visit(bench, target, turn + 1)
            if turn >= 0:  # the visit before warms the server
                first.append(seconds)
                slider.extend(steps)
    return [Waits(median(first), median(slider)) for first, slider in waits]


def _visit(bench: Workbench, target: Target, seed: int) -> tuple[float, list[float]]:
    """Return the milliseconds to the first chart in a fresh browser, and those of two slider moves.

    Each visit has another seed, so the server has not drawn the same weights before.
    """
    with bench.browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        start = perf_counter()
        page.goto(f"{target.url}&seed={seed}")
        page.wait_for_selector(f"{target.chart} .main-svg")
        first = 1000 * (perf_counter() - start)
        page.wait_for_timeout(bench.count(1000, 300))
        check(page, target.chart)
        return first, list(_slides(page))


def check(page: Page, chart: str) -> None:
    """Raise RuntimeError unless all charts of a page are in the element `chart`: ours, or the rival's."""
    (other,) = {OURS, RIVAL} - {chart}
    if not page.locator(chart).count() or page.locator(other).count():
        raise RuntimeError(
            f"All charts must be in {chart}, but the page has {page.locator(other).count()} others."
        )


def _slides(page: Page) -> Iterator[float]:
    for share in (0.3, 0.8):
        box = page.locator("[data-testid=stSlider]").first.bounding_box()
        assert box is not None
        page.evaluate(STOPWATCH)
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] - 14)
        page.mouse.down()
        page.mouse.up()
        yield page.evaluate("window.waited")
        page.wait_for_timeout(300)
