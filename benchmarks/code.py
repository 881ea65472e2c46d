"""Pasted code, from Run to the result: in the jail and in the browser, against a new Python process for each run."""

import subprocess
import sys
from statistics import median, quantiles
from time import perf_counter

from benchmarks.report import Row
from benchmarks.visitor import PATIENCE
from benchmarks.workbench import Workbench
from inits.sandbox.client import Sandbox, round_of
from inits.sandbox.examples import EXAMPLES

SHAPES = ((784, 128), (128, 128), (128, 10))
RUNS, RIVAL_RUNS, PRESSED = 40, 3, 12
RIVAL = "import sys, keras; keras.utils.set_random_seed(0); exec(sys.stdin.read())"
CALL = "\nprint(he_by_hand((784, 128)).shape, 'tensorflow' in sys.modules, 'inits' in sys.modules)"
PRINTED = "(784, 128) True False"


def run(bench: Workbench) -> list[Row]:
    with bench.sandbox() as sandbox:
        cold = _draw(sandbox, 0)
        waits = [_draw(sandbox, seed) for seed in range(bench.count(RUNS, 2))]
    rival = median(_rival() for _ in range(bench.count(RIVAL_RUNS)))
    return [
        Row("first run, TensorFlow not yet imported", cold, "s"),
        Row("warm run, median of all valid examples", median(waits), "s", None, rival, "python each time"),
        Row("warm run, 95% are shorter", quantiles(waits, n=20)[-1], "s"),
        Row("Run pressed to the checks on the page, median", _in_the_browser(bench), "s"),
    ]


def _draw(sandbox: Sandbox, seed: int) -> float:
    """Return the seconds for the kernels of a network and the first of them again, as the page requests them."""
    valid = [example for example in EXAMPLES if not example.broken]
    kernels = round_of(SHAPES, seed)
    began = perf_counter()
    result = sandbox.submit(valid[seed % len(valid)].code, [kernels, kernels[:1]]).wait()
    seconds = perf_counter() - began
    if result is None or result.error:
        raise RuntimeError(f"An example failed: {result and result.error}")
    return seconds


def _rival() -> float:
    """Return the seconds of a Python process that imports Keras and runs the code without a jail."""
    example = next(example for example in EXAMPLES if "def he_by_hand" in example.code)
    began = perf_counter()
    command = [sys.executable, "-c", RIVAL]
    done = subprocess.run(command, input=example.code + CALL, check=True, capture_output=True, text=True)
    seconds = perf_counter() - began
    check(done.stdout)
    return seconds


def check(printed: str) -> None:
    """Raise RuntimeError unless the rival drew the kernel with Keras and without this app."""
    if printed.strip() != PRINTED:
        raise RuntimeError(f"The rival must print {PRINTED!r}, but it printed {printed!r}.")


def _in_the_browser(bench: Workbench) -> float:
    """Return the seconds from pressing Run, each time with another seed, to the new answer on the page."""
    waits = []
    with bench.serve() as address, bench.browser() as browser:
        page = browser.new_page()
        page.goto(f"{address}/custom")
        page.get_by_text("Checks", exact=True).wait_for(timeout=PATIENCE)
        for seed in range(1, bench.count(PRESSED) + 1):
            page.get_by_label("Seed").fill(str(seed))
            page.get_by_label("Seed").press("Enter")
            page.wait_for_timeout(1500)
            page.evaluate(STOPWATCH)
            page.get_by_role("button", name="Run", exact=True).click()
            waits.append(float(page.evaluate("window.waited")) / 1000)
    return median(waits)


# The answer below the title has the numbers of the draw, which change with the seed.
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
