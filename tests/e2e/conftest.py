"""A server and a browser for the whole session. Without a browser the tests are skipped, except on CI."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from support.visit import UPLOAD

from benchmarks.live import BROWSERS, FLAGS, find_chromium, serve

# Each visit is too short to be worth the compiler that takes a fifth of the browser's time.
ARGUMENTS = (*FLAGS, "--js-flags=--no-turbofan")


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
    """A desktop browser that compiles what pages load only once: a quarter less work than a new one each time."""
    running = playwright.chromium.launch_persistent_context(
        tmp_path_factory.mktemp("browser"),
        executable_path=find_chromium(),
        args=ARGUMENTS,
        viewport={"width": 1280, "height": 900},
        color_scheme="light",
    )
    yield running
    running.close()


@pytest.fixture(scope="session")
def chart_app() -> Iterator[str]:
    with serve("tests/e2e/chart_app.py") as address:
        yield address


@pytest.fixture(scope="session")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """No MNIST, so the stand-in takes its place: the file that the setting names is not there. No network either."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    own = {"INITS_CACHE": tmp_path_factory.mktemp("cache"), "KERAS_HOME": tmp_path_factory.mktemp("keras")}
    return {"INITS_MNIST": "missing.npz", **nowhere, **{name: str(path) for name, path in own.items()}}


@pytest.fixture(scope="session")
def app(environ: dict[str, str]) -> Iterator[str]:
    with serve("app.py", f"--server.maxUploadSize={UPLOAD}", environ=environ) as address:
        yield address


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """A desktop window; pages have stored nothing in it."""
    before = window.pages
    page = window.new_page()
    yield page
    window.new_cdp_session(page).send(
        "Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "cookies,local_storage"}
    )
    for tab in window.pages:
        if tab not in before:
            tab.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone: narrow, and driven by a finger."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, has_touch=True
    )
    yield context.new_page()
    context.close()
