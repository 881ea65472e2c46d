"""Charts in a real browser: zoom, legend, hover, saving and themes on the page Charts of `widget_app.py`."""

import base64
import re
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Locator, Page, expect
from support.visit import wait_until

pytestmark = pytest.mark.browser

LIVE, BARS, THIRD = '[data-meta^="live"]', '[data-meta^="bars"]', '[data-meta="third"]'
BLUE_LIGHT, BLUE_DARK = "rgb(50, 102, 214)", "rgb(61, 150, 252)"
TOKEN = re.compile(r"#0000[0-3]\d|rgba?\(0, 0, [1-9]")  # a colour that the theme should have replaced
PIXEL = """async (png) => {
  const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  canvas.drawImage(picture, 0, 0);
  return [...canvas.getImageData(1, 1, 1, 1).data];
}"""


def wait_until_drawn(page: Page) -> Page:
    """Wait until both charts are drawn."""
    expect(page.locator(f"{LIVE} .js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    expect(page.locator(BARS)).to_be_visible()
    return page


@pytest.fixture
def charts(widgets: Page) -> Page:
    """Open the page Charts in its first state."""
    widgets.get_by_role("link", name="Charts").click()
    return wait_until_drawn(widgets)


def update(page: Page) -> int:
    """Return how often the live chart was drawn."""
    return int(page.locator(LIVE).get_attribute("data-meta").split()[1])


def wait_for_updates(page: Page, count: int = 3) -> None:
    """Wait for `count` further pictures of the live chart."""
    first = update(page)
    wait_until(page, lambda: update(page) >= first + count)


def plot(page: Page, chart: str, expression: str):
    """Return the value of an expression about the plotly element `gd` in `chart`."""
    return page.locator(f"{chart} .js-plotly-plot").evaluate(f"gd => {expression}")


def middle(page: Page, chart: str) -> tuple[float, float]:
    box = page.locator(f"{chart} .nsewdrag").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def x_range(page: Page, chart: str) -> list[float]:
    return plot(page, chart, "gd._fullLayout.xaxis.range")


def zoom(page: Page, chart: str) -> list[float]:
    x, y = middle(page, chart)
    page.mouse.move(x - 150, y - 40)
    page.mouse.down()
    page.mouse.move(x, y, steps=4)
    page.mouse.move(x + 50, y + 30, steps=4)
    before = x_range(page, chart)
    page.mouse.up()
    wait_until(page, lambda: x_range(page, chart) != before)
    return x_range(page, chart)


def picture(page: Page, chart: str) -> Locator:
    """Return the chart with its buttons."""
    return page.locator(".inits-picture", has=page.locator(chart))


def tool(page: Page, chart: str, name: str) -> Locator:
    return picture(page, chart).get_by_role("button", name=name)


def saved(page: Page, chart: str, kind: str) -> tuple[str, bytes]:
    """Press the button that saves a chart; return the name and the content of the file."""
    picture(page, chart).hover()
    with page.expect_download() as download:
        tool(page, chart, f"Save picture as {kind}").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def swipe_up(page: Page, x: float, y: float, pixels: int) -> None:
    session = page.context.new_cdp_session(page)
    places = [{"x": x, "y": y - done} for done in range(0, pixels + 1, 10)]
    for kind, points in (
        ("touchStart", places[:1]),
        *(("touchMove", [place]) for place in places),
        ("touchEnd", []),
    ):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(20)  # the speed of a finger


def test_zoom_survives_live_updates_and_a_button_resets_it(charts: Page) -> None:
    expect(tool(charts, LIVE, "Reset zoom")).to_have_count(0)
    low, high = x_range(charts, LIVE)
    zoomed = zoom(charts, LIVE)
    assert zoomed[1] - zoomed[0] < 0.8 * (high - low)
    wait_for_updates(charts)
    assert x_range(charts, LIVE) == pytest.approx(zoomed)
    tool(charts, LIVE, "Reset zoom").click()
    expect(tool(charts, LIVE, "Reset zoom")).to_have_count(0)
    wait_for_updates(charts)
    low, high, last = plot(charts, LIVE, "[...gd._fullLayout.xaxis.range, gd._fullData[0].y.length - 1]")
    assert (low, high) == (0, last)


def test_a_hidden_curve_and_the_zoom_survive_updates_and_are_saved(charts: Page) -> None:
    charts.locator(f"{LIVE} .legendtoggle").first.click()
    expect(charts.locator(f"{LIVE} .scatterlayer .trace")).to_have_count(1)
    wait_for_updates(charts)
    assert plot(charts, LIVE, "gd._fullData.map(trace => trace.visible)") == ["legendonly", True]
    zoom(charts, LIVE)
    text = saved(charts, LIVE, "SVG")[1].decode()
    assert text.count('class="trace scatter') == 1
    ticks = charts.locator(f"{LIVE} .xtick text").all_text_contents()
    assert re.findall('class="xtick".*?>([^<>]+)</text>', text) == ticks


def test_the_hover_label_survives_and_follows_the_data(charts: Page) -> None:
    charts.mouse.move(*middle(charts, LIVE))
    label = charts.locator(f"{LIVE} .hoverlayer .legend")
    expect(label).to_be_visible()
    old = label.text_content()
    wait_for_updates(charts)
    expect(label).to_be_visible()
    assert label.text_content() != old
    charts.mouse.move(5, 5)
    expect(label).to_be_hidden()


def test_a_drag_goes_on_through_updates(charts: Page) -> None:
    x, y = middle(charts, LIVE)
    charts.mouse.move(x, y)
    charts.mouse.down()
    charts.mouse.move(x + 80, y + 40, steps=4)
    wait_for_updates(charts)
    expect(charts.locator(f"{LIVE} .zoombox")).to_have_count(1)
    charts.mouse.move(x + 90, y + 50, steps=2)
    fewest = plot(charts, LIVE, "gd._fullData[0].y.length - 1")
    charts.mouse.up()
    wait_until(charts, lambda: x_range(charts, LIVE)[0] > 0)
    most = plot(charts, LIVE, "gd._fullData[0].y.length - 1")  # another update may have come
    low, high = x_range(charts, LIVE)
    share = 90 / charts.locator(f"{LIVE} .nsewdrag").bounding_box()["width"]
    assert 0.85 * fewest * share < high - low < 1.15 * most * share


def test_a_picture_changes_its_colours_with_the_theme_and_is_saved_in_them(charts: Page) -> None:
    line = charts.locator(f"{LIVE} .scatterlayer .js-line").first
    black, white = "rgb(0, 0, 0)", "rgb(255, 255, 255)"
    for theme, stroke, bar, ground, inks in (
        ("light", BLUE_LIGHT, "rgb(233, 100, 4)", (255, 255, 255), (black, white)),
        ("dark", BLUE_DARK, "rgb(238, 134, 22)", (16, 18, 24), (white, black)),
    ):
        charts.emulate_media(color_scheme=theme)
        expect(line).to_have_css("stroke", stroke)
        for words, ink in zip(charts.locator(f"{BARS} .textpoint text").all(), inks, strict=True):
            expect(words).to_have_css("fill", ink)
        name, data = saved(charts, BARS, "SVG")
        assert name == "bars.svg"
        text = data.decode()
        title, rect = list(ElementTree.fromstring(text))[:2]
        assert title.text == "Three bars."
        assert (rect.get("width"), rect.get("height")) == ("1120", "260")
        assert f"fill: rgb{ground}; fill-opacity: 1" in rect.get("style")
        assert text.count(f"fill: {bar}") == 3
        assert not TOKEN.search(text)
        name, data = saved(charts, BARS, "PNG")
        assert name == "bars.png"
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert struct.unpack(">II", data[16:24]) == (2 * 1120, 2 * 260)
        assert charts.evaluate(PIXEL, base64.b64encode(data).decode()) == [*ground, 255]
    assert plot(charts, BARS, "gd._fullLayout.paper_bgcolor") == "#101218"
    assert plot(charts, BARS, "gd._fullLayout.font.color") == "#e8e6e1"


def test_a_picture_is_saved_by_keyboard(charts: Page) -> None:
    group = picture(charts, BARS).get_by_role("group", name="Save picture: Three bars.")
    expect(group).to_have_css("opacity", "0")
    charts.locator("[data-testid=stSlider] input[type=range]").focus()
    charts.keyboard.press("Tab")
    expect(tool(charts, BARS, "Save picture as PNG")).to_be_focused()
    expect(group).to_have_css("opacity", "1")
    charts.keyboard.press("Tab")
    with charts.expect_download() as download:
        charts.keyboard.press("Enter")
    assert download.value.suggested_filename == "bars.svg"


def test_a_picture_has_a_name_and_a_size_reports_clicks_and_changes_in_place(charts: Page) -> None:
    expect(charts.get_by_role("img", name="Three bars.")).to_be_visible()
    assert charts.locator(BARS).bounding_box()["height"] == 260
    box = charts.locator(f"{BARS} .nsewdrag").bounding_box()
    place = box["x"] + box["width"] * 0.83, box["y"] + box["height"] * 0.6
    charts.mouse.move(*place)
    charts.mouse.click(*place)
    expect(charts.get_by_text("clicked bars 2 c 3 C")).to_be_visible()
    expect(charts.get_by_text("returned c")).to_be_visible()
    charts.locator(f"{BARS} .js-plotly-plot").evaluate("gd => gd.mark = 'same element'")
    charts.locator("[data-testid=stSlider] input[type=range]").press("ArrowRight")
    expect(charts.locator('[data-meta="bars 4"]')).to_be_visible()
    assert plot(charts, BARS, "gd.mark") == "same element"
    assert plot(charts, BARS, "Array.from(gd._fullData[0].y)") == [1, 2, 4]
    charts.set_viewport_size({"width": 900, "height": 900})
    expect(charts.locator(f"{BARS} .main-svg").first).to_have_attribute("width", re.compile("^7"))


def test_no_click_just_after_a_movement_is_lost(charts: Page) -> None:
    box = charts.locator(f"{BARS} .nsewdrag").bounding_box()
    for press in (55, 70, 90):  # milliseconds, as people press; Plotly alone loses most of these
        for part, clicked in enumerate(("0 a 1 A", "1 b 2 B", "2 c 3 C")):
            place = box["x"] + box["width"] * (part + 0.5) / 3, box["y"] + box["height"] * 0.9
            charts.mouse.move(*place)
            charts.mouse.click(*place, delay=press)
            expect(charts.get_by_text(f"clicked bars {clicked}")).to_be_visible()


def test_charts_come_and_go(charts: Page) -> None:
    toggle = charts.locator("[data-testid=stCheckbox] label")
    toggle.click()
    expect(charts.locator(f"{THIRD} .heatmaplayer image")).to_have_count(1)
    gone = charts.locator(f"{THIRD} .js-plotly-plot").element_handle()
    toggle.click()
    expect(charts.locator(".inits-chart")).to_have_count(2)
    wait_until(charts, lambda: gone.evaluate("gd => gd._fullLayout === undefined"))  # it was purged


def test_on_a_phone_the_page_scrolls_and_a_tap_shows_the_buttons(phone: Page, widget_app: str) -> None:
    phone.set_viewport_size({"width": 390, "height": 500})
    phone.goto(widget_app)
    wait_until_drawn(phone)
    main = phone.locator("[data-testid=stMain]")
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
    phone.locator(f"{LIVE} .nsewdrag").scroll_into_view_if_needed()
    swipe_up(phone, *middle(phone, LIVE), 100)
    wait_until(phone, lambda: main.evaluate("main => main.scrollTop") > 50)
    assert plot(phone, LIVE, "gd._fullLayout.xaxis.autorange")
    group = picture(phone, BARS).get_by_role("group")
    phone.locator(BARS).scroll_into_view_if_needed()
    box = phone.locator(BARS).bounding_box()
    # where the buttons will be
    phone.touchscreen.tap(box["x"] + box["width"] - 20, box["y"] + box["height"] - 10)
    expect(group).to_have_css("opacity", "1")
    with phone.expect_download() as download:
        tool(phone, BARS, "Save picture as SVG").tap()
    assert ElementTree.fromstring(Path(download.value.path()).read_text()).get("width") == "358"
