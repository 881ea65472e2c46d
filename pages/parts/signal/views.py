"""The pictures of the Signal page: moments by layer, distributions, dead and saturated units, the Jacobian."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.figures import signal as figures
from inits.figures import style
from inits.figures.layers import Series, by_layer
from inits.initializers.activations import ACTIVATIONS
from inits.measure.signal_measurement import QUANTITIES, Measurement
from inits.text import counted, number, percent
from inits.theory.signal_theory import Prediction
from pages.parts.experiment.choices import Choices
from pages.parts.page import session
from pages.parts.page.notes import heading, literal
from pages.parts.page.session import seeded, set_widget, widget_key, widget_value
from pages.parts.page.slides import picture, slide
from pages.parts.page.state import linked, rerun
from pages.parts.signal.measurements import StartSignal
from pages.parts.widgets.chart import shared_chart

VIEWS = {
    "lengths": (
        "Pre-activations",
        "Mean square of the pre-activations, layer by layer",
        "mean square",
        "Log scale.",
    ),
    "activations": (
        "Activations",
        "Mean square of the activations, layer by layer",
        "mean square",
        "Log scale.",
    ),
    "gradients": (
        "Gradients",
        "Gradient of the loss with respect to the pre-activations",
        "mean square",
        "Log scale.",
    ),
    "cosines": (
        "Correlation",
        "Cosine of two typical images' pre-activations",
        "correlation",
        "At 1 they look alike.",
    ),
}
ATTRIBUTES = {
    "lengths": "preactivations"
}  # of predictions and measurements, where the view is named otherwise
PLAY = 0.5  # seconds per layer
MIN_SHARE = 0.01  # smaller shares are not drawn
COLUMNS = 3  # of panels
MOST_SAID = 4  # starts that a sentence of the presenter view can name


def view_switch(page: str, kept: str) -> str:
    """Draw the switch between the views; return a key of VIEWS."""
    view = st.pills(  # pills wrap well on a phone
        "Shown", list(VIEWS), key=seeded(widget_key(page, "view"), kept), required=True,
        format_func=lambda name: VIEWS[name][0], label_visibility="collapsed",
    )  # fmt: skip
    return str(view)


def by_depth(page: str, choices: Choices, signals: Sequence[StartSignal], view: str) -> None:
    """Draw one number by layer, predicted and measured."""
    seeds = f" (median and range of {choices.seeds} seeds)" if choices.seeds > 1 else ""
    _, title, axis, how = VIEWS[view]
    how = f"Lines: predicted. Points: measured{seeds}. {how}"
    names = _names(choices)[: len(choices.network.hidden)] if view == "activations" else _names(choices)
    tracks = [
        _track(label, slot, one, lambda source: getattr(source, ATTRIBUTES.get(view, view)))
        for label, slot, one in zip(choices.labels, choices.slots, signals, strict=True)
    ]
    draw = figures.cosines if view == "cosines" else figures.magnitudes
    with picture("by_depth", title, how, "moments", say=_travel(tracks, axis), lead=True):
        shared_chart(
            (choices, view, *signals),
            lambda: draw(names, tracks, axis, height=style.HERO),
            key=widget_key(page, "by_depth"),
            height=style.HERO,
            alt=f"{title}, by start.",
        )


def _travel(tracks: Sequence[figures.DepthSeries], what: str) -> str:
    """Return the first and the last value of each start, measured or else predicted, as a sentence."""
    ends = []
    for one in tracks:
        values = one.line if one.middle is None else one.middle
        if values is not None:
            ends.append(f"{literal(one.name)} from {number(values[0], 2)} to **{number(values[-1], 2)}**")
    said = f"{what.capitalize()}, first to last layer: {'; '.join(ends)}."
    return said if 0 < len(ends) <= MOST_SAID else ""


def _names(choices: Choices) -> list[str]:
    """Return the names of the layers: their numbers, and "out" for the output."""
    return [*map(str, range(1, len(choices.network.hidden) + 1)), "out"]


def _track(
    name: str, slot: int, signal: StartSignal, of: Callable[[Prediction | Measurement], np.ndarray]
) -> figures.DepthSeries:
    line = of(signal.prediction) if signal.prediction else None
    if not signal.measurements:
        return figures.DepthSeries(name, slot, line)
    values = np.array([of(one) for one in signal.measurements], np.float64)
    if len(values) == 1:
        return figures.DepthSeries(name, slot, line, values[0])
    return figures.DepthSeries(name, slot, line, np.median(values, axis=0), values.min(0), values.max(0))


def distributions(page: str, choices: Choices, signals: Sequence[StartSignal]) -> None:
    """Draw violins of every layer and start, which can be played layer by layer."""
    there = [place for place, one in enumerate(signals) if one.measurements]
    if not there:
        return
    layers = len(choices.network.hidden)
    ticking = page in session.PLAYING

    @st.fragment(run_every=PLAY if ticking else None)
    def panels() -> None:
        if ticking and page not in session.PLAYING:
            rerun()  # without the timer: the last layer has been shown
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            with st.container(width="content"):
                heading(
                    "Distribution in every layer",
                    f"Seed {choices.seed}. All starts share one scale.",
                    "violins",
                )
            what = linked(page, "what", QUANTITIES, lambda key: st.segmented_control(
                "Values", list(QUANTITIES), key=key, required=True,
                format_func=str.capitalize, label_visibility="collapsed",
            ), first="activations")  # fmt: skip
        shown = _depth(page, layers)
        spreads = [signals[place].measurements[0].spreads[str(what)] for place in there]
        names = _names(choices)[: len(spreads[0])]
        reach = figures.common_axis(spreads)
        for first in range(0, len(there), COLUMNS):
            columns = st.columns(min(COLUMNS, len(there)), gap="medium")
            for column, i in zip(columns, range(first, min(first + COLUMNS, len(there))), strict=False):
                place = there[i]
                with column:
                    of_all = choices, str(what), shown, *(signals[one] for one in there)
                    _violins(of_all, page, choices, place, names, spreads[i], str(what), reach, shown)

    with slide("violins"):
        panels()


def _depth(page: str, layers: int) -> int:
    """Draw the slider over the layers, which moves on while it plays; return the number of layers to show."""
    key = widget_key(page, "depth", layers)
    now = min(int(widget_value(key, layers)), layers)
    if page in session.PLAYING:
        if session.PLAYING.pop(page) == "on":
            now = min(now + 1, layers)
        if now < layers:
            session.PLAYING[page] = "on"
    set_widget(key, now)
    if layers < 2:
        return layers

    def play() -> None:
        set_widget(key, 1)
        session.PLAYING[page] = "first"

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if st.button("Play", icon=":material/play_arrow:", key=widget_key(page, "play"), on_click=play):
            rerun()
        return int(st.slider("Layers", 1, layers, key=key, width=240))


def _violins(
    inputs: Hashable, page: str, choices: Choices, place: int, names: Sequence[str], spreads: Any, what: str,
    reach: figures.ValueAxis, shown: int,
) -> None:  # fmt: skip
    title = f"{ACTIVATIONS[choices.network.activation]} output" if what == "activations" else what
    label = choices.labels[place]

    def figure() -> Any:
        axis = f"|{title}|" if reach.log else title
        fig = figures.violins(names, spreads, choices.slots[place], axis, reach, shown)
        return style.end_labels(fig, [], height=figures.PANEL, y_range=(0, 1)).update_layout(margin_r=8)

    st.markdown(f":small[{label}]")
    alt = f"Distribution of the {what} of {label} in each layer."
    shared_chart(inputs, figure, key=widget_key(page, "violins", place), height=figures.PANEL, alt=alt)


def units(page: str, choices: Choices, signals: Sequence[StartSignal]) -> None:
    """Draw dead units, saturated values and the singular values of the Jacobian."""
    there = [place for place, one in enumerate(signals) if one.measurements]
    if not there:
        return
    _share_pictures(page, choices, signals, there)
    how = "Of logits with respect to pixels, largest first, mean over 8 images. Line: predicted root mean square."
    tracks = [_jacobian(choices.labels[place], choices.slots[place], signals[place]) for place in there]
    numbers = [str(i + 1) for i in range(choices.network.outputs)]
    with picture("jacobian", "Singular values of the input-output Jacobian", how, "jacobian"):
        shared_chart(
            (choices, *signals),
            lambda: figures.magnitudes(numbers, tracks, "singular value", x="rank", height=style.SMALL),
            key=widget_key(page, "jacobian"),
            height=style.SMALL,
            alt="Singular values of the Jacobian, by start.",
        )


def _share_pictures(
    page: str, choices: Choices, signals: Sequence[StartSignal], there: Sequence[int]
) -> None:
    """Draw the shares of dead units and saturated values; one line names those that are small everywhere."""
    shares = {
        name: [
            np.median([getattr(one, name) for one in signals[place].measurements], axis=0) for place in there
        ]
        for name in ("dead", "saturated")
    }
    few = [name for name, of_starts in shares.items() if np.max(of_starts) < MIN_SHARE]
    shown = [name for name in shares if name not in few]
    for column, name in zip(st.columns(2, gap="medium") if shown else (), shown, strict=False):
        with column, _share_picture(name, choices.batch_size):
            _shares(page, choices, signals, there, name, shares[name])
    if few:
        titles = " and ".join({"dead": "dead units", "saturated": "saturated values"}[name] for name in few)
        small = f"less than {percent(MIN_SHARE, 0)} in every layer of every start"
        st.markdown(f":small[:gray[{titles.capitalize()}: {small}.]]")


def _share_picture(name: str, images: int) -> DeltaGenerator:
    if name == "dead":
        how = f"Units with the same output for all {counted(images, 'image')}. Median over the seeds."
        return picture("dead", "Dead units", how, "dead")
    how = "Slope below 5% of its maximum: hardly any gradient passes. Median over the seeds."
    return picture("saturated", "Saturated values", how, "saturated")


def _shares(
    page: str,
    choices: Choices,
    signals: Sequence[StartSignal],
    there: Sequence[int],
    name: str,
    shares: Sequence[np.ndarray],
) -> None:
    if np.isnan(shares).any():
        st.markdown(":gray[Softmax acts on all units together, so no single unit has a slope.]")
        return
    title = {"dead": "dead units", "saturated": "saturated"}[name]
    series = [
        Series(choices.labels[place], choices.slots[place], None, share)
        for place, share in zip(there, shares, strict=True)
    ]
    names = [f"layer {name}" for name in _names(choices)[:-1]]
    shared_chart(
        (choices, *signals),
        lambda: by_layer(names, series, title, share=True),
        key=widget_key(page, name),
        height=style.SMALL,
        alt=f"Share of {title} in each hidden layer.",
    )


def _jacobian(name: str, slot: int, signal: StartSignal) -> figures.DepthSeries:
    values = np.array([one.singular.mean(axis=0) for one in signal.measurements], np.float64)
    line = np.full(values.shape[1], signal.prediction.jacobian) if signal.prediction else None
    if len(values) == 1:
        return figures.DepthSeries(name, slot, line, values[0])
    return figures.DepthSeries(name, slot, line, np.median(values, axis=0), values.min(0), values.max(0))
