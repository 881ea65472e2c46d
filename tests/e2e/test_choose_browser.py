"""The Choose page in a real browser: answer the questions, read the reason, test the recommendation."""

import re

import pytest
from playwright.sync_api import Page, expect
from support.visit import button, cards, leave_by, open_page, wait_until

from pages.parts.page.cheatsheet import SHEETS

pytestmark = pytest.mark.browser


def test_he_normal_is_recommended_for_relu_and_can_be_tested(page: Page, app: str) -> None:
    open_page(page, f"{app}/choose")
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("HeNormal: through 6 ReLU layers")
    expect(main).to_contain_text("keras.initializers.HeNormal()")
    expect(main.get_by_role("link", name=re.compile("He et al. 2015"))).to_be_visible()

    table = page.locator("table", has=page.get_by_role("columnheader", name="activation"))
    expect(table.locator("tbody tr")).to_have_count(10)
    expect(table.locator("tr", has_text="SELU").first).to_contain_text("LecunNormal")
    expect(page.locator('.inits-chart[aria-label^="Remaining strength"] .js-plotly-plot')).to_be_visible()

    main.get_by_role("button", name="Help", exact=True).last.focus()  # a cheat sheet opens by keyboard
    sheet = page.get_by_role("tooltip")
    expect(sheet).to_contain_text(SHEETS["power"].see)
    expect(sheet).to_contain_text(SHEETS["power"].change)
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)

    leave_by(page, main.get_by_role("button", name=re.compile("^Test against")).click)
    expect(page.locator("h1")).to_have_text("Which start learns fastest?")
    wait_until(page, lambda: len(cards(page)) == 3)
    assert cards(page)[0] == "HeNormal"


def test_a_cheat_sheet_opens_by_a_tap(phone: Page, app: str) -> None:
    open_page(phone, f"{app}/choose")
    phone.get_by_test_id("stMain").get_by_role("button", name="Help", exact=True).last.tap()
    expect(phone.get_by_role("tooltip")).to_contain_text(SHEETS["power"].good)


def test_the_recommendation_follows_the_answers_and_opens_on_the_signal_page(page: Page, app: str) -> None:
    open_page(page, f"{app}/choose?activation=sigmoid&depth=10")
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text(re.compile(r"VarianceScaling\(scale=\d+\): through 10 sigmoid layers"))
    main.get_by_role("radio", name="batch").click()
    expect(main).to_contain_text("Batch normalization removes the scale of the weights")
    expect(page).to_have_url(re.compile("normalization=batch"))
    page.reload()
    expect(main).to_contain_text("Recommended for 10 sigmoid layers of 128, batch normalization, SGD")
    leave_by(page, button(page, "See the signal").click)
    expect(page.locator("h1")).to_have_text("How far does the signal travel?")
    expect(page).to_have_url(re.compile(r"hidden=10"))
    expect(main).to_contain_text("Through 10 sigmoid layers")
