"""The picture of the network: its layers, and the strength of each start's signal before training."""

import numpy as np

from inits.experiments.network import Network
from inits.figures.network import Row, height, lost, network
from inits.initializers.activations import ACTIVATIONS
from inits.text import number
from inits.theory.signal_theory import signal_strengths
from pages.parts.experiment import cards as deck
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.page.session import widget_key
from pages.parts.page.slides import picture
from pages.parts.widgets.chart import shared_chart

KEY = widget_key(TRAIN.page, "picture")


def network_picture(choices: Choices, covered: bool = False) -> None:
    """Draw the network of the choices, with a row for each start; without strengths while the user is to guess."""
    net = choices.network
    activation = ACTIVATIONS[net.activation]
    rows = [
        Row(label, card.slot, card.start.kernel.label, signal_strengths(card.start, net, choices.data))
        for label, card in zip(choices.labels, choices.cards, strict=True)
    ]
    how, say = f"Columns: layers and their units, {activation} after each hidden one.", ""
    if not covered:
        how += " Colour: strength of the signal before training, by theory. Log scale."
        say = " ".join(map(_sentence, rows))
    terms = "" if covered else "pre-activations"
    with picture("network", "The network", how, "layers", say=say, terms=terms):
        shared_chart(
            (deck.format_cards(choices.cards), net, choices.data, covered),
            lambda: network(rows, (net.inputs, *net.hidden, net.outputs), activation, covered=covered),
            key=KEY,
            height=height(len(rows)),
            alt=f"The network: {_layers(net)}. {say}".strip(),
        )


def _layers(net: Network) -> str:
    """Return the layers in words."""
    hidden = ", ".join(map(str, net.hidden)) or "none"
    return f"{net.inputs} inputs, hidden layers {hidden}, {net.outputs} outputs"


def _sentence(row: Row) -> str:
    """Return what becomes of the signal of a start."""
    if row.strengths is None:
        return f"{row.name}: no theory."
    states = lost(row.strengths)
    if not states.any():
        return f"{row.name}: the signal reaches the output ×{number(float(row.strengths[-1]), 2)}."
    layer = int(np.argmax(states != 0))
    where = "at the output" if layer == len(states) - 1 else f"by layer {layer}"
    return f"{row.name}: the signal {'vanishes' if states[layer] < 0 else 'explodes'} {where}."
