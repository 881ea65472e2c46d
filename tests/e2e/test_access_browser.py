"""Every page: axe-core in both themes, a phone, the keyboard, and the console with the Content-Security-Policy."""

import re
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import NamedTuple

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, FilePayload, Locator, Page, expect
from support.visit import DESKTOP, DRAWN, PHONE, SECONDS, button, open_page, result, wait_until

from pages.parts.page.catalog import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.keras]

WCAG = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
COLOURS = {"type": "rule", "values": ["color-contrast"]}
BOXES = {
    "type": "rule",
    "values": ["scrollable-region-focusable"],
}  # a box that scrolls out of the keyboard's reach
GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 18, 24)"}
LONG = "The name of this start has 40 characters"
STARTS = f"HeNormal|RandomNormal(stddev=0.1)|{LONG};Zeros;RandomNormal(stddev=3.0)"
NETWORK = "data=digits&hidden=3x48"


def run(page: Page) -> None:
    """Train, unless an earlier test has the result."""
    over = button(page, "Curves (CSV)")
    predicted = page.get_by_text("Predictions", exact=True)
    expect(over.or_(predicted).first).to_be_visible(timeout=60 * SECONDS)
    if not over.count():
        button(page, "Run").click()
    result(page)


def run_sweep(page: Page) -> None:
    button(page, "Run").click()
    expect(page.get_by_text("Best value of each column")).to_be_visible(timeout=60 * SECONDS)
    expect(button(page, "Run")).to_be_visible(timeout=120 * SECONDS)


def upload(page: Page) -> None:
    random, file = np.random.default_rng(0), BytesIO()
    kernel = random.normal(0, 0.05, (784, 64)).astype(np.float32)
    np.savez(file, **{"a_layer_with_a_long_name_of_its_own/kernel": kernel, "dense_1/bias": kernel[0]})
    name = "weights_with_a_name_that_is_longer_than_any_phone_is_wide.npz"
    payload = FilePayload(name=name, mimeType="application/octet-stream", buffer=file.getvalue())
    page.locator("input[type=file]").set_input_files(payload)
    expect(button(page, "Train from it")).to_be_visible(timeout=30 * SECONDS)


def press_until(page: Page, keys: str, there: Locator, limit: int = 80) -> None:
    """Press a key until `there` has the focus."""
    for _ in range(limit):
        page.keyboard.press(keys)
        if there.evaluate_all("found => found.includes(document.activeElement)"):
            return
    raise AssertionError(f"{keys} does not lead to {there}.")


def check_nothing_is_cut_on_a_phone(page: Page, place: str) -> None:
    """Check that all buttons and boxes of a row are within the width of a phone."""
    page.set_viewport_size(PHONE)
    outside = """row => [...row.querySelectorAll("button, input")].map(one => one.getBoundingClientRect())
        .filter(box => box.width > 2 && (box.right > row.getBoundingClientRect().right + 1 || box.left < 0)).length"""
    wait_until(page, lambda: page.locator(place).first.evaluate(outside) == 0)
    page.set_viewport_size(DESKTOP)


def check_first_steps_and_menu(page: Page) -> None:
    """Check that a phone shows all first steps, and that the links of the menu have a ring for the keyboard."""
    check_nothing_is_cut_on_a_phone(page, ".st-key-bar-explore")
    link = page.get_by_test_id("stTopNavLink").filter(has_text="Choose")
    expect(link).to_have_css("box-shadow", "none")
    press_until(page, "Tab", link)
    expect(link).not_to_have_css("box-shadow", "none")


def check_dialogs(page: Page) -> None:
    """Check the controls on a phone, a dialog in each look, and a popover."""
    check_nothing_is_cut_on_a_phone(page, ".st-key-train-controls")
    button(page, "Edit").first.click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Save")).to_be_visible()
    check_each_look(page)
    page.keyboard.press("Escape")
    page.get_by_test_id("stMain").get_by_role("button", name="SGD, batch 32").click()
    expect(page.get_by_label("Batch size")).to_be_visible()
    assert barriers(page) == []


def open_a_cell_by_keyboard(page: Page) -> None:
    page.get_by_role("combobox", name="Cell").focus()
    press_until(page, "Tab", button(page, "Open on Train"), 4)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("How far does RandomNormal get")


def set_a_start_by_keyboard(page: Page) -> None:
    page.get_by_role("textbox", name=re.compile("^Weights, ")).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("1.7")
    press_until(page, "Tab", button(page, "Place a start"), 6)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"VarianceScaling.*scale%3D1\.7"))


def check_the_focus_is_visible(page: Page) -> None:
    page.evaluate("document.activeElement.blur()")
    for role, name in (("region", re.compile("^Table: activation")), ("button", "Save picture as PNG")):
        place = page.get_by_role(role, name=name)
        expect(place).to_have_css("outline-style", "none")
        press_until(page, "Tab", place)
        expect(place).not_to_have_css("outline-style", "none")


