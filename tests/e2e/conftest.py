"""A browser, and the servers that the browser tests share. Without a browser the tests are skipped, except on CI."""

import os
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect, sync_playwright
from support.editor import ready
from support.visit import ARGUMENTS, DESKTOP, PHONE, SECONDS

from benchmarks.live import BROWSERS, find_chromium, serve


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    if not find_chromium():
        reason = f"No browser: install one of {', '.join(BROWSERS)} or name it in CHROMIUM."
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    running = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
    yield running
    running.close()


@pytest.fixture(scope="session")
def window(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Start a desktop browser that keeps compiled scripts on disk: a visit costs a quarter less than in a new one."""
    running = playwright.chromium.launch_persistent_context(
        tmp_path_factory.mktemp("browser"),
        executable_path=find_chromium(),
        args=ARGUMENTS,
        viewport=DESKTOP,
        color_scheme="light",
    )
    yield running
    running.close()


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def empty_page() -> Iterator[str]:
    """Serve a page without content. At about:blank a tab loses its process, and the next visit costs more."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _clear(window: BrowserContext, page: Page) -> None:
    """Remove what pages have stored in the browser."""
    window.new_cdp_session(page).send(
        "Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "cookies,local_storage"}
    )


@pytest.fixture
def page(window: BrowserContext, empty_page: str) -> Iterator[Page]:
    """Return the one tab that most tests use in turn: a visit in a new tab costs a third more."""
    tab = window.pages[0]
    tab.emulate_media(color_scheme="light")
    tab.set_viewport_size(DESKTOP)
    yield tab
    shown = tab.locator("body").inner_text()
    for other in window.pages[1:]:
        other.close()
    tab.goto(empty_page)
    _clear(window, tab)
    assert "σ_" not in shown  # it is set with a subscript and a superscript


@pytest.fixture
def new_tab(window: BrowserContext) -> Iterator[Page]:
    """Open another tab, for a second user or for a test that listens to the browser or changes what it receives."""
    tab = window.new_page()
    yield tab
    _clear(window, tab)
    tab.close()


@pytest.fixture(scope="session")
def phone_window(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
    yield context
    context.close()


@pytest.fixture
def phone(phone_window: BrowserContext) -> Iterator[Page]:
    """Open a tab of a phone: narrow, and driven by touch."""
    tab = phone_window.new_page()
    yield tab
    _clear(phone_window, tab)
    tab.close()


@pytest.fixture(scope="session")
def widget_app() -> Iterator[str]:
    """Serve the charts and the editor under a base path; the whole app is tested at the root."""
    with serve("tests/e2e/widget_app.py", base="some/where") as address:
        yield address


@pytest.fixture(scope="module")
def widget_tab(window: BrowserContext, widget_app: str) -> Iterator[Page]:
    """Open a tab that stays at the widgets for a module."""
    tab = window.new_page()
    tab.goto(widget_app)
    yield tab
    tab.close()


@pytest.fixture
def widgets(widget_tab: Page) -> Page:
    """Clear the session state in the tab of the module: far cheaper than to load the page again for each test."""
    widget_tab.emulate_media(color_scheme="light")
    widget_tab.set_viewport_size(DESKTOP)
    widget_tab.mouse.up()
    widget_tab.mouse.move(0, 0)
    cleared = widget_tab.get_by_text("All state is cleared.")
    for _ in range(10):  # text that was typed just now may call its page back
        widget_tab.get_by_role("link", name="Reset").click(delay=60)
        with suppress(AssertionError):
            expect(cleared).to_be_visible(timeout=5 * SECONDS)
            break
    expect(cleared).to_be_visible()
    return widget_tab


@pytest.fixture
def editing(widgets: Page) -> Page:
    """Open the page Editing in its first state."""
    widgets.get_by_role("link", name="Editing").click()
    ready(widgets)
    return widgets


@pytest.fixture
def place(editing: Page) -> Locator:
    """Return the place to type in on the page Editing."""
    return editing.get_by_role("textbox", name="Your initializer")
