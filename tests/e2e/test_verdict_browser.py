"""The verdict before training, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect
from support.visit import SECONDS, button, on_one_screen, open_page, result

pytestmark = pytest.mark.browser
STARTS = (
    "HeNormal;Zeros;RandomNormal(stddev=0.001);HeUniform;GlorotNormal;LecunNormal;Orthogonal;LecunUniform"
)
# The names with a word in two lines. Zero-width spaces are between the words.
BROKEN = """names => names.filter(name => [...name.firstChild.data.matchAll(/[^\\u200b ]+/g)].some(word => {
    const range = new Range();
    range.setStart(name.firstChild, word.index);
    range.setEnd(name.firstChild, word.index + word[0].length);
    return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1;
})).map(name => name.textContent)"""


def test_predictions_stand_beside_the_outcomes(page: Page, app: str) -> None:
    """Eight cards: the controls and the curves are on the first screen."""
    open_page(page, f"{app}/train?starts={STARTS}&hidden=4x48&data=digits")
    chips = page.locator(".st-key-train-cards .stMarkdownBadge").filter(visible=True)
    for words, count in (("trains", 6), ("symmetric units", 1), ("vanishes by layer 1", 1)):
        expect(chips.filter(has_text=words)).to_have_count(count, timeout=60 * SECONDS)
    on_one_screen(page, ".st-key-train-run", ".st-key-train-picture")
    network = page.locator(".st-key-train-picture .inits-chart")
    expect(network).to_have_attribute("aria-label", re.compile("Zeros: the signal vanishes by layer 1."))
    button(page, "Run").click()
    assert len(result(page)) == 8
    expect(chips.filter(has_text=", as predicted")).to_have_count(8)
    expect(chips.filter(has_text="guessing, as predicted")).to_have_count(2)
    on_one_screen(page, ".st-key-train-run", ".st-key-train-loss", ".st-key-train-accuracy")
    chips_are_whole(page, 1024)
    page.get_by_text("Predictions", exact=True).click()
    table = page.get_by_role("table").filter(has_text="predicted")
    expect(table.get_by_role("row")).to_have_count(9)
    expect(page.get_by_text("8 of 8 were right")).to_be_visible()
    expect(table.get_by_role("row", name="HeNormal")).to_contain_text("yes")
    zeros = table.get_by_role("row", name="Zeros")
    expect(zeros).to_contain_text(re.compile("still guessing.*yes.*give the same output as another unit"))
    page.get_by_role("button", name="Present").click()
    view = page.get_by_role("dialog", name="Presenter view")
    while view.get_by_role("button", name="Previous").get_attribute("aria-disabled") == "false":
        page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-presented] .st-key-train-cards")).to_be_visible()
    for width in (1280, 1024):
        chips_are_whole(page, width)
        assert page.locator(".st-key-train-cards strong").evaluate_all(BROKEN) == []


def chips_are_whole(page: Page, width: int) -> None:
    """Check that all words of the chips are inside of their cards on a screen of this width."""
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(300)  # the presenter view fits its slide anew
    cut = """chips => chips.filter(chip => chip.scrollWidth > chip.clientWidth + 1 ||
        chip.getBoundingClientRect().right > chip.closest('[class*="-card-"]').getBoundingClientRect().right)"""
    chips = page.locator(".st-key-train-cards .stMarkdownBadge").filter(visible=True)
    expect(chips).to_have_count(8)
    assert chips.evaluate_all(f"chips => ({cut})(chips).map(chip => chip.textContent)") == []
