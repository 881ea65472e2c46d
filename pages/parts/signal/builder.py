"""The controls of the Signal page, and what they say."""

from dataclasses import replace
from functools import partial

import streamlit as st

from inits.errors import InitsError
from inits.experiments.experiment import MAX_BATCH, MAX_SEEDS, ZEROS, Start
from inits.experiments.network import Network, parse_hidden
from inits.initializers.spec import InitializerSpec
from inits.seeds import MAX_SEED
from inits.text import counted, number
from pages.parts.experiment.builder import network_controls
from pages.parts.experiment.cards import Card, parse_cards
from pages.parts.experiment.choices import DATA, TRAIN, Choices
from pages.parts.experiment.start_cards import change, presets
from pages.parts.page import session, state
from pages.parts.page.address import one_of, positive, whole
from pages.parts.page.catalog import PAGES
from pages.parts.page.refusals import accept, refuse
from pages.parts.page.session import seeded, set_widget, widget_key, widget_value

DEFAULTS = {
    "starts": "HeNormal();GlorotUniform();RandomNormal(mean=0.0, stddev=0.05)",
    "hidden": "10 × 128",
    "activation": "tanh",
    "images": "512",
    "seed": "0",
    "seeds": "3",
    "data": "mnist",
    "view": "lengths",
    "what": "activations",
    "of": "activation",
}
FEWEST = 16  # images: fewer have no typical pair
VARIANCES = ("0", "0.01", "0.05", "0.1", "0.2", "0.5")
OWN = "as they are"


def understood(kept: dict[str, str]) -> Choices:
    """The choices of a saved state or a link; what this page has no use for is as on Train."""
    read = partial(state.read, kept, DEFAULTS)
    usual = TRAIN.parse({})
    hidden = read("hidden", parse_hidden)
    return Choices(
        cards=read("starts", parse_cards),
        network=read("activation", lambda text: Network(hidden, text)),
        optimizer=usual.optimizer,
        batch_size=read("images", whole("images", FEWEST, MAX_BATCH)),
        seed=read("seed", whole("seed", 0, MAX_SEED)),
        seeds=read("seeds", whole("seeds", 1, MAX_SEEDS)),
        data=read("data", one_of("data", DATA)),
    )


def texts(choices: Choices, view: str) -> dict[str, str]:
    """As the address holds them."""
    known = {name: value for name, value in TRAIN.format(choices).items() if name in DEFAULTS}
    return {**known, "images": str(choices.batch_size), "view": view}


def signal_builder(page: str, choices: Choices) -> Choices:
    """The row of controls; returns what they say."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        network = network_controls(page, choices.network)
        _bias_variance(page, choices.cards)
        choices = _rest(page, replace(choices, network=network))
        shown = session.EDITING.get(page, False)
        st.button(
            "Hide starts" if shown else "Edit starts",
            icon=":material/edit:",
            key=widget_key(page, "edit"),
            on_click=partial(_edit_starts, page, not shown),
        )
        presets(page)
        _carry(page, choices)
    return choices


def _edit_starts(page: str, shown: bool) -> None:
    session.EDITING[page] = shown


def with_variance(cards: tuple[Card, ...], variance: float) -> tuple[Card, ...]:
    """The cards with normal biases of that variance."""
    bias = InitializerSpec("RandomNormal", (("stddev", variance**0.5),)) if variance else ZEROS
    return tuple(replace(card, start=Start(card.start.kernel, bias)) for card in cards)


def common_variance(cards: tuple[Card, ...]) -> str:
    """The bias variance that all cards have, as text; else that they have their own."""
    biases = {card.start.bias for card in cards}
    law = biases.pop().law((10,)) if len(biases) == 1 else None
    return number(law.std**2) if law is not None and not law.mean else OWN


def _bias_variance(page: str, cards: tuple[Card, ...]) -> None:
    key, now = widget_key(page, "variance"), common_variance(cards)
    if widget_value(key) != now:  # else what is being typed would go when the page runs by itself
        set_widget(key, now)

    def take() -> None:
        try:
            wanted = positive("Bias variance")(text) if (text := widget_value(key)) != "0" else 0.0
            change(page, with_variance(cards, wanted))
            accept(page)
        except InitsError as error:
            refuse(page, str(error))

    st.selectbox(
        "Bias variance",
        list(dict.fromkeys((*VARIANCES, now))),
        key=key,
        accept_new_options=True,
        width=130,
        on_change=take,
        help="σ_b² of all starts: their biases become normal with this variance.",
    )


def _rest(page: str, choices: Choices) -> Choices:
    """The popover with what seldom changes, named after what it holds."""
    names = {
        name: seeded(widget_key(page, name), value)
        for name, value in (
            ("images", choices.batch_size),
            ("seeds", choices.seeds),
            ("seed", choices.seed),
            ("data", choices.data),
        )
    }
    images, seeds, data = (widget_value(names[name]) for name in ("images", "seeds", "data"))
    label = f"{DATA[data].split()[0]}, {counted(images, 'image')}, {counted(seeds, 'seed')}"
    with st.popover(label, icon=":material/tune:", key=widget_key(page, "rest")):
        images = st.number_input("Images", FEWEST, MAX_BATCH, key=names["images"], step=1)
        left, right = st.columns(2)
        with left:
            seeds = st.number_input(
                "Seeds", 1, MAX_SEEDS, key=names["seeds"], step=1, help="How often every start is drawn."
            )
        with right:
            seed = st.number_input(
                "First seed", 0, MAX_SEED, key=names["seed"], step=1,
                help="Decides the weights drawn, and which images the batch holds.",
            )  # fmt: skip
        data = st.selectbox("Data", list(DATA), key=names["data"], format_func=DATA.__getitem__)
    return replace(choices, batch_size=int(images), seeds=int(seeds), seed=int(seed), data=data)


def _carry(page: str, choices: Choices) -> None:
    """Starts, layers and activation to the Train page and from there."""
    with st.popover("Train", icon=":material/swap_horiz:", key=widget_key(page, "carry")):
        if st.button(
            "Train these", icon=":material/play_circle:", key=widget_key(page, "train"), width="stretch"
        ):
            kept = TRAIN.texts()
            st.switch_page(PAGES["train"].file, query_params={**kept, **_carried(choices)})
        st.button(
            "Take the starts of Train",
            icon=":material/download:",
            key=widget_key(page, "take"),
            width="stretch",
            on_click=_take_from_train,
            args=(page,),
        )


def _carried(choices: Choices) -> dict[str, str]:
    names = ("starts", "hidden", "activation", "data")
    return {name: value for name, value in TRAIN.format(choices).items() if name in names}


def _take_from_train(page: str) -> None:
    kept = TRAIN.texts()
    kept["starts"] = session.STARTS.get(TRAIN.page, kept["starts"])
    state.replace(page, {**state.values(page, DEFAULTS), **_carried(TRAIN.parse(kept))}, DEFAULTS)
