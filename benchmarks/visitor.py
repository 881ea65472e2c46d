"""Visit pages of the app in a browser, for benchmarks and pictures."""

from playwright.sync_api import Page

PATIENCE = 120_000  # milliseconds: TensorFlow starts, and MNIST may have to be downloaded
SWEEPING = 600_000  # milliseconds, on a busy machine
KERAS_HAS_DRAWN = "() => document.querySelectorAll('.js-plotly-plot .main-svg').length > 3"


def explore(page: Page, url: str) -> None:
    """Open Explore at `url` and wait for the weights that Keras drew: theory alone is one chart."""
    page.goto(url)
    page.wait_for_function(KERAS_HAS_DRAWN, timeout=PATIENCE)


def sweep(page: Page, url: str) -> None:
    """Open Sweep at `url`, press Run and wait for the last cell."""
    page.goto(url)
    page.locator(".st-key-sweep-run button").click(timeout=PATIENCE)
    page.locator(".st-key-sweep-stop").wait_for(timeout=PATIENCE)
    page.locator(".st-key-sweep-run button").wait_for(timeout=SWEEPING)


def train(page: Page, url: str) -> None:
    """Open Train at `url`, press Run and wait for the end of the epoch.

    Raises RuntimeError with the page's message when the training fails.
    """
    page.goto(url)
    page.locator(".st-key-train-run button").click(timeout=PATIENCE)
    curves, error = page.locator(".st-key-train-csv button"), page.get_by_test_id("stAlertContentError")
    curves.or_(error).first.wait_for(timeout=PATIENCE)
    if error.count():
        raise RuntimeError(error.first.inner_text())
