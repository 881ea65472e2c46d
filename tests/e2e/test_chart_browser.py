"""The chart as a person meets it, in a real browser. The page under test is `chart_app.py`."""

import re

import pytest
from playwright.sync_api import Page, expect

from benchmarks.live import serve

pytestmark = pytest.mark.browser

LIVE, BARS, THIRD = '[data-meta^="live"]', '[data-meta^="bars"]', '[data-meta="third"]'
BUNDLE = re.compile(r"plotly-cartesian-.*\.min\.js")
BLUE_LIGHT, BLUE_DARK = "rgb(50, 102, 214)", "rgb(61, 150, 252)"


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
    expect(phone.locator(f"{LIVE} .modebar-btn")).to_have_count(0)
    swipe_up(phone, *middle(phone, LIVE), 100)
    assert main.evaluate("main => main.scrollTop") > 50
    assert plot(phone, LIVE, "gd._fullLayout.xaxis.autorange")


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
