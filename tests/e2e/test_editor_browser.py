"""The editor as a person meets it, in a real browser. The page under test is `editor_app.py`."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.live import serve

pytestmark = pytest.mark.browser

BUNDLE = re.compile(r"codemirror-.*\.min\.js")
LINES = ".inits-editor .cm-line"
START = 'import numpy as np\n\n\ndef double(x):\n    """Twice `x`."""  # said twice\n    return 2 * x\n'


@pytest.fixture(scope="module")
def editor_app() -> Iterator[str]:
    with serve("tests/e2e/editor_app.py") as address:
        yield address


def opened(page: Page, address: str) -> Locator:
    """The place where a person types, with the cursor at the end of the first example."""
    page.goto(address)
    place = page.get_by_role("textbox", name="Your initializer")
    expect(place).to_be_visible(timeout=30_000)
    place.click()
    page.keyboard.press("Control+End")
    return place


def text(page: Page) -> str:
    return "\n".join(page.locator(LINES).all_text_contents())


def knows(page: Page, text: str) -> None:
    """Wait until Python has this text."""
    expect(page.get_by_text(f"knows {text!r}", exact=True)).to_be_visible()


def shows(page: Page, text: str) -> None:
    """Wait until the editor has this text."""
    expect(page.locator(LINES)).to_have_text(text.split("\n"))


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
    """From now on the page takes a while before it comes to the editor."""
    before = runs(page)
    switch(page, "slow")
    expect(page.get_by_text(f"page runs {before + 1}", exact=True)).to_be_visible()
    page.wait_for_function("!document.querySelector('[data-test-script-state=running]')")


def typed_into_a_run(page: Page, first: str, second: str) -> None:
    """Type `first`, and `second` while it is on its way, so that the echo of `first` comes after it."""
    page.keyboard.type(first)
    page.wait_for_function("document.querySelector('[data-test-script-state=running]')")
    page.keyboard.type(second)


def complained(page: Page) -> Locator:
    """The message under the wrong line."""
    press(page, "Complain")
    message = page.locator(".inits-mark")
    expect(message).to_be_visible()
    return message


def marked(page: Page) -> list[str]:
    return page.locator(".inits-wrong").all_text_contents()


def contrast(words: Locator) -> float:
    """WCAG's contrast of the text in `words` on what the browser paints behind it."""
    return words.evaluate("""words => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
        const brush = canvas.getContext("2d", { willReadFrequently: true });
        const luminance = (colors) => {
            for (const color of colors) { brush.fillStyle = color; brush.fillRect(0, 0, 1, 1); }
            const parts = [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255);
            const [r, g, b] = parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = [];
        for (let at = words; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
        const [dark, light] = [luminance(behind), luminance([...behind, getComputedStyle(words).color])]
            .sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
    }""")


# ---- What is seen


