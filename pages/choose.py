"""Which initializer for what: a recommendation with its reason, and the cheat sheet."""

from functools import partial

import streamlit as st

from inits.errors import InitsError
from inits.experiments.experiment import ACTIVATIONS, MAX_LAYERS, MAX_UNITS
from inits.text import number
from inits.theory.recommendation import NORMALIZATIONS, OPTIMIZERS, Advice, Task, advise
from pages.parts.choose.views import called, card, cheat_sheet, power_left
from pages.parts.page import state
from pages.parts.page.header import setup
from pages.parts.page.notes import literal, problem
from pages.parts.page.session import seeded, widget_key

PAGE = "choose"
DEFAULTS = {
    "activation": "relu",
    "depth": "6",
    "width": "128",
    "normalization": "none",
    "optimizer": "SGD",
    "weights": "no",
}
SHOWN = (
    "relu",
    "tanh",
    "selu",
    "gelu",
    "silu",
    "elu",
    "sigmoid",
)  # as buttons; the others are one click away
WEIGHTS = {"no": "from scratch", "yes": "weights at hand"}


def main() -> None:
    setup("Choose")
    kept = state.load(PAGE, DEFAULTS)
    st.title("Which initializer should I use?")
    answer = st.empty()
    left, right = st.columns([5, 6], gap="medium")
    with left:
        values = questions(kept)
    state.save(PAGE, values, DEFAULTS)
    try:
        task = asked(values)
        advice = advise(task)
    except InitsError as error:
        answer.markdown(
            "Say what you build. The advice gives the one line of Keras, and the number behind it."
        )
        problem(str(error))
        return
    answer.markdown(sentence(task, advice))
    with right:
        card(PAGE, task, advice)
    st.header("Cheat sheet")
    left, right = st.columns([7, 4], gap="medium")
    with left:
        cheat_sheet()
    with right:
        power_left(PAGE, task, advice)


def questions(kept: dict[str, str]) -> dict[str, str]:
    """What the task is, as texts."""
    read = partial(state.read, kept, DEFAULTS)
    known = {name: title for name, title in ACTIVATIONS.items() if name != "softmax"}
    activation = st.selectbox(
        "Activation",
        sorted(known, key=lambda name: name not in SHOWN),
        key=seeded(widget_key(PAGE, "activation"), read("activation", state.one_of("activation", known))),
        format_func=known.__getitem__,
        width=240,
    )
    with st.container(horizontal=True, gap="small"):
        depth = st.number_input(
            "Hidden layers", 1, MAX_LAYERS, step=1, width=112,
            key=seeded(widget_key(PAGE, "depth"), read("depth", state.whole("depth", 1, MAX_LAYERS))),
        )  # fmt: skip
        width = st.number_input(
            "Units in each", 1, MAX_UNITS, step=1, width=112,
            key=seeded(widget_key(PAGE, "width"), read("width", state.whole("width", 1, MAX_UNITS))),
        )  # fmt: skip
    switch = partial(_switch, read)
    return {
        "activation": str(activation),
        "depth": str(depth),
        "width": str(width),
        "normalization": switch("normalization", "Normalization", dict(NORMALIZATIONS)),
        "optimizer": switch("optimizer", "Optimizer", {name: name for name in OPTIMIZERS}),
        "weights": switch("weights", "Begin", WEIGHTS),
    }


def _switch(read, name: str, label: str, options: dict[str, str]) -> str:
    return str(
        st.segmented_control(
            label,
            list(options),
            key=seeded(widget_key(PAGE, name), read(name, state.one_of(name, options))),
            format_func=options.__getitem__,
            required=True,
        )
    )


def asked(values: dict[str, str]) -> Task:
    """The task of a page's texts. Raises SpecError."""
    return Task(
        values["activation"],
        int(values["depth"]),
        int(values["width"]),
        values["normalization"],
        values["optimizer"],
        values["weights"] == "yes",
    )


def sentence(task: Task, advice: Advice) -> str:
    """The answer with its number."""
    if task.weights:
        return "**Your weights**: what they have learned beats every random start. Below: for layers without any."
    best = advice.best
    name = literal(called(best))
    return (
        f"**{name}**: through {task.depth} {ACTIVATIONS[task.activation]} "
        f"layer{'s' if task.depth > 1 else ''} the signal's power changes by the factor **{number(best.forward, 2)}**."
    )


main()
