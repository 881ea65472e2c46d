"""The initializer picker: what may be typed into it, and what is refused."""

import pytest
from streamlit.testing.v1 import AppTest

from inits.experiments.file_start import FileSpec
from inits.experiments.pasted import PastedSpec

CODE, FILE = str(PastedSpec("mine", "mine = 1")), str(FileSpec("a.keras", "0" * 32))


def page() -> None:
    import streamlit as st

    from inits.initializers.spec import InitializerSpec
    from pages.parts.page.refusals import refusal
    from pages.parts.widgets.picker import initializer_picker

    more = st.session_state.get("more", ())
    st.session_state["chosen"] = str(initializer_picker("explore", InitializerSpec("HeNormal"), more))
    refusal("explore")


def type_text(text: str, more: tuple[str, ...] = ()) -> tuple[str, list[str]]:
    """Return what is chosen after a text was typed, and the messages."""
    app = AppTest.from_function(page, default_timeout=30)
    app.session_state["more"] = more
    app.run().text_input(key="explore.name").input(text).run()
    assert not app.exception
    return app.session_state["chosen"], [element.value for element in app.error]


@pytest.mark.parametrize(
    ("text", "more", "chosen"),
    [
        ("kernel_initializer=he_uniform", (), "HeUniform()"),
        ("random_normal(stddev=0.1, seed=3)", (), "RandomNormal(mean=0.0, stddev=0.1)"),
        (CODE, (), CODE),
        ("lsuv", ("LSUV()",), "LSUV()"),
        (FILE, (FILE,), FILE),
    ],
)
def test_names_calls_code_and_offered_starts_can_be_typed(text, more, chosen):
    assert type_text(text, more) == (chosen, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("LSUV()", "LSUV needs a network and data. Add it to a start on the Train page."),
        (" lsuv", "LSUV needs a network and data. Add it to a start on the Train page."),
        (FILE, "a.keras needs a network and data. Add it to a start on the Train page."),
        ("xavier", "Did you mean GlorotUniform()?"),
    ],
)
def test_what_needs_a_network_or_is_unknown_is_refused(text, words):
    chosen, (message,) = type_text(text)
    assert chosen == "HeNormal()"
    assert words in message
