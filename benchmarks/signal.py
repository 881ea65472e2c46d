"""Signal: theory, the plane of order and chaos, and a new draw of 20 layers of 256 units to the last new picture."""

from collections.abc import Iterator
from statistics import median
from time import perf_counter

from playwright.sync_api import Page

from benchmarks.live import NO_CACHE, chromium, serve
from benchmarks.report import Row
from benchmarks.visitor import PATIENCE
from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec
from inits.theory.phases import phase_plane
from inits.theory.signal_theory import TYPICAL_INPUTS, gains, predict

NET, IMAGES = Network((256,) * 20, "tanh"), 512
STARTS = ("HeNormal", "GlorotUniform", "RandomNormal")
DRAWS = 15
MEASURED = ".st-key-signal-jacobian .main-svg"

# The clock runs in the page, from Enter in the box of the seed to other data in the last picture.
STOPWATCH = """() => {
  const data = () => document.querySelector(".st-key-signal-jacobian .js-plotly-plot")?.data;
  const before = data();
  window.waited = new Promise((resolve) => {
    addEventListener("keydown", (event) => {
      const pressed = performance.now();
      const look = () => {
        const now = data();
        if (now && now !== before) resolve(performance.now() - pressed);
        else requestAnimationFrame(look);
      };
      look();
    }, { once: true, capture: true });
  });
}"""


def run() -> list[Row]:
    names = ", ".join(STARTS)
    single, several = _in_the_browser(1), _in_the_browser(3)
    return [
        Row(f"theory of {names}: 20 layers", _theory(), "ms", 50),
        Row("plane of order and chaos, once for each activation", _plane(), "ms"),
        Row("new draw to all new pictures, 3 starts, 1 seed", single, "ms", 500),
        Row("new draw to all new pictures, 3 starts, 3 seeds: of the first seed", several, "ms", 500),
    ]


def _theory() -> float:
    """Milliseconds for all starts, each time with other digits."""
    typical = TYPICAL_INPUTS["mnist"]
    waits = []
    for _ in range(DRAWS):
        began = perf_counter()
        for name in STARTS:
            promised = gains(Start(InitializerSpec(name)), NET)
            assert promised is not None
            predict(NET, promised, typical)
        waits.append(1000 * (perf_counter() - began))
    return median(waits)


def _plane() -> float:
    began = perf_counter()
    phase_plane(NET.activation)
    return 1000 * (perf_counter() - began)


def _in_the_browser(seeds: int) -> float:
    with serve("app.py", environ=NO_CACHE) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}/signal?hidden=20x256&images={IMAGES}&seeds={seeds}")
        page.locator(MEASURED).first.wait_for(timeout=PATIENCE)
        page.wait_for_timeout(8000)  # the default network of Train is compiled meanwhile
        page.locator(".st-key-signal-rest button").first.click()
        return median(list(_draws(page))[2:])


def _draws(page: Page) -> Iterator[float]:
    for seed in range(1, DRAWS + 3):
        box = page.get_by_role("spinbutton", name="First seed")
        box.fill(str(100 * seed))
        page.evaluate(STOPWATCH)
        box.press("Enter")
        yield page.evaluate("window.waited")
        page.wait_for_timeout(1500)  # by then the other seeds are there as well
