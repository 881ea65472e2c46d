"""The verdict before training, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect
from support.visit import SECONDS, button, open_page, result

pytestmark = pytest.mark.browser
STARTS = "HeNormal;Zeros;RandomNormal(stddev=0.001)"


def test_predictions_stand_beside_the_outcomes(page: Page, app: str) -> None:
    open_page(page, f"{app}/train?starts={STARTS}&hidden=4x48&data=digits")
    cards, table = page.locator(".st-key-train-cards"), page.get_by_role("table").filter(has_text="predicted")
    for words in ("trains", "symmetric units", "vanishes by layer 1"):
        expect(cards.get_by_text(words).first).to_be_visible(timeout=60 * SECONDS)
    expect(table.get_by_role("row")).to_have_count(4)
    expect(table.get_by_role("row", name="Zeros")).to_contain_text("give the same output as another unit")
    button(page, "Run").click()
    assert len(result(page)) == 3
    expect(cards.get_by_text("as predicted")).to_have_count(3)
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("3 of 3 were right")
    expect(table.get_by_role("row", name="HeNormal")).to_contain_text("yes")
    expect(table.get_by_role("row", name="Zeros")).to_contain_text(re.compile("still guessing.*yes"))
