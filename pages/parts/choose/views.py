"""The recommendation as a card, the table by activation, and the strength of the signal by layer."""

from functools import partial
from math import isfinite

import streamlit as st

from inits.data.datasets import DEFAULT
from inits.experiments.experiment import Start
from inits.figures import choose as figures
from inits.figures import style
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.spec import InitializerSpec
from inits.text import counted, markdown_symbols, number, times
from inits.theory.meanfield import critical_sigma_w2
from inits.theory.options import (
    NORMALIZATIONS,
    OPTIMIZERS,
    SENSITIVE,
    Option,
    Task,
    evaluate_option,
    signal_power,
)
from inits.theory.reasons import PREFERRED
from inits.theory.recommendation import Recommendation, recommend
from inits.theory.signal_regime import ALIKE, FADED, GROWN
from pages.parts.experiment.cards import Card, numbered
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.page.catalog import PAGES
from pages.parts.page.navigation import go
from pages.parts.page.notes import BADGES, explained, literal, python
from pages.parts.page.session import widget_key
from pages.parts.page.slides import picture, slide
from pages.parts.widgets import tables
from pages.parts.widgets.chart import chart

SHEET = ("relu", "leaky_relu", "tanh", "linear", "selu", "elu", "gelu", "silu", "softplus", "sigmoid")
SHEET_DEPTH = 10  # hidden layers
ABOUT_ONE = 1.25  # a factor of the strength up to which a signal is simply kept
FINE = "keeps the signal within limits"
LAYERS = {"batch": "BatchNormalization", "layer": "LayerNormalization"}
BATCH = 32
SCHOENHOLZ = "[Schoenholz et al. 2017, Deep Information Propagation](https://arxiv.org/abs/1611.01232)"


def summary(task: Task, advice: Recommendation) -> str:
    """Return the recommendation in one sentence, with its number."""
    if task.weights:
        return (
            "**Your pretrained weights**: usually better than a random start, if they were trained on a similar task. "
            "The recommendation below is for new layers."
        )
    best = advice.best
    layers = counted(task.depth, f"{ACTIVATIONS[task.activation]} layer")
    if task.normalization != "none":
        layers += f" with {task.normalization} normalization"
    return f"**{literal(best.name)}**: through {layers}, {change(best)}."


def change(best: Option) -> str:
    """Return what becomes of the signal, and what else is not kept, with the factors."""
    backward, kept = best.regime.backward, best.regime.forward.kind == "kept"
    lost = (
        [] if backward.kind == "kept" else [f"the squared gradient {backward.verb} ({factor(best.backward)})"]
    )
    lost += [one for one in best.changes if one in (ALIKE, SENSITIVE)]
    words = _kept(best.forward) if kept else f"{best.regime.forward.verb} (**{factor(best.forward)}**)"
    return f"the signal {words}" + (f", {'but' if kept else 'and'} {' and '.join(lost)}" if lost else "")


def _kept(forward: float) -> str:
    """Return what becomes of a signal within the limits."""
    if 1 / ABOUT_ONE <= forward <= ABOUT_ONE:
        return f"is kept (**{factor(forward)}**)"
    return f"{'weakens' if forward < 1 else 'strengthens'} to **{factor(forward)}**, within limits"


def factor(change: float) -> str:
    """Return a factor, or that it is beyond all numbers of the theory."""
    return times(change) if isfinite(change) else "overflow"


def recommendation_card(page: str, task: Task, advice: Recommendation) -> None:
    """Draw the recommendation: its code, reason, formula and source, and buttons to test it."""
    best = advice.best
    with slide("advice", say=summary(task, advice), border=True):
        norm = "no normalization" if task.normalization == "none" else f"{task.normalization} normalization"
        layers = counted(task.depth, f"{ACTIVATIONS[task.activation]} layer")
        st.markdown(f":small[:gray[Recommended for {layers} of {task.width}, {norm}, {task.optimizer}]]")
        st.subheader(best.name)
        python(keras_code(task, best))
        st.markdown(markdown_symbols(advice.reason), help=explained(advice.reason))
        st.markdown(f":small[{best.kernel.formula(task.kernel_shape)}]")
        if words := source(best):
            st.markdown(f":small[:gray[{words}]]")
        for words in advice.remarks:
            st.markdown(f":small[:material/info: {words}]")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            icon, colour = BADGES[best.severity]
            for words in badges(best):
                st.badge(words, icon=icon, color=colour)
            others = " and ".join(one.name for one in advice.options[1:])
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


