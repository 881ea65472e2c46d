"""The weights of a file as starts: which layers fit, and the way to the Train page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from inits.errors import InitsError
from inits.experiments.experiment import Start
from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network, format_hidden
from inits.initializers.shapes import times
from inits.weightfiles.fitting import DenseLayer, dense_layers, fit, network_of
from inits.weightfiles.weight_file import WeightFile
from pages.parts.experiment.cards import Card, numbered
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.experiment.layer_fits import fit_table
from pages.parts.experiment.start_cards import chosen_cards
from pages.parts.page.navigation import go
from pages.parts.page.notes import heading, literal


@dataclass(frozen=True)
class FittedNetwork:
    """A network that can start from a file.

    Attributes:
        net: the network.
        fits: the layer of the file for each layer of the network; None where none fits.
        own: True if the network is that of the file.
    """

    net: Network
    fits: Sequence[DenseLayer | None]
    own: bool


def network_for(file: WeightFile) -> FittedNetwork | str:
    """Return the network of a file if it has 784 inputs and 10 outputs, else the one on Train; or why neither fits."""
    layers, net = dense_layers(file.summaries), _on_train().network
    if not layers:
        return "This file has no Dense layer, so no network here can start from it."
    try:
        own = network_of(layers, net.activation, net.inputs, net.outputs)
    except InitsError:
        own = None
    fits = fit(layers, (own or net).kernel_shapes)
    if any(fits):
        return FittedNetwork(own or net, fits, own is not None)
    sizes = ", ".join(times(layer.shape) for layer in layers[:4]) + (" and more" if len(layers) > 4 else "")
    return (
        f"None of its Dense layers ({sizes}) fits the network on Train, which has {net.inputs} inputs and the "
        f"hidden layers {format_hidden(net.hidden)}."
    )


def train_button(spec: FileSpec, found: FittedNetwork | str) -> None:
    """Draw the button that opens the Train page with the file, its values shuffled, and a Gaussian as starts."""
    why = found if isinstance(found, str) else None
    icon, key = ":material/play_circle:", "pretrained.train"
    if st.button("Train from it", icon=icon, type="primary", key=key, disabled=why is not None, help=why):
        assert isinstance(found, FittedNetwork)
        choices = replace(_on_train(), cards=file_cards(spec), network=found.net)
        go("train", TRAIN.format(choices))


def fit_section(spec: FileSpec, found: FittedNetwork | str) -> None:
    """Show where each layer of a network that starts from the file gets its weights."""
    heading(
        "As a start",
        "“Train from it” compares these weights with the same values shuffled in each layer and with a Gaussian of "
        "the same mean and std: do the values matter, or only their scale?",
    )
    if isinstance(found, str):
        st.markdown(f":gray[{literal(found)}]")
        return
    fit_table(spec, found.net, found.fits)
    if not found.own:
        st.markdown(":small[:gray[Which layers fit depends on the hidden layers chosen on Train.]]")


def file_cards(spec: FileSpec) -> tuple[Card, ...]:
    """Return the weights of a file as three starts."""
    names = {"as saved": "As saved", "shuffled": "Shuffled", "Gaussian": "Gaussian"}
    return numbered(Card(Start(spec.replace(how=how)), name) for how, name in names.items())


def _on_train() -> Choices:
    """Return the choices of the Train page in this session."""
    return chosen_cards(TRAIN.page, TRAIN.parse(TRAIN.texts()))
