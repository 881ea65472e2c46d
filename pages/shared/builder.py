"""The controls that build an experiment on the Train page."""

from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from inits.errors import InitsError
from inits.experiment import (
    ACTIVATIONS,
    MAX_BATCH,
    Architecture,
    Experiment,
    Start,
    format_hidden,
    parse_hidden,
)
from inits.optimizers import OPTIMIZERS
from inits.spec import InitializerSpec, OptimizerSpec
from inits.words import number
from pages.shared import state
from pages.shared.picker import LARGEST_SEED, initializer_picker, parameter_controls
from pages.shared.state import seed as seeded

DEFAULTS = {
    "init": "HeNormal()",
    "bias": "Zeros()",
    "hidden": "128",
    "activation": "relu",
    "optimizer": "SGD(learning_rate=0.05, momentum=0.0, nesterov=False)",
    "batch": "32",
    "seed": "0",
    "data": "mnist",
}
HIDDEN = ("none", "128", "2 × 128", "4 × 128", "6 × 128", "10 × 128", "20 × 64", "256, 128, 64")
RATES = (0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3, 1.0)
BATCHES = (16, 32, 64, 128, 256, 512)
DATA = {"mnist": "MNIST", "digits": "Digits (stand-in)"}


@dataclass(frozen=True)
class Choices:
    """What the controls say."""

    start: Start
    architecture: Architecture
    optimizer: OptimizerSpec
    batch_size: int
    seed: int
    data: str

    @classmethod
    def of(cls, experiment: Experiment) -> "Choices":
        """The choices that made an experiment of one start."""
        return cls(
            experiment.starts[0],
            experiment.architecture,
            experiment.optimizer,
            experiment.batch_size,
            experiment.seeds[0],
            experiment.dataset,
        )

    def experiment(self, dataset: str) -> Experiment:
        """Raises SpecError when the start cannot fill the network."""
        return Experiment(
            (self.start,), self.architecture, self.optimizer, self.batch_size, (self.seed,), dataset
        )

    def texts(self) -> dict[str, str]:
        """As the address holds them."""
        return {
            "init": str(self.start.kernel),
            "bias": str(self.start.bias),
            "hidden": format_hidden(self.architecture.hidden),
            "activation": self.architecture.activation,
            "optimizer": str(self.optimizer),
            "batch": str(self.batch_size),
            "seed": str(self.seed),
            "data": self.data,
        }


def understood(kept: dict[str, str]) -> Choices:
    """The choices of a saved state or a link."""
    read = partial(state.read, kept, DEFAULTS)
    hidden = read("hidden", parse_hidden)
    return Choices(
        start=Start(read("init", InitializerSpec.parse), read("bias", InitializerSpec.parse)),
        architecture=read("activation", lambda text: Architecture(hidden, text)),
        optimizer=read("optimizer", OptimizerSpec.parse),
        batch_size=read("batch", state.whole("batch", 1, MAX_BATCH)),
        seed=read("seed", state.whole("seed", 0, LARGEST_SEED)),
        data=read("data", state.one_of("data", DATA)),
    )