def test_lines_are_numbered_and_coloured(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    assert text(page) == START
    numbers = page.locator(".cm-lineNumbers .cm-gutterElement").all_inner_texts()
    assert [number for number in numbers if number][-7:] == list("1234567")
    words = [
        page.locator(LINES).get_by_text(word, exact=True) for word in ("import", '"""Twice `x`."""', "2")
    ]
    assert len({word.evaluate("word => getComputedStyle(word).color") for word in words}) == 3


def test_it_has_a_name_and_says_how_to_leave(page: Page, editor_app: str) -> None:
    place = opened(page, editor_app)
    hint = page.locator(f"#{place.get_attribute('aria-describedby')}")
    expect(hint).to_be_visible()
    expect(hint).to_have_text("Ctrl+Enter runs. Tab indents; Esc, then Tab leaves.")


def test_the_place_is_reserved(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    assert page.locator(".inits-editor").bounding_box()["height"] == 360


def test_brackets_find_each_other(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    page.keyboard.type("f(1")
    expect(page.locator(".cm-matchingBracket")).to_have_count(0)
    page.keyboard.type(")")
    expect(page.locator(".cm-matchingBracket")).to_have_text(["(", ")"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_words_can_be_read(page: Page, editor_app: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    opened(page, editor_app)
    page.keyboard.type("@wraps\nclass A: pass  # note\nfor k in 'a\\n', f'b{None}', 1.5: pass")
    page.locator(LINES).filter(has_text="return").click()
    page.keyboard.press("End")
    page.keyboard.type(" + 'a\\n' # a string and a note in a marked line")
    complained(page)
    places = page.locator(
        f"{LINES}, {LINES} span, .inits-mark, .inits-sign, .inits-editor-hint, .cm-lineNumbers .cm-gutterElement"
    ).all()
    assert len(places) > 30
    for words in places:
        assert contrast(words) >= 4.5, words.evaluate("words => words.outerHTML")


def test_the_theme_switches_under_a_text(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    paper, word = page.locator(".cm-editor"), page.locator(LINES).get_by_text("import", exact=True)
    light = word.evaluate("word => getComputedStyle(word).color")
    page.keyboard.type("y = 1")
    page.emulate_media(color_scheme="dark")
    expect(paper).to_have_css("background-color", "rgb(16, 18, 24)")
    expect(word).not_to_have_css("color", light)
    page.keyboard.type("2")
    assert text(page) == START + "y = 12"


def test_a_phone_needs_no_scrolling_aside(phone: Page, editor_app: str) -> None:
    opened(phone, editor_app)
    phone.keyboard.type("wide = " + " + ".join(["number"] * 30))
    for place in ("[data-testid=stMain]", ".cm-scroller"):
        assert phone.locator(place).evaluate("box => box.scrollWidth <= box.clientWidth")
    assert phone.locator(".inits-editor").bounding_box()["width"] <= 390


# ---- Typing


def test_typing_arrives_when_it_pauses(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    before = runs(page)
    page.keyboard.type("recurrent = 'rc'; " * 5, delay=10)
    knows(page, START + "recurrent = 'rc'; " * 5)
    assert runs(page) - before < 10, "90 keys must not run the page 90 times"
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_enter_and_tab_indent_as_in_python(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    page.keyboard.type("if x:\ny = 1")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert text(page) == START + "if x:\ny = 1"
    page.keyboard.press("Tab")
    assert text(page) == START + "if x:\n    y = 1"


def test_undo_and_redo(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    page.keyboard.type("y = 1")
    page.keyboard.press("Control+z")
    assert text(page) == START
    page.keyboard.press("Control+y")
    assert text(page) == START + "y = 1"
    knows(page, START + "y = 1")


def test_the_keyboard_can_leave(page: Page, editor_app: str) -> None:
    place = opened(page, editor_app)
    page.keyboard.press("Tab")
    expect(place).to_be_focused()
    page.keyboard.press("Escape")
    page.evaluate("{ const now = Date.now; Date.now = () => now() + 60_000 }")  # nobody is hurried
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(place).to_be_focused()
    page.keyboard.press("Tab")
    expect(place).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.type("a")
    page.keyboard.press("Tab")
    expect(place).to_be_focused()


def test_more_than_the_limit_is_not_taken(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    page.keyboard.insert_text("z" * 5_000)
    alarm = page.get_by_role("alert").filter(has_text="The editor takes at most")
    expect(alarm).to_contain_text(f"at most 5,000 characters. This would be {5_000 + len(START):,}")
    assert text(page) == START
    page.keyboard.type("y")
    expect(alarm).to_have_count(0)
    assert text(page) == START + "y"


def test_read_only(page: Page, editor_app: str) -> None:
    place = opened(page, editor_app)
    switch(page, "read only")
    expect(place).to_have_attribute("aria-readonly", "true")
    place.click()
    page.keyboard.type("y")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_focused()
    switch(page, "read only")
    expect(place).not_to_have_attribute("aria-readonly", "true")
    place.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("y")
    knows(page, START + "y")
    expect(page.get_by_text("0 times")).to_be_visible()


# ---- Running


def test_ctrl_enter_runs_once(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    page.keyboard.type("y = 1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(f"ran {START + 'y = 1'!r}")).to_be_visible()
    switch(page, "above")
    expect(page.get_by_text("Something above")).to_be_visible()
    expect(page.get_by_text("1 times")).to_be_visible()
    page.locator(LINES).last.click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("2 times")).to_be_visible()


def test_the_run_button_runs_what_was_just_typed(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    for number in range(1, 4):
        page.locator(LINES).last.click()
        page.keyboard.press("Control+End")
        page.keyboard.type(str(number))
        press(page, "Run")
        expect(page.get_by_text(f"ran {START + '123'[:number]!r}")).to_be_visible()
        expect(page.get_by_text(f"{number} times")).to_be_visible()


def test_so_it_does_where_buttons_do_not_take_the_focus(page: Page, editor_app: str) -> None:
    place = opened(page, editor_app)
    page.keyboard.type("y = 1")
    page.get_by_role("button", name="Run", exact=True).evaluate(
        "button => { button.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true })); button.click() }"
    )
    expect(page.get_by_text(f"ran {START + 'y = 1'!r}")).to_be_visible()
    expect(place).to_be_focused()


# ---- Who has the newer text


def test_another_example_takes_the_place_and_can_be_undone(page: Page, editor_app: str) -> None:
    place = opened(page, editor_app)
    page.keyboard.type("mine")
    choose(page, "two")
    shows(page, "answer = 42\n")
    knows(page, "answer = 42\n")
    before = runs(page)
    place.click()
    page.keyboard.press("Control+z")
    assert text(page) == START + "mine"
    knows(page, START + "mine")
    assert runs(page) - before == 1
    page.keyboard.press("Control+z")
    assert text(page) == START


def test_the_same_example_again_after_another(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    page.keyboard.type("mine")
    choose(page, "two")
    shows(page, "answer = 42\n")
    choose(page, "one")
    knows(page, START)
    assert text(page) == START


def test_text_cursor_and_history_outlive_other_runs(page: Page, editor_app: str) -> None:
    place = opened(page, editor_app)
    page.keyboard.press("Control+Home")
    page.keyboard.type("a")
    page.locator(".cm-editor").evaluate("editor => { editor.mark = 'same element' }")
    switch(page, "above")
    expect(page.get_by_text("Something above")).to_be_visible()
    place.focus()
    page.keyboard.type("b")
    knows(page, "ab" + START)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert text(page) == START
    assert page.locator(".cm-editor").evaluate("editor => editor.mark") == "same element"


def test_an_older_echo_leaves_newer_typing_alone(page: Page, editor_app: str) -> None:
    place = opened(page, editor_app)
    slowed(page)
    place.click()
    page.keyboard.press("Control+End")
    typed_into_a_run(page, "a", "b")
    knows(page, START + "ab")
    assert text(page) == START + "ab"


def test_what_was_typed_is_there_when_the_editor_comes_back(page: Page, editor_app: str) -> None:
    place = opened(page, editor_app)
    page.keyboard.type("mine")
    switch(page, "shown")
    expect(place).to_have_count(0)
    switch(page, "shown")
    expect(place).to_be_visible()
    assert text(page) == START + "mine"
    knows(page, START + "mine")


def test_another_page_is_a_click_away_and_what_was_typed_stays(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    page.keyboard.type("mine")
    page.get_by_role("link", name="Elsewhere").hover()
    page.mouse.down()  # the editor tells what it has when it is left, before the finger is up again
    knows(page, START + "mine")
    page.mouse.up()
    expect(page.get_by_text("another page")).to_be_visible()
    page.get_by_role("link", name="Editing").click(delay=60)
    shows(page, START + "mine")
    knows(page, START + "mine")


def test_a_lost_session_takes_the_text_of_the_browser(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    choose(page, "two")
    shows(page, "answer = 42\n")
    choose(page, "one")
    shows(page, START)
    page.locator(LINES).last.click()
    page.keyboard.type("mine")
    press(page, "Forget")
    knows(page, START + "mine")
    assert text(page) == START + "mine"


# ---- Marks


def test_a_wrong_line_says_what_is_wrong(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    message = complained(page)
    assert message.text_content() == "TypeError: x is <b>None</b>"
    assert marked(page) == ["    return 2 * x"]
    expect(page.locator(".inits-sign")).to_have_attribute("title", "TypeError: x is <b>None</b>")
    expect(page.get_by_role("status").filter(has_text="Line 6: TypeError")).to_have_count(1)
    assert (
        page.locator(".inits-wrong").evaluate("line => getComputedStyle(line).backgroundColor")
        != "rgba(0, 0, 0, 0)"
    )
    assert text(page) == START, "a message is no part of the text"


def test_a_mark_moves_with_its_line_and_goes_when_it_is_changed(page: Page, editor_app: str) -> None:
    place = opened(page, editor_app)
    message = complained(page)
    place.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# first\n")
    assert marked(page) == ["    return 2 * x"]
    knows(page, "# first\n" + START)
    assert marked(page) == ["    return 2 * x"]
    expect(page.get_by_role("status").filter(has_text="Line 7: TypeError")).to_have_count(1)
    page.locator(LINES).filter(has_text="return").click()
    page.keyboard.press("End")
    page.keyboard.type(" + 1")
    expect(message).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(message).to_be_visible()


def test_marks_come_back_with_a_text_that_was_deleted(page: Page, editor_app: str) -> None:
    place = opened(page, editor_app)
    complained(page)
    place.focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Control+z")
    shows(page, START)
    expect(page.locator(".inits-wrong")).to_have_text("return 2 * x")


def test_marks_on_an_older_text_do_not_move_the_newer_ones(page: Page, editor_app: str) -> None:
    place = opened(page, editor_app)
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
    knows(page, "\n\n" + START)
    assert page.evaluate("[...marked]") == ["    return 2 * x"]


def test_the_wrong_line_is_scrolled_to(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    choose(page, "long")
    expect(page.locator(LINES).first).to_have_text("line_1 = 1")
    page.locator(LINES).first.click()
    page.keyboard.press("Control+End")
    expect(page.locator(LINES).last).to_have_text("line_200 = 200")
    expect(page.locator(LINES).filter(has_text="line_6 =")).to_have_count(0)
    complained(page)
    page.locator(".inits-editor").scroll_into_view_if_needed()
    expect(page.locator(".inits-wrong")).to_be_in_viewport()


# ---- Loading


def test_nothing_comes_from_elsewhere(page: Page, editor_app: str) -> None:
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, editor_app)
    assert any(BUNDLE.search(url) for url in asked)
    assert [url for url in asked if not url.startswith((editor_app, "blob:", "data:"))] == []


def test_the_bundle_comes_from_the_cache_the_second_time(page: Page, editor_app: str) -> None:
    opened(page, editor_app)
    opened(page, editor_app)
    entries = page.evaluate(
        "performance.getEntriesByType('resource').map(entry => [entry.name, entry.transferSize])"
    )
    assert [size for name, size in entries if BUNDLE.search(name)] == [0]


def test_a_failed_load_is_one_plain_sentence(page: Page, editor_app: str) -> None:
    page.route(BUNDLE, lambda route: route.abort())
    page.goto(editor_app)
    sentence = page.get_by_text("The editor could not be loaded. Reload the page to try again.")
    expect(sentence).to_be_visible(timeout=30_000)


def test_works_under_a_base_path(page: Page) -> None:
    with serve("tests/e2e/editor_app.py", base="some/where") as address:
        opened(page, address)
        assert text(page) == START
