"""Links in a real browser: every state has an address, and Back and Forward undo and redo."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from support import qr
from support.visit import SECONDS, button, lines, open_page, result, wait_until

from pages.parts.lessons.catalog import LESSONS
from pages.parts.page.shown_address import SCRIPT

pytestmark = pytest.mark.browser


def task(page: Page) -> str:
    return page.get_by_text(re.compile("^Recommended for")).inner_text()


def choose(page: Page, name: str) -> None:
    page.get_by_test_id("stMain").get_by_role("radio", name=name, exact=True).click()
    expect(page).to_have_url(re.compile(f"normalization={name}"))


def go(page: Page, name: str, title: str) -> None:
    page.get_by_test_id("stHeader").get_by_role("link", name=name).click()
    expect(page.locator("h1")).to_have_text(title)


def test_back_undoes_a_change_forward_redoes_it_and_the_link_is_copied(page: Page, app: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_page(page, f"{app}/choose")
    choose(page, "batch")
    choose(page, "layer")
    for words in ("batch normalization", "no normalization"):
        page.go_back()
        wait_until(page, lambda words=words: words in task(page))
    expect(page).to_have_url(re.compile("/choose$"))
    page.go_forward()
    wait_until(page, lambda: "batch normalization" in task(page))
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{app}/choose?normalization=batch"


def test_back_leaves_a_page_that_was_opened_again_with_its_state(page: Page, app: str) -> None:
    open_page(page, f"{app}/choose")
    choose(page, "batch")
    go(page, "Sweep", "How large should the weights be?")
    go(page, "Choose", "Which initializer should I use?")
    expect(page).to_have_url(re.compile("normalization=batch"))
    choose(page, "layer")  # the first change after the address was put in place
    page.go_back()
    wait_until(page, lambda: "batch normalization" in task(page))
    page.go_back()
    expect(page.locator("h1")).to_have_text("How large should the weights be?")
    page.go_back()
    wait_until(page, lambda: "batch normalization" in task(page))


def test_the_home_page_opens_by_its_name_in_one_step_of_the_history(page: Page, app: str) -> None:
    before = page.url
    open_page(page, f"{app}/explore?seed=3")
    expect(page.get_by_role("link", name="Explore")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url == f"{app}/?seed=3"
    page.go_back()
    assert page.url == before


def test_the_theme_that_was_chosen_on_one_page_is_that_of_all(page: Page, app: str) -> None:
    ground = page.locator("[data-testid=stApp]")
    swatch = page.locator("[data-start] span").first
    for theme, colour, start in (
        ("Dark", "rgb(16, 18, 24)", "rgb(61, 150, 252)"),
        ("System", "rgb(255, 255, 255)", "rgb(50, 102, 214)"),
    ):
        open_page(page, f"{app}/train")
        page.get_by_test_id("stMainMenu").get_by_role("button").click()
        page.get_by_test_id(f"stMainMenuItem-theme-{theme}").click()
        expect(ground).to_have_css("background-color", colour)
        expect(swatch).to_have_css("background-color", start)  # HTML of the page, at once
        for address in ("/choose", "/", "/lessons"):
            open_page(page, app + address)
            expect(ground).to_have_css("background-color", colour)


def test_a_page_that_was_left_does_not_write_its_address_over_that_of_the_next_one(
    page: Page, app: str
) -> None:
    """Its last message may be shown after Back. Forward would lead nowhere then."""
    open_page(page, f"{app}/choose")
    late = """([path, script]) => {
        document.body.insertAdjacentHTML("beforeend", `<i data-replace="./${path}?depth=2" data-once="${path}"></i>`);
        document.body.append(Object.assign(document.createElement("script"), {textContent: script}));
    }"""
    for path, query in (("train", ""), ("", ""), ("choose", "?depth=2")):
        page.evaluate(late, [path, SCRIPT])
        assert page.url == f"{app}/choose{query}"


def test_a_damaged_link_names_its_wrong_parts_and_uses_the_rest(page: Page, app: str) -> None:
    open_page(page, f"{app}/choose?depth=12&width=wide&colour=red")
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_have_count(2)
    expect(alert.filter(has_text="“colour”")).to_contain_text("no such setting")
    expect(alert.filter(has_text="“width”")).to_contain_text("but got wide")
    assert "12 ReLU layers of 128" in task(page)
    expect(page).to_have_url(re.compile("colour=red"))  # a reload shows it again


def test_display_options_are_part_of_the_link(page: Page, app: str) -> None:
    open_page(page, f"{app}/signal?data=digits&hidden=4x64&images=64&seeds=1&starts=HeNormal;Zeros")
    values = page.locator(".st-key-signal-what")
    values.get_by_role("radio", name="Gradients").click(timeout=60 * SECONDS)
    page.locator(".st-key-signal-of").get_by_role("radio", name="erf").click()
    expect(page).to_have_url(re.compile("what=gradients"))
    expect(page).to_have_url(re.compile("of=erf"))
    page.reload()
    expect(values.get_by_role("radio", name="Gradients")).to_be_checked(timeout=60 * SECONDS)
    expect(page.get_by_role("img", name=re.compile("^Depth scale of erf"))).to_be_visible()


def test_a_second_user_with_the_same_link_joins_the_run_and_sees_the_same_curves(
    page: Page, new_tab: Page, app: str
) -> None:
    address = f"{app}/train?starts=HeNormal;GlorotUniform&data=digits&hidden=3x512&batch=1&seed=77"
    open_page(new_tab, address)  # before the first one presses Run
    expect(button(new_tab, "Run")).to_be_visible()
    open_page(page, address)
    button(page, "Run").click()
    expect(button(new_tab, "Stop all")).to_be_visible(timeout=30 * SECONDS)
    wait_until(new_tab, lambda: lines(new_tab).get("HeNormal", 0) > 1, seconds=60)
    button(page, "Stop all").click()  # for this user alone: the second one still watches
    expect(page.get_by_text("It goes on for 1 other")).to_be_visible(timeout=20 * SECONDS)
    button(page, "Run").click()  # and back to the same run
    expect(button(page, "Stop all")).to_be_visible(timeout=20 * SECONDS)
    wait_until(page, lambda: lines(page).get("HeNormal", 0) > 1)
    for one in (page, new_tab):
        button(one, "Stop all").click()
    for one in (page, new_tab):
        expect(one.get_by_text("Curves are kept.")).to_be_visible(timeout=20 * SECONDS)
    wait_until(new_tab, lambda: lines(new_tab) == lines(page))


def test_the_presenter_view_shows_one_live_slide_and_the_controls(page: Page, app: str) -> None:
    address = f"{app}/train?starts=HeNormal;Zeros&data=digits&hidden=20&seed=6&activation=tanh"
    open_page(page, address)
    tool, run = page.get_by_role("button", name="Present"), button(page, "Run")
    tool.click()
    view = page.get_by_role("dialog", name="Presenter view")
    expect(view.get_by_role("heading")).to_have_text("The starts")
    expect(page).to_have_url(re.compile("#present$"))
    expect(page.locator("h1")).not_to_be_visible()
    page.get_by_role("textbox", name="Learning rate").click()
    for key in ("ArrowRight", "q", "Backspace", "Escape"):  # belong to the box; the last one leaves it
        page.keyboard.press(key)
    expect(view.get_by_role("heading")).to_have_text("The starts")
    expect(view.get_by_role("button", name="Next")).to_be_focused()
    run.click()
    expect(view).to_contain_text("Loss", timeout=120 * SECONDS)  # leads as soon as it is there
    expect(view).to_contain_text(re.compile(r"of ([5-9]|1\d)"), timeout=60 * SECONDS)
    loss = page.locator('.inits-chart[aria-label="Loss by images seen."]')
    wait_until(page, lambda: loss.bounding_box()["width"] > 1000)
    expect(run).to_be_visible()
    page.keyboard.press("PageDown")
    expect(view).to_contain_text("Accuracy")
    expect(loss).not_to_be_visible()
    page.keyboard.press("q")
    assert qr.read(modules(page)) == address
    expect(page.get_by_role("dialog", name="QR code of this page")).to_contain_text("this computer only")
    page.keyboard.press("Escape")
    expect(view).to_contain_text("Accuracy")
    page.reload()
    expect(view).to_contain_text("Accuracy", timeout=60 * SECONDS)
    rate = page.get_by_role("textbox", name="Learning rate")
    rate.fill("0.5")
    rate.press("Enter")
    notice = view.get_by_text("These results are for the previous settings")
    expect(notice).to_be_visible()
    slide, controls = page.locator("[data-presented]"), page.locator(".st-key-live-train-controls")
    wait_until(page, lambda: bottom(slide) <= controls.bounding_box()["y"])
    wait_until(page, lambda: bottom(view.locator("header")) <= slide.bounding_box()["y"])
    rate.press("Escape")
    for _ in range(12):
        page.keyboard.press("PageDown")
    expect(view.get_by_role("heading")).to_have_text("The layers")
    expect(notice).to_have_count(0)  # they are those of the present settings
    folded = page.locator(".st-key-slide-model table")
    expect(folded).to_be_visible()
    page.keyboard.press("Escape")
    expect(folded).not_to_be_visible()
    expect(view).to_have_count(0)
    expect(page.locator("h1")).to_be_visible()
    expect(tool).to_be_focused()
    wait_until(page, lambda: loss.bounding_box()["width"] < 700)


def bottom(part: Locator) -> float:
    """Return where a part of the page ends, in pixels."""
    box = part.bounding_box()
    return box["y"] + box["height"]


def modules(page: Page) -> list[list[bool]]:
    """Return the squares of the QR code, True for black."""
    picture = page.get_by_role("img", name="QR code")
    size = int(picture.get_attribute("viewBox").split()[2])
    black = picture.locator('path[fill="#000"]').get_attribute("d")
    dark = set(re.findall(r"M(\d+) (\d+)h1v1h-1z", black))
    return [[(str(x), str(y)) in dark for x in range(size)] for y in range(size)]


def test_the_presenter_view_walks_through_the_lessons_and_on_to_their_pages(page: Page, app: str) -> None:
    open_page(page, f"{app}/lessons#present")
    view = page.get_by_role("dialog", name="Presenter view")
    expect(view).to_contain_text(f"1 of {len(LESSONS)}")
    page.keyboard.press("ArrowRight")
    lesson = LESSONS[1]
    expect(view.get_by_role("heading")).to_contain_text(lesson.title)
    expect(page.get_by_text(lesson.question)).to_be_visible()
    expect(page.get_by_text(LESSONS[0].question)).not_to_be_visible()
    shown = page.locator("[data-presented]").get_by_role("img", name=lesson.alt)
    expect(shown).to_have_count(0)
    page.keyboard.press("h")  # nobody has to guess
    expect(shown).to_be_visible()
    answer = page.locator(f".st-key-lessons-card-{lesson.key} details")
    page.keyboard.press("a")
    expect(answer).to_have_attribute("open", "")
    page.keyboard.press("q")
    assert qr.read(modules(page)) == f"{app}/lessons?lesson={lesson.key}"
    page.keyboard.press("Escape")
    page.locator("[data-presented]").get_by_role("button", name=re.compile("^Open in")).click()
    expect(page).to_have_url(re.compile(f"/{lesson.page}.*#present$"))
    expect(view).to_contain_text("The startsWhat will each start do?")


def test_a_moment_of_the_epoch_is_part_of_the_link(page: Page, app: str) -> None:
    address = f"{app}/train?starts=HeNormal;GlorotUniform&hidden=24&data=digits&seed=5"
    open_page(page, address)
    button(page, "Run").click()  # at once: a quick click is not lost
    result(page)
    slider = page.get_by_role("slider", name="Moment of the epoch")
    slider.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"moment=\d+"))
    moment = slider.get_attribute("aria-valuetext")
    assert moment != "end"
    page.locator(".st-key-train-sort").get_by_role("radio", name="Card order").click()
    expect(page).to_have_url(re.compile(r"moment=\d+.*sort=order|sort=order.*moment=\d+"))
    page.reload()
    expect(slider).to_have_attribute("aria-valuetext", str(moment))
    expect(page.get_by_role("radio", name="Card order")).to_be_checked()
    page.go_back()
    expect(page.get_by_role("radio", name="Card order")).not_to_be_checked()
    expect(slider).to_have_attribute("aria-valuetext", str(moment))
    page.go_back()
    expect(slider).to_have_attribute("aria-valuetext", "end")
    slider.press("Home")
    expect(page.get_by_text("0 images").first).to_be_visible()
    page.get_by_role("button", name="Present").click()
    shown = page.get_by_role("dialog", name="Presenter view").get_by_role("heading")
    expect(shown).to_contain_text("Held-out loss")
    expect(slider).not_to_be_visible()  # it changes other slides
    for _ in range(3):
        page.keyboard.press("PageDown")
    expect(shown).to_have_text("Weights after 0 images")
    slider.press("End")
    expect(shown).to_have_text("Weights at the end")
