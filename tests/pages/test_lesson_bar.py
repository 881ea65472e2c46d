"""The bar of a lesson or a first step: where it is shown, what it leaves alone, and how it is closed."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inits.errors import SpecError
from inits.initializers.catalog import CATALOG
from pages.parts.experiment.choices import TRAIN
from pages.parts.lessons.paths import FIRST_STEPS, PLACES, place_of
from pages.parts.page.catalog import PAGES

ROOT = Path(__file__).parents[2]


def page() -> None:
    from types import SimpleNamespace

    import streamlit as st

    from pages.parts.lessons.bar import lesson_bar
    from pages.parts.page.address import Address, Field

    name = st.text_input("Page", "explore", key="name")
    fields = [Field(field, "", str) for field in ("init", "starts", "hidden", "activation", "optimizer")]
    address = Address(name, SimpleNamespace, fields)
    shown = address.load()
    lesson_bar(name)
    address.save(shown)
    st.text(shown.starts + shown.hidden)


def open_address(name: str, **address: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=30)
    app.session_state["name"] = name
    app.query_params.update(address)
    return visit(app.run(), name)


def visit(app: AppTest, name: str) -> AppTest:
    app.text_input(key="name").set_value(name).run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "\n".join(one.value for one in [*app.markdown, *app.warning, *app.text])


def test_a_first_visit_is_welcomed_until_the_strip_is_closed() -> None:
    app = open_address("explore")
    assert "New\u00a0here?" in words(app)
    assert "New" not in words(visit(app, "choose"))
    app = visit(app, "explore")
    app.button(key="bar.explore.close").click().run()
    assert "New" not in words(app)


@pytest.mark.parametrize(("name", "address"), [("choose", {}), ("explore", {"init": "Zeros()"})])
def test_a_link_is_not_a_first_visit(name: str, address: dict[str, str]) -> None:
    assert "New" not in words(visit(open_address(name, **address), "explore"))


def test_an_address_with_a_lesson_alone_sets_its_page_up() -> None:
    app = open_address("train", lesson="depth")
    assert "Lesson 3 of 10: He versus Glorot at depth" in words(app)
    assert app.text[0].value == "GlorotNormal();HeNormal()30 × 128"
    assert "**Try** Press" in words(app)


def test_a_lesson_of_another_page_or_with_weights_that_are_missing_is_offered() -> None:
    for name, key in (("choose", "depth"), ("train", "pretrained")):
        app = open_address(name, lesson=key)
        assert "**Try**" not in words(app)
        assert app.button(key=f"bar.{name}.back").label == "Back to the lesson"


def test_a_lesson_is_left_by_the_next_one_and_by_closing_it_anywhere() -> None:
    app = open_address("train", lesson="depth", hidden="64")
    assert app.text[0].value == "64"
    app.query_params.clear()
    assert "Back to the lesson" in [one.label for one in visit(app, "choose").button]
    app.button(key="bar.choose.close").click().run()
    assert not app.button
    assert not visit(app, "train").button
    assert not app.query_params.get("lesson")


def test_an_unknown_lesson_is_reported_once() -> None:
    app = open_address("choose", lesson="nothing")
    for _ in range(2):
        (warning,) = app.run().warning
        assert "lesson must be one of uniform, normal" in warning.value
    with pytest.raises(SpecError, match="but got nothing"):
        place_of("nothing")
    assert place_of("") is None


def test_the_controls_that_a_task_names_are_on_the_pages() -> None:
    parts = [path for path in ROOT.glob("pages/**/*.py") if path.parent.name != "lessons"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in [*parts, ROOT / "inits/measure/checks.py"])
    named = {name for place in PLACES.values() for name in re.findall(r"\*\*(.+?)\*\*", place.step.task)}
    named |= set(re.findall(r"\*\*(.+?)\*\*", " ".join(place.step.look_for for place in PLACES.values())))
    parameters = {parameter.name for entry in CATALOG.values() for parameter in entry.parameters}
    assert {name for name in named - parameters if f'"{name}"' not in text} == set()
    assert len(named) > 10


def test_steps_lead_along_their_paths() -> None:
    place, seen = place_of("uniform"), []
    while place is not None:
        seen.append(place.step)
        place = place.next
    assert tuple(seen) == FIRST_STEPS
    assert len(PLACES) == 15
    for step in FIRST_STEPS:
        assert step.page in PAGES
        assert step.task.endswith(".")
        assert len(step.learn) <= 26
    assert "lesson" not in TRAIN.format(TRAIN.parse({}))
