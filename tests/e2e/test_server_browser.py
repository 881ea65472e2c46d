"""What the server says to browsers and to operators."""

import json
import re
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect
from visit import SECONDS, opened, until

from app import PAGES
from benchmarks.live import serve

pytestmark = pytest.mark.browser


def test_no_page_breaks_the_content_security_policy(page: Page, app: str) -> None:
    broken: list[str] = []
    page.on(
        "console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None
    )
    for entry in PAGES:
        opened(page, f"{app}/{entry.name}")
        page.wait_for_load_state("networkidle")
        expect(page.get_by_role("button", name="Copy link")).to_be_visible(timeout=30 * SECONDS)
    page.evaluate(
        "const one = document.createElement('script'); one.textContent = '1'; document.body.append(one)"
    )
    until(page, lambda: bool(broken))
    assert len(broken) == 1, broken  # that it would be heard, and nothing else


@pytest.mark.parametrize("path", ["", "health", "_stcore/health", "nothing/here", "static/nothing.js"])
def test_every_answer_has_the_headers(app: str, path: str) -> None:
    try:
        answer = urlopen(f"{app}/{path}", timeout=30)
    except OSError as error:
        answer = error
    headers = answer.headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in re.search(r"script-src [^;]*", headers["Content-Security-Policy"])[0]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


def test_health_tells_what_is_up(page: Page, app: str) -> None:
    def asked() -> dict:
        with urlopen(f"{app}/health", timeout=30) as answer:
            return json.load(answer)

    until(page, lambda: asked()["compute"]["phase"] == "ready", seconds=90)
    assert asked() == {
        "compute": {"phase": "ready", "slots": asked()["compute"]["slots"], "data": "digits"},
        "jail": asked()["jail"],
    }
    assert asked()["jail"] in ("asleep", "starting", "ready", "on", "off")


def test_a_page_that_fails_tells_nothing_of_the_server(page: Page) -> None:
    with serve("tests/e2e/failing_app.py", environ={"INITS_CANARY": "a secret of ours"}) as address:
        opened(page, address)
        told = page.get_by_test_id("stAlert")
        expect(told).to_contain_text(re.compile("did not foresee.*in the log as [0-9a-f]{8}"))
        words = page.locator("body").inner_text()
    for unseen in ("secret", "failing_app", "RuntimeError", "Traceback", "/"):
        assert unseen not in words
