"""What becomes of each start, in words: the answer under the title, and the chips below."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from inits.experiment import ACTIVATIONS
from inits.fates import Fate, Way, fate
from inits.measured import Measurement
from inits.signal import Inputs
from inits.words import counted, number, percent
from pages.shared.builder import Choices
from pages.shared.notes import literal
from pages.shared.signal_runs import Seen

COLOURS = {"kept": "green", "grown": "orange", "faded": "orange"}
LOST = {"vanished": "gone", "exploded": "exploding", "broken": "not a number"}
ICONS = {"green": "check_circle", "orange": "trending_down", "red": "error"}


def predicted_fate(choices: Choices, seen: Seen, facts: Inputs) -> Fate | None:
    """What theory says becomes of a start."""
    if seen.prediction is None:
        return None
    hidden = choices.architecture.hidden
    one = seen.prediction
    widths = np.array(hidden)
    return fate(
        one.lengths[:-1], one.gradients[:-1] * widths, one.cosines[:-1], float(np.mean(facts.squares))
    )


def measured_fate(choices: Choices, found: Sequence[Measurement], facts: Inputs) -> Fate | None:
    """What became of the median of the seeds."""
    if not found:
        return None
    widths = np.array(choices.architecture.hidden)
    lengths, gradients, cosines = (
        np.median([getattr(one, name)[:-1] for one in found], axis=0)
        for name in ("lengths", "gradients", "cosines")
    )
    return fate(lengths, gradients * widths, cosines, float(np.mean(facts.squares)))


def answer(choices: Choices, fates: Sequence[Fate | None]) -> str:
    """Which start keeps the signal, and from which layer on others lose it."""
    net = choices.architecture
    known = [(literal(name), one) for name, one in zip(choices.labels, fates, strict=True) if one is not None]
    layers = f"{counted(len(net.hidden), f'{ACTIVATIONS[net.activation]} layer')}"
    if not known:
        return f"What {layers} do to a signal is known as soon as Keras has drawn the weights."
    clauses = [_clause(name, one) for name, one in known]
    return f"Through {layers}, " + "; ".join(clauses) + "."


def _clause(name: str, one: Fate) -> str:
    """What becomes of one start, with its numbers."""
    way = one.forward
    if way.kind == "broken":
        return f"**{name}** stops being a number at layer **{way.layer}**"
    if way.kind == "exploded":
        return f"**{name}** explodes from layer **{way.layer}** on"
    if way.kind == "vanished":
        with_it = ", and its gradients with it" if one.backward.kind == "vanished" else ""
        return f"**{name}** is gone by layer **{way.layer}**{with_it}"
    words = {
        "kept": f"**{name}** keeps the signal",
        "faded": f"**{name}** fades to **{_share(way)}**",
        "grown": f"**{name}** grows **{number(way.ratio, 2)}** times",
    }[way.kind]
    return words + _but(one)


def _but(one: Fate) -> str:
    """What is lost although the signal keeps its size."""
    words = []
    if one.backward.kind in ("vanished", "exploded"):
        verb = "vanish" if one.backward.kind == "vanished" else "explode"
        words.append(f"its gradients {verb} below layer **{one.backward.layer}**")
    if one.alike is not None:
        words.append(f"two digits look alike from layer **{one.alike}** on")
    return f", but {' and '.join(words)}" if words else ""


def _share(way: Way) -> str:
    return percent(way.ratio, 0) if way.ratio >= 0.01 else number(way.ratio, 2)


def chips(choices: Choices, predicted: Sequence[Fate | None], measured: Sequence[Fate | None]) -> None:
    """Prediction and measurement of each start, in a few words."""
    with st.container(horizontal=True, gap="small"):
        for label, theory, found in zip(choices.labels, predicted, measured, strict=True):
            last = len(choices.architecture.hidden)
            parts = [f"predicted {_word(theory, last)}"] if theory else ["no prediction"]
            parts += [f"measured {_word(found, last)}"] if found else []
            colour = _colour(found or theory)
            icon = "help" if theory is None and found is None else ICONS[colour]
            st.badge(literal(f"{label}: {', '.join(parts)}"), icon=f":material/{icon}:", color=colour)


def _word(one: Fate, last: int) -> str:
    way, back = one.forward, one.backward.kind
    if not way.alive:
        return f"{LOST[way.kind]} from layer {way.layer}"
    if back in LOST:
        return f"gradients {LOST[back]}"
    if one.alike is not None:
        return f"all alike from layer {one.alike}"
    return {"kept": f"alive at layer {last}", "faded": "fading", "grown": "growing"}[way.kind]


def _colour(one: Fate | None) -> str:
    if one is None:
        return "gray"
    if not one.forward.alive or not one.backward.alive or one.alike is not None:
        return "red"
    return COLOURS[one.forward.kind]
