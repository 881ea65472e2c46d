"""Make the pictures of the documentation from the app itself: `python docs/pictures.py`.

Trains on MNIST: the file in INITS_MNIST, otherwise the download of Keras.
"""

import sys
from pathlib import Path

from playwright.sync_api import Page

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from benchmarks.live import NO_CACHE, chromium, serve  # noqa: E402
from benchmarks.visitor import explore, sweep, train  # noqa: E402

WIDTH, HEIGHT = 1280, 1600  # of the window; pictures end above its lower edge
SETTLED = 1500  # milliseconds until the last chart is drawn and stale elements have faded


def main() -> None:
    with serve("app.py", environ=NO_CACHE) as address, chromium() as browser:
        size = {"width": WIDTH, "height": HEIGHT}
        page = browser.new_page(viewport=size, color_scheme="light", reduced_motion="reduce")
        explore(page, f"{address}/?init=RandomNormal(stddev=0.05)")
        save(page, "explore", before="Q-Q")
        train(page, f"{address}/train?seeds=5")
        save(page, "train", before="Moment of the epoch")
        sweep(page, f"{address}/sweep?values=16")
        save(page, "sweep", before="The best of each column")
        page.goto(f"{address}/signal")
        page.get_by_text("RandomNormal: gone").wait_for(timeout=120_000)
        save(page, "signal", before="Dead units")
        page.goto(f"{address}/choose")
        page.locator('.inits-chart[aria-label^="What is left"] .main-svg').first.wait_for(timeout=60_000)
        save(page, "choose", before="leaky ReLU")
        page.goto(f"{address}/custom")
        page.get_by_text("The weights of each layer", exact=True).wait_for(timeout=120_000)
        save(page, "custom", before="Q-Q")
        train(page, f"{address}/train?hidden=2x128&optimizer=Adam&starts=GlorotUniform")
        page.get_by_role("button", name="Look inside").click()
        page.get_by_text("Weights of 32 units").wait_for(timeout=120_000)
        save(page, "pretrained", before="All arrays")


def save(page: Page, name: str, before: str) -> None:
    """Save the page from its top down to the text `before`."""
    page.mouse.move(WIDTH - 1, HEIGHT - 1)
    page.wait_for_timeout(SETTLED)
    end = page.get_by_text(before, exact=True).bounding_box()["y"]
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": min(end, HEIGHT)}
    page.screenshot(path=FOLDER / f"{name}.png", clip=clip)


if __name__ == "__main__":
    main()