def source(option: Option) -> str:
    """Return where an option comes from, as Markdown; "" if there is no paper. A fitted scale is computed here."""
    entry = option.kernel.entry
    if entry.name == "VarianceScaling":
        return f"Scale computed here by mean-field theory, as in {SCHOENHOLZ}"
    return entry.paper and f"Source: [{entry.paper}]({entry.source})"


def badges(best: Option) -> list[str]:
    """Return the words of the badges: that a signal is within limits, or each thing that is not."""
    return [words[0].upper() + words[1:] for words in best.changes or (FINE,)]


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
        limits = f"Limits: {times(FADED)} to {times(GROWN)} from layer 1 to {SHEET_DEPTH}."
        usual = "Usual starts stay unless a fitted scale is far better."
        how = f"For {SHEET_DEPTH} hidden layers and zero biases, without normalization. {limits} {usual}"
        how += f" σ_w²: from layer 2 on; critical: where χ₁ = 1 at infinite depth. {growth}"
    else:
        how = f"The strength of the signal is ×1.00 everywhere. {growth}"
        how = f"For {SHEET_DEPTH} hidden layers with {normalization} normalization. {how}"
    with picture("sheet", "By activation", how, terms="σ_w², critical" if normalization == "none" else ""):
        tables.table(by_activation(normalization))


def _row(activation: str) -> dict[str, str]:
    task = Task(activation, SHEET_DEPTH)
    best, default = recommend(task).best, evaluate_option(task, InitializerSpec("GlorotUniform"))
    same = (
        f"the same, {'as is usual' if activation in PREFERRED else 'as good as any'}: "
        if best == default
        else ""
    )
    critical = critical_sigma_w2(activation)
    return {
        "activation": ACTIVATIONS[activation],
        "recommended": best.name,
        "σ_w²": number(best.sigma_w2),
        "χ": number(best.chi, 3),
        "critical σ_w²": "none" if critical is None else number(critical, 3),
        "Keras' default, GlorotUniform": same + effect(default),
    }


def _normalized_row(normalization: str, activation: str) -> dict[str, str]:
    best = recommend(Task(activation, SHEET_DEPTH, normalization=normalization)).best
    return {
        "activation": ACTIVATIONS[activation],
        "recommended": best.name,
        "χ": number(best.chi, 3),
        f"squared gradient, {SHEET_DEPTH} layers": times(best.backward),
    }


def effect(one: Option) -> str:
    """Return the effect of an option on the signal and its gradients in a few words, with χ."""
    words = " and ".join(one.changes) or FINE
    return f"{words}, χ = {number(one.chi, 2)}"


def power_chart(page: str, task: Task, advice: Recommendation) -> None:
    """Draw the remaining strength of the signal by layer for the three options."""
    lines = [(one.name, signal_power(task, one.kernel)) for one in advice.options]
    left = [f"{literal(name)} **{factor(float(power[-1]))}**" for name, power in lines]
    normalized = "" if task.normalization == "none" else "normalized "
    with picture(
        "power",
        f"Remaining strength, {ACTIVATIONS[task.activation]}",
        f"Mean square of the {normalized}pre-activations, relative to layer 1. Log scale.",
        "power",
        say=f"Strength in layer {task.depth}, relative to layer 1: {', '.join(left)}.",
    ):
        chart(
            figures.power(lines),
            key=widget_key(page, "power"),
            height=style.SMALL,
            alt="Remaining strength of the signal in each layer.",
        )
