"""The code editor in a real browser, on the page Editing of `widget_app.py`."""

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

PAPER = {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 18, 24)"}
LINES = ".inits-editor .cm-line"
START = 'import numpy as np\n\n\ndef double(x):\n    """Twice `x`."""  # said twice\n    return 2 * x\n'


def ready(page: Page) -> Locator:
    """Return the place to type in, with the cursor at the end of the first example."""
    place = page.get_by_role("textbox", name="Your initializer")
    expect(place).to_be_visible(timeout=30_000)
    place.click()
    page.keyboard.press("Control+End")
    return place


@pytest.fixture
def page(widgets: Page) -> Page:
    """Open the page Editing in its first state."""
    widgets.get_by_role("link", name="Editing").click()
    ready(widgets)
    return widgets


@pytest.fixture
def place(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Your initializer")


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


def contrast(words: Locator) -> float:
    """Return WCAG's contrast of the text in `words` with what the browser paints behind it."""
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


def test_look(page: Page, place: Locator) -> None:
    """Lines have numbers and colours, brackets match, a hint tells how to leave, and the height is reserved."""
    assert text(page) == START
    numbers = page.locator(".cm-lineNumbers .cm-gutterElement").all_inner_texts()
    assert [number for number in numbers if number][-7:] == list("1234567")
    words = [
        page.locator(LINES).get_by_text(word, exact=True) for word in ("import", '"""Twice `x`."""', "2")
    ]
    assert len({word.evaluate("word => getComputedStyle(word).color") for word in words}) == 3
    hint = page.locator(f"#{place.get_attribute('aria-describedby')}")
    expect(hint).to_be_visible()
    expect(hint).to_have_text("Ctrl+Enter runs. Tab indents; Esc, then Tab leaves.")
    assert page.locator(".inits-editor").bounding_box()["height"] == 360
    page.keyboard.type("f(1")
    expect(page.locator(".cm-matchingBracket")).to_have_count(0)
    page.keyboard.type(")")
    expect(page.locator(".cm-matchingBracket")).to_have_text(["(", ")"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_enough_contrast(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    expect(page.locator(".cm-editor")).to_have_css("background-color", PAPER[scheme])
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


def test_a_switch_of_the_theme_keeps_the_text(page: Page) -> None:
    paper, word = page.locator(".cm-editor"), page.locator(LINES).get_by_text("import", exact=True)
    light = word.evaluate("word => getComputedStyle(word).color")
    page.keyboard.type("y = 1")
    page.emulate_media(color_scheme="dark")
    expect(paper).to_have_css("background-color", "rgb(16, 18, 24)")
    expect(word).not_to_have_css("color", light)
    page.keyboard.type("2")
    assert text(page) == START + "y = 12"


def test_on_a_phone_nothing_scrolls_sideways(phone: Page, widget_app: str) -> None:
    phone.goto(f"{widget_app}/editing")
    ready(phone)
    phone.keyboard.type("wide = " + " + ".join(["number"] * 30))
    for place in ("[data-testid=stMain]", ".cm-scroller"):
        assert phone.locator(place).evaluate("box => box.scrollWidth <= box.clientWidth")
    assert phone.locator(".inits-editor").bounding_box()["width"] <= 390


def test_text_is_sent_when_typing_pauses(page: Page) -> None:
    before = runs(page)
    page.keyboard.type("recurrent = 'rc'; " * 5, delay=10)
    python_has(page, START + "recurrent = 'rc'; " * 5)
    assert runs(page) - before < 10, "90 keys must not run the page 90 times"
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_enter_and_tab_indent_as_in_python_and_changes_are_undone_and_redone(page: Page) -> None:
    page.keyboard.type("if x:\ny = 1")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert text(page) == START + "if x:\ny = 1"
    page.keyboard.press("Tab")
    assert text(page) == START + "if x:\n    y = 1"
    page.keyboard.press("Control+z")
    assert text(page) == START + "if x:\ny = 1"
    page.keyboard.press("Control+y")
    assert text(page) == START + "if x:\n    y = 1"
    python_has(page, START + "if x:\n    y = 1")


def test_the_keyboard_can_leave_the_editor(page: Page, place: Locator) -> None:
    page.keyboard.press("Tab")
    expect(place).to_be_focused()
    page.keyboard.press("Escape")
    page.evaluate("{ const now = Date.now; Date.now = () => now() + 60_000 }")  # without a time limit
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


def test_text_beyond_the_limit_is_refused(page: Page) -> None:
    page.keyboard.insert_text("z" * 5_000)
    alarm = page.get_by_role("alert").filter(has_text="The editor takes at most")
    expect(alarm).to_contain_text(f"at most 5,000 characters, but the text would have {5_000 + len(START):,}")
    assert text(page) == START
    page.keyboard.type("y")
    expect(alarm).to_have_count(0)
    assert text(page) == START + "y"


def test_a_read_only_editor_refuses_text(page: Page, place: Locator) -> None:
    switch(page, "read only")
    expect(place).to_have_attribute("aria-readonly", "true")
    place.click()
    page.keyboard.type("y")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_focused()
    switch(page, "read only")
    expect(place).not_to_have_attribute("aria-readonly", "true")
    cursor_at_end(page)
    page.keyboard.type("y")
    python_has(page, START + "y")
    expect(page.get_by_text("0 times")).to_be_visible()


def test_ctrl_enter_runs_once(page: Page) -> None:
    page.keyboard.type("y = 1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(f"ran {START + 'y = 1'!r}")).to_be_visible()
    switch(page, "above")
    expect(page.get_by_text("Something above")).to_be_visible()
    expect(page.get_by_text("1 times")).to_be_visible()
    page.locator(LINES).last.click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("2 times")).to_be_visible()


def test_the_run_button_runs_what_was_just_typed(page: Page, place: Locator) -> None:
    for number in range(1, 4):
        cursor_at_end(page)
        page.keyboard.type(str(number))
        press(page, "Run")
        expect(page.get_by_text(f"ran {START + '123'[:number]!r}")).to_be_visible()
        expect(page.get_by_text(f"{number} times")).to_be_visible()
    cursor_at_end(page)
    page.keyboard.type("4")
    page.get_by_role("button", name="Run", exact=True).evaluate(  # where buttons do not take the focus
        "button => { button.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true })); button.click() }"
    )
    expect(page.get_by_text(f"ran {START + '1234'!r}")).to_be_visible()
    expect(place).to_be_focused()


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
