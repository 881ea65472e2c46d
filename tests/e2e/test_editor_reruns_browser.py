"""The code editor while its page runs: texts that come late, hidden editors, and marks of wrong lines."""

import pytest
from playwright.sync_api import Locator, Page, expect
from support.editor import (
    LINES,
    START,
    choose,
    complained,
    cursor_at_end,
    editor_has,
    marked,
    press,
    python_has,
    runs,
    slowed,
    switch,
    text,
    typed_into_a_run,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def page(editing: Page) -> Page:
    return editing


def test_another_example_replaces_the_text_and_can_be_undone(page: Page, place: Locator) -> None:
    page.keyboard.type("mine")
    choose(page, "two")
    editor_has(page, "answer = 42\n")
    python_has(page, "answer = 42\n")
    before = runs(page)
    place.click()
    page.keyboard.press("Control+z")
    assert text(page) == START + "mine"
    python_has(page, START + "mine")
    assert runs(page) - before == 1
    page.keyboard.press("Control+z")
    assert text(page) == START


def test_text_cursor_and_history_survive_reruns(page: Page, place: Locator) -> None:
    page.keyboard.press("Control+Home")
    page.keyboard.type("a")
    page.locator(".cm-editor").evaluate("editor => { editor.mark = 'same element' }")
    switch(page, "above")
    expect(page.get_by_text("Something above")).to_be_visible()
    place.focus()
    page.keyboard.type("b")
    python_has(page, "ab" + START)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert text(page) == START
    assert page.locator(".cm-editor").evaluate("editor => editor.mark") == "same element"


def test_an_older_answer_does_not_overwrite_newer_text(page: Page) -> None:
    slowed(page)
    cursor_at_end(page)
    typed_into_a_run(page, "a", "b")
    python_has(page, START + "ab")
    assert text(page) == START + "ab"


def test_text_that_is_newer_than_a_text_of_the_page_is_kept(page: Page, place: Locator) -> None:
    page.keyboard.type("mine")
    python_has(page, START + "mine")
    page.evaluate("""() => {
        const named = (button) => button.textContent === "Restore";
        [...document.querySelectorAll("button")].find(named).click();
        document.querySelector(".cm-content").focus();
        document.execCommand("insertText", false, "!");
    }""")
    python_has(page, START + "mine!")
    assert text(page) == START + "mine!"
    press(page, "Restore")
    editor_has(page, START)


def test_the_text_is_kept_while_the_editor_is_hidden(page: Page, place: Locator) -> None:
    page.keyboard.type("mine")
    switch(page, "shown")
    expect(place).to_have_count(0)
    switch(page, "shown")
    expect(place).to_be_visible()
    assert text(page) == START + "mine"
    python_has(page, START + "mine")


def test_a_link_leaves_the_page_at_once_and_keeps_the_text(page: Page) -> None:
    page.keyboard.type("mine")
    page.get_by_role("link", name="Other").hover()
    page.mouse.down()  # the press alone makes the editor send its text
    python_has(page, START + "mine")
    page.mouse.up()
    expect(page.get_by_text("another page")).to_be_visible()
    page.get_by_role("link", name="Editing").click(delay=60)
    editor_has(page, START + "mine")
    python_has(page, START + "mine")


def test_a_lost_session_receives_the_text_of_the_browser(page: Page) -> None:
    page.keyboard.type("first")
    choose(page, "two")
    editor_has(page, "answer = 42\n")
    choose(page, "one")  # the same example again is a new text
    python_has(page, START)
    editor_has(page, START)
    page.locator(LINES).last.click()
    page.keyboard.type("mine")
    press(page, "Forget")
    python_has(page, START + "mine")
    assert text(page) == START + "mine"


def test_a_wrong_line_shows_its_message_which_moves_disappears_and_returns_with_it(
    page: Page, place: Locator
) -> None:
    message = complained(page)
    assert message.text_content() == "TypeError: x is <b>None</b>"
    assert marked(page) == ["    return 2 * x"]
    expect(page.locator(".inits-sign")).to_have_attribute("title", "TypeError: x is <b>None</b>")
    expect(page.get_by_role("status").filter(has_text="Line 6: TypeError")).to_have_count(1)
    expect(page.locator(".inits-wrong")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
    assert text(page) == START, "the message must not be part of the text"
    place.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# first\n")
    assert marked(page) == ["    return 2 * x"]
    python_has(page, "# first\n" + START)
    assert marked(page) == ["    return 2 * x"]
    expect(page.get_by_role("status").filter(has_text="Line 7: TypeError")).to_have_count(1)
    page.locator(LINES).filter(has_text="return").click()
    page.keyboard.press("End")
    page.keyboard.type(" + 1")
    expect(message).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(message).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(message).to_have_count(0)
    page.keyboard.press("Control+z")
    editor_has(page, "# first\n" + START)
    expect(page.locator(".inits-wrong")).to_have_text("return 2 * x")


def test_marks_for_an_older_text_do_not_move_newer_ones(page: Page, place: Locator) -> None:
    complained(page)
    slowed(page)
    page.locator(".cm-content").evaluate("""content => {
        window.marked = new Set();
        const note = () => content.querySelectorAll(".inits-wrong").forEach((line) => marked.add(line.textContent));
        new MutationObserver(note).observe(content, { childList: true, subtree: true, attributes: true });
    }""")
    place.focus()
    page.keyboard.press("Control+Home")
    typed_into_a_run(page, "\n", "\n")
    python_has(page, "\n\n" + START)
    assert page.evaluate("[...marked]") == ["    return 2 * x"]


def test_the_wrong_line_is_scrolled_to(page: Page) -> None:
    choose(page, "long")
    expect(page.locator(LINES).first).to_have_text("line_1 = 1")
    cursor_at_end(page)
    expect(page.locator(LINES).last).to_have_text("line_200 = 200")
    expect(page.locator(LINES).filter(has_text="line_6 =")).to_have_count(0)
    complained(page)
    page.locator(".inits-editor").scroll_into_view_if_needed()
    expect(page.locator(".inits-wrong")).to_be_in_viewport()
