"""Pasted code: from Run to the result, in the jail and in the browser, against a process of its own for each run."""

import subprocess
import sys
from statistics import median, quantiles
from time import perf_counter

from benchmarks.live import NO_CACHE, chromium, serve
from benchmarks.report import Row
from inits.sandbox.client import Sandbox, round_of
from inits.sandbox.examples import EXAMPLES

SHAPES = ((784, 128), (128, 128), (128, 10))
RUNS, RIVAL_RUNS, PRESSED = 40, 3, 12
RIVAL = "import sys, keras; keras.utils.set_random_seed(0); exec(sys.stdin.read())"


def run() -> list[Row]:
    sandbox = Sandbox()
    began = perf_counter()
    _draw(sandbox, 0)
    cold = perf_counter() - began
    waits = [_draw(sandbox, seed) for seed in range(RUNS)]
    sandbox.close()
    return [
        Row("first run, TensorFlow not yet imported", cold, "s"),
        Row("warm run, median of all sound examples", median(waits), "s", 0.3, _rival(), "python each time"),
        Row("warm run, 95 of 100 are shorter", quantiles(waits, n=20)[-1], "s"),
        Row("Run pressed to the checks on the page, median", _in_the_browser(), "s", 0.3),
    ]


def _draw(sandbox: Sandbox, seed: int) -> float:
    """Seconds for the kernels of a network and the first of them once more, as the page asks for them."""
    sound = [example for example in EXAMPLES if not example.broken]
    one = round_of(SHAPES, seed)
    began = perf_counter()
    result = sandbox.submit(sound[seed % len(sound)].code, [one, one[:1]]).wait()
    seconds = perf_counter() - began
    if result is None or result.error:
        raise RuntimeError(f"An example failed: {result and result.error}")
    return seconds


def _rival() -> float:
    """Seconds for a Python process that imports Keras and runs the code, as most would do it."""
    code, waits = EXAMPLES[2].code.encode() + b"\nhe_by_hand((784, 128))", []
    for _ in range(RIVAL_RUNS):
        began = perf_counter()
        subprocess.run([sys.executable, "-c", RIVAL], input=code, check=True, capture_output=True)
        waits.append(perf_counter() - began)
    return median(waits)


def _in_the_browser() -> float:
    """Seconds from pressing Run, with another seed each time, to the new answer on the page."""
    waits = []
    with serve("app.py", environ=NO_CACHE) as address, chromium() as browser:
        page = browser.new_page()
        page.goto(f"{address}/custom")
        page.get_by_text("Checks", exact=True).wait_for(timeout=120_000)
        for seed in range(1, PRESSED + 1):
            page.get_by_label("Seed").fill(str(seed))
            page.get_by_label("Seed").press("Enter")
            page.wait_for_timeout(1500)
            page.evaluate(STOPWATCH)
            page.get_by_role("button", name="Run", exact=True).click()
            waits.append(page.evaluate("window.waited") / 1000)
    return median(waits)


# The answer under the title has the numbers of the draw: it changes with the seed.
STOPWATCH = """() => {
  const words = () => document.querySelector("[data-testid=stMain]").innerText.match(/Standard deviations.*/)?.[0];
  const before = words();
  window.waited = new Promise((resolve) => {
    addEventListener("pointerup", () => {
      const pressed = performance.now();
      const look = () => {
        const now = words();
        if (now && now !== before) resolve(performance.now() - pressed);
        else requestAnimationFrame(look);
      };
      look();
    }, { once: true, capture: true });
  });
}"""
