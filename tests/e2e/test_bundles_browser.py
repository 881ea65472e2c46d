"""Loading of the charts and the editor in a real browser: once, from this server, and in words when it fails."""

import re

import pytest
from playwright.sync_api import Page, expect
from support.visit import SECONDS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("path", "bundle", "shown", "words"),
    [
        ("", r"plotly-cartesian-.*\.min\.js", ".js-plotly-plot .main-svg", "The chart could not be loaded."),
        ("editing", r"codemirror-.*\.min\.js", ".cm-line", "The editor could not be loaded."),
    ],
)
def test_bundle_is_loaded_once_and_a_failed_load_is_reported(
    new_tab: Page, widget_app: str, path: str, bundle: str, shown: str, words: str
) -> None:
    requests: list[str] = []
    new_tab.on("request", lambda request: requests.append(request.url))
    new_tab.add_init_script("window.Plotly = 'another'")
    for _ in range(2):
        new_tab.goto(f"{widget_app}/{path}")
        expect(new_tab.locator(shown).first).to_be_visible(timeout=30 * SECONDS)
    assert [url for url in requests if not url.startswith((widget_app, "blob:", "data:"))] == []
    entries = new_tab.evaluate(
        "performance.getEntriesByType('resource').map(entry => [entry.name, entry.transferSize])"
    )
    assert [size for name, size in entries if re.search(bundle, name)] == [0]  # from the browser's cache
    assert new_tab.evaluate("window.Plotly") == "another"
    new_tab.route(re.compile(bundle), lambda route: route.abort())
    new_tab.goto(f"{widget_app}/{path}")
    sentence = new_tab.get_by_text(f"{words} Reload the page to try again.").first
    expect(sentence).to_be_visible(timeout=30 * SECONDS)
