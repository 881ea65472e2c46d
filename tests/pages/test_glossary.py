"""The glossary: every term is defined once, shortly, and shown where it stands."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.page.cheatsheet import SHEETS
from pages.parts.page.glossary import GLOSSARY, definitions, terms_in
from pages.parts.page.notes import explained
from pages.parts.widgets.tables import _explained

MAX_LENGTH = 210  # characters of a definition


@pytest.mark.parametrize("term", GLOSSARY, ids=lambda term: term.name)
def test_a_definition_is_one_or_two_short_sentences_without_markdown(term):
    assert any(
        re.search(term.pattern, name) for name in (term.name, term.name.lower(), f"each {term.name.lower()}")
    )
    assert len(term.meaning) <= MAX_LENGTH
    assert term.meaning.endswith(".")
    assert len(re.findall(r"[.:] [A-Z]", term.meaning)) <= 2
    assert not re.search(r"[*`$<>]", term.meaning.replace("q*", "q"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("fan_in × variance of a weight", ["fan_in"]),
        ("critical σ_w²", ["σ_w²", "Critical σ_w²"]),
        ("Line: Marchenko-Pastur distribution.", ["Marchenko-Pastur distribution"]),
        ("Line: χ₁ = 1", ["χ₁"]),
        ("χ", ["χ"]),
        ("of logits with respect to pixels", ["Logits"]),
        ("excess kurtosis", ["Kurtosis"]),
        ("Position of each start", ["Start"]),
        ("Line: at the start. Press it to start.", []),
        ("steps to 90%", ["Step"]),
        ("mean of 32 batches", []),
    ],
)
def test_terms_are_found_in_texts(text, names):
    assert [term.name for term in terms_in(text)] == names


def test_an_explanation_sets_its_symbols():
    assert explained("σ_w²") == definitions(terms_in("σ_w²")).replace("σ_w²", r"$\sigma_w^2$")
    assert explained("no such term") is None


def test_a_header_of_a_table_shows_its_definition_and_is_escaped():
    words = _explained("σ_w² drawn")
    assert 'title="σw²: fan_in × variance of a weight' in words
    assert words.endswith("σ<sub>w</sub><sup>2</sup> drawn</abbr>")
    assert _explained("<b>") == "&lt;b&gt;"


def test_a_heading_explains_the_terms_of_its_table() -> None:
    def page() -> None:
        from pages.parts.page.notes import heading

        heading("The model", "σ_w² by layer", "loss", terms="fan_in")

    (shown,) = AppTest.from_function(page).run().markdown
    assert shown.value == "**The model**  \n:small[:gray[$\\sigma_w^2$ by layer]]"
    for words in (SHEETS["loss"].see, "**fan_in:** Number", "**$\\sigma_w^2$:** fan_in ×"):
        assert words in shown.proto.help
