"""Lessons in a real browser: the gallery, and the experiment that each lesson opens."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from support.visit import SECONDS, button, cards, leave_by, open_page, result, wait_until

from pages.parts.lessons.catalog import LESSONS, Lesson

pytestmark = pytest.mark.browser

CARDS = '[class*="st-key-lessons-card-"]'


def test_the_gallery_shows_every_lesson_with_its_picture_and_a_folded_answer(page: Page, app: str) -> None:
    open_page(page, f"{app}/lessons")
    expect(page.locator(CARDS)).to_have_count(len(LESSONS))
    for lesson in LESSONS:
        card = page.locator(f".st-key-lessons-card-{lesson.key}")
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
    open_page(page, f"{app}/lessons?lesson=nothing")
    expect(page.get_by_test_id("stAlert")).to_contain_text("The part “lesson” of the link was ignored")
    expect(page.locator(CARDS)).to_have_count(len(LESSONS))


@pytest.fixture(scope="module")
def student(window: BrowserContext, app: str) -> Iterator[Page]:
    """Open a tab in which the lessons are opened one after the other."""
    tab = open_page(window.new_page(), f"{app}/lessons")
    yield tab
    tab.close()


@pytest.mark.parametrize(
    "lesson", [lesson for lesson in LESSONS if not lesson.pretrain], ids=lambda lesson: lesson.key
)
def test_a_lesson_opens_its_page_with_its_state(student: Page, lesson: Lesson) -> None:
    student.get_by_test_id("stHeader").get_by_role("link", name="Lessons").click()
    card = student.locator(f".st-key-lessons-card-{lesson.key}")
    card.get_by_role("button", name=re.compile("^Open in")).click()
    # Explore is the first page, which is served at the root alone.
    expected = "/" if lesson.page == "explore" else f"/{lesson.page}", lesson.state

    def address() -> tuple[str, dict[str, str]]:
        parts = urlsplit(student.url)
        return parts.path, dict(parse_qsl(parts.query))

    wait_until(student, lambda: address() == expected)
    expect(student.locator("h1")).not_to_have_text("What would you like to find out?")
    expect(student.locator("[data-test-script-state=notRunning]")).to_be_visible(timeout=60 * SECONDS)
    expect(student.get_by_text("of the link was ignored")).to_have_count(0)


def test_the_experiment_of_a_lesson_can_be_run(page: Page, app: str) -> None:
    open_page(page, f"{app}/lessons")
    leave_by(
        page, page.locator(".st-key-lessons-card-symmetry").get_by_role("button", name="Open in Train").click
    )
    wait_until(page, lambda: cards(page) == ["Zeros", "Constant", "HeNormal"])
    button(page, "Run").click()
    found = {row["start"]: float(row["test accuracy"].rstrip("%")) for row in result(page)}
    assert found["HeNormal"] > 5 * max(found["Zeros"], found["Constant"])


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
