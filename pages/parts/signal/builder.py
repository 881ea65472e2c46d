"""The controls of the Signal page, and its address."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import streamlit as st

from inits.data.datasets import DEFAULT
from inits.errors import InitsError
from inits.experiments.experiment import MAX_BATCH, ZEROS, Start
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec
from inits.text import counted, exact
from pages.parts.experiment.builder import network_controls, seed_boxes
from pages.parts.experiment.cards import Card
from pages.parts.experiment.choices import DATA, TRAIN, Choices
from pages.parts.experiment.presets import presets
from pages.parts.experiment.start_cards import change
from pages.parts.page import session
from pages.parts.page.address import Address, Field, not_negative, one_of, whole
from pages.parts.page.navigation import go
from pages.parts.page.notes import explained
from pages.parts.page.refusals import accept, refusal_inside, refuse
from pages.parts.page.session import seeded, widget_key, widget_value
from pages.parts.signal.views import VIEWS
from pages.parts.widgets.box import box_value, number_box, text_box

MIN_IMAGES = 16  # fewer have no typical pair
IMAGES = ("64", "128", "256", "512", "1024", "4096")
VARIANCES = ("0", "0.01", "0.05", "0.1", "0.2", "0.5")
VARIOUS = "various"


class PageSettings(NamedTuple):
    """The settings of the page; `view` is a key of VIEWS."""

    choices: Choices
    view: str


def _shown(
    starts: tuple[Card, ...],
    hidden: tuple[int, ...],
    activation: str,
    images: int,
    seed: int,
    seeds: int,
    data: str,
    view: str,
) -> PageSettings:
    network, optimizer = Network(hidden, activation), TRAIN.parse({}).optimizer
    return PageSettings(Choices(starts, network, optimizer, images, seed, seeds, data), view)


def _as_on_train(name: str, default: str) -> Field:
    """Return a field that the Train page has as well, with another default."""
    field = TRAIN.field(name)
    return replace(field, default=default, write=lambda shown: field.text(shown.choices))


SIGNAL = Address("signal", _shown, (
    _as_on_train("starts", "HeNormal();GlorotUniform();RandomNormal(mean=0.0, stddev=0.05)"),
    _as_on_train("hidden", "10 × 128"),
    _as_on_train("activation", "tanh"),
    Field("images", "512", whole("images", MIN_IMAGES, MAX_BATCH), lambda shown: str(shown.choices.batch_size)),
    _as_on_train("seed", "0"),
    _as_on_train("seeds", "3"),
    _as_on_train("data", DEFAULT),
    Field("view", "lengths", one_of("view", VIEWS)),
    Field("what", "activations"),
    Field("of", "activation"),
))  # fmt: skip
"""The address of the Signal page."""


def signal_builder(page: str, choices: Choices) -> Choices:
    """Draw the controls; return the choices."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        network = network_controls(page, choices.network)
        _bias_variance(page, choices.cards)
        choices = _rest(page, replace(choices, network=network))
        shown = session.EDITING.get(page, False)
        st.button(
            "Hide starts" if shown else "Edit starts",
            icon=":material/edit:",
            key=widget_key(page, "edit"),
            help=explained("each start"),
            on_click=partial(_edit_starts, page, not shown),
        )
        presets(page)
        _carry(page, choices)
    return choices


def _edit_starts(page: str, shown: bool) -> None:
    session.EDITING[page] = shown


def with_variance(cards: tuple[Card, ...], variance: float) -> tuple[Card, ...]:
    """Return the cards with normal biases of the given variance."""
    bias = InitializerSpec("RandomNormal", (("stddev", variance**0.5),)) if variance else ZEROS
    return tuple(replace(card, start=Start(card.start.kernel, bias)) for card in cards)


def common_variance(cards: tuple[Card, ...]) -> str:
    """Return the bias variance of all cards as text, or VARIOUS if they differ."""
    biases = {card.start.bias for card in cards}
    law = biases.pop().law((10,)) if len(biases) == 1 else None
    # Ten digits: the variance is the square of a standard deviation, which was its square root.
    return exact(float(f"{law.std**2:.10g}")) if law is not None and not law.mean else VARIOUS


def _bias_variance(page: str, cards: tuple[Card, ...]) -> None:

    def take(text: str) -> None:
        try:
            change(page, with_variance(cards, not_negative("Bias variance")(text)))
            accept(page)
        except InitsError as error:
            refuse(page, str(error))

    text_box(
        "Bias variance",
        widget_key(page, "variance"),
        common_variance(cards),
        take,
        options=VARIANCES,
        width=150,
        help=r"$\sigma_b^2$ of all starts: sets their biases to a normal distribution of this variance.",
    )


def _rest(page: str, choices: Choices) -> Choices:
    """Draw the popover with the other controls; its label states their values."""
    key, data_key = widget_key(page, "images"), seeded(widget_key(page, "data"), choices.data)
    images = box_value(key, choices.batch_size)
    seeds, data = box_value(widget_key(page, "seeds"), choices.seeds), widget_value(data_key)
    label = f"{DATA[data].split()[0]}, {counted(images, 'image')}, {counted(seeds, 'seed')}"
    with st.popover(label, icon=":material/tune:", key=widget_key(page, "rest")):
        read = whole("Images", MIN_IMAGES, MAX_BATCH)
        images = number_box("Images", key, choices.batch_size, read, scope=page, options=IMAGES)
        seeds, seed = seed_boxes(
            page,
            choices,
            "Number of draws of each start.",
            "Determines the weights that are drawn and the images in the batch.",
        )
        data = st.selectbox("Data", list(DATA), key=data_key, format_func=DATA.__getitem__)
        refusal_inside(page)
    return replace(choices, batch_size=images, seeds=seeds, seed=seed, data=data)


def _carry(page: str, choices: Choices) -> None:
    """Draw the popover that carries starts, layers and activation to the Train page and back."""
    with st.popover("Train", icon=":material/swap_horiz:", key=widget_key(page, "carry")):
        if st.button(
            "Train these", icon=":material/play_circle:", key=widget_key(page, "train"), width="stretch"
        ):
            kept = TRAIN.texts()
            go("train", {**kept, **_carried(choices)})
        st.button(
            "Use the starts of Train",
            icon=":material/download:",
            key=widget_key(page, "take"),
            width="stretch",
            on_click=_take_from_train,
        )


def _carried(choices: Choices) -> dict[str, str]:
    names = ("starts", "hidden", "activation", "data")
    return {name: value for name, value in TRAIN.format(choices).items() if name in names}


def _take_from_train() -> None:
    kept = TRAIN.texts()
    kept["starts"] = session.STARTS.get(TRAIN.page, kept["starts"])
    SIGNAL.replace({**SIGNAL.texts(), **_carried(TRAIN.parse(kept))})
