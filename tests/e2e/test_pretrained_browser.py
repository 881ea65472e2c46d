"""Weight files in a real browser: open, compare, train from them; and bad ones."""

import re
from pathlib import Path
from urllib.parse import quote, unquote

import keras
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from support.visit import SECONDS, button, cards, leave_by, open_page, result, wait_until

from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network
from inits.training.layers import build_model

pytestmark = [
    pytest.mark.browser,
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras', when it saves
]

READ = 60 * SECONDS
NET = Network((32,))


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    """Return a fresh network, one with a planted direction in its first kernel, and a file that is cut off."""
    folder = tmp_path_factory.mktemp("files")
    keras.utils.set_random_seed(1)
    model = build_model(NET)
    model.save_weights(folder / "fresh.weights.h5")
    rng = np.random.default_rng(0)
    kernel, *others = model.get_weights()
    model.set_weights([kernel + 0.02 * np.outer(rng.normal(size=784), rng.normal(size=32)), *others])
    model.save(folder / "marked.keras")
    whole = (folder / "fresh.weights.h5").read_bytes()
    (folder / "cut.h5").write_bytes(whole[: len(whole) // 3])
    return {path.name: path for path in folder.iterdir()}


def upload(page: Page, path: Path) -> None:
    inputs = "input[type=file]:visible, [data-testid=stFileUploader] input[type=file]"
    page.locator(inputs).last.set_input_files(path)


def answer(page: Page) -> Locator:
    return page.get_by_test_id("stMain")


def open_file(page: Page, app: str, path: Path) -> Page:
    open_page(page, f"{app}/pretrained")
    upload(page, path)
    expect(page.locator("h1")).to_have_text(f"What is in {path.name}?", timeout=READ)
    page.wait_for_url(re.compile("file="))
    return page


def table_with(page: Page, column: str) -> Locator:
    return page.locator("table", has=page.get_by_role("columnheader", name=column))


def chart(page: Page, alt: str) -> Locator:
    return page.locator(f'.inits-chart[aria-label^="{alt}"] .js-plotly-plot')


def test_a_file_is_summarized_and_training_starts_from_it_beside_controls(
    page: Page, app: str, files: dict[str, Path]
) -> None:
    open_file(page, app, files["marked.keras"])
    main = answer(page)
    expect(main).to_contain_text("2 layers, 25,450 parameters.")
    expect(main).to_contain_text(
        re.compile(r"clearest trace in dense\S*/kernel: 3\.1% of its singular values")
    )
    expect(main).to_contain_text("1 of 32 singular values (3.1%) lie outside the bulk")
    table = table_with(page, "nearest initializer")
    expect(table.locator("tbody tr")).to_have_count(4)
    expect(table).to_contain_text("784 × 32")
    pictures = (
        "A histogram of the weights of each kernel",
        "Histogram of the values",
        "Histogram of 32 singular",
    )
    for alt in pictures:
        expect(chart(page, alt)).to_be_visible(timeout=READ)
    page.reload()  # the address names the file
    expect(page.locator("h1")).to_have_text("What is in marked.keras?", timeout=READ)
    expect(main).to_contain_text("25,450 parameters")
    leave_by(page, button(page, "Train from it").click)
    expect(page.locator("h1")).to_have_text("Which start learns fastest?", timeout=READ)
    wait_until(page, lambda: cards(page) == ["As saved", "Shuffled", "Gaussian"])
    expect(main.get_by_text("2 of 2 layers from the file")).to_have_count(3)
    page.wait_for_url(re.compile("hidden=32"))
    open_page(page, f"{page.url}&data=digits")
    button(page, "Run").click()
    rows = {row["start"]: row["outcome"] for row in result(page)}
    assert rows == dict.fromkeys(("As saved", "Shuffled", "Gaussian"), "completed")


def test_an_untrained_file_is_recognized_compared_and_fitted_to_another_network(
    page: Page, app: str, files: dict[str, Path]
) -> None:
    open_file(page, app, files["fresh.weights.h5"])
    main, fresh = answer(page), page.url
    expect(main).to_contain_text("Every kernel has the singular values of a random kernel")
    expect(main).to_contain_text("Consistent with GlorotUniform")

    button(page, "Open another file").click()
    upload(page, files["cut.h5"])
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_contain_text(re.compile(r"cut\.h5: The file .*; .*\."))
    expect(alert).not_to_contain_text(re.compile("Traceback|site-packages|Error"))
    expect(page.locator("h1")).to_have_text("What is in fresh.weights.h5?")
    expect(chart(page, "Histogram of the values")).to_be_visible()

    button(page, "Compare with a file").click()
    upload(page, files["marked.keras"])
    expect(page.locator("h1")).to_have_text("How do these two files differ?", timeout=READ)
    words = re.compile(r"Of 2 kernels dense\S*/kernel changed most, by \d+\.\d% of its norm")
    expect(main).to_contain_text(words)
    table = table_with(page, "change")
    expect(table.locator("tbody tr")).to_have_count(4)
    expect(table.locator("tbody tr").nth(2)).to_contain_text("none")
    expect(table.locator("tbody tr").nth(0)).to_contain_text("0.0% → 3.1%")
    button(page, "Show only the first").click()
    expect(page.locator("h1")).to_have_text("What is in fresh.weights.h5?", timeout=READ)

    spec = FileSpec.parse(unquote(fresh.partition("file=")[2]).replace("+", " "))
    open_page(page, f"{app}/train?hidden=32,16&starts={quote(str(spec.replace(rest='HeNormal()')))}")
    expect(main.get_by_text("1 of 3 layers from the file")).to_be_visible(timeout=READ)
    page.get_by_text("Network", exact=True).click()
    model = table_with(page, "output shape")
    expect(model.locator("tbody tr").nth(0)).to_contain_text(re.compile(r"\(dense"))
    expect(model.locator("tbody tr").nth(1)).to_contain_text("(HeNormal)")
    button(page, "Edit").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("HeNormal: nothing fits")


def test_a_network_trained_here_is_opened_before_and_after(page: Page, app: str) -> None:
    open_page(page, f"{app}/train?hidden=16&data=digits&starts=GlorotUniform")
    button(page, "Run").click()
    result(page)
    title, length = page.locator("h1").inner_text(), page.evaluate("history.length")
    button(page, "Look inside").click()
    expect(page.locator("h1")).to_have_text("How do these two files differ?", timeout=READ)
    expect(answer(page)).to_contain_text("GlorotUniform before.weights.h5")
    expect(answer(page)).to_contain_text("GlorotUniform after.weights.h5")
    expect(page).to_have_url(re.compile("beside=.*file=|file=.*beside="))
    assert page.evaluate("history.length") == min(length + 1, 50)
    page.go_back()
    expect(page.locator("h1")).to_have_text(title)
    page.go_forward()
    expect(page.locator("h1")).to_have_text("How do these two files differ?", timeout=READ)


def test_a_failed_download_is_reported_and_the_page_still_works(
    page: Page, app: str, files: dict[str, Path]
) -> None:
    open_page(page, f"{app}/pretrained")
    page.get_by_text("From Keras", exact=True).click()
    model = page.get_by_role("combobox", name=re.compile("Trained on ImageNet"))
    expect(model).to_have_value("VGG16, 553.5 MB")
    button(page, "Download and open").click()
    words = re.compile(r"VGG16 could not be downloaded .*Check the network")
    expect(page.get_by_test_id("stAlert")).to_contain_text(words, timeout=90 * SECONDS)
    page.get_by_text("Upload", exact=True).first.click()
    wait_until(page, lambda: page.locator("input[type=file]").count() > 0)
    upload(page, files["fresh.weights.h5"])
    expect(page.locator("h1")).to_have_text("What is in fresh.weights.h5?", timeout=READ)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("file=file:x.keras:" + "0" * 32, "x.keras is not available; choose the file again"),
        ("file=file:x.keras:zz", "The part “file” of the link was ignored"),
    ],
)
def test_a_link_to_a_missing_file_is_reported(page: Page, app: str, link: str, words: str) -> None:
    open_page(page, f"{app}/pretrained?{link}")
    expect(page.locator("h1")).to_have_text("What is in a weight file?")
    expect(page.get_by_test_id("stAlert")).to_contain_text(words)
    expect(page.get_by_test_id("stFileUploader")).to_be_visible()
