"""Weights of a file as a start: which layers fit, and on to the Train page beside its controls."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from inits.errors import InitsError
from inits.experiments.experiment import Architecture, Start, format_hidden
from inits.experiments.file_start import FileSpec
from inits.initializers.shapes import times
from inits.weightfiles.fitting import DenseLayer, architecture_of, dense_layers, fit
from inits.weightfiles.store import WeightFile
from pages.parts.experiment.builder import DEFAULTS, Choices, understood
from pages.parts.experiment.cards import Card, numbered
from pages.parts.experiment.layer_fits import fit_table
from pages.parts.experiment.start_cards import chosen_cards
from pages.parts.page import state
from pages.parts.page.notes import heading, literal


@dataclass(frozen=True)
class Possible:
    """What a file can start: a network, which of its layers fit, and whether it is the file's own network."""

    net: Architecture
    fits: Sequence[DenseLayer | None]
    own: bool


def possible(file: WeightFile) -> Possible | str:
    """The file's own network if it is one of 784 inputs and 10 outputs, else the one on Train; or why there is none."""
    layers, net = dense_layers(file.surveys), _on_train().architecture
    if not layers:
        return "No layer of this file is Dense, so it can start no network here."
    try:
        own = architecture_of(layers, net.activation, net.inputs, net.outputs)
    except InitsError:
        own = None
    fits = fit(layers, (own or net).kernel_shapes)
    if any(fits):
        return Possible(own or net, fits, own is not None)
    sizes = ", ".join(times(layer.shape) for layer in layers[:4]) + (" and more" if len(layers) > 4 else "")
    return (
        f"None of its Dense layers ({sizes}) fits the network on Train, which takes {net.inputs} pixels and has "
        f"{format_hidden(net.hidden)} hidden."
    )


def train_button(spec: FileSpec, found: Possible | str) -> None:
    """On to the Train page, beside the same values shuffled and a Gaussian like them."""
    why = found if isinstance(found, str) else None
    icon, key = ":material/play_circle:", "pretrained.train"
    if st.button("Train from it", icon=icon, type="primary", key=key, disabled=why is not None, help=why):
        assert isinstance(found, Possible)
        choices = replace(_on_train(), cards=ways(spec), architecture=found.net)
        st.switch_page("pages/train.py", query_params=choices.texts())


def what_fits(spec: FileSpec, found: Possible | str) -> None:
    """Layer by layer, what a network that starts from the file would begin with."""
    heading(
        "As a start",
        "Train from it lays these beside the same values shuffled in each layer and a Gaussian of the same mean and "
        "std: is it the values, or only their scale?",
    )
    if isinstance(found, str):
        st.markdown(f":gray[{literal(found)}]")
        return
    fit_table(spec, found.net, found.fits)
    if not found.own:
        st.markdown(":small[:gray[Which layers fit depends on the hidden layers that are set on Train.]]")


def ways(spec: FileSpec) -> tuple[Card, ...]:
    """A file's weights as three starts."""
    names = {"as saved": "As saved", "shuffled": "Shuffled", "Gaussian": "Gaussian"}
    return numbered(Card(Start(spec.replace(how=how)), name) for how, name in names.items())


def _on_train() -> Choices:
    """What the Train page says in this session."""
    return chosen_cards("train", understood(state.values("train", DEFAULTS)))
