"""That nothing bars people from a page: axe-core looks at every one in both themes, and a phone has room for all."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import NamedTuple

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect
from support.visit import DRAWN, SECONDS, button, opened, result

pytestmark = [pytest.mark.browser, pytest.mark.keras]

WCAG = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
COLOURS = {"type": "rule", "values": ["color-contrast"]}
BOXES = {"type": "rule", "values": ["scrollable-region-focusable"]}  # that no keyboard reaches
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 18, 24)"}
LONG = "The name of this start has 40 characters"
STARTS = f"HeNormal|RandomNormal(stddev=0.1)|{LONG};Zeros;RandomNormal(stddev=3.0)"
NETWORK = "data=digits&hidden=3x48"


def seen(page: Page, what: str) -> None:
    expect(page.locator(what).first).to_be_visible(timeout=60 * SECONDS)


def run(page: Page) -> None:
    """Train, unless it was done before."""
    over = button(page, "Curves (CSV)")
    expect(over.or_(page.get_by_text("one trial step and theory"))).to_be_visible(timeout=60 * SECONDS)
    if not over.count():
        button(page, "Run").click()
    result(page)


def run_sweep(page: Page) -> None:
    button(page, "Run").click()
    expect(page.get_by_text("The best of each column")).to_be_visible(timeout=60 * SECONDS)


def upload(page: Page) -> None:
    random, file = np.random.default_rng(0), BytesIO()
    kernel = random.normal(0, 0.05, (784, 64)).astype(np.float32)
    np.savez(file, **{"a_layer_with_a_long_name_of_its_own/kernel": kernel, "dense_1/bias": kernel[0]})
    name = "weights_with_a_name_that_is_longer_than_any_phone_is_wide.npz"
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": file.getvalue()}
    )
    expect(button(page, "Train from it")).to_be_visible(timeout=30 * SECONDS)


class Visit(NamedTuple):
    """A page: its address, and what makes it whole."""

    address: str
    then: Callable[[Page], None]


VISITS = {
    "explore": Visit("/", partial(seen, what=DRAWN)),
    "network": Visit("/?view=network", partial(seen, what=".st-key-explore-network .main-svg")),
    "all": Visit("/?view=all", partial(seen, what=".st-key-explore-panel-Identity .main-svg")),
    "train": Visit(f"/train?starts={STARTS}&{NETWORK}", run),
    "sweep": Visit("/sweep?data=digits&values=2&across=activation&depth=1&width=8", run_sweep),
    "signal": Visit(
        f"/signal?starts={STARTS}&{NETWORK}&images=64&seeds=2",
        partial(seen, what=".st-key-signal-jacobian .main-svg"),
    ),
    "choose": Visit("/choose", partial(seen, what=".st-key-choose-power .main-svg")),
    "lessons": Visit("/lessons", partial(seen, what='[class*="st-key-lessons-card-"]')),
    "custom": Visit("/custom", partial(seen, what=".st-key-explore-network .main-svg")),
    "weights": Visit("/pretrained", upload),
}


def visit(page: Page, app: str, name: str) -> Page:
    address, then = VISITS[name]
    opened(page, f"{app}{address}")
    then(page)
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible(timeout=30 * SECONDS)
    return page


def barriers(page: Page, rules: Mapping[str, object] = WCAG) -> list[str]:
    """What axe-core finds against WCAG 2.1 A and AA, or some rules of it: rule, place and what is wrong there."""
    found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response
    return [
        f"{rule['id']} at {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.fixture(scope="module")
def reader(window: BrowserContext) -> Iterator[Page]:
    """One tab for all pages."""
    tab = window.new_page()
    yield tab
    tab.close()


def each_look(page: Page) -> Iterator[Mapping[str, object]]:
    """A page in both themes of a desktop, then as wide as a phone; with the rules that can tell anything new there."""
    for theme, ground in GROUNDS.items():
        page.emulate_media(color_scheme=theme)
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", ground)
        page.wait_for_timeout(SECONDS / 2)  # colours fade over
        yield WCAG if theme == "light" else COLOURS
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(SECONDS / 2)
    yield BOXES
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("name", VISITS)
def test_axe_finds_nothing_and_a_phone_has_room(reader: Page, app: str, name: str) -> None:
    visit(reader, app, name)
    for rules in each_look(reader):
        assert barriers(reader, rules) == []
        if reader.viewport_size == PHONE:
            assert reader.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
            assert reader.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_axe_finds_nothing_in_what_opens(reader: Page, app: str) -> None:
    visit(reader, app, "train")
    button(reader, "Edit").first.click()
    expect(reader.get_by_role("dialog").get_by_role("button", name="Save")).to_be_visible()
    for rules in each_look(reader):
        assert barriers(reader, rules) == []
    reader.keyboard.press("Escape")
    reader.get_by_test_id("stMain").get_by_role("button", name="SGD, batch 32").click()
    expect(reader.get_by_label("Batch size")).to_be_visible()
    assert barriers(reader) == []


def press_until(page: Page, keys: str, there: Locator, most: int = 80) -> None:
    """Press a key until `there` has the focus."""
    for _ in range(most):
        page.keyboard.press(keys)
        if there.evaluate_all("found => found.includes(document.activeElement)"):
            return
    raise AssertionError(f"{keys} does not lead to {there}.")


def test_a_cell_of_a_sweep_is_opened_by_keyboard(page: Page, app: str) -> None:
    visit(page, app, "sweep")
    page.get_by_role("combobox", name="Cell").focus()
    press_until(page, "Tab", button(page, "Open on Train"), 4)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("How far does RandomNormal get", timeout=20 * SECONDS)


def test_a_start_is_set_on_the_plane_by_keyboard(page: Page, app: str) -> None:
    visit(page, app, "signal")
    page.get_by_role("spinbutton", name="Weights, σ_w²").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("1.7")
    press_until(page, "Tab", button(page, "Place a start"), 6)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"VarianceScaling.*scale%3D1\.7"), timeout=20 * SECONDS)


def test_what_is_ours_shows_the_focus(page: Page, app: str) -> None:
    visit(page, app, "choose")
    for role, name in (("region", re.compile("^Table: activation")), ("button", "Save picture as PNG")):
        place = page.get_by_role(role, name=name)
        expect(place).to_have_css("outline-style", "none")
        press_until(page, "Tab", place)
        expect(place).not_to_have_css("outline-style", "none")
