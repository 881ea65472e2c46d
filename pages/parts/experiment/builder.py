"""The controls that build an experiment on the Train page."""

import re
from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from inits.errors import InitsError
from inits.experiments.experiment import MAX_BATCH, MAX_SEEDS
from inits.experiments.network import MAX_LAYERS, Network, format_hidden, hidden_in_words, parse_hidden
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.optimizers import OPTIMIZERS
from inits.initializers.spec import OptimizerSpec
from inits.seeds import MAX_SEED
from inits.text import counted, exact
from pages.parts.experiment.choices import DATA, Choices, other_data
from pages.parts.page import session
from pages.parts.page.address import number, whole
from pages.parts.page.refusals import accept, refusal_inside, refuse
from pages.parts.page.session import seeded, set_widget, widget_key, widget_value
from pages.parts.widgets.box import box_value, number_box, text_box, value_box
from pages.parts.widgets.picker import parameter_controls

HIDDEN = ("none", "128", "2 × 128", "4 × 128", "6 × 128", "10 × 128", "20 × 64", "256, 128, 64")
RATES = (0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3, 1.0)
BATCHES, SEEDS = ("16", "32", "64", "128", "256", "512"), ("1", "3", "5", "10", "20")


def builder(page: str, choices: Choices, first: Callable[[], None]) -> tuple[Choices, bool]:
    """Draw the row of controls after what `first` draws. Return the choices, and whether Run was pressed."""
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", key=widget_key(page, "controls")
    ):
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
    read = hidden_in_words(box_value(key, network.hidden))
    hidden = value_box(
        "Hidden layers",
        key,
        network.hidden,
        parse_hidden,
        scope=page,
        write=format_hidden,
        remark=_as_understood,
        options=HIDDEN,
        width=150,
        help="Layers × units such as `6 x 128`, or the units of each layer such as `256, 128, 64` or `256-128-64`. "
        f"Now: {read}.",
    )
    activation = st.selectbox(
        "Activation",
        list(ACTIVATIONS),
        key=seeded(widget_key(page, "activation"), network.activation),
        format_func=ACTIVATIONS.__getitem__,
        width=140,
    )
    return Network(hidden, activation)


def _as_understood(text: str, hidden: tuple[int, ...]) -> str:
    """Say how a text was understood that can mean something else."""
    layers = hidden_in_words(hidden)
    if re.fullmatch(r"\D*\d+\s*[x×*]\s*\d+\D*", text.lower()) and len(set(hidden)) == 2:
        most = f"because a network has at most {MAX_LAYERS}. Write 6 x 128 for 6 layers of 128 units."
        return f"{text.strip()} was read as {layers}, {most}"
    inputs, outputs = Network().inputs, Network().outputs
    if len(hidden) > 1 and (hidden[0], hidden[-1]) == (inputs, outputs):
        ends = f"The {inputs} inputs and {outputs} outputs are always there: leave them out"
        return f"{text.strip()} was read as {layers}. {ends} if you meant those."
    return ""


def chosen_optimizer(page: str, optimizer: OptimizerSpec) -> OptimizerSpec:
    """Return the optimizer as this session has changed it."""
    return OptimizerSpec.parse(session.SPEC.setdefault(widget_key(page, "optimizer"), str(optimizer)))


def learning_rate(page: str, optimizer: OptimizerSpec) -> None:
    """Draw a choice of learning rates that accepts other numbers too."""
    (found,) = (one for one in optimizer.entry.parameters if one.name == "learning_rate")
    parameter = replace(found, name="Learning rate")  # the label, for messages

    def take(text: str) -> None:
        try:
            rate = parameter.check(number(parameter.name)(text))
            session.SPEC[widget_key(page, "optimizer")] = str(optimizer.replace(learning_rate=rate))
            accept(page)
        except InitsError as error:
            refuse(page, str(error))

    text, options = exact(optimizer.learning_rate), map(exact, RATES)
    text_box(parameter.name, widget_key(page, "rate"), text, take, options=options, width=120)


def _rest(page: str, choices: Choices) -> Choices:
    """Draw the popover with the other controls; its label states their values."""
    batch = box_value(widget_key(page, "batch"), choices.batch_size)
    seeds = box_value(widget_key(page, "seeds"), choices.seeds)
    label = f"{choices.optimizer.name}, batch {batch}, {counted(seeds, 'seed')}"
    label += other_data(widget_value(widget_key(page, "data"), choices.data))
    with st.popover(label, icon=":material/tune:", key=widget_key(page, "rest")):
        optimizer_controls(page, choices.optimizer)
        batch = batch_box(page, choices.batch_size)
        seeds, seed = seed_boxes(
            page,
            choices,
            "How often each start is drawn and trained: several seeds show what is luck.",
            "Sets the weights drawn and the order of the batches, the same for all starts.",
        )
        data = st.selectbox(
            "Data",
            list(DATA),
            key=seeded(widget_key(page, "data"), choices.data),
            format_func=DATA.__getitem__,
        )
        refusal_inside(page)
    return replace(choices, batch_size=batch, seed=seed, seeds=seeds, data=data)


def batch_box(page: str, first: int) -> int:
    """Draw a box for the batch size; return it."""
    read = whole("Batch size", 1, MAX_BATCH)
    return number_box("Batch size", widget_key(page, "batch"), first, read, scope=page, options=BATCHES)


def seed_boxes(page: str, choices: Choices, seeds_help: str, seed_help: str) -> tuple[int, int]:
    """Draw boxes for the number of seeds and the first one, side by side; return them."""
    left, right = st.columns(2)
    with left:
        key, read = widget_key(page, "seeds"), whole("Seeds", 1, MAX_SEEDS)
        seeds = number_box("Seeds", key, choices.seeds, read, scope=page, help=seeds_help, options=SEEDS)
    with right:
        key, read = widget_key(page, "seed"), whole("First seed", 0, MAX_SEED)
        seed = number_box("First seed", key, choices.seed, read, scope=page, help=seed_help)
    return seeds, seed


def optimizer_controls(page: str, optimizer: OptimizerSpec) -> None:
    """Draw the controls for the optimizer and all its parameters except the learning rate."""
    name = widget_key(page, "optimizer", "name")
    set_widget(name, optimizer.name)

    def switch() -> None:
        session.SPEC[widget_key(page, "optimizer")] = str(OptimizerSpec(widget_value(name)))

    st.selectbox("Optimizer", list(OPTIMIZERS), key=name, on_change=switch)
    others = [p for p in optimizer.entry.parameters if p.name != "learning_rate"]
    parameter_controls(widget_key(page, "optimizer"), optimizer, others, scope=page)