def check_the_width_of_cards(page: Page) -> None:
    page.set_viewport_size(PHONE)
    cards = page.locator('[class*="st-key-lessons-card-"]')
    inside = "all => all.every(card => card.getBoundingClientRect().right <= 390)"
    wait_until(page, lambda: cards.evaluate_all(inside))
    assert cards.evaluate_all("all => Math.max(...all.map(e => e.scrollWidth - e.clientWidth))") <= 1


class Visit(NamedTuple):
    """A page: its address, the step that completes it or what must be visible, and a last check."""

    address: str
    then: Callable[[Page], None] | str
    finally_: Callable[[Page], None] = lambda page: None


VISITS = {
    "explore": Visit("/", DRAWN, check_first_steps_and_menu),
    "network": Visit("/?view=network", ".st-key-explore-network .main-svg"),
    "all": Visit("/explore?view=all", ".st-key-explore-panel-Identity .main-svg"),
    "train": Visit(f"/train?starts={STARTS}&{NETWORK}", run, check_dialogs),
    "sweep": Visit(
        "/sweep?data=digits&values=2&across=activation&depth=1&width=8", run_sweep, open_a_cell_by_keyboard
    ),
    "signal": Visit(
        f"/signal?starts={STARTS}&{NETWORK}&images=64&seeds=2",
        ".st-key-signal-jacobian .main-svg",
        set_a_start_by_keyboard,
    ),
    "choose": Visit("/choose?lesson=choose", ".st-key-choose-power .main-svg", check_the_focus_is_visible),
    "lessons": Visit("/lessons", '[class*="st-key-lessons-card-"]', check_the_width_of_cards),
    "custom": Visit("/custom?lesson=seed", ".st-key-explore-network .main-svg"),
    "weights": Visit("/pretrained", upload),
}


@pytest.fixture
def breaches(page: Page) -> Iterator[list[str]]:
    """Collect errors in the console, with breaches of the Content-Security-Policy, and the warnings of Plotly."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security" in message.text or message.text.startswith("WARN"):
            found.append(f"{message.text} {message.location['url']}")

    page.on("console", note)
    yield found
    page.remove_listener("console", note)


def barriers(page: Page, rules: Mapping[str, object] = WCAG) -> list[str]:
    """Return what axe-core finds against some rules: the rule, the place, and what is wrong there."""
    found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response
    return [
        f"{rule['id']} at {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def wait_for_the_look(page: Page) -> None:
    """Wait until no colour fades and nothing moves any more."""
    page.wait_for_function(
        """() => document.getAnimations().every(one =>
            one.playState !== "running" || one.effect?.getTiming().iterations === Infinity)"""
    )


def check_the_keys_of_charts(page: Page) -> None:
    """Check that no chart has labels at the ends of its lines on a phone, which took a third of it."""
    widths = "all => all.map(one => [one._fullLayout.margin.r, one._fullLayout.annotations.map(a => a.name)])"
    margins = lambda: page.locator(".js-plotly-plot").evaluate_all(widths)  # noqa: E731
    wait_until(page, lambda: all(right < 60 and "end" not in names for right, names in margins()))


def check_each_look(page: Page) -> None:
    """Check a page in both themes of a desktop and as wide as a phone, each with the rules that matter there."""
    for theme, ground in GROUNDS.items():
        page.emulate_media(color_scheme=theme)
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", ground)
        wait_for_the_look(page)
        assert barriers(page, WCAG if theme == "light" else COLOURS) == []
    page.set_viewport_size(PHONE)
    expect(page.get_by_role("button", name="Menu", exact=True)).to_be_visible()
    check_the_keys_of_charts(page)
    for place in ("document.scrollingElement", "document.querySelector('[data-testid=stMain]')"):
        wait_until(page, lambda place=place: page.evaluate(f"{place}.scrollWidth") <= PHONE["width"])
    wait_for_the_look(page)
    assert barriers(page, BOXES) == []
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")


def test_every_page_is_visited():
    assert {visit.address.partition("?")[0].strip("/") or "explore" for visit in VISITS.values()} == set(
        PAGES
    )


@pytest.mark.parametrize("name", VISITS)
def test_axe_phone_keyboard_and_content_security_policy(page: Page, breaches: list[str], app: str, name: str):
    visit = VISITS[name]
    open_page(page, f"{app}{visit.address}")
    if isinstance(visit.then, str):
        expect(page.locator(visit.then).first).to_be_visible(timeout=60 * SECONDS)
    else:
        visit.then(page)
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible(timeout=60 * SECONDS)
    check_each_look(page)
    visit.finally_(page)
    assert breaches == []
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))")
    wait_until(page, lambda: bool(breaches))  # a breach is reported
