"""The chart as a person meets it, in a real browser. The page under test is `chart_app.py`."""

import base64
import re
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.live import serve

pytestmark = pytest.mark.browser

LIVE, BARS, THIRD = '[data-meta^="live"]', '[data-meta^="bars"]', '[data-meta="third"]'
BUNDLE = re.compile(r"plotly-cartesian-.*\.min\.js")
BLUE_LIGHT, BLUE_DARK = "rgb(50, 102, 214)", "rgb(61, 150, 252)"
TOKEN = re.compile(r"#0000[0-3]\d|rgba?\(0, 0, [1-9]")  # a colour that the theme should have replaced
PIXEL = """async (png) => {
  const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  canvas.drawImage(picture, 0, 0);
  return [...canvas.getImageData(1, 1, 1, 1).data];
}"""


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator(f"{LIVE} .js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    expect(page.locator(BARS)).to_be_visible()
    return page


def updates(page: Page, count: int = 3) -> None:
    """Wait for `count` further pictures of the live chart."""
    seen = int(page.locator(LIVE).get_attribute("data-meta").split()[1])
    wanted = "|".join(str(seen + more) for more in range(count, count + 5))
    expect(page.locator(LIVE)).to_have_attribute(
        "data-meta", re.compile(f"^live ({wanted})$"), timeout=15_000
    )


def plot(page: Page, chart: str, expression: str):
    """A value of the plotly element `gd` in `chart`."""
    return page.locator(f"{chart} .js-plotly-plot").evaluate(f"gd => {expression}")


def middle(page: Page, chart: str) -> tuple[float, float]:
    box = page.locator(f"{chart} .nsewdrag").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def zoom(page: Page, chart: str) -> list[float]:
    x, y = middle(page, chart)
    page.mouse.move(x - 150, y - 40)
    page.mouse.down()
    page.mouse.move(x, y, steps=4)
    page.mouse.move(x + 50, y + 30, steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)
    return plot(page, chart, "gd._fullLayout.xaxis.range")


def picture(page: Page, chart: str) -> Locator:
    """The chart with the buttons beside it."""
    return page.locator(".inits-picture", has=page.locator(chart))


def tool(page: Page, chart: str, name: str) -> Locator:
    return picture(page, chart).get_by_role("button", name=name)


def saved(page: Page, chart: str, kind: str) -> tuple[str, bytes]:
    """Press the button that saves a chart; the file's name and what is in it."""
    picture(page, chart).hover()
    with page.expect_download() as download:
        tool(page, chart, f"Save picture as {kind}").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def swipe_up(page: Page, x: float, y: float, pixels: int) -> None:
    session = page.context.new_cdp_session(page)
    places = [{"x": x, "y": y - done} for done in range(0, pixels + 1, 10)]
    for kind, *points in (
        ("touchStart", places[0]),
        *(("touchMove", place) for place in places),
        ("touchEnd",),
    ):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(20)
    page.wait_for_timeout(300)


def test_zoom_survives_live_updates(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    before = plot(page, LIVE, "gd._fullLayout.xaxis.range")
    zoomed = zoom(page, LIVE)
    assert zoomed[1] - zoomed[0] < 0.8 * (before[1] - before[0])
    updates(page)
    assert plot(page, LIVE, "gd._fullLayout.xaxis.range") == pytest.approx(zoomed)


def test_a_hidden_curve_stays_hidden(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    page.locator(f"{LIVE} .legendtoggle").first.click()
    expect(page.locator(f"{LIVE} .scatterlayer .trace")).to_have_count(1)
    updates(page)
    assert plot(page, LIVE, "gd._fullData.map(trace => trace.visible)") == ["legendonly", True]


def test_hover_label_survives_and_follows_the_data(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    page.mouse.move(*middle(page, LIVE))
    label = page.locator(f"{LIVE} .hoverlayer .legend")
    expect(label).to_be_visible()
    old = label.text_content()
    updates(page)
    expect(label).to_be_visible()
    assert label.text_content() != old
    page.mouse.move(5, 5)
    expect(label).to_be_hidden()


def test_a_drag_goes_on_through_updates(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    x, y = middle(page, LIVE)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y + 40, steps=4)
    updates(page)
    expect(page.locator(f"{LIVE} .zoombox")).to_have_count(1)
    page.mouse.move(x + 90, y + 50, steps=2)
    page.mouse.up()
    page.wait_for_timeout(300)
    low, high = plot(page, LIVE, "gd._fullLayout.xaxis.range")
    width = page.locator(f"{LIVE} .nsewdrag").bounding_box()["width"]
    steps = plot(page, LIVE, "gd._fullData[0].y.length - 1")
    assert high - low == pytest.approx(steps * 90 / width, rel=0.15)


def test_a_zoom_can_be_undone_by_a_button(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    expect(tool(page, LIVE, "Reset zoom")).to_have_count(0)
    zoom(page, LIVE)
    tool(page, LIVE, "Reset zoom").click()
    expect(tool(page, LIVE, "Reset zoom")).to_have_count(0)
    updates(page)
    low, high = plot(page, LIVE, "gd._fullLayout.xaxis.range")
    assert (low, high) == (0, plot(page, LIVE, "gd._fullData[0].y.length - 1"))


@pytest.mark.parametrize(
    ("theme", "bar", "ground"),
    [
        ("light", "rgb(233, 100, 4)", "rgb(255, 255, 255)"),
        ("dark", "rgb(238, 134, 22)", "rgb(16, 18, 24)"),
    ],
)
def test_a_picture_is_saved_as_svg(page: Page, chart_app: str, theme: str, bar: str, ground: str) -> None:
    page.emulate_media(color_scheme=theme)
    opened(page, chart_app)
    name, data = saved(page, BARS, "SVG")
    assert name == "bars.svg"
    text = data.decode()
    title, rect = list(ElementTree.fromstring(text))[:2]
    assert title.text == "Three bars."
    assert (rect.get("width"), rect.get("height")) == ("1120", "260")
    assert f"fill: {ground}; fill-opacity: 1" in rect.get("style")
    assert text.count(f"fill: {bar}") == 3
    assert not TOKEN.search(text)


@pytest.mark.parametrize(("theme", "ground"), [("light", [255, 255, 255]), ("dark", [16, 18, 24])])
def test_a_picture_is_saved_as_png(page: Page, chart_app: str, theme: str, ground: list[int]) -> None:
    page.emulate_media(color_scheme=theme)
    opened(page, chart_app)
    name, data = saved(page, BARS, "PNG")
    assert name == "bars.png"
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (2 * 1120, 2 * 260)
    assert page.evaluate(PIXEL, base64.b64encode(data).decode()) == [*ground, 255]


def test_a_saved_picture_keeps_zoom_and_what_is_hidden(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    page.locator(f"{LIVE} .legendtoggle").first.click()
    expect(page.locator(f"{LIVE} .scatterlayer .trace")).to_have_count(1)
    zoom(page, LIVE)
    text = saved(page, LIVE, "SVG")[1].decode()
    assert text.count('class="trace scatter') == 1
    ticks = page.locator(f"{LIVE} .xtick text").all_text_contents()
    assert re.findall('class="xtick".*?>([^<>]+)</text>', text) == ticks


def test_a_picture_is_saved_by_keyboard(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    group = picture(page, BARS).get_by_role("group", name="Save picture: Three bars.")
    expect(group).to_have_css("opacity", "0")
    page.locator("[data-testid=stSlider] input[type=range]").focus()
    page.keyboard.press("Tab")
    expect(tool(page, BARS, "Save picture as PNG")).to_be_focused()
    expect(group).to_have_css("opacity", "1")
    page.keyboard.press("Tab")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "bars.svg"


def test_theme_switch_recolours_at_once(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    line = page.locator(f"{LIVE} .scatterlayer .js-line").first
    expect(line).to_have_css("stroke", BLUE_LIGHT)
    page.emulate_media(color_scheme="dark")
    expect(line).to_have_css("stroke", BLUE_DARK)
    assert plot(page, BARS, "gd._fullLayout.paper_bgcolor") == "#101218"
    assert plot(page, BARS, "gd._fullLayout.font.color") == "#e8e6e1"


def test_click_comes_back_to_python(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    box = page.locator(f"{BARS} .nsewdrag").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.83, box["y"] + box["height"] * 0.6)
    page.mouse.click(box["x"] + box["width"] * 0.83, box["y"] + box["height"] * 0.6)
    expect(page.get_by_text("clicked bars 2 c 3 C")).to_be_visible()
    expect(page.get_by_text("returned c")).to_be_visible()


def test_slider_changes_the_picture_in_place(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    page.locator(f"{BARS} .js-plotly-plot").evaluate("gd => gd.mark = 'same element'")
    page.locator("[data-testid=stSlider] input[type=range]").press("ArrowRight")
    expect(page.locator('[data-meta="bars 4"]')).to_be_visible()
    assert plot(page, BARS, "gd.mark") == "same element"
    assert plot(page, BARS, "Array.from(gd._fullData[0].y)") == [1, 2, 4]


def test_charts_come_and_go(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    toggle = page.locator("[data-testid=stCheckbox] label")
    toggle.click()
    expect(page.locator(f"{THIRD} .heatmaplayer image")).to_have_count(1)
    gone = page.locator(f"{THIRD} .js-plotly-plot").element_handle()
    toggle.click()
    expect(page.locator(".inits-chart")).to_have_count(2)
    page.wait_for_timeout(300)
    assert gone.evaluate("gd => gd._fullLayout === undefined"), "a chart that went away must be purged"


def test_said_to_those_who_cannot_see(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    expect(page.get_by_role("img", name="Three bars.")).to_be_visible()


def test_the_place_is_reserved_and_the_width_follows(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    assert page.locator(BARS).bounding_box()["height"] == 260
    page.set_viewport_size({"width": 900, "height": 900})
    expect(page.locator(f"{BARS} .main-svg").first).to_have_attribute("width", re.compile("^7"))


def test_another_plotly_is_left_alone(page: Page, chart_app: str) -> None:
    page.add_init_script("window.Plotly = 'somebody else'")
    opened(page, chart_app)
    assert page.evaluate("window.Plotly") == "somebody else"


def test_the_bundle_comes_from_the_cache_the_second_time(page: Page, chart_app: str) -> None:
    opened(page, chart_app)
    opened(page, chart_app)
    entries = page.evaluate(
        "performance.getEntriesByType('resource').map(entry => [entry.name, entry.transferSize])"
    )
    assert [size for name, size in entries if BUNDLE.search(name)] == [0]


def test_a_failed_load_is_one_plain_sentence(page: Page, chart_app: str) -> None:
    page.route(BUNDLE, lambda route: route.abort())
    page.goto(chart_app)
    sentence = page.get_by_text("The chart could not be loaded. Reload the page to try again.")
    expect(sentence.first).to_be_visible(timeout=15_000)


def test_under_a_finger_the_page_scrolls(phone: Page, chart_app: str) -> None:
    phone.set_viewport_size({"width": 390, "height": 500})
    opened(phone, chart_app)
    main = phone.locator("[data-testid=stMain]")
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
    phone.locator(f"{LIVE} .nsewdrag").scroll_into_view_if_needed()
    swipe_up(phone, *middle(phone, LIVE), 100)
    assert main.evaluate("main => main.scrollTop") > 50
    assert plot(phone, LIVE, "gd._fullLayout.xaxis.autorange")


def test_a_tap_on_a_picture_shows_how_to_save_it(phone: Page, chart_app: str) -> None:
    opened(phone, chart_app)
    group = picture(phone, BARS).get_by_role("group")
    box = phone.locator(BARS).bounding_box()
    phone.touchscreen.tap(
        box["x"] + box["width"] - 20, box["y"] + box["height"] - 10
    )  # where the buttons will be
    expect(group).to_have_css("opacity", "1")
    with phone.expect_download() as download:
        tool(phone, BARS, "Save picture as SVG").tap()
    assert ElementTree.fromstring(Path(download.value.path()).read_text()).get("width") == "358"


@pytest.mark.parametrize(
    ("path", "kept"), [("train", ""), ("explore?seed=3", "seed=3"), ("?seed=3", "seed=3")]
)
def test_deep_links_work_on_a_fresh_server(page: Page, path: str, kept: str) -> None:
    with serve("app.py") as address:
        page.goto(f"{address}/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
        expect(page.get_by_test_id("stTopNavLink").filter(has_text="Train")).to_be_visible()
        assert kept in page.url
        assert not page.get_by_text("Page not found").count()


def test_works_under_a_base_path(page: Page) -> None:
    with serve("tests/e2e/chart_app.py", base="some/where") as address:
        opened(page, address)
        assert address.endswith("/some/where")
        assert plot(page, LIVE, "gd.data.length") > 0
