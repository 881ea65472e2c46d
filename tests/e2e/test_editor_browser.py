"""The code editor in a real browser, on the page Editing of `widget_app.py`."""

import pytest
from playwright.sync_api import Locator, Page, expect
from support.editor import (
    LINES,
    START,
    complained,
    cursor_at_end,
    press,
    python_has,
    ready,
    runs,
    switch,
    text,
)

pytestmark = pytest.mark.browser

PAPER = {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 18, 24)"}


@pytest.fixture
def page(editing: Page) -> Page:
    return editing


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
