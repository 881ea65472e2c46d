"""The pictures of the Signal page: layer by layer, how values are spread, dead and saturated units, the Jacobian."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from inits.experiment import ACTIVATIONS
from inits.figures import signal as figures
from inits.figures import style
from inits.figures.layers import Series, by_layer
from inits.measured import QUANTITIES, Measurement
from inits.signal import Prediction
from inits.words import counted
from pages.shared.builder import Choices
from pages.shared.chart import chart
from pages.shared.notes import heading
from pages.shared.signal_runs import Seen
from pages.shared.state import seed as seeded

LINES = "Lines predict (mean field). Points measure"
VIEWS = {
    "lengths": ("Pre-activations", "Second moment of the pre-activations, layer by layer", "second moment"),
    "activations": ("Activations", "Second moment of the activations, layer by layer", "second moment"),
    "gradients": ("Gradients", "Gradient of the loss, layer by layer", "second moment"),
    "cosines": ("Correlation", "Do two images stay apart?", "correlation"),
}
ABOUT = {
    "lengths": "Log scale.",
    "activations": "Log scale.",
    "gradients": "By the pre-activations, of each image's own loss. Log scale.",
    "cosines": "Cosine of the pre-activations of two typical images: at 1 they look alike.",
}
PLAY = 0.5  # seconds a layer
ACROSS = 3  # panels beside each other


def by_depth(page: str, choices: Choices, seen: Sequence[Seen]) -> None:
    """The hero: one number for each layer, predicted and measured."""
    view = st.segmented_control(
        "Shown", list(VIEWS), key=seeded(f"{page}.view", "lengths"), required=True,
        format_func=lambda name: VIEWS[name][0], label_visibility="collapsed",
    )  # fmt: skip
    view = str(view)
    seeds = f": median of {choices.seeds} seeds, band from least to most." if choices.seeds > 1 else "."
    heading(VIEWS[view][1], f"{LINES}{seeds} {ABOUT[view]}")
    names = _names(choices)[: len(choices.architecture.hidden)] if view == "activations" else _names(choices)
    tracks = [
        _track(label, slot, one, lambda source: getattr(source, view))
        for label, slot, one in zip(choices.labels, choices.slots, seen, strict=True)
    ]
    draw = figures.cosines if view == "cosines" else figures.travel
    fig = draw(names, tracks, VIEWS[view][2], height=style.HERO)
    chart(fig, key=f"{page}.by_depth", height=style.HERO, alt=f"{VIEWS[view][1]}, by start.")


def _names(choices: Choices) -> list[str]:
    """Layers by number, the output last."""
    return [*map(str, range(1, len(choices.architecture.hidden) + 1)), "out"]


def _track(
    name: str, slot: int, seen: Seen, of: Callable[[Prediction | Measurement], np.ndarray]
) -> figures.Track:
    line = of(seen.prediction) if seen.prediction else None
    if not seen.measurements:
        return figures.Track(name, slot, line)
    values = np.array([of(one) for one in seen.measurements], np.float64)
    if len(values) == 1:
        return figures.Track(name, slot, line, values[0])
    return figures.Track(name, slot, line, np.median(values, axis=0), values.min(0), values.max(0))


def distributions(page: str, choices: Choices, seen: Sequence[Seen]) -> None:
    """Violins of every layer and start, which can be played as depth grows."""
    there = [place for place, one in enumerate(seen) if one.measurements]
    if not there:
        return
    layers = len(choices.architecture.hidden)
    playing = f"{page}:playing"

    @st.fragment(run_every=PLAY if playing in st.session_state else None)
    def panels() -> None:
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            with st.container(width="content"):
                heading(
                    "Distribution in every layer", f"Seed {choices.seed}. The same scale for every start."
                )
            what = st.segmented_control(
                "Values", list(QUANTITIES), key=seeded(f"{page}.what", "activations"), required=True,
                format_func=str.capitalize, label_visibility="collapsed",
            )  # fmt: skip
        shown = _depth(page, layers, playing)
        spreads = [seen[place].measurements[0].spreads[str(what)] for place in there]
        names = _names(choices)[: len(spreads[0])]
        reach = figures.common_reach(spreads)
        for first in range(0, len(there), ACROSS):
            columns = st.columns(min(ACROSS, len(there)), gap="medium")
            for column, i in zip(columns, range(first, min(first + ACROSS, len(there))), strict=False):
                place = there[i]
                with column:
                    _violins(page, choices, place, names, spreads[i], str(what), reach, shown)

    panels()


def _depth(page: str, layers: int, playing: str) -> int:
    """How many layers are shown: all, or as many as the slider says; it moves by itself while it plays."""
    key = f"{page}.depth"
    now = min(st.session_state.get(key, layers), layers)
    if playing in st.session_state:
        if st.session_state.pop(playing) == "on":
            now = min(now + 1, layers)
        if now < layers:
            st.session_state[playing] = "on"
        else:
            st.rerun()
    st.session_state[key] = now
    if layers < 2:
        return layers

    def play() -> None:
        st.session_state[key] = 1
        st.session_state[playing] = "first"

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if st.button("Play", icon=":material/play_arrow:", key=f"{page}.play", on_click=play):
            st.rerun()
        return int(st.slider("Layers", 1, layers, key=key, width=240))


def _violins(
    page: str, choices: Choices, place: int, names: Sequence[str], spreads, what: str,
    reach: figures.Reach, shown: int,
) -> None:  # fmt: skip
    title = f"{ACTIVATIONS[choices.architecture.activation]} output" if what == "activations" else what
    fig = figures.violins(
        names, spreads, choices.slots[place], f"|{title}|" if reach.log else title, reach, shown
    )
    label = choices.labels[place]
    fig = style.end_labels(fig, [], height=figures.PANEL, y_range=(0, 1)).update_layout(margin_r=8)
    st.markdown(f":small[{label}]")
    alt = f"Distribution of the {what} of {label} in each layer."
    chart(fig, key=f"{page}.violins.{place}", height=figures.PANEL, alt=alt)


def units(page: str, choices: Choices, seen: Sequence[Seen]) -> None:
    """Dead and saturated units, and the Jacobian."""
    there = [place for place, one in enumerate(seen) if one.measurements]
    if not there:
        return
    left, right = st.columns(2, gap="medium")
    with left:
        heading(
            "Dead units",
            f"The same output for all {counted(choices.batch_size, 'image')}. Median of the seeds.",
        )
        _shares(page, choices, seen, there, "dead", "dead units")
    with right:
        heading(
            "Saturated values", "Slope below 5% of the steepest: no gradient passes. Median of the seeds."
        )
        if choices.architecture.activation == "softmax":
            st.markdown(":gray[Softmax mixes units: no unit has a slope of its own.]")
        else:
            _shares(page, choices, seen, there, "saturated", "saturated")
    heading(
        "Singular values of the input-output Jacobian",
        f"Of the logits by the pixels, from the largest down. {LINES}: mean over 8 images. The line is the root of the "
        "mean square.",
    )
    tracks = [_jacobian(choices.labels[place], choices.slots[place], seen[place]) for place in there]
    numbers = [str(i + 1) for i in range(choices.architecture.outputs)]
    fig = figures.travel(numbers, tracks, "singular value", x="singular value", height=style.SMALL)
    chart(fig, key=f"{page}.jacobian", height=style.SMALL, alt="Singular values of the Jacobian, by start.")


def _shares(
    page: str, choices: Choices, seen: Sequence[Seen], there: Sequence[int], name: str, title: str
) -> None:
    series = [
        Series(
            choices.labels[place],
            choices.slots[place],
            None,
            np.median([getattr(one, name) for one in seen[place].measurements], axis=0),
        )
        for place in there
    ]
    names = [f"layer {name}" for name in _names(choices)[:-1]]
    fig = by_layer(names, series, title, share=True)
    chart(fig, key=f"{page}.{name}", height=style.SMALL, alt=f"Share of {title} in each hidden layer.")


def _jacobian(name: str, slot: int, seen: Seen) -> figures.Track:
    values = np.array([one.singular.mean(axis=0) for one in seen.measurements], np.float64)
    line = np.full(values.shape[1], seen.prediction.jacobian) if seen.prediction else None
    if len(values) == 1:
        return figures.Track(name, slot, line, values[0])
    return figures.Track(name, slot, line, np.median(values, axis=0), values.min(0), values.max(0))
