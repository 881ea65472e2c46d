"""Steps of a user on the pages, for the browser tests."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from benchmarks.live import FLAGS

DRAWN = '.inits-chart[data-meta="drawn"]'
SECONDS = 1000  # milliseconds
UPLOAD = 5  # MB, the server's limit in these tests
# A visit is too short to be worth the optimizing compiler, which takes a fifth of the browser's time. All servers are
# one site, so that one process, which has compiled the scripts, shows them all.
ARGUMENTS = (*FLAGS, "--js-flags=--no-turbofan", "--process-per-site")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

expect.set_options(timeout=30 * SECONDS)  # a busy machine takes longer


def open_page(page: Page, address: str) -> Page:
    """Open an address and wait for the title of its page."""
    page.goto(address)
    expect(page.locator("h1")).to_be_visible(timeout=60 * SECONDS)
    return page


def open_explore(page: Page, address: str) -> Page:
    """Open an address of Explore and wait until Keras has drawn."""
    open_page(page, address)
    expect(page.locator(DRAWN)).to_be_visible(timeout=90 * SECONDS)
    return page


def button(page: Page, name: str) -> Locator:
    """Return a button of the page itself, not of the header above it."""
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True)


def leave_by(page: Page, press: Callable[[], object]) -> None:
    """Press something that leads to another page, at its top. Back leads here, Forward leads there, by one step."""
    here, title, length = page.url, page.title(), page.evaluate("history.length")
    at_rest = page.locator("[data-test-script-state=notRunning]")
    press()
    expect(page).not_to_have_title(title, timeout=90 * SECONDS)
    expect(at_rest).to_be_visible(timeout=60 * SECONDS)
    there = urlsplit(page.url).path
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollTop") == 0
    page.go_back()
    expect(page).to_have_title(title)
    expect(page).to_have_url(here)
    expect(at_rest).to_be_visible(timeout=60 * SECONDS)
    page.go_forward()
    expect(page).not_to_have_title(title)
    assert urlsplit(page.url).path == there != urlsplit(here).path
    assert page.evaluate("history.length") == min(length + 1, 50)  # the most that a browser keeps
    expect(page.get_by_text("of the link was ignored")).to_have_count(0)


def on_one_screen(page: Page, *selectors: str) -> None:
    """Check that elements are wholly visible without scrolling, and beside or below each other."""
    boxes = [page.locator(selector).first.bounding_box() for selector in selectors]
    height = page.viewport_size["height"] if page.viewport_size else 0
    for selector, box in zip(selectors, boxes, strict=True):
        assert box, selector
        assert 0 <= box["y"] <= height - box["height"], (selector, box)
    corners = [(box["x"], box["y"]) for box in boxes if box]
    assert len(set(corners)) == len(selectors)


def bars(page: Page) -> list[float]:
    """Return the heights of the drawn histogram."""
    return page.locator(f"{DRAWN} .js-plotly-plot").evaluate(
        "gd => Array.from(gd.calcdata.find(trace => trace[0].trace.type === 'bar').map(bar => bar.s1 ?? bar.s))"
    )


def wait_until(page: Page, condition: Callable[[], bool], seconds: int = 60) -> None:
    """Wait until a condition holds, while the page goes on."""
    for _ in range(10 * seconds):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"The condition did not hold within {seconds} s.")


def result(page: Page) -> list[dict[str, str]]:
    """Return the rows of the result table, once the run has finished."""
    expect(button(page, "Curves (CSV)")).to_be_visible(timeout=120 * SECONDS)
    table = page.locator("table", has=page.get_by_role("columnheader", name="test accuracy"))
    names = table.locator("th").all_inner_texts()
    rows = table.locator("tbody tr").all()
    return [dict(zip(names, row.locator("td").all_inner_texts(), strict=True)) for row in rows]


def lines(page: Page, picture: str = "Loss by images seen.") -> dict[str, int]:
    """Return the number of points of each named curve in a picture."""
    drawing = page.locator(f'.inits-chart[aria-label="{picture}"] .js-plotly-plot')
    if not drawing.count():
        return {}
    return drawing.evaluate(
        "gd => Object.fromEntries(gd.calcdata.filter(c => c[0].trace.mode === 'lines' && c[0].trace.name)"
        ".map(c => [c[0].trace.name, c.length]))"
    )


def cards(page: Page) -> list[str]:
    """Return the names on the start cards, once they are there."""
    expect(page.locator(".st-key-train-cards strong").first).to_be_visible()
    return [
        name.replace("\u200b", "") for name in page.locator(".st-key-train-cards strong").all_inner_texts()
    ]
