"""What a person waits for in the browser: medians of ten, on a warm server."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from playwright.sync_api import Page

from benchmarks.live import NO_CACHE, chromium, serve
from benchmarks.report import Row
from benchmarks.visitor import explore

RUNS = 10
OURS, RIVAL = ".inits-chart", "[data-testid=stPlotlyChart]"
RIVAL_NAME = "st.plotly_chart"
EXPLORE = "/?init=RandomNormal(stddev=0.05)"

# A picture is new when plotly's element holds other data than before. The clock runs in the page, from the
# moment the slider is let go.
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


def run() -> list[Row]:
    with serve("benchmarks/chart_app.py") as address:
        ours, rival = measure(Target(f"{address}/?", OURS), Target(f"{address}/?with=plotly", RIVAL))
    with serve("app.py", environ=NO_CACHE) as address, serve("benchmarks/explore_with_plotly.py") as other:
        targets = Target(f"{address}{EXPLORE}", OURS), Target(f"{other}{EXPLORE}", RIVAL)
        for target in targets:
            _wait_for_keras(target.url)
        explore_ours, explore_rival = measure(*targets)
    return [
        Row("first chart, fresh browser", ours.first_chart, "ms", None, rival.first_chart, RIVAL_NAME),
        Row("slider released to new picture", ours.slider, "ms", None, rival.slider, RIVAL_NAME),
        Row(
            "Explore: first chart, fresh browser",
            explore_ours.first_chart, "ms", 3000, explore_rival.first_chart, RIVAL_NAME,
        ),
        Row(
            "Explore: slider released to new picture",
            explore_ours.slider, "ms", 250, explore_rival.slider, RIVAL_NAME,
        ),
    ]  # fmt: skip


def measure(*targets: Target) -> list[Waits]:
    """The waits of each target, which take turns so that a busy moment hits all alike."""
    waits = [([], []) for _ in targets]
    for turn in range(-1, RUNS):
        for target, (first, slider) in zip(targets, waits, strict=True):
            seconds, steps = _visit(target, turn + 1)
            if turn >= 0:  # the visit before warms the server
                first.append(seconds)
                slider.extend(steps)
    return [Waits(median(first), median(slider)) for first, slider in waits]


def _wait_for_keras(url: str) -> None:
    with chromium() as browser:
        explore(browser.new_page(), url)


def _visit(target: Target, seed: int) -> tuple[float, list[float]]:
    """One fresh browser: milliseconds to the first chart, then those of two slider moves.

    No visit has the seed of another, so what Explore shows has not been drawn before.
    """
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        start = perf_counter()
        page.goto(f"{target.url}&seed={seed}")
        page.wait_for_selector(f"{target.chart} .main-svg")
        first = 1000 * (perf_counter() - start)
        page.wait_for_timeout(1000)
        _check(page, target.chart)
        return first, list(_slides(page))


def _check(page: Page, chart: str) -> None:
    """Raise RuntimeError unless all charts of a page are of one kind."""
    (other,) = {OURS, RIVAL} - {chart}
    if not page.locator(chart).count() or page.locator(other).count():
        raise RuntimeError(f"The charts must all be {chart}, but the page has {other}.")


def _slides(page: Page) -> Iterator[float]:
    for share in (0.3, 0.8):
        box = page.locator("[data-testid=stSlider]").first.bounding_box()
        page.evaluate(STOPWATCH)
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] - 14)
        page.mouse.down()
        page.mouse.up()
        yield page.evaluate("window.waited")
        page.wait_for_timeout(300)
