"""Lessons in a real browser: the gallery, and the experiment that each lesson opens."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Page, expect
from support.visit import (
    DESKTOP,
    DRAWN,
    SECONDS,
    button,
    cards,
    leave_by,
    open_explore,
    open_page,
    result,
    wait_until,
)

from pages.parts.lessons.catalog import LESSONS

pytestmark = pytest.mark.browser

CARDS = '[class*="st-key-lessons-card-"]'


def test_the_gallery_shows_every_lesson_with_its_picture_and_a_folded_answer(page: Page, app: str) -> None:
    open_page(page, f"{app}/lessons")
    expect(page.locator(CARDS)).to_have_count(len(LESSONS))
    expect(page.get_by_alt_text("What do you expect?")).to_have_count(len(LESSONS))
    button(page, "Show picture").first.click()
    expect(page.get_by_alt_text(LESSONS[0].alt, exact=True)).to_be_visible()
    expect(page.get_by_alt_text(LESSONS[1].alt, exact=True)).to_have_count(0)
    page.get_by_text("Guess first", exact=True).click()
    for lesson in LESSONS:
        card = page.locator(f".st-key-lessons-card-{lesson.key}")
        expect(card.get_by_alt_text(lesson.alt, exact=True)).to_be_visible()
        expect(card.get_by_text(lesson.question)).to_be_visible()
        picture = card.get_by_alt_text(lesson.alt, exact=True)
        assert picture.evaluate("image => image.complete && image.naturalWidth") > 100
    answer = page.locator(".st-key-lessons-card-depth").get_by_text("while HeNormal reaches")
    expect(answer).to_be_hidden()
    page.locator(".st-key-lessons-card-depth").get_by_text("Answer", exact=True).click()
    expect(answer).to_be_visible()


def test_a_link_puts_its_lesson_first(page: Page, app: str) -> None:
    open_page(page, f"{app}/lessons?lesson=orthogonal")
    expect(page.locator(CARDS)).to_have_count(len(LESSONS))
    expect(page.locator(f"{CARDS} h3").first).to_have_text("7. Orthogonal spectra")
    link = page.locator(".st-key-lessons-card-trap").get_by_role("link", name="Link to this lesson")
    open_page(page, f"{app}/lessons{link.get_attribute('href')}")
    expect(page.locator(f"{CARDS} h3").first).to_have_text("4. The 0.05 trap")


def plain(words: str) -> str:
    return words.replace("**", "")


def address(page: Page) -> tuple[str, dict[str, str]]:
    parts = urlsplit(page.url)
    return parts.path, dict(parse_qsl(parts.query))


def test_each_lesson_opens_its_page_with_its_state_and_leads_to_the_next(page: Page, app: str) -> None:
    walk = LESSONS[5:]  # on four pages; those before are on two of them and on Explore
    open_page(page, f"{app}/lessons")
    card = page.locator(f".st-key-lessons-card-{walk[0].key}")
    press = card.get_by_role("button", name=re.compile("^Open in")).click
    for lesson in walk:
        leave_by(page, press) if lesson is walk[0] else press()
        if lesson.pretrain:
            wait_until(page, lambda: cards(page) == ["As saved", "Shuffled", "Gaussian"])
            assert address(page)[1]["lesson"] == lesson.key
        else:
            # Explore is the first page, which is served at the root alone.
            expected = "/" if lesson.page == "explore" else f"/{lesson.page}", dict(lesson.address)
            wait_until(page, lambda expected=expected: address(page) == expected)
        expect(page.get_by_text(f"Try {plain(lesson.task)}")).to_be_visible()
        expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible(timeout=60 * SECONDS)
        expect(page.get_by_text("of the link was ignored")).to_have_count(0)
        press = button(page, "Next lesson").click
    expect(button(page, "Next lesson")).to_have_count(0)
    button(page, "Back to lessons").click()
    expect(page.locator(CARDS)).to_have_count(len(LESSONS))


def test_a_lesson_stays_until_it_is_closed(page: Page, app: str) -> None:
    depth = LESSONS[2]
    task, label = (
        page.get_by_text(f"Try {plain(depth.task)}"),
        page.get_by_text("Lesson 3 of 10: He versus Glorot"),
    )
    open_page(page, f"{app}/train?lesson={depth.key}")
    wait_until(page, lambda: cards(page) == ["GlorotNormal", "HeNormal"])
    button(page, "Answer").click()
    expect(page.get_by_text("while HeNormal reaches")).to_be_visible()
    page.keyboard.press("Escape")
    button(page, "Add start").click()
    wait_until(page, lambda: len(cards(page)) == 3)
    expect(page).to_have_url(re.compile("starts=.*lesson=depth"))
    page.reload()
    wait_until(page, lambda: len(cards(page)) == 3)
    expect(task).to_be_visible()
    page.get_by_test_id("stHeader").get_by_role("link", name="Choose").click()
    expect(label).to_be_visible()
    expect(task).to_have_count(0)
    leave_by(page, button(page, "Back to the lesson").click)
    expect(task).to_be_visible()
    button(page, "Close").click()
    expect(page).not_to_have_url(re.compile("lesson="))
    expect(label).to_have_count(0)
    page.go_back()
    expect(task).to_be_visible()


def test_what_was_prepared_before_a_lesson_is_one_press_away(page: Page, app: str) -> None:
    open_page(page, f"{app}/train?starts=Zeros;Ones&hidden=16")
    wait_until(page, lambda: cards(page) == ["Zeros", "Ones"])
    page.get_by_test_id("stHeader").get_by_role("link", name="Lessons").click()
    press = (
        page.locator(".st-key-lessons-card-depth").get_by_role("button", name=re.compile("^Open in")).click
    )
    press()
    wait_until(page, lambda: cards(page) == ["GlorotNormal", "HeNormal"])
    button(page, "Back to your starts").click()
    wait_until(page, lambda: cards(page) == ["Zeros", "Ones"])
    assert address(page) == ("/train", {"starts": "Zeros();Ones()", "hidden": "16"})
    expect(page.get_by_text("Lesson 3 of 10")).to_have_count(0)


def test_the_first_steps_lead_through_the_pages(page: Page, app: str) -> None:
    open_explore(page, app)
    picture = page.locator(DRAWN).bounding_box()
    assert picture is not None
    assert picture["y"] + picture["height"] < DESKTOP["height"]
    length = page.evaluate("history.length")
    button(page, "2 Normal").click()
    expect(page.locator("h1")).to_have_text("What does RandomNormal draw?")
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible(timeout=60 * SECONDS)
    assert page.evaluate("history.length") == min(length + 1, 50)
    leave_by(page, button(page, "3 Pretrained").click)
    button(page, "Train an example").click()
    button(page, "Open both").click(timeout=60 * SECONDS)
    expect(page.locator("h1")).to_have_text("How do these two files differ?", timeout=60 * SECONDS)
    button(page, "Next step").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("What does MyInitializer draw?")
    expect(page.locator(":focus")).to_contain_text("Look for")
    button(page, "Close").click()
    expect(page).to_have_url(f"{app}/custom")
    page.get_by_test_id("stHeader").get_by_role("link", name="Explore").click()
    expect(page.locator("h1")).to_have_text("What does RandomNormal draw?")
    expect(page.get_by_text("New here?")).to_have_count(0)


def test_starts_are_guessed_before_their_run_and_scored_after_it(page: Page, app: str) -> None:
    open_page(page, f"{app}/train?lesson=symmetry")
    wait_until(page, lambda: cards(page) == ["Zeros", "Constant", "HeNormal"])
    row = page.locator(".st-key-train-cards")
    expect(button(page, "Show predictions")).to_be_visible()
    expect(page.get_by_text("Predictions", exact=True)).to_have_count(0)
    expect(page.get_by_role("img", name=re.compile(r"^The network: .* outputs\.$"))).to_be_visible()
    for place, guess in enumerate(("keeps guessing", "learns", "learns")):
        row.get_by_role("radio", name=guess, exact=True).nth(place).click()
    button(page, "Run").click()
    found = {row["start"]: float(row["test accuracy"].rstrip("%")) for row in result(page)}
    assert found["HeNormal"] > 5 * max(found["Zeros"], found["Constant"])
    score = "2 of your 3 guesses were right; 3 of 3 predictions were right."
    expect(page.get_by_text(score).filter(visible=True)).to_have_count(1)
    button(page, "Present").click()
    page.keyboard.press("ArrowLeft")  # from the loss
    expect(page.get_by_role("dialog", name="Presenter view").get_by_role("heading")).to_have_text(score)
    page.keyboard.press("Escape")
    page.reload()  # another session: what is already computed stays hidden
    expect(button(page, "Show predictions")).to_be_visible(timeout=60 * SECONDS)
    expect(button(page, "Curves (CSV)")).to_have_count(0)
    button(page, "Show predictions").click()
    expect(page.get_by_text("Predictions", exact=True)).to_be_visible()
    button(page, "Close").click()
    expect(page).not_to_have_url(re.compile("lesson="))
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible(timeout=60 * SECONDS)
    expect(button(page, "Curves (CSV)")).to_have_count(0)
    button(page, "Run").click()
    expect(button(page, "Curves (CSV)")).to_be_visible()


def test_weights_that_a_lesson_needs_are_trained_first(page: Page, app: str) -> None:
    open_page(page, f"{app}/lessons?lesson=pretrained")
    leave_by(
        page,
        page.locator(".st-key-lessons-card-pretrained").get_by_role("button", name="Open in Train").click,
    )
    expect(page.locator("h1")).to_have_text("Which start learns fastest?", timeout=90 * SECONDS)
    wait_until(page, lambda: cards(page) == ["As saved", "Shuffled", "Gaussian"])
    button(page, "Run").click()
    assert {row["outcome"] for row in result(page)} == {"completed"}