def builder(page: str, choices: Choices) -> tuple[Choices, bool]:
    """The row of controls; returns what they say and whether Run was pressed."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        kernel = initializer_picker(page, choices.start.kernel)
        architecture = _network(page, choices.architecture)
        optimizer = _optimizer(page, choices.optimizer)
        _learning_rate(page, optimizer)
        choices = replace(choices, architecture=architecture, optimizer=optimizer)
        choices = _rest(page, choices)
        run = st.button("Run", icon=":material/play_arrow:", type="primary", key=f"{page}.run")
    return replace(choices, start=Start(kernel, choices.start.bias)), run


def _network(page: str, architecture: Architecture) -> Architecture:
    key, refused = f"{page}.hidden", f"{page}.refusal"
    kept = f"{page}.hidden_kept"
    text = st.session_state.setdefault(kept, format_hidden(architecture.hidden))
    st.session_state[key] = text

    def take() -> None:
        try:
            st.session_state[kept] = format_hidden(parse_hidden(st.session_state[key]))
        except InitsError as error:
            st.session_state[refused] = str(error)

    st.selectbox(
        "Hidden layers",
        dict.fromkeys((*HIDDEN, text)),
        key=key,
        accept_new_options=True,
        width=140,
        on_change=take,
        help="Pick, or type layers × units: `6 x 128`, or units by layer: `256, 128, 64`.",
    )
    activation = st.selectbox(
        "Activation",
        list(ACTIVATIONS),
        key=seeded(f"{page}.activation", architecture.activation),
        format_func=ACTIVATIONS.__getitem__,
        width=140,
    )
    return Architecture(parse_hidden(st.session_state[kept]), activation)


def _optimizer(page: str, optimizer: OptimizerSpec) -> OptimizerSpec:
    kept = f"{page}.optimizer.spec"
    st.session_state.setdefault(kept, str(optimizer))
    return OptimizerSpec.parse(st.session_state[kept])


def _learning_rate(page: str, optimizer: OptimizerSpec) -> None:
    key, kept = f"{page}.rate", f"{page}.optimizer.spec"
    current = f"{optimizer.learning_rate:g}"
    st.session_state[key] = current

    def take() -> None:
        try:
            rate = float(st.session_state[key])
            st.session_state[kept] = str(optimizer.replace(learning_rate=rate))
        except ValueError as error:
            words = str(error) if isinstance(error, InitsError) else _not_a_number(st.session_state[key])
            st.session_state[f"{page}.refusal"] = words

    options = dict.fromkeys([*(f"{rate:g}" for rate in RATES), current])
    st.selectbox("Learning rate", options, key=key, accept_new_options=True, width=120, on_change=take)


def _not_a_number(text: str) -> str:
    return f"learning_rate must be a number. Received {text!r}."


def _rest(page: str, choices: Choices) -> Choices:
    """The popover with everything that seldom changes, named after what it holds."""
    seeded(f"{page}.batch", choices.batch_size)
    seeded(f"{page}.seed", choices.seed)
    batch, seed = st.session_state[f"{page}.batch"], st.session_state[f"{page}.seed"]
    label = f"{choices.optimizer.name}, batch {batch}, seed {seed}"
    if st.session_state.get(f"{page}.data", choices.data) == "digits":
        label += ", digits"
    with st.popover(label, icon=":material/tune:", key=f"{page}.rest"):
        name = f"{page}.optimizer.name"
        st.session_state[name] = choices.optimizer.name

        def switch() -> None:
            st.session_state[f"{page}.optimizer.spec"] = str(OptimizerSpec(st.session_state[name]))

        st.selectbox("Optimizer", list(OPTIMIZERS), key=name, on_change=switch)
        others = [p for p in choices.optimizer.entry.parameters if p.name != "learning_rate"]
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            parameter_controls(f"{page}.optimizer", choices.optimizer, others)
        left, right = st.columns(2)
        with left:
            batch = st.number_input("Batch size", 1, MAX_BATCH, key=f"{page}.batch", step=1)
        with right:
            seed = st.number_input(
                "Seed", 0, LARGEST_SEED, key=f"{page}.seed", step=1,
                help="Decides the weights drawn and the order of the batches.",
            )  # fmt: skip
        bias = _bias(page, choices.start.bias)
        data = st.selectbox(
            "Data", list(DATA), key=seeded(f"{page}.data", choices.data), format_func=DATA.__getitem__
        )
    start = replace(choices.start, bias=bias)
    return replace(choices, batch_size=int(batch), seed=int(seed), data=data, start=start)


def _bias(page: str, bias: InitializerSpec) -> InitializerSpec:
    kept, key = f"{page}.bias_kept", f"{page}.bias"
    text = st.session_state.setdefault(kept, str(bias))
    st.session_state[key] = text

    def take() -> None:
        try:
            spec = InitializerSpec.parse(st.session_state[key])
            spec.check_shape((10,))
            st.session_state[kept] = str(spec)
        except InitsError as error:
            st.session_state[f"{page}.refusal"] = str(error)

    options = dict.fromkeys(
        ["Zeros()", "Ones()", "Constant(value=0.01)", "RandomNormal(mean=0.0, stddev=0.05)", text]
    )
    st.selectbox("Bias initializer", options, key=key, accept_new_options=True, on_change=take)
    return InitializerSpec.parse(text)


def in_words(choices: Choices) -> str:
    """The experiment in one line."""
    net, start = choices.architecture, choices.start
    hidden = format_hidden(net.hidden)
    layers = f"{hidden} {ACTIVATIONS[net.activation]}" if net.hidden else "no hidden layer"
    rate = number(choices.optimizer.learning_rate)
    bias = "" if str(start.bias) == "Zeros()" else f", biases {start.bias}"
    return (
        f"{start.kernel}{bias}; {layers}; {choices.optimizer.name}, learning rate {rate}, "
        f"batch {choices.batch_size}, seed {choices.seed}, {DATA[choices.data]}"
    )
