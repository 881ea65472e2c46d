"""Exports of Train in a real browser: the files arrive, open elsewhere, and hold the same results."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect
from support.visit import SECONDS, button, cards, open_page, result, wait_until

pytestmark = pytest.mark.browser

NAME, SHOWN = "<b>bold</b>", "‹b›bold‹/b›"  # as it is typed and as it is shown
ADDRESS = f"/train?starts=HeNormal|Zeros|{NAME};Zeros&hidden=2x24&data=digits&seed=8"


FILES = ("Report (HTML)", "Keras script", "Histograms (CSV)", "Experiment (JSON)")


@pytest.fixture(scope="module")
def files(window: BrowserContext, app: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Export the files of an experiment and return them by the name of their button."""
    folder, tab = tmp_path_factory.mktemp("exports"), window.new_page()
    open_page(tab, f"{app}{ADDRESS}")
    button(tab, "Run").click()
    result(tab)
    found = {}
    for name in FILES:
        menu = tab.get_by_role("button", name=name)
        if not menu.is_visible():
            button(tab, "Export").click()
        with tab.expect_download(timeout=90 * SECONDS) as arriving:
            menu.click()
        found[name] = folder / arriving.value.suggested_filename
        arriving.value.save_as(found[name])
    tab.close()
    return found


def test_the_report_opens_without_a_network_and_requests_nothing(
    files: dict[str, Path], browser: Browser
) -> None:
    file = files["Report (HTML)"]
    assert file.suffix == ".html"
    context = browser.new_context(offline=True, color_scheme="dark")
    reader, requests, errors = context.new_page(), [], []
    reader.on("request", lambda request: requests.append(request.url))
    reader.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    reader.goto(file.as_uri())
    expect(reader.locator(".js-plotly-plot .main-svg:first-child")).to_have_count(5)
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert errors == []
    expect(reader.locator("tbody tr", has_text=SHOWN).first).to_contain_text("%")
    assert reader.locator("b").count() == 0
    expect(reader.locator("body")).to_contain_text(re.compile(r"keras \d"))
    reader.locator("summary").click()
    expect(reader.locator("details pre")).to_contain_text("keras.Sequential")
    assert reader.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 18, 24)"
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")
    reader.locator(".inits-picture").first.hover()
    for kind, begins in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with reader.expect_download() as saved:
            reader.get_by_role("button", name=f"Save picture as {kind}").first.click()
        assert Path(saved.value.path()).read_bytes().startswith(begins)
    assert errors == []
    context.close()


def test_the_script_comes_with_its_images(files: dict[str, Path]) -> None:
    with zipfile.ZipFile(files["Keras script"]) as bundle:
        assert any(name.endswith(".npz") for name in bundle.namelist())
        (script,) = (name for name in bundle.namelist() if name.endswith(".py"))
        source = bundle.read(script).decode()
    compile(source, script, "exec")
    assert "inits" not in re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE)


def test_the_histograms_have_a_row_for_every_bin(files: dict[str, Path]) -> None:
    rows = list(csv.DictReader(io.StringIO(files["Histograms (CSV)"].read_text(encoding="utf-8"))))
    assert {row["name"] for row in rows} == {SHOWN, "Zeros"}
    first = SHOWN, rows[0]["layer"], "0"
    counts = [int(row["count"]) for row in rows if (row["name"], row["layer"], row["step"]) == first]
    assert sum(counts) == 784 * 24


def test_an_experiment_opens_again_from_its_file(page: Page, app: str, files: dict[str, Path]) -> None:
    file = files["Experiment (JSON)"]
    open_page(page, f"{app}/train?hidden=32&data=digits")
    button(page, "Presets").click()
    upload = page.locator(".st-key-train-open input[type=file]")
    upload.set_input_files(FilePayload(name="bad.json", mimeType="application/json", buffer=b"{]"))
    expect(page.get_by_test_id("stAlertContentError")).to_be_visible()
    wait_until(page, lambda: cards(page)[:1] == ["HeNormal"])  # nothing is lost
    upload.set_input_files(file)
    expect(page).to_have_url(re.compile("hidden=2.*seed=8|seed=8.*hidden=2"))
    wait_until(page, lambda: cards(page) == [SHOWN, "Zeros"])
    assert len(result(page)) == 2  # it was trained before
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings["settings"] |= {"seed": "9", "batch": "many", "wings": "2"}
    button(page, "Presets").click()
    odd = json.dumps(settings).encode()
    upload.set_input_files(FilePayload(name="odd.json", mimeType="application/json", buffer=odd))
    expect(page).to_have_url(re.compile("seed=9"))
    alert = page.get_by_test_id("stAlert").filter(has_text="were not understood")
    expect(alert).to_contain_text("but got many")
    expect(alert).to_contain_text("wings")
