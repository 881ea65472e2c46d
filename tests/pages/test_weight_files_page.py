"""The Weight files page: what its address keeps when another file is opened."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.weights.sources import FIRST, SECOND


def page(slot: str) -> None:
    import streamlit as st

    from inits.experiments.file_start import FileSpec
    from pages.parts.page import state
    from pages.parts.weights.sources import show_file

    defaults = {"file": "", "array": ""}
    state.load("pretrained", defaults)
    state.save("pretrained", {}, defaults)
    spec = FileSpec("other.npz", "0" * 32)
    st.button("Open", key="pretrained.open", on_click=show_file, args=("pretrained", slot, spec))


@pytest.mark.parametrize(("slot", "kept"), [(FIRST, False), (SECOND, True)])
def test_array_of_the_first_file_leaves_the_address_with_that_file(slot: str, kept: bool):
    app = AppTest.from_function(page, args=(slot,), default_timeout=30)
    app.query_params["array"] = "dense/kernel"
    app.run().button(key="pretrained.open").click().run()
    assert not app.exception
    assert ("array" in app.query_params) is kept
