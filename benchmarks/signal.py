"""Signal: theory, the plane of order and chaos, and a new draw of 20 layers of 256 units to the last new picture."""

from collections.abc import Iterator
from statistics import median
from time import perf_counter

from playwright.sync_api import Page

from benchmarks.report import Row
from benchmarks.visitor import PATIENCE
from benchmarks.workbench import Workbench
from inits.experiments.experiment import Start
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec
from inits.theory.phases import phase_plane
from inits.theory.signal_theory import TYPICAL_INPUTS, gains, predict

STARTS = ("HeNormal", "GlorotUniform", "RandomNormal")
DRAWS, FIRST_DRAWS = 15, 2  # the first ones are left out
PICTURE = ".st-key-signal-jacobian .main-svg"

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


def run(bench: Workbench) -> list[Row]:
    network = Network((256,) * bench.count(20, 2), "tanh")
    single, several = _in_the_browser(bench, 1), _in_the_browser(bench, 3)
    return [
        Row(f"theory of {', '.join(STARTS)}: 20 layers", _theory(bench, network), "ms"),
        Row("plane of order and chaos, once for each activation", _plane(network), "ms"),
        Row("new draw to all new pictures, 3 starts, 1 seed", single, "ms"),
        Row("new draw to all new pictures, 3 starts, 3 seeds: of the first seed", several, "ms"),
    ]


def _theory(bench: Workbench, network: Network) -> float:
    """Return the milliseconds for all starts."""
    typical = TYPICAL_INPUTS["mnist"]
    waits = []
    for _ in range(bench.count(DRAWS)):
        began = perf_counter()
        for name in STARTS:
            expected = gains(Start(InitializerSpec(name)), network)
            assert expected is not None
            predict(network, expected, typical)
        waits.append(1000 * (perf_counter() - began))
    return median(waits)


def _plane(network: Network) -> float:
    began = perf_counter()
    phase_plane(network.activation)
    return 1000 * (perf_counter() - began)


def _in_the_browser(bench: Workbench, seeds: int) -> float:
    size = f"hidden={bench.count(20, 2)}x{bench.count(256, 16)}&images={bench.count(512, 64)}"
    with bench.serve() as address, bench.browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}/signal?{size}&seeds={seeds}")
        page.locator(PICTURE).first.wait_for(timeout=PATIENCE)
        page.wait_for_timeout(bench.count(8000, 0))  # the default network of Train is compiled meanwhile
        page.locator(".st-key-signal-rest button").first.click()
        left_out = bench.count(FIRST_DRAWS, 0)
        return median(list(_draws(page, left_out + bench.count(DRAWS)))[left_out:])


def _draws(page: Page, count: int) -> Iterator[float]:
    for seed in range(1, count + 1):
        box = page.get_by_role("textbox", name="First seed")
        box.fill(str(100 * seed))
        page.evaluate(STOPWATCH)
        box.press("Enter")
        yield page.evaluate("window.waited")
        page.wait_for_timeout(1500)  # by then the other seeds are drawn as well
