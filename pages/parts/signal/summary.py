"""The signal through each start in words: the answer below the title, and the chips."""

from collections.abc import Iterable, Sequence

import numpy as np
import streamlit as st

from inits.initializers.activations import ACTIVATIONS
from inits.measure.signal_measurement import Measurement
from inits.text import counted, number, percent, times
from inits.theory.signal_regime import ALIKE, APART, VERBS, Kind, SignalRegime, signal_regime
from inits.theory.signal_theory import InputStatistics
from pages.parts.experiment.choices import Choices
from pages.parts.page.notes import BADGES, literal

LOST = {"vanished": "vanished", "exploded": "exploded", "nan": "NaN"}
CHANGED = {"faded": "fading", "grown": "growing"}


def measured_regime(
    choices: Choices, found: Sequence[Measurement], facts: InputStatistics
) -> SignalRegime | None:
    """Return the regime of the median over the seeds; None without measurements."""
    if not found:
        return None
    widths = np.array(choices.network.hidden)
    preactivations, gradients, cosines = (
        np.median([getattr(one, name)[:-1] for one in found], axis=0)
        for name in ("preactivations", "gradients", "cosines")
    )
    return signal_regime(preactivations, gradients * widths, cosines, float(np.mean(facts.squares)))


def answer(choices: Choices, regimes: Sequence[SignalRegime | None]) -> str:
    """Return which starts keep the signal, and from which layer on the others lose it."""
    net = choices.network
    known = [
        (literal(name), one) for name, one in zip(choices.labels, regimes, strict=True) if one is not None
    ]
    layers = f"{counted(len(net.hidden), f'{ACTIVATIONS[net.activation]} layer')}"
    if not known:
        return f"The effect of {layers} on the signal is known as soon as Keras has drawn the weights."
    groups: dict[object, list[tuple[str, SignalRegime]]] = {}
    for name, one in known:
        groups.setdefault((one.forward.kind, one.backward.kind, one.correlated is None), []).append(
            (name, one)
        )
    clauses = [_clause([name for name, _ in group], [one for _, one in group]) for group in groups.values()]
    return f"Through {layers}, " + "; ".join(clauses) + "."


def _clause(names: Sequence[str], regimes: Sequence[SignalRegime]) -> str:
    """Return a clause for starts in the same regime, with their numbers."""
    several = len(names) > 1
    bold = [f"**{name}**" for name in names]
    who = f"{', '.join(bold[:-1])} and {bold[-1]}" if several else bold[0]
    layer = _layers([one.forward.layer for one in regimes])
    kind, back = regimes[0].forward.kind, regimes[0].backward.kind
    does = f"{who} {VERBS[kind][several]}"
    if kind == "nan":
        return f"{does} at {layer}"
    if kind == "exploded":
        return f"{does} from {layer} on"
    if kind == "vanished":
        with_it = f", and {'their' if several else 'its'} gradients with {'them' if several else 'it'}"
        return f"{does} by {layer}{with_it if back == 'vanished' else ''}"
    how_much = "the signal" if kind == "kept" else _factor(kind, [one.forward.ratio for one in regimes])
    return f"{does} {how_much}{_more(regimes, 'their' if several else 'its')}"


def _factor(kind: Kind, ratios: Sequence[float]) -> str:
    """Return by how much signals or gradients fade or grow."""
    ordered = sorted(ratios)
    if kind == "faded":
        return f"to {_span(map(_share, ordered))}"
    return f"by a factor of {_span(number(ratio, 2) for ratio in ordered)}"


def _more(regimes: Sequence[SignalRegime], whose: str) -> str:
    """Return what else is not kept by signals that survive."""
    words, back = [], regimes[0].backward.kind
    if back in CHANGED:
        how_much = _factor(back, [one.backward.ratio for one in regimes])
        words.append(f"{whose} gradients {VERBS[back][1]} {how_much}")
    elif back != "kept":
        words.append(
            f"{whose} gradients {VERBS[back][1]} {_backwards([one.backward.layer for one in regimes])}"
        )
    if regimes[0].correlated is not None:
        words.append(f"{ALIKE} from {_layers([one.correlated for one in regimes])} on")
    link = "but" if regimes[0].forward.kind == "kept" else "and"
    return f", {link} {' and '.join(words)}" if words else ""


