"""The questions of the Choose page, and the task that their answers describe."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from inits.experiments.network import MAX_LAYERS, MAX_UNITS
from inits.initializers.activations import ACTIVATIONS
from inits.theory.recommendation import NORMALIZATIONS, OPTIMIZERS, Task
from pages.parts.page import state
from pages.parts.page.address import one_of, whole
from pages.parts.page.session import seeded, widget_key

DEFAULTS = {
    "activation": "relu",
    "depth": "6",
    "width": "128",
    "normalization": "none",
    "optimizer": "SGD",
    "weights": "no",
}
COMMON = ("relu", "tanh", "selu", "gelu", "silu", "elu", "sigmoid")  # listed first
WEIGHTS = {"no": "new weights", "yes": "trained weights"}


def questions(page: str, kept: Mapping[str, str]) -> dict[str, str]:
    """Draw the questions; return the answers as texts."""
    read = partial(state.read, kept, DEFAULTS)
    known = {name: title for name, title in ACTIVATIONS.items() if name != "softmax"}
    activation = st.selectbox(
        "Activation",
        sorted(known, key=lambda name: name not in COMMON),
        key=seeded(widget_key(page, "activation"), read("activation", one_of("activation", known))),
        format_func=known.__getitem__,
        width=240,
    )
    with st.container(horizontal=True, gap="small"):
        depth = st.number_input(
            "Hidden layers", 1, MAX_LAYERS, step=1, width=112,
            key=seeded(widget_key(page, "depth"), read("depth", whole("depth", 1, MAX_LAYERS))),
        )  # fmt: skip
        width = st.number_input(
            "Units in each", 1, MAX_UNITS, step=1, width=112,
            key=seeded(widget_key(page, "width"), read("width", whole("width", 1, MAX_UNITS))),
        )  # fmt: skip

    def switch(name: str, label: str, options: Mapping[str, str]) -> str:
        key = seeded(widget_key(page, name), read(name, one_of(name, options)))
        return str(
            st.segmented_control(
                label, list(options), key=key, format_func=options.__getitem__, required=True
            )
        )

    return {
        "activation": str(activation),
        "depth": str(depth),
        "width": str(width),
        "normalization": switch("normalization", "Normalization", NORMALIZATIONS),
        "optimizer": switch("optimizer", "Optimizer", {name: name for name in OPTIMIZERS}),
        "weights": switch("weights", "Start from", WEIGHTS),
    }


def described_task(answers: Mapping[str, str]) -> Task:
    """Return the task that the answers describe. Raises SpecError."""
    return Task(
        answers["activation"],
        int(answers["depth"]),
        int(answers["width"]),
        answers["normalization"],
        answers["optimizer"],
        answers["weights"] == "yes",
    )
