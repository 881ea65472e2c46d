"""What a person takes along from Train, in a real browser: it arrives, opens elsewhere, and says the same."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.visit import SECONDS, button, cards, drawn, opened, result, until

pytestmark = pytest.mark.browser

NAME, SHOWN = "<b>bold</b>", "‹b›bold‹/b›"  # as it is typed and as it is called
ADDRESS = f"/train?starts=HeNormal|Zeros|{NAME};Zeros&hidden=2x24&data=digits&seed=8"


def taken(page: Page, app: str, name: str) -> Path:
    """A file that the button of that name gives."""
    opened(page, f"{app}{ADDRESS}")
    over = button(page, "Export")
    expect(over.or_(button(page, "Run")).first).to_be_visible(timeout=60 * SECONDS)
    if not over.count():
        button(page, "Run").click()
    result(page)
    over.click()
    with page.expect_download(timeout=60 * SECONDS) as arriving:
        page.get_by_role("button", name=name).click()
    return arriving.value.path().rename(
        Path(arriving.value.path()).with_name(arriving.value.suggested_filename)
    )


def test_the_report_opens_without_a_network_and_asks_for_none(page: Page, app: str, browser: Browser) -> None:
    file = taken(page, app, "Report (HTML)")
    assert file.suffix == ".html"
    context = browser.new_context(offline=True, color_scheme="dark")
    reader, asked, errors = context.new_page(), [], []
    reader.on("request", lambda request: asked.append(request.url))
    reader.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    reader.goto(file.as_uri())
    expect(reader.locator(".js-plotly-plot .main-svg:first-child")).to_have_count(5, timeout=30 * SECONDS)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
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


def test_the_drawn_histogram_of_explore_beside_the_exact_density(page: Page, app: str) -> None:
    drawn(page, f"{app}/?init=RandomNormal(stddev=0.05)&view=kernel")
    with page.expect_download() as arriving:
        button(page, "Histogram (CSV)").click()
    assert arriving.value.suggested_filename == "histogram.csv"
    rows = list(csv.DictReader(io.StringIO(Path(arriving.value.path()).read_text(encoding="utf-8"))))
    bars = [[float(row[name]) for name in ("low", "high", "drawn", "exact")] for row in rows]
    for column in (2, 3):
        assert abs(sum((bar[1] - bar[0]) * bar[column] for bar in bars) - 1) < 0.01


def test_the_script_comes_with_the_digits_that_it_reads(page: Page, app: str) -> None:
    with zipfile.ZipFile(taken(page, app, "Keras script")) as files:
        assert any(name.endswith(".npz") for name in files.namelist())
        (script,) = (name for name in files.namelist() if name.endswith(".py"))
        source = files.read(script).decode()
    compile(source, script, "exec")
    assert "inits" not in re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE)


def test_histograms_have_a_line_for_every_bin(page: Page, app: str) -> None:
    rows = list(csv.DictReader(io.StringIO(taken(page, app, "Histograms (CSV)").read_text(encoding="utf-8"))))
    assert {row["name"] for row in rows} == {SHOWN, "Zeros"}
    kernel = [
        row
        for row in rows
        if row["name"] == SHOWN and row["layer"] == rows[0]["layer"] and row["step"] == "0"
    ]
    assert sum(int(row["count"]) for row in kernel) == 784 * 24


def test_an_experiment_opens_again_from_its_file(page: Page, app: str) -> None:
    file = taken(page, app, "Experiment (JSON)")
    opened(page, f"{app}/train?hidden=32&data=digits")
    button(page, "Presets").click()
    upload = page.locator(".st-key-train-open input[type=file]")
    upload.set_input_files({"name": "bad.json", "mimeType": "application/json", "buffer": b"{]"})
    expect(page.get_by_test_id("stAlertContentError")).to_be_visible()
    until(page, lambda: cards(page)[:1] == ["HeNormal"])  # nothing is lost
    upload.set_input_files(file)
    expect(page).to_have_url(re.compile("hidden=2.*seed=8|seed=8.*hidden=2"), timeout=20 * SECONDS)
    until(page, lambda: cards(page) == [SHOWN, "Zeros"])
    assert len(result(page)) == 2  # it was trained before
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings["settings"] |= {"seed": "9", "batch": "many", "wings": "2"}
    button(page, "Presets").click()
    upload.set_input_files(
        {"name": "odd.json", "mimeType": "application/json", "buffer": json.dumps(settings).encode()}
    )
    expect(page).to_have_url(re.compile("seed=9"), timeout=20 * SECONDS)
    told = page.get_by_test_id("stAlert").filter(has_text="were not understood")
    expect(told).to_contain_text("but got many")
    expect(told).to_contain_text("wings")
