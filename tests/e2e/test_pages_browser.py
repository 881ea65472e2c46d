"""Explore, Train and Sweep in a real browser, on the stand-in digits."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Position, expect
from support.visit import (
    DRAWN,
    SECONDS,
    bars,
    button,
    cards,
    leave_by,
    lines,
    on_one_screen,
    open_explore,
    open_page,
    result,
    wait_until,
)

from inits.experiments.network import Network
from inits.training.layers import build_model

pytestmark = [pytest.mark.browser, pytest.mark.keras]

LONG = "/train?starts=HeNormal&data=digits&hidden=10x512&batch=4&optimizer=adam"  # half a minute


@pytest.fixture(autouse=True)
def _no_tracebacks(page: Page) -> Iterator[None]:
    yield
    assert page.locator("[data-testid=stException]").count() == 0


def images_seen(page: Page) -> int:
    text = page.get_by_text(re.compile(r"images seen\.")).inner_text(timeout=60 * SECONDS)
    return int(text.split()[0].replace(",", ""))


def test_explore_shows_theory_first_then_the_draw_and_understands_what_is_typed(page: Page, app: str) -> None:
    open_page(page, app)
    expect(page.get_by_text("exact density")).to_be_visible()
    expect(page.locator(DRAWN)).to_be_visible(timeout=90 * SECONDS)
    expect(page.get_by_text("Matches the expected distribution")).to_be_visible()
    assert sum(bars(page)) > 0

    box = page.get_by_role("textbox", name="Initializer")
    box.fill("random_normal(stddev=0.1)")
    box.press("Enter")
    expect(page.locator("h1")).to_have_text("What does RandomNormal draw?")
    box.fill("xavier")
    box.press("Enter")
    expect(page.get_by_text("Did you mean GlorotUniform()?")).to_be_visible()
    expect(page.locator("h1")).to_have_text("What does RandomNormal draw?")


def test_a_parameter_changes_picture_numbers_code_and_address(page: Page, app: str) -> None:
    open_explore(page, f"{app}/?init=RandomNormal(stddev=0.05)&view=kernel")
    with page.expect_download() as arriving:
        button(page, "Histogram (CSV)").click()
    assert arriving.value.suggested_filename == "histogram.csv"
    rows = list(csv.DictReader(io.StringIO(Path(arriving.value.path()).read_text(encoding="utf-8"))))
    cells = [[float(row[name]) for name in ("low", "high", "drawn", "exact")] for row in rows]
    for column in (2, 3):
        assert abs(sum((cell[1] - cell[0]) * cell[column] for cell in cells) - 1) < 0.01

    page.locator("[data-testid=stSlider] input[type=range]").last.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("stddev, exact")).to_have_value("0.056")
    expect(page).to_have_url(re.compile(r"stddev%3D0\.056"))
    before = bars(page)
    page.get_by_label("stddev, exact").fill("0.2")
    page.get_by_label("stddev, exact").press("Enter")
    expect(page.get_by_text("stddev=0.2,")).to_be_visible()
    expect(page).to_have_url(re.compile(r"stddev%3D0\.2"))
    wait_until(page, lambda: max(bars(page)) < 0.5 * max(before))

    button(page, "Draw again").click()  # a popover that opens late keeps its values
    button(page, "784 × 128, seed 1").click()
    expect(page.get_by_label("Inputs")).to_have_value("784")
    page.get_by_role("textbox", name="Units").fill("64")
    page.get_by_role("textbox", name="Units").press("Enter")
    expect(page.get_by_text("50,176 weights")).to_be_visible()


def test_a_panel_of_all_initializers_opens_its_initializer(page: Page, app: str) -> None:
    open_page(page, f"{app}/?view=all")
    expect(page.locator(".inits-chart[role=img]")).to_have_count(15)
    button(page, "Orthogonal").click()
    expect(page.locator("h1")).to_have_text("What does Orthogonal draw?")
    expect(page.locator(DRAWN)).to_be_visible(timeout=30 * SECONDS)


def test_a_run_to_the_end_gives_a_result_curves_and_weights(page: Page, app: str, tmp_path) -> None:
    open_page(page, f"{app}/train?starts=HeNormal&hidden=64")
    expect(page.get_by_text("These are not MNIST digits.")).to_be_visible(timeout=60 * SECONDS)
    for text in ("5", "0.05"):  # as by pasting over the old text, which is a part of the new one
        page.get_by_role("textbox", name="Learning rate").click()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(text)
        page.keyboard.press("Tab")
        expect(page.get_by_role("textbox", name="Learning rate")).to_have_value(text)
    button(page, "Run").click()
    (row,) = result(page)
    expect(button(page, "Run")).to_be_focused()
    assert row["start"] == "HeNormal"
    assert float(row["test accuracy"].rstrip("%")) > 70
    assert row["outcome"] == "completed"
    with page.expect_download() as download:
        button(page, "Curves (CSV)").click()
    assert len(download.value.path().read_text().splitlines()) == 1 + 376
    with page.expect_download() as download:
        button(page, "Weights (.weights.h5)").click()
    download.value.save_as(tmp_path / "model.weights.h5")
    model = build_model(Network((64,)))
    model.load_weights(tmp_path / "model.weights.h5")
    assert np.isfinite(model.get_weights()[0]).all()


def faded(page: Page) -> set[int]:
    """Return the starts whose lines have faded in the picture of the loss."""
    traces = page.locator(".st-key-train-loss .trace")
    return set(traces.evaluate_all(
        "all => all.filter(g => Number(g.style.opacity) < 0.5).map(g => g.__data__[0].trace.meta)"
    ))  # fmt: skip


def test_starts_run_side_by_side_one_is_stopped_and_the_other_kept(page: Page, app: str) -> None:
    """Add a start, run, see both curves grow, stop one, reload, and find what was finished."""
    open_page(page, f"{app}/train?starts=GlorotUniform&data=digits&hidden=6x320&batch=4&seed=3")
    button(page, "Add start").click()
    wait_until(page, lambda: cards(page) == ["GlorotUniform", "HeNormal"])
    expect(page).to_have_url(re.compile(r"HeNormal"))
    button(page, "Run").click()
    expect(button(page, "Stop all")).to_be_focused(timeout=60 * SECONDS)
    wait_until(page, lambda: set(lines(page)) == {"GlorotUniform", "HeNormal"}, 60)
    early = lines(page)
    on_one_screen(page, ".st-key-train-stop", ".st-key-train-loss", ".st-key-train-accuracy")
    wait_until(page, lambda: all(lines(page)[name] > early[name] for name in early))
    button(page, "Stop").first.click()
    second = page.get_by_text("completed")
    expect(second).to_be_visible(timeout=90 * SECONDS)
    on_one_screen(page, ".st-key-train-run", ".st-key-train-loss", ".st-key-train-accuracy")
    page.locator(".st-key-train-card-1").hover()
    assert faded(page) == {0}
    page.locator(".st-key-train-card-0 button").focus()
    assert faded(page) == {1}
    rows = {row["start"]: row["outcome"] for row in result(page)}
    assert rows == {"GlorotUniform": "stopped", "HeNormal": "completed"}
    page.reload()
    expect(page.get_by_text("completed")).to_be_visible(timeout=20 * SECONDS)
    open_page(page, f"{app}/train?starts=HeNormal&data=digits&hidden=6x320&batch=4&seed=3")
    (row,) = result(page)  # without Run: it was trained beside the other one
    assert row["outcome"] == "completed"


def test_a_card_can_be_renamed_moved_copied_and_removed(page: Page, app: str) -> None:
    open_page(page, f"{app}/train?starts=HeNormal;Zeros;RandomNormal(stddev=0.2)")
    dialog = page.get_by_role("dialog")

    def edit(place: int) -> None:
        button(page, "Edit").nth(place).click()
        expect(dialog).to_be_visible()

    def act(name: str, then: list[str]) -> None:
        dialog.get_by_role("button", name=name, exact=True).click()
        expect(dialog).to_be_hidden()
        wait_until(page, lambda: cards(page) == then)

    edit(2)
    expect(dialog.get_by_label("stddev, exact")).to_have_value("0.2")
    dialog.get_by_role("textbox", name="Name").fill("wide; and *mine*")
    dialog.get_by_role("textbox", name="Name").press("Enter")
    act("Save", ["HeNormal", "Zeros", "wide, and *mine*"])
    edit(1)
    act("Move left", ["Zeros", "HeNormal", "wide, and *mine*"])
    edit(1)
    act("Duplicate", ["Zeros", "2 HeNormal", "3 HeNormal", "wide, and *mine*"])
    edit(0)
    act("Remove", ["1 HeNormal", "2 HeNormal", "wide, and *mine*"])
    page.reload()
    wait_until(page, lambda: cards(page) == ["1 HeNormal", "2 HeNormal", "wide, and *mine*"])


def verdict(page: Page) -> Locator:
    return page.locator(".st-key-train-cards").get_by_text("trains").first


def test_a_dialog_stays_open_until_it_is_closed(page: Page, new_tab: Page, app: str) -> None:
    address = f"{app}/train?starts=RandomNormal(stddev=0.0431)&hidden=72"
    open_page(page, address)
    button(page, "Edit").click()  # before the verdict on this start is there
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_role("textbox", name="Name")
    name.fill("mine")
    open_page(new_tab, address)
    expect(verdict(new_tab)).to_be_visible(timeout=60 * SECONDS)
    expect(name).to_have_value("mine")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(verdict(page)).to_be_visible()
    button(page, "Presets").click()  # the dialog must not open again
    page.get_by_role("button", name="Too small, right, too large").click()
    wait_until(page, lambda: len(cards(page)) == 3)
    expect(dialog).to_be_hidden()
    button(page, "Edit").nth(1).click()
    expect(dialog.get_by_role("textbox", name="Name")).to_have_value("Right for ReLU")
    page.go_back()
    expect(dialog).to_be_hidden()


def test_explore_adds_a_start_to_the_default_ones_and_presets_replace_them(page: Page, app: str) -> None:
    open_explore(page, f"{app}/?init=Orthogonal(gain=2.0)")
    leave_by(page, button(page, "Train it").click)
    row = page.locator(".st-key-train-cards")
    expect(row.locator("strong")).to_have_text(["HeNormal", "GlorotUniform", "RandomNormal", "Orthogonal"])
    expect(row).to_contain_text(re.compile("stddev 0.01.*gain 2", re.DOTALL))
    expect(row.locator("img")).to_have_count(4)
    expect(button(page, "Edit")).to_have_count(4)
    expect(page.locator("h1")).to_have_text("Which start learns fastest?")
    button(page, "Presets").click()
    page.get_by_role("button", name="Too small, right, too large").click()
    expect(row.locator("strong")).to_have_text(["Too small", "Right for ReLU", "Too large"])
    expect(row).to_contain_text(re.compile("scale 0.2.*scale 2.*scale 8", re.DOTALL))
    expect(row.locator("img")).to_have_count(3)
    expect(button(page, "Edit")).to_have_count(3)
    button(page, "Presets").click()
    page.get_by_role("button", name="All of Keras").click()
    expect(button(page, "Edit")).to_have_count(8)
    page.get_by_test_id("stHeader").get_by_role("link", name="Explore").click()
    expect(page.locator("h1")).to_have_text("What does Orthogonal draw?")
    button(page, "Train it").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Choose the one that Orthogonal replaces.")
    dialog.get_by_role("button", name="Replace it").click()
    expect(row.locator("strong").last).to_have_text(re.compile("8 .*Orthogonal"))
    expect(button(page, "Edit")).to_have_count(8)


def test_a_sweep_is_stopped_continued_and_a_cell_opened(page: Page, app: str) -> None:
    address = f"{app}/sweep?data=digits&values=6&depth=4&width=48&low=0.05"
    open_page(page, address)
    for high, words in (  # what is refused stays out of the address
        ("0", "To must be a positive number, but got 0."),
        ("-1", "To must be a positive number, but got -1."),
        ("0,01", "From must be smaller than To, but got 0.05 and 0.01."),
        ("1", ""),
    ):
        page.get_by_label("To", exact=True).fill(high)
        page.get_by_label("To", exact=True).press("Enter")
        expect(page.get_by_test_id("stAlert").filter(has_text="but got")).to_contain_text(
            [words] if words else []
        )
        expect(page.get_by_text("of the link was ignored")).to_have_count(0)
        expect(page).to_have_url(address)
    button(page, "Run").click()
    expect(page.get_by_text(re.compile(r"[1-9]\d* of 24 cells,"))).to_be_visible(timeout=60 * SECONDS)
    words = (
        "Sweeping stddev of RandomNormal from 0.05 to 1; 6 values × 4 depths, 24 cells; tanh, width 48; SGD, "
    )
    expect(page.get_by_text(words)).to_be_visible()
    button(page, "Stop").click()
    expect(page.get_by_text("press Run to continue.")).to_be_visible(timeout=30 * SECONDS)
    page.reload()
    expect(page.get_by_text(re.compile("Stopped after"))).to_be_visible(timeout=20 * SECONDS)
    button(page, "Run").click()
    done = page.get_by_text(re.compile(r"of 24 cells reached 90%.* per second"))
    expect(done).to_be_visible(timeout=60 * SECONDS)
    expect(page.get_by_role("columnheader", name="critical stddev")).to_be_visible()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()  # this is the last picture
    picture, place = page.locator(".inits-chart .js-plotly-plot .nsewdrag"), Position(x=10, y=10)
    picture.hover(position=place)  # the largest value with one hidden layer
    expect(page.locator(".hoverlayer .hovertext")).to_be_visible()
    leave_by(page, lambda: picture.click(position=place))
    expect(page.locator("h1")).to_have_text(re.compile("How far does RandomNormal get"))
    (row,) = result(page)
    assert row["outcome"] == "completed"
    expect(page).to_have_url(re.compile("stddev%3D1.0.*hidden=48"))


def test_a_run_goes_on_while_you_leave_or_reload_and_stop_keeps_its_curves(page: Page, app: str) -> None:
    open_page(page, f"{app}{LONG}&seed=2")
    button(page, "Run").click()
    before = images_seen(page)
    page.get_by_role("link", name="Explore").first.click()
    expect(page.locator("h1")).to_have_text(re.compile("draw"))
    page.get_by_role("link", name="Train").first.click()
    expect(button(page, "Stop")).to_be_visible(timeout=10 * SECONDS)
    wait_until(page, lambda: images_seen(page) > before)
    again = images_seen(page)
    page.reload()
    expect(button(page, "Stop")).to_be_visible(timeout=20 * SECONDS)
    wait_until(page, lambda: images_seen(page) > again)
    button(page, "Stop").click()
    expect(page.get_by_text("Curves are kept.")).to_be_visible()
    expect(button(page, "Run")).to_be_visible()
    expect(page.locator('.inits-chart[aria-label="Loss by images seen."]')).to_be_visible()


def test_a_start_that_diverges_shows_why_and_the_other_goes_on(page: Page, app: str) -> None:
    open_page(page, f"{app}/train?starts=RandomNormal(stddev=3.0);HeNormal&hidden=4x128&data=digits")
    button(page, "Run").click()
    outcomes = {row["start"]: row["outcome"] for row in result(page)}
    assert outcomes == {"HeNormal": "completed", "RandomNormal": "diverged"}
    expect(page.get_by_text(re.compile(r"RandomNormal: Loss became NaN at step \d+"))).to_be_visible()
    row = page.locator(".st-key-train-cards")
    expect(row.get_by_text(re.compile(r"diverged, step \d+")).first).to_be_visible()
