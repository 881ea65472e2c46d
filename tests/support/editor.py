"""Steps of a user of the code editor, on the page Editing of `widget_app.py`."""

from playwright.sync_api import Locator, Page, expect

LINES = ".inits-editor .cm-line"
START = 'import numpy as np\n\n\ndef double(x):\n    """Twice `x`."""  # said twice\n    return 2 * x\n'


def ready(page: Page) -> Locator:
    """Return the place to type in, with the cursor at the end of the first example."""
    place = page.get_by_role("textbox", name="Your initializer")
    expect(place).to_be_visible(timeout=30_000)
    place.click()
    page.keyboard.press("Control+End")
    return place


def text(page: Page) -> str:
    return "\n".join(page.locator(LINES).all_text_contents())


def python_has(page: Page, text: str) -> None:
    """Wait until Python has received a text."""
    expect(page.get_by_text(f"received {text!r}", exact=True)).to_be_visible()


def editor_has(page: Page, text: str) -> None:
    """Wait until the editor shows a text."""
    expect(page.locator(LINES)).to_have_text(text.split("\n"))


def cursor_at_end(page: Page) -> None:
    page.locator(LINES).last.click()
    page.keyboard.press("Control+End")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def switch(page: Page, name: str) -> None:
    page.locator("[data-testid=stCheckbox] label").filter(has_text=name).click()


def choose(page: Page, name: str) -> None:
    page.locator("[data-testid=stSelectbox] input").click()
    page.get_by_role("option", name=name).click()


def runs(page: Page) -> int:
    return int(page.get_by_text("page runs").text_content().split()[-1])


def slowed(page: Page) -> None:
    """Make the page wait before it comes to the editor."""
    before = runs(page)
    switch(page, "slow")
    expect(page.get_by_text(f"page runs {before + 1}", exact=True)).to_be_visible()
    page.wait_for_function("!document.querySelector('[data-test-script-state=running]')")


def typed_into_a_run(page: Page, first: str, second: str) -> None:
    """Type `first`, and `second` while the page runs with `first`, so that the answer to `first` is late."""
    page.keyboard.type(first)
    page.wait_for_function("document.querySelector('[data-test-script-state=running]')")
    page.keyboard.type(second)


def complained(page: Page) -> Locator:
    """Mark a line as wrong and return the message under it."""
    press(page, "Complain")
    message = page.locator(".inits-mark")
    expect(message).to_be_visible()
    return message


def marked(page: Page) -> list[str]:
    return page.locator(".inits-wrong").all_text_contents()
