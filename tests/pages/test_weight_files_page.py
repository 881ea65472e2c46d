"""The Weight files page: what its address keeps when another file is opened."""

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from inits.weightfiles.pairs import Change
from pages.parts.weights.open_files import OpenFiles, summary
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


def file(layer: str) -> Any:
    return SimpleNamespace(summaries=[SimpleNamespace(layer=layer, name="kernel", is_kernel=True)])


def test_arrays_with_two_names_have_both():
    change = Change(0.624, 0.5, equal=False)
    one, other = (
        OpenFiles((file("dense_16"), file(name)), ("a", "b"), {(0, 0): change})
        for name in ("dense", "dense_16")
    )
    assert one.label((0, 0)) == "dense_16/kernel → dense/kernel"
    assert "dense/kernel** in the second file) changed most, by **62.4%**" in summary(one)
    assert (other.label((0, 0)), other.renamed((0, 0))) == ("dense_16/kernel", False)
    assert "second file" not in summary(other)
