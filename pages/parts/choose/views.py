"""The recommendation as a card, the table by activation, and the strength of the signal by layer."""

from functools import partial

import streamlit as st

from inits.data.datasets import DEFAULT
from inits.experiments.experiment import Start
from inits.figures import choose as figures
from inits.figures import style
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.spec import InitializerSpec
from inits.text import counted, markdown_symbols, number, times
from inits.theory.meanfield import critical_sigma_w2
from inits.theory.recommendation import (
    NORMALIZATIONS,
    OPTIMIZERS,
    Option,
    Recommendation,
    Task,
    evaluate_option,
    recommend,
    signal_power,
)
from inits.theory.signal_regime import FADED, GROWN
from pages.parts.experiment.cards import Card, numbered
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.page.catalog import PAGES
from pages.parts.page.navigation import go
from pages.parts.page.notes import Colour, explained, literal, python
from pages.parts.page.session import widget_key
from pages.parts.page.slides import picture, slide
from pages.parts.widgets import tables
from pages.parts.widgets.chart import chart

SHEET = ("relu", "leaky_relu", "tanh", "linear", "selu", "elu", "gelu", "silu", "softplus", "sigmoid")
SHEET_DEPTH = 10  # hidden layers
SAME = 0.8  # factors from here to 1 / SAME are not called a change
ALIKE = 0.05  # factor of the differences of two images
LAYERS = {"batch": "BatchNormalization", "layer": "LayerNormalization"}
VANISHED = 0.01  # part of the signal or of its gradient; 1 / VANISHED is an explosion
BATCH = 32


def summary(task: Task, advice: Recommendation) -> str:
    """Return the recommendation in one sentence, with its number."""
    if task.weights:
        return "**Your pretrained weights**: they beat every random start. The recommendation below is for new layers."
    best = advice.best
    layers = counted(task.depth, f"{ACTIVATIONS[task.activation]} layer")
    if task.normalization != "none":
        layers += f" with {task.normalization} normalization"
    return f"**{literal(display_name(best))}**: through {layers}, the signal {change(best)}."


def change(best: Option) -> str:
    """Return what becomes of the signal, and of its gradient and differences where they change much."""
    if SAME < best.forward < 1 / SAME:
        words = "keeps its strength"
    elif FADED <= best.forward < 1:
        words = "keeps part of its strength"
    else:
        words = "weakens" if best.forward < 1 else "grows"
    lost = []
    if not 1 / GROWN <= best.backward <= GROWN:
        lost.append(
            f"the squared gradient {'fades' if best.backward < 1 else 'grows'} ({times(best.backward)})"
        )
    if best.separation < ALIKE:
        lost.append("different images become alike")
    link = "but" if FADED <= best.forward <= GROWN else "and"
    more = f", {link} {' and '.join(lost)}" if lost else ""
    return f"{words} (**{times(best.forward)}**){more}"


def recommendation_card(page: str, task: Task, advice: Recommendation) -> None:
    """Draw the recommendation: its code, reason, formula and source, and buttons to test it."""
    best = advice.best
    with slide("advice", say=summary(task, advice), border=True):
        norm = "no normalization" if task.normalization == "none" else f"{task.normalization} normalization"
        layers = counted(task.depth, f"{ACTIVATIONS[task.activation]} layer")
        st.markdown(f":small[:gray[Recommended for {layers} of {task.width}, {norm}, {task.optimizer}]]")
        st.subheader(display_name(best))
        python(keras_code(task, best))
        st.markdown(markdown_symbols(advice.reason), help=explained(advice.reason))
        shape = (task.width, task.width)
        st.markdown(f":small[{best.kernel.formula(shape)}]")
        entry = best.kernel.entry
        if entry.paper:
            st.markdown(f":small[:gray[Source: [{entry.paper}]({entry.source})]]")
        for words in advice.remarks:
            st.markdown(f":small[:material/info: {words}]")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            words, icon, colour = chip(task, best)
            st.badge(words, icon=icon, color=colour)
            others = " and ".join(display_name(one) for one in advice.options[1:])
            label, icon = f"Test against {others}", ":material/play_circle:"
            if st.button(label, icon=icon, type="primary", key=widget_key(page, "test")):
                go("train", TRAIN.format(experiment(task, advice)))
            if st.button("See the signal", icon=":material/waves:", key=widget_key(page, "signal")):
                go("signal", _signal(task, advice))
            if task.weights:
                st.page_link(
                    PAGES["pretrained"].file, label="Open a weight file", icon=":material/folder_open:"
                )


def keras_code(task: Task, option: Option) -> str:
    """Return the code of one hidden layer to copy: one line, or three with normalization before the activation."""
    code = option.kernel.code(multiline=False)
    if task.normalization == "none":
        return f'keras.layers.Dense({task.width}, activation="{task.activation}", kernel_initializer={code})'
    return (
        f"keras.layers.Dense({task.width}, use_bias=False, kernel_initializer={code}),\n"
        f"keras.layers.{LAYERS[task.normalization]}(),\n"
        f'keras.layers.Activation("{task.activation}"),'
    )


