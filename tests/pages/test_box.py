"""Boxes for text and numbers: what is typed is used, or a message says why it is not and the old value stays."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inits.initializers.optimizers import OPTIMIZERS
from pages.parts.widgets.picker import _grid
from pages.parts.widgets.shape import parse_shape


def page() -> None:
    import streamlit as st

    from pages.parts.page.address import positive, whole
    from pages.parts.page.refusals import refusal
    from pages.parts.widgets.box import box_value, number_box

    st.session_state["before"] = box_value("some.rate", 0.05)
    rate = number_box("Rate", "some.rate", 0.05, positive("Rate"), scope="some", options=["0.1", "1e-3"])
    batch = number_box("Batch", "some.batch", 32, whole("Batch", 1, 4096), scope="some")
    st.session_state["values"] = (rate, batch)
    refusal("some")


def app() -> AppTest:
    return AppTest.from_function(page, default_timeout=30).run()


def shown(app: AppTest) -> tuple[str, str]:
    assert not app.exception
    return app.text_input(key="some.rate").value, app.text_input(key="some.batch").value


def test_a_box_shows_the_value_in_use_after_each_text() -> None:
    one = app()
    assert shown(one) == ("0.05", "32")
    for text, value, text_shown in (
        ("0.01", 0.01, "0.01"),
        ("0,5", 0.5, "0.5"),
        ("1e-7", 1e-7, "1e-7"),
        (" 1.5 × 10⁻³ ", 0.0015, "0.0015"),
        ("0.12345678901", 0.12345678901, "0.12345678901"),
        ("3", 3.0, "3"),
    ):
        one.text_input(key="some.rate").input(text).run()
        assert one.session_state["values"] == (value, 32)
        assert one.session_state["before"] == value  # the label of a popover is drawn before its boxes
        assert (shown(one), list(one.error)) == ((text_shown, "32"), [])
    one.menu_button(key="some.rate.menu").click("1e-3").run()
    assert one.session_state["values"] == (0.001, 32)
    assert shown(one) == ("0.001", "32")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("abc", "Batch must be a whole number from 1 to 4,096, but got abc."),
        ("0,1", "but got 0,1."),
        ("", "but got nothing."),
        ("0", "but got 0."),
        ("4,097", "but got 4,097."),
        ("1.000", "but got 1.000, which can mean 1000 or 1.000."),
        ("64 images", "but got 64 images."),
    ],
)
def test_a_refused_text_leaves_the_value_and_is_reported(text: str, words: str) -> None:
    one = app()
    one.text_input(key="some.batch").input("1,024").run()
    assert one.session_state["values"] == (0.05, 1024)
    one.text_input(key="some.batch").input(text).run()
    assert one.session_state["values"] == (0.05, 1024)
    assert shown(one) == ("0.05", "1024")
    assert words in one.error[0].value.replace("\\", "")
    one.text_input(key="some.rate").input("1").run()
    assert not one.error


def test_no_page_has_a_box_that_changes_what_is_typed() -> None:
    """pages/parts/widgets/box.py says what Streamlit's own boxes do."""
    texts = {path: path.read_text("utf-8") for path in Path("pages").rglob("*.py")}
    assert len(texts) > 50
    used = re.compile(r"\bnumber_input\(|accept_new_options=True,")
    assert [str(path) for path, text in texts.items() if used.search(text)] == []


def boxes() -> None:
    from pages.parts.experiment.builder import builder
    from pages.parts.experiment.choices import TRAIN
    from pages.parts.page.refusals import refusal
    from pages.parts.sweep.builder import SWEEP, sweep_builder

    builder("train", TRAIN.load(), lambda: None)
    refusal("train")
    sweep_builder("sweep", SWEEP.parse({"across": "activation"}))
    refusal("sweep")


def test_a_message_names_a_box_as_its_label_does() -> None:
    """Learning rate was called learning_rate, and Sweep's Hidden layers Depth."""
    app = AppTest.from_function(boxes, default_timeout=30).run()
    for key in ("train.rate", "train.hidden", "sweep.depth"):
        app.text_input(key=key).input("-1").run()
        assert app.error[0].value.startswith(f"{app.text_input(key=key).label} must "), key


@pytest.mark.parametrize(
    ("name", "value"), [("Adam", 0.999), ("Adam", 0.9995), ("SGD", 0.1234), ("SGD", 1.0)]
)
def test_a_slider_has_the_present_value_and_its_ends(name: str, value: float) -> None:
    wanted = "beta_2" if name == "Adam" else "momentum"
    parameter = next(one for one in OPTIMIZERS[name].parameters if one.name == wanted)
    assert parameter.slider
    grid = _grid(parameter, value)
    assert value in grid
    assert grid == sorted(set(grid))
    assert (min(grid), max(grid)) == (0.0, max(0.999, value))


@pytest.mark.parametrize(
    "text",
    [
        "784x128",
        "784 × 128",
        "784, 128",
        "[784, 128]",
        "(784, 128)",
        "784-128",
        "784 – 128",
        "784 → 128",
        "784 by 128",
    ],
)
def test_a_shape_is_read_as_people_write_it(text: str) -> None:
    assert parse_shape(text) == (784, 128)
