"""The questions of the Choose page, their answers and the address that holds them."""

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st

from inits.experiments.network import MAX_LAYERS, MAX_UNITS
from inits.initializers.activations import ACTIVATIONS
from inits.theory.options import NORMALIZATIONS, OPTIMIZERS, Task
from pages.parts.page.address import Address, Field, one_of, whole
from pages.parts.page.session import seeded, widget_key
from pages.parts.widgets.box import number_box

KNOWN = {name: title for name, title in ACTIVATIONS.items() if name != "softmax"}
COMMON = ("relu", "tanh", "selu", "gelu", "silu", "elu", "sigmoid")  # listed first
DEPTHS, WIDTHS = ("1", "2", "6", "10", "20", "50"), ("32", "64", "128", "256", "512")
WEIGHTS = {"no": "new weights", "yes": "pretrained weights"}


class Answers(NamedTuple):
    """The answers to the questions; `weights` is a key of WEIGHTS."""

    activation: str
    depth: int
    width: int
    normalization: str
    optimizer: str
    weights: str

    def task(self) -> Task:
        """Return the task that the answers describe. Raises SpecError."""
        return Task(*self[:-1], self.weights == "yes")


CHOOSE = Address("choose", Answers, (
    Field("activation", "relu", one_of("activation", KNOWN)),
    Field("depth", "6", whole("depth", 1, MAX_LAYERS)),
    Field("width", "128", whole("width", 1, MAX_UNITS)),
    Field("normalization", "none", one_of("normalization", NORMALIZATIONS)),
    Field("optimizer", "SGD", one_of("optimizer", OPTIMIZERS)),
    Field("weights", "no", one_of("weights", WEIGHTS)),
))  # fmt: skip
"""The address of the Choose page."""


def questions(page: str, answers: Answers) -> Answers:
    """Draw the questions; return the answers."""
    chosen = ("activation", "normalization", "optimizer", "weights")
    key = {name: seeded(widget_key(page, name), getattr(answers, name)) for name in chosen}
    activation = st.selectbox(
        "Activation", sorted(KNOWN, key=lambda name: name not in COMMON), key=key["activation"],
        format_func=KNOWN.__getitem__, width=240,
    )  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        depth, width = (
            number_box(
                label, widget_key(page, name), getattr(answers, name), whole(label, 1, most),
                scope=page, width=120, options=options,
            )
            for label, name, most, options in (
                ("Hidden layers", "depth", MAX_LAYERS, DEPTHS),
                ("Units in each", "width", MAX_UNITS, WIDTHS),
            )
        )  # fmt: skip

    def switch(name: str, label: str, options: Mapping[str, str]) -> str:
        words = options.__getitem__
        return str(
            st.segmented_control(label, list(options), key=key[name], format_func=words, required=True)
        )

    return Answers(
        str(activation),
        depth,
        width,
        switch("normalization", "Normalization", NORMALIZATIONS),
        switch("optimizer", "Optimizer", {name: name for name in OPTIMIZERS}),
        switch("weights", "Start from", WEIGHTS),
    )