def display_name(option: Option) -> str:
    """Return the name of an option: HeNormal, or VarianceScaling(scale=2.8)."""
    spec = option.kernel
    return f"{spec.name}(scale={spec.get('scale'):g})" if spec.name == "VarianceScaling" else spec.name


def chip(task: Task, best: Option) -> tuple[str, str, Colour]:
    """Return the words, the icon and the colour of the badge: what becomes of the signal and its gradient."""
    gradient = ""
    if task.normalization != "none":  # the signal is always kept
        gradient = f"The gradient {'fades' if best.backward < 1 else 'grows'}"
    if best.level == "keeps":
        return "Keeps the signal", ":material/check_circle:", "green"
    if best.level == "keeps part":
        return gradient or "Keeps part of the signal", ":material/warning:", "orange"
    return gradient or "No initializer keeps the signal", ":material/error:", "red"


def experiment(task: Task, advice: Recommendation) -> Choices:
    """Return the choices of the Train page that compare the recommendation with the other options."""
    cards = numbered(Card(Start(one.kernel)) for one in advice.options)
    return Choices(cards, task.network, OPTIMIZERS[task.optimizer], BATCH, 0, 1, DEFAULT)


def _signal(task: Task, advice: Recommendation) -> dict[str, str]:
    texts = TRAIN.format(experiment(task, advice))
    return {name: texts[name] for name in ("starts", "hidden", "activation")}


@st.cache_data(max_entries=len(NORMALIZATIONS), show_spinner=False)
def by_activation(normalization: str = "none") -> dict[str, list[str]]:
    """Return the columns of the table by activation."""
    row = _row if normalization == "none" else partial(_normalized_row, normalization)
    rows = [row(activation) for activation in SHEET]
    return {name: [row[name] for row in rows] for name in rows[0]}


def cheat_sheet(normalization: str) -> None:
    """Show for each activation the recommended initializer, its numbers, and the effect of Keras' default."""
    growth = "χ: growth of the squared gradient per layer, ideally 1."
    if normalization == "none":
        how = f"{growth} Critical: where χ₁ = 1 at infinite depth."
        how = f"For {SHEET_DEPTH} hidden layers and zero biases, without normalization. {how}"
    else:
        how = f"The strength of the signal is ×1.00 everywhere. {growth}"
        how = f"For {SHEET_DEPTH} hidden layers with {normalization} normalization. {how}"
    with picture("sheet", "By activation", how, terms="σ_w², critical" if normalization == "none" else ""):
        tables.table(by_activation(normalization))


def _row(activation: str) -> dict[str, str]:
    task = Task(activation, SHEET_DEPTH)
    best, default = recommend(task).best, evaluate_option(task, InitializerSpec("GlorotUniform"))
    critical = critical_sigma_w2(activation)
    return {
        "activation": ACTIVATIONS[activation],
        "recommended": display_name(best),
        "σ_w²": number(best.sigma_w2, 3),
        "χ": number(best.chi, 3),
        "critical σ_w²": "none" if critical is None else number(critical, 3),
        "Keras' default, GlorotUniform": effect(default),
    }


def _normalized_row(normalization: str, activation: str) -> dict[str, str]:
    best = recommend(Task(activation, SHEET_DEPTH, normalization=normalization)).best
    return {
        "activation": ACTIVATIONS[activation],
        "recommended": display_name(best),
        "χ": number(best.chi, 3),
        f"squared gradient, {SHEET_DEPTH} layers": times(best.backward),
    }


def effect(one: Option) -> str:
    """Return the effect of an option on the signal and its gradients in a few words, with χ."""
    if max(one.forward, one.backward) < VANISHED:
        return f"fades to {number(100 * one.forward, 2)}%, χ = {number(one.chi, 2)}"
    if one.backward < VANISHED:
        return f"gradients vanish, χ = {number(one.chi, 2)}"
    if max(one.forward, one.backward) > 1 / VANISHED:
        return f"explodes, χ = {number(one.chi, 2)}"
    return f"keeps the signal, χ = {number(one.chi, 2)}"


def power_chart(page: str, task: Task, advice: Recommendation) -> None:
    """Draw the remaining strength of the signal by layer for the three options."""
    lines = [(display_name(one), signal_power(task, one.kernel)) for one in advice.options]
    kept = [f"{literal(name)} **{times(float(power[-1]))}**" for name, power in lines]
    normalized = "" if task.normalization == "none" else "normalized "
    with picture(
        "power",
        f"Remaining strength, {ACTIVATIONS[task.activation]}",
        f"Mean square of the {normalized}pre-activations, relative to layer 1. Log scale.",
        "power",
        say=f"Strength after {counted(task.depth, 'layer')}: {', '.join(kept)}.",
    ):
        chart(
            figures.power(lines),
            key=widget_key(page, "power"),
            height=style.SMALL,
            alt="Remaining strength of the signal after each layer.",
        )
