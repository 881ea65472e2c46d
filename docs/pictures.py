"""Make the pictures of the documentation from the app itself: `python docs/pictures.py`.

Trains on MNIST: the file in INITS_MNIST, otherwise the download of Keras.
"""

import sys
from pathlib import Path

from playwright.sync_api import Page

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from benchmarks.live import NO_CACHE, chromium, serve  # noqa: E402
from benchmarks.visitor import PATIENCE, explore, sweep, train  # noqa: E402

WIDTH, HEIGHT = 1280, 1600  # of the window; pictures end above its lower edge
MARGIN = 12  # pixels below the last element
SETTLED = 1500  # milliseconds until the last chart is drawn and stale elements have faded


def main() -> None:
    with serve("app.py", environ=NO_CACHE) as address, chromium() as browser:
        size = {"width": WIDTH, "height": HEIGHT}
        page = browser.new_page(viewport=size, color_scheme="light", reduced_motion="reduce")
        explore(page, f"{address}/?init=RandomNormal(stddev=0.05)")
        save(page, "explore", "explore.hero")
        train(page, f"{address}/train?seeds=5")
        save(page, "train", "train.moment", before=True)
        sweep(page, f"{address}/sweep?values=16")
        save(page, "sweep", "sweep.map")
        page.goto(f"{address}/signal")
        wait_for_chart(page, "signal.jacobian")
        save(page, "signal", "signal.plane")
        page.goto(f"{address}/choose")
        wait_for_chart(page, "choose.power")
        save(page, "choose", "choose.power")
        page.goto(f"{address}/custom")
        wait_for_chart(page, "explore.hero")
        save(page, "custom", "explore.hero")
        train(page, f"{address}/train?hidden=2x128&optimizer=Adam&starts=GlorotUniform")
        page.locator(widget("train.inside.0")).get_by_role("button").click()
        wait_for_chart(page, "pretrained.pixels")
        save(page, "pretrained", "pretrained.spectrum")


def widget(key: str) -> str:
    """Return the CSS selector of a widget or chart by its key: "train.run"."""
    return f".st-key-{key.replace('.', '-')}"


def wait_for_chart(page: Page, key: str) -> None:
    page.locator(f"{widget(key)} .main-svg").first.wait_for(timeout=PATIENCE)


def save(page: Page, name: str, key: str, before: bool = False) -> None:
    """Save the page from its top down to the end of the row of the widget or chart `key`, or to where that begins."""
    page.mouse.move(WIDTH - 1, HEIGHT - 1)
    page.wait_for_timeout(SETTLED)
    last = page.locator(widget(key)).first
    rows = page.get_by_test_id("stHorizontalBlock").filter(has=last)
    box = (rows.last if rows.count() else last).bounding_box()
    if box is None:
        raise RuntimeError(f"The page {name} does not show {key}.")
    end = box["y"] if before else box["y"] + box["height"] + MARGIN
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": min(end, HEIGHT)}
    page.screenshot(path=FOLDER / f"{name}.png", clip=clip)


if __name__ == "__main__":
    main()
