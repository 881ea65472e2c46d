"""The controls that build an experiment on the Train page."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from inits.errors import InitsError
from inits.experiments.experiment import MAX_BATCH, MAX_SEEDS
from inits.experiments.network import Network, format_hidden, parse_hidden
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.optimizers import OPTIMIZERS
from inits.initializers.spec import OptimizerSpec
from inits.seeds import MAX_SEED
from inits.text import counted, shown
from pages.parts.experiment.choices import DATA, Choices, other_data
from pages.parts.page import session
from pages.parts.page.refusals import refuse
from pages.parts.page.session import seeded, set_widget, widget_key, widget_value
from pages.parts.widgets.picker import parameter_controls

HIDDEN = ("none", "128", "2 × 128", "4 × 128", "6 × 128", "10 × 128", "20 × 64", "256, 128, 64")
RATES = (0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3, 1.0)
BATCHES = (16, 32, 64, 128, 256, 512)


def builder(page: str, choices: Choices, first: Callable[[], None]) -> tuple[Choices, bool]:
    """Draw the row of controls after what `first` draws. Return the choices, and whether Run was pressed."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        first()
        network = network_controls(page, choices.network)
        optimizer = chosen_optimizer(page, choices.optimizer)
        learning_rate(page, optimizer)
        choices = replace(choices, network=network, optimizer=optimizer)
        choices = _rest(page, choices)
        run = st.button("Run", icon=":material/play_arrow:", type="primary", key=widget_key(page, "run"))
    return choices, run


def network_controls(page: str, network: Network) -> Network:
    """Draw the controls for hidden layers and activation; return the network."""
    key = widget_key(page, "hidden")
    text = session.HIDDEN.setdefault(page, format_hidden(network.hidden))
    set_widget(key, text)

    def take() -> None:
        try:
            session.HIDDEN[page] = format_hidden(parse_hidden(widget_value(key)))
        except InitsError as error:
            refuse(page, str(error))

    st.selectbox(
        "Hidden layers",
        dict.fromkeys((*HIDDEN, text)),
        key=key,
        accept_new_options=True,
        width=140,
        on_change=take,
        help="Choose, or type layers × units such as `6 x 128`, or the units of each layer such as `256, 128, 64`.",
    )
    activation = st.selectbox(
        "Activation",
        list(ACTIVATIONS),
        key=seeded(widget_key(page, "activation"), network.activation),
        format_func=ACTIVATIONS.__getitem__,
        width=140,
    )
    return Network(parse_hidden(session.HIDDEN[page]), activation)


def chosen_optimizer(page: str, optimizer: OptimizerSpec) -> OptimizerSpec:
    """Return the optimizer as this session has changed it."""
    return OptimizerSpec.parse(session.SPEC.setdefault(widget_key(page, "optimizer"), str(optimizer)))


def learning_rate(page: str, optimizer: OptimizerSpec) -> None:
    """Draw a choice of learning rates that accepts other numbers too."""
    key = widget_key(page, "rate")
    current = f"{optimizer.learning_rate:g}"
    set_widget(key, current)

    def take() -> None:
        try:
            rate = float(widget_value(key))
            session.SPEC[widget_key(page, "optimizer")] = str(optimizer.replace(learning_rate=rate))
        except ValueError as error:
            words = str(error) if isinstance(error, InitsError) else _not_a_number(widget_value(key))
            refuse(page, words)

    options = dict.fromkeys([*(f"{rate:g}" for rate in RATES), current])
    st.selectbox("Learning rate", options, key=key, accept_new_options=True, width=120, on_change=take)


def _not_a_number(text: str) -> str:
    return f"learning_rate must be a number, but got {shown(text)}."


def _rest(page: str, choices: Choices) -> Choices:
    """Draw the popover with the other controls; its label states their values."""
    seeded(widget_key(page, "batch"), choices.batch_size)
    seeded(widget_key(page, "seed"), choices.seed)
    seeded(widget_key(page, "seeds"), choices.seeds)
    batch, seeds = widget_value(widget_key(page, "batch")), widget_value(widget_key(page, "seeds"))
    label = f"{choices.optimizer.name}, batch {batch}, {counted(seeds, 'seed')}"
    label += other_data(widget_value(widget_key(page, "data"), choices.data))
    with st.popover(label, icon=":material/tune:", key=widget_key(page, "rest")):
        optimizer_controls(page, choices.optimizer)
        batch = st.number_input("Batch size", 1, MAX_BATCH, key=widget_key(page, "batch"), step=1)
        left, right = st.columns(2)
        with left:
            seeds = st.number_input(
                "Seeds", 1, MAX_SEEDS, key=widget_key(page, "seeds"), step=1,
                help="How often each start is drawn and trained: several seeds show what is luck.",
            )  # fmt: skip
        with right:
            seed = st.number_input(
                "First seed", 0, MAX_SEED, key=widget_key(page, "seed"), step=1,
                help="Sets the weights drawn and the order of the batches, the same for all starts.",
            )  # fmt: skip
        data = st.selectbox(
            "Data",
            list(DATA),
            key=seeded(widget_key(page, "data"), choices.data),
            format_func=DATA.__getitem__,
        )
    return replace(choices, batch_size=int(batch), seed=int(seed), seeds=int(seeds), data=data)


def optimizer_controls(page: str, optimizer: OptimizerSpec) -> None:
    """Draw the controls for the optimizer and all its parameters except the learning rate."""
    name = widget_key(page, "optimizer", "name")
    set_widget(name, optimizer.name)

    def switch() -> None:
        session.SPEC[widget_key(page, "optimizer")] = str(OptimizerSpec(widget_value(name)))

    st.selectbox("Optimizer", list(OPTIMIZERS), key=name, on_change=switch)
    others = [p for p in optimizer.entry.parameters if p.name != "learning_rate"]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        parameter_controls(widget_key(page, "optimizer"), optimizer, others)
