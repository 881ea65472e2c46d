"""What a person does on the pages, for the browser tests."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

DRAWN = '.inits-chart[data-meta="drawn"]'
SECONDS = 1000  # milliseconds
UPLOAD = 5  # MB, the server's limit in these tests


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator("h1")).to_be_visible(timeout=30 * SECONDS)
    return page


def drawn(page: Page, address: str) -> Page:
    opened(page, address)
    expect(page.locator(DRAWN)).to_be_visible(timeout=60 * SECONDS)
    return page


def button(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True)  # not the header's Stop


def bars(page: Page) -> list[float]:
    """Heights of the drawn histogram."""
    return page.locator(f"{DRAWN} .js-plotly-plot").evaluate(
        "gd => Array.from(gd.calcdata.find(trace => trace[0].trace.type === 'bar').map(bar => bar.s1 ?? bar.s))"
    )


def until(page: Page, condition: Callable[[], bool], seconds: int = 20) -> None:
    for _ in range(10 * seconds):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"It did not come true within {seconds} s.")


def result(page: Page) -> list[dict[str, str]]:
    """The table of what the starts came to, when the run is over."""
    expect(button(page, "Curves (CSV)")).to_be_visible(timeout=90 * SECONDS)
    table = page.locator("table", has=page.get_by_role("columnheader", name="test accuracy"))
    names = table.locator("th").all_inner_texts()
    rows = table.locator("tbody tr").all()
    return [dict(zip(names, row.locator("td").all_inner_texts(), strict=True)) for row in rows]


def lines(page: Page, picture: str = "Loss by images seen.") -> dict[str, int]:
    """The named curves of a picture: how many points each has."""
    drawing = page.locator(f'.inits-chart[aria-label="{picture}"] .js-plotly-plot')
    if not drawing.count():
        return {}
    return drawing.evaluate(
        "gd => Object.fromEntries(gd.calcdata.filter(c => c[0].trace.mode === 'lines' && c[0].trace.name)"
        ".map(c => [c[0].trace.name, c.length]))"
    )


def cards(page: Page) -> list[str]:
    """The name on each start card, when they are there."""
    expect(page.locator(".st-key-train-cards strong").first).to_be_visible(timeout=20 * SECONDS)
    return [
        name.replace("\u200b", "") for name in page.locator(".st-key-train-cards strong").all_inner_texts()
    ]
