"""The answers of the server: headers, health, failures and limits."""

import json
import re
from urllib.request import urlopen

import pytest
from playwright.sync_api import FilePayload, Page, expect
from support.visit import SECONDS, UPLOAD, open_page, wait_until

from benchmarks.live import serve

pytestmark = pytest.mark.browser


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


def test_health_names_the_state_of_each_part(page: Page, app: str) -> None:
    def health() -> dict:
        with urlopen(f"{app}/health", timeout=30) as answer:
            return json.load(answer)

    wait_until(page, lambda: health()["compute"]["phase"] == "ready", seconds=90)
    found = health()
    compute = {"phase": "ready", "slots": found["compute"]["slots"], "data": "digits"}
    assert found == {"compute": compute, "jail": found["jail"]}
    assert found["jail"] in ("asleep", "starting", "ready", "on", "off")


def test_a_page_that_fails_reveals_nothing_of_the_server(page: Page) -> None:
    with serve("tests/e2e/failing_app.py", environ={"INITS_CANARY": "a secret of ours"}) as address:
        open_page(page, address)
        alert = page.get_by_test_id("stAlert")
        expect(alert).to_contain_text(re.compile("An unexpected error occurred.*under [0-9a-f]{8}"))
        words = page.locator("body").inner_text()
    for secret in ("secret", "failing_app", "RuntimeError", "Traceback", "/"):
        assert secret not in words


def test_an_upload_beyond_the_limit_is_refused_by_page_and_server(page: Page, app: str) -> None:
    def zeros(megabytes: float) -> FilePayload:
        return FilePayload(
            name="zeros.npz", mimeType="application/zip", buffer=bytes(int(megabytes * 1024**2))
        )

    open_page(page, f"{app}/pretrained")
    files = page.locator("input[type=file]").first
    with page.expect_request(
        lambda request: "/upload_file/" in request.url and request.method == "PUT"
    ) as sent:
        files.set_input_files(zeros(0.1))
    headers = {"X-Xsrftoken": sent.value.headers.get("x-xsrftoken", "")}
    for share, status in ((0.9, 204), (1.1, 413)):
        body = {"file": zeros(share * UPLOAD)}
        assert page.request.put(sent.value.url, headers=headers, multipart=body).status == status
    expect(page.get_by_text("begins with zeros only")).to_be_visible(timeout=30 * SECONDS)
    files.set_input_files(zeros(1.1 * UPLOAD))
    expect(page.get_by_text(f"File must be {UPLOAD}.0MB or smaller")).to_be_visible(timeout=10 * SECONDS)