def _layers(found: Sequence[int | None]) -> str:
    """Return the layers of several starts: layer 3; layers 3 and 2, in their order; layers 2 to 6."""
    layers = [layer for layer in found if layer is not None]
    if len(set(layers)) < 2:
        return f"layer {_span(layers)}" if layers else ""
    if len(layers) == 2:
        return f"layers **{layers[0]}** and **{layers[1]}**"
    return f"layers **{min(layers)}** to **{max(layers)}**"


def _backwards(found: Sequence[int | None]) -> str:
    """Return where gradients are lost on their way back: in layer 1, or from layer 3 down."""
    only_first = all(layer == 1 for layer in found)
    return f"in {_layers(found)}" if only_first else f"from {_layers(found)} down"


def _span(values: Iterable[object]) -> str:
    """Return a value in bold, or the first and the last of several."""
    known = list(dict.fromkeys(values))
    return f"**{known[0]}**" if len(known) == 1 else f"**{known[0]}** to **{known[-1]}**"


def _share(ratio: float) -> str:
    return percent(ratio, 0) if ratio >= 0.01 else number(ratio, 2)


def chips(
    choices: Choices, predicted: Sequence[SignalRegime | None], measured: Sequence[SignalRegime | None]
) -> None:
    """Show prediction and measurement of each start as a chip."""
    with st.container(horizontal=True, gap="small"):
        for label, theory, found in zip(choices.labels, predicted, measured, strict=True):
            words = _beside(theory, found, len(choices.network.hidden))
            known = found or theory
            icon, colour = BADGES[known.severity if known else "unknown"]
            st.badge(literal(f"{label}: {words}"), icon=icon, color=colour)
    apart = [
        f"**{literal(label)}**"
        for label, theory, found in zip(choices.labels, predicted, measured, strict=True)
        if theory and found and _apart(theory, found)
    ]
    if apart:
        st.markdown(
            f":small[:gray[Theory is for infinitely wide layers. It is wrong here by more than a factor of "
            f"{APART:g} for {', '.join(apart)}: trust the measured points.]]"
        )


def _beside(theory: SignalRegime | None, found: SignalRegime | None, last: int) -> str:
    """Return prediction and measurement in words, as one if they agree."""
    predicted, measured = (one and _word(one, last) for one in (theory, found))
    if theory and found:
        if what := _apart(theory, found):
            predicted, measured = (f"{_word(one, last)} ({_number(one, what)})" for one in (theory, found))
        agree = predicted == measured
        return f"{measured}, as predicted" if agree else f"predicted {predicted}, measured {measured}"
    return f"predicted {predicted}" if predicted else f"measured {measured}" if measured else "not known yet"


def _apart(theory: SignalRegime, found: SignalRegime) -> str:
    """Return which prediction is wrong by orders of magnitude, "signal" or "gradients"; "" if none is."""
    if not theory.forward.agrees(found.forward):
        return "signal"
    return "" if theory.backward.agrees(found.backward) else "gradients"


def _number(one: SignalRegime, what: str) -> str:
    """Return the factor of the signal or of its gradients."""
    return times(one.forward.ratio) if what == "signal" else f"gradients {times(one.backward.ratio)}"


def _word(one: SignalRegime, last: int) -> str:
    way, back = one.forward, one.backward.kind
    if not way.survives:
        return f"{LOST[way.kind]} {'by' if way.kind == 'vanished' else 'from'} layer {way.layer}"
    if back in LOST:
        return f"gradients {LOST[back]}"
    if way.kind in CHANGED:
        return CHANGED[way.kind]
    if back in CHANGED:
        return f"gradients {CHANGED[back]}"
    return f"alive at layer {last}" if one.correlated is None else f"images alike from layer {one.correlated}"
