"""The app as a person uses it, in a real browser, on the stand-in digits."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Position, expect
from support.visit import DRAWN, SECONDS, bars, button, cards, drawn, lines, opened, result, until

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


def test_theory_is_there_before_keras_and_the_draw_comes_by_itself(page: Page, app: str) -> None:
    opened(page, app)
    expect(page.get_by_text("exact density")).to_be_visible(timeout=20 * SECONDS)
    expect(page.locator(DRAWN)).to_be_visible(timeout=60 * SECONDS)
    expect(page.get_by_text("Drawn as the law says")).to_be_visible()
    assert sum(bars(page)) > 0


def test_a_parameter_changes_picture_numbers_code_and_address(page: Page, app: str) -> None:
    drawn(page, f"{app}/?init=RandomNormal(stddev=0.05)")
    before = bars(page)
    page.get_by_label("stddev, exact").fill("0.2")
    page.get_by_label("stddev, exact").press("Enter")
    expect(page.get_by_text("stddev=0.2,")).to_be_visible()
    expect(page).to_have_url(re.compile(r"stddev%3D0\.2"))
    until(page, lambda: bars(page) != before)
    assert max(bars(page)) < 0.5 * max(before)


def test_a_slider_changes_the_exact_number(page: Page, app: str) -> None:
    drawn(page, f"{app}/?init=RandomNormal(stddev=0.05)")
    page.locator("[data-testid=stSlider] input[type=range]").last.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("stddev, exact")).to_have_value("0.056")
    expect(page).to_have_url(re.compile(r"stddev%3D0\.056"))


def test_what_people_type_is_understood_or_answered(page: Page, app: str) -> None:
    drawn(page, app)
    box = page.get_by_role("combobox", name="Initializer")
    box.fill("random_normal(stddev=0.1)")
    box.press("Enter")
    expect(page.locator("h1")).to_have_text("What does RandomNormal draw?")
    box.fill("xavier")
    box.press("Enter")
    expect(page.get_by_text("Did you mean GlorotUniform()?")).to_be_visible()
    expect(page.locator("h1")).to_have_text("What does RandomNormal draw?")


def test_a_popover_opened_late_keeps_its_values(page: Page, app: str) -> None:
    drawn(page, f"{app}/?view=kernel")
    button(page, "Draw again").click()
    expect(button(page, "784 × 128, seed 1")).to_be_visible()
    button(page, "784 × 128, seed 1").click()
    expect(page.get_by_label("Inputs")).to_have_value("784")
    page.get_by_role("spinbutton", name="Units").fill("64")
    page.get_by_role("spinbutton", name="Units").press("Enter")
    expect(page.get_by_text("50,176 weights")).to_be_visible()


def test_all_initializers_and_back_to_one(page: Page, app: str) -> None:
    opened(page, f"{app}/?view=all")
    expect(page.locator(".inits-chart[role=img]")).to_have_count(15, timeout=30 * SECONDS)
    button(page, "Orthogonal").click()
    expect(page.locator("h1")).to_have_text("What does Orthogonal draw?")
    expect(page.locator(DRAWN)).to_be_visible(timeout=30 * SECONDS)


def test_a_damaged_link_opens_what_can_be_understood(page: Page, app: str) -> None:
    drawn(page, f"{app}/?init=kaiming&shape=100x50&seed=x")
    expect(page.get_by_text("Did you mean HeNormal()?")).to_be_visible()
    expect(page.get_by_text("5,000 weights")).to_be_visible()


def test_a_run_to_the_end_and_what_it_leaves(page: Page, app: str, tmp_path) -> None:
    opened(page, f"{app}/train?starts=HeNormal&hidden=64")
    expect(page.get_by_text("These are not MNIST digits.")).to_be_visible(timeout=60 * SECONDS)
    button(page, "Run").click()
    (row,) = result(page)
    assert row["start"] == "HeNormal"
    assert float(row["test accuracy"].rstrip("%")) > 70
    assert row["outcome"] == "completed"
    with page.expect_download() as download:
        button(page, "Curves (CSV)").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + 376
    with page.expect_download() as download:
        button(page, "Weights (.weights.h5)").click()
    download.value.save_as(tmp_path / "model.weights.h5")
    model = build_model(Network((64,)))
    model.load_weights(tmp_path / "model.weights.h5")
    assert np.isfinite(model.get_weights()[0]).all()


def test_the_moment_of_the_epoch_can_be_chosen(page: Page, app: str) -> None:
    opened(page, f"{app}/train?starts=HeNormal&hidden=64")  # the run of the test before
    result(page)
    page.get_by_role("slider", name="Moment of the epoch").focus()
    page.keyboard.press("Home")
    expect(page.get_by_text("0 images").first).to_be_visible()


def test_run_can_be_pressed_before_keras_is_there_and_a_restart_finds_the_result(page: Page, environ) -> None:
    from benchmarks.live import serve

    with serve("app.py", environ=environ) as fresh:
        opened(page, f"{fresh}/train?hidden=32")
        button(page, "Run").click()
        before = result(page)
        assert len(before) == 3
    with serve("app.py", environ=environ) as fresh:
        opened(page, f"{fresh}/train?hidden=32")
        assert result(page) == before  # the times of the runs as well: nothing was trained again


def test_starts_side_by_side_live_one_stopped_reloaded_and_from_the_cache(page: Page, app: str) -> None:
    """Add a start, run, see both curves grow, stop one, reload, and find what was finished."""
    opened(page, f"{app}/train?starts=GlorotUniform&data=digits&hidden=6x320&batch=4&seed=3")
    button(page, "Add start").click()
    until(page, lambda: cards(page) == ["GlorotUniform", "HeNormal"])
    expect(page).to_have_url(re.compile(r"HeNormal"))
    button(page, "Run").click()
    until(page, lambda: set(lines(page)) == {"GlorotUniform", "HeNormal"}, 60)
    early = lines(page)
    until(page, lambda: all(lines(page)[name] > early[name] for name in early))
    button(page, "Stop").first.click()
    second = page.get_by_text("completed")
    expect(second).to_be_visible(timeout=90 * SECONDS)
    rows = {row["start"]: row["outcome"] for row in result(page)}
    assert rows == {"GlorotUniform": "stopped", "HeNormal": "completed"}
    page.reload()
    expect(page.get_by_text("completed")).to_be_visible(timeout=20 * SECONDS)
    opened(page, f"{app}/train?starts=HeNormal&data=digits&hidden=6x320&batch=4&seed=3")
    (row,) = result(page)  # without Run: it was trained beside the other
    assert row["outcome"] == "completed"


def test_a_card_can_be_renamed_moved_copied_and_removed(page: Page, app: str) -> None:
    opened(page, f"{app}/train?starts=HeNormal;Zeros;RandomNormal(stddev=0.2)")
    dialog = page.get_by_role("dialog")

    def edit(place: int) -> None:
        button(page, "Edit").nth(place).click()
        expect(dialog).to_be_visible()

    def act(name: str, then: list[str]) -> None:
        dialog.get_by_role("button", name=name, exact=True).click()
        expect(dialog).to_be_hidden()
        until(page, lambda: cards(page) == then)

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
    until(page, lambda: cards(page) == ["1 HeNormal", "2 HeNormal", "wide, and *mine*"])


def test_a_dialog_stays_until_its_person_closes_it(page: Page, browser: Browser, app: str) -> None:
    address = f"{app}/train?starts=RandomNormal(stddev=0.0431)&hidden=72"
    opened(page, address)
    button(page, "Edit").click()  # before anything is known of this start
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_role("textbox", name="Name")
    name.fill("mine")
    other = opened(browser.new_page(), address)
    expect(other.locator(".st-key-train-cards").get_by_text("trains").first).to_be_visible(
        timeout=60 * SECONDS
    )
    other.close()
    expect(name).to_have_value("mine")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(".st-key-train-cards").get_by_text("trains").first).to_be_visible()
    button(page, "Presets").click()  # nor does it come again by itself
    page.get_by_role("button", name="Too small, right, too large").click()
    until(page, lambda: len(cards(page)) == 3)
    expect(dialog).to_be_hidden()
    button(page, "Edit").nth(1).click()
    expect(dialog.get_by_role("textbox", name="Name")).to_have_value("Right for ReLU")
    page.go_back()
    expect(dialog).to_be_hidden()


def test_presets_fill_the_cards(page: Page, app: str) -> None:
    opened(page, f"{app}/train")
    row = page.locator(".st-key-train-cards")
    expect(row.locator("strong")).to_have_text(["HeNormal", "GlorotUniform", "RandomNormal"])
    button(page, "Presets").click()
    page.get_by_role("button", name="Too small, right, too large").click()
    expect(row.locator("strong")).to_have_text(["Too small", "Right for ReLU", "Too large"])
    expect(row).to_contain_text(re.compile("scale 0.2.*scale 2.*scale 8", re.DOTALL))
    expect(row.locator("img")).to_have_count(3)
    expect(button(page, "Edit")).to_have_count(3)


def test_what_explore_shows_becomes_a_start_beside_the_others(page: Page, app: str) -> None:
    drawn(page, f"{app}/?init=Orthogonal(gain=2.0)")
    button(page, "Train it").click()
    row = page.locator(".st-key-train-cards")
    expect(row.locator("strong")).to_have_text(["HeNormal", "GlorotUniform", "RandomNormal", "Orthogonal"])
    expect(row).to_contain_text(re.compile("stddev 0.01.*gain 2", re.DOTALL))
    expect(row.locator("img")).to_have_count(4)
    expect(button(page, "Edit")).to_have_count(4)
    expect(page.locator("h1")).to_have_text("Which start learns fastest?")


def test_a_sweep_live_stopped_gone_on_with_and_a_cell_opened(page: Page, app: str) -> None:
    opened(page, f"{app}/sweep?data=digits&values=6&depth=4&width=48&low=0.05")
    button(page, "Run").click()
    expect(page.get_by_text(re.compile(r"[1-9]\d* of 24 cells,"))).to_be_visible(timeout=60 * SECONDS)
    button(page, "Stop").click()
    expect(page.get_by_text("press Run to continue.")).to_be_visible(timeout=30 * SECONDS)
    page.reload()
    expect(page.get_by_text(re.compile("Stopped after"))).to_be_visible(timeout=20 * SECONDS)
    button(page, "Run").click()
    expect(page.get_by_text(re.compile(r"of 24 cells passed 90%.* per second"))).to_be_visible(
        timeout=60 * SECONDS
    )
    expect(page.get_by_text("critical stddev")).to_be_visible()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()  # this is the last picture
    picture, place = page.locator(".inits-chart .js-plotly-plot .nsewdrag"), Position(x=10, y=10)
    picture.hover(position=place)  # the largest value with one hidden layer
    expect(page.locator(".hoverlayer .hovertext")).to_be_visible()
    picture.click(position=place)
    expect(page.locator("h1")).to_have_text(re.compile("How far does RandomNormal get"), timeout=20 * SECONDS)
    (row,) = result(page)
    assert row["outcome"] == "completed"
    expect(page).to_have_url(re.compile("stddev%3D1.0.*hidden=48"))


def test_stop_keeps_what_was_measured(page: Page, app: str) -> None:
    opened(page, f"{app}{LONG}&seed=1")
    button(page, "Run").click()
    assert images_seen(page) > 0
    button(page, "Stop").click()
    expect(page.get_by_text("Curves are kept.")).to_be_visible(timeout=10 * SECONDS)
    expect(button(page, "Run")).to_be_visible()
    expect(page.locator('.inits-chart[aria-label="Loss by images seen."]')).to_be_visible()


def test_leaving_coming_back_and_reloading_find_the_run(page: Page, app: str) -> None:
    opened(page, f"{app}{LONG}&seed=2")
    button(page, "Run").click()
    seen = images_seen(page)
    page.get_by_role("link", name="Explore").first.click()
    expect(page.locator("h1")).to_have_text(re.compile("draw"))
    page.get_by_role("link", name="Train").first.click()
    expect(button(page, "Stop")).to_be_visible(timeout=10 * SECONDS)
    again = images_seen(page)
    assert again > seen
    page.reload()
    expect(button(page, "Stop")).to_be_visible(timeout=20 * SECONDS)
    assert images_seen(page) > again
    button(page, "Stop").click()
    expect(page.get_by_text("Curves are kept.")).to_be_visible(timeout=10 * SECONDS)


def test_a_start_that_diverges_says_why_and_leaves_the_other_alone(page: Page, app: str) -> None:
    opened(page, f"{app}/train?starts=RandomNormal(stddev=3.0);HeNormal&hidden=4x128&data=digits")
    button(page, "Run").click()
    outcomes = {row["start"]: row["outcome"] for row in result(page)}
    assert outcomes == {"HeNormal": "completed", "RandomNormal": "diverged"}
    expect(page.get_by_text(re.compile(r"RandomNormal: Loss became NaN at step \d+"))).to_be_visible()
    expect(
        page.locator(".st-key-train-cards").get_by_text(re.compile(r"diverged, step \d+")).first
    ).to_be_visible()
