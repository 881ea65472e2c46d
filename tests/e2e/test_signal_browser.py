"""The Signal page in a real browser, on the stand-in digits."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from support.visit import SECONDS, button, leave_by, open_page, wait_until

from inits.experiments.pasted import PastedSpec

pytestmark = [pytest.mark.browser, pytest.mark.keras]

SMALL = "/signal?data=digits&hidden=4x64&images=64&seeds=2"
JACOBIAN = ".st-key-signal-jacobian .main-svg"


@pytest.fixture(autouse=True)
def _no_tracebacks(page: Page) -> Iterator[None]:
    yield
    assert page.locator("[data-testid=stException]").count() == 0


def open_measured(page: Page, address: str) -> Page:
    open_page(page, address)
    expect(page.locator(JACOBIAN).first).to_be_visible(timeout=60 * SECONDS)
    return page


def curves(page: Page) -> tuple[list[str], int]:
    """Return the names of the curves in the first picture, and the number of ranges over seeds."""
    drawing = page.locator(".st-key-signal-by_depth .js-plotly-plot")
    data = drawing.evaluate("gd => gd.data.map(trace => [trace.name, trace.mode])")
    return [name for name, _ in data if name], sum(mode == "none" for _, mode in data)


def click_plane(page: Page, across: float, down: float) -> None:
    plane = page.locator(".st-key-signal-plane .nsewdrag").first
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    assert box is not None
    place = box["x"] + across * box["width"], box["y"] + down * box["height"]
    page.mouse.move(*place)
    page.wait_for_timeout(300)
    page.mouse.click(*place)


def test_theory_stands_beside_the_measurement_of_all_seeds(page: Page, app: str) -> None:
    starts = "HeNormal;RandomNormal(stddev=0.02)"
    open_measured(page, f"{app}/signal?data=digits&hidden=6x64&images=64&seeds=4&starts={starts}")
    expect(page.locator("h1")).to_have_text("How far does the signal travel?")
    names = [f"{name}, {what}" for what in ("predicted", "measured") for name in ("HeNormal", "RandomNormal")]
    wait_until(page, lambda: curves(page) == (names, 2))  # the ranges come with the other seeds
    answer = page.get_by_text(re.compile("^Through 6 tanh layers")).inner_text()
    assert "HeNormal keeps the signal" in answer
    assert re.search(r"RandomNormal vanishes by layer \d, and its gradients with it", answer)
    expect(page.get_by_text("HeNormal: alive at layer 6, as predicted")).to_be_visible()
    expect(page.get_by_text("median and range of 4 seeds")).to_be_visible()


def test_depth_is_played_and_a_click_on_the_plane_sets_a_start_that_the_next_one_moves(
    page: Page, app: str
) -> None:
    open_measured(page, f"{app}{SMALL}&starts=HeNormal")
    slider = page.get_by_role("slider", name="Layers")
    expect(slider).to_have_value("4")
    button(page, "Play").click()
    wait_until(page, lambda: slider.input_value() in ("1", "2", "3"))
    expect(slider).to_have_value("4")
    click_plane(page, 0.8, 0.5)
    expect(page).to_have_url(re.compile("VarianceScaling.*untruncated_normal"))
    first = page.url
    click_plane(page, 0.3, 0.3)
    wait_until(page, lambda: page.url != first)
    assert page.url.count("VarianceScaling") == 1
    assert page.url.count("RandomNormal") == 1  # its biases


def test_starts_go_to_train_and_back_and_share_a_bias_variance(page: Page, app: str) -> None:
    open_measured(page, f"{app}{SMALL}&starts=HeUniform;Orthogonal")
    button(page, "Train").click()
    leave_by(page, page.get_by_role("button", name="Train these").click)
    expect(page).to_have_url(re.compile(r"/train\?.*HeUniform.*Orthogonal"))
    button(page, "Edit").first.wait_for()
    expect(page.locator(".st-key-train-cards strong")).to_have_count(2)
    page.get_by_role("link", name="Signal").click()
    page.get_by_text("How far does the signal travel?").wait_for()
    expect(page).to_have_url(re.compile("HeUniform.*Orthogonal"))
    box = page.get_by_role("textbox", name="Bias variance")
    box.fill("0.04")
    box.press("Enter")
    expect(page).to_have_url(re.compile(r"stddev%3D0\.2.*stddev%3D0\.2"))
    box.fill("-1")
    box.press("Enter")
    expect(page.get_by_text("Bias variance must be 0 or a positive number, but got -1.")).to_be_visible()


def test_code_that_returns_nan_is_reported_and_the_other_starts_are_shown(page: Page, app: str) -> None:
    bad = PastedSpec("bad", "import numpy as np\nbad = lambda shape, dtype=None: np.full(shape, np.nan)\n")
    open_measured(page, f"{app}{SMALL}&starts=HeNormal;{bad}")
    words = re.compile(r"Weights must be finite, but got [\d,]+ NaN or infinite ones from bad")
    expect(page.get_by_text(words)).to_be_visible(timeout=60 * SECONDS)
    assert "HeNormal, measured" in curves(page)[0]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/signal?hidden=none", "The network must have at least 1 hidden layer, but got none."),
        (
            "/signal?hidden=50x1024&images=4096",
            "units × images must be at most 60,000,000, but got 51,210 × 4,096",
        ),
        (f"{SMALL}&activation=softmax", "activation must act on each unit alone for this theory"),
        (
            f"{SMALL}&starts=Ones()",
            "mean of the weights must be 0 for mean-field theory, but got 1 from Ones()",
        ),
    ],
)
def test_settings_that_cannot_be_shown_are_reported(page: Page, app: str, address: str, words: str) -> None:
    open_page(page, f"{app}{address}")
    expect(page.get_by_text(words).first).to_be_visible(timeout=60 * SECONDS)
