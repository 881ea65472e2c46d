"""What happens inside the networks while they learn, start by start and layer by layer, at any moment."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from inits.compute import Job
from inits.figures import layers as figures
from inits.figures import style
from inits.record import Checkpoint, Record
from inits.words import count
from pages.shared.builder import Choices
from pages.shared.chart import chart
from pages.shared.notes import heading
from pages.shared.state import linked

MOST = 6  # layers beside each other when there are several starts


def inside(job: Job, choices: Choices, groups: Sequence[Sequence[Record]], running: bool) -> None:
    """Weights, gradients and dead units of the first seed of each start: now, and afterwards at any moment."""
    starts = {start: records[0].checkpoints for start, records in enumerate(groups) if records[0].checkpoints}
    if not starts:
        return
    with st.container():  # in its place whether there is a slider or not: else the charts would be new ones
        step = None if running else _moment(job, choices, list(starts.values()))
    shown = {start: _at(points, step) for start, points in starts.items()}
    names, several = choices.architecture.layer_names, len(groups) > 1
    seed = f" Seed {choices.seed}." if choices.seeds > 1 else ""
    layers = _layers(names, several)
    axis = "Each column has one scale." if several else "Each layer has its own scale."
    heading("Weights", f"Line: at the start. Filled: at that moment. {axis}{seed}", "weights")
    _weights(choices, starts, shown, layers)
    left, right = st.columns(2, gap="medium")
    before = "" if several else " Dotted: at the start."
    lines = [
        figures.Series(choices.labels[start], choices.slots[start], points[0].gradient, shown[start].gradient)
        for start, points in starts.items()
    ]
    every = np.concatenate([np.ravel([p.gradient for p in points]) for points in starts.values()])
    with left:
        heading(
            "Gradient norm by layer",
            f"On the same 128 images each time.{before} Log scale.{seed}",
            "gradients",
        )
        fig = figures.by_layer(names, lines, "gradient norm", every=every)
        chart(fig, key="train.gradient", height=style.SMALL, alt="Gradient norm of each layer's kernel.")
    with right:
        heading(
            "Dead units by layer", f"Units with the same output for all 128 images.{before}{seed}", "dead"
        )
        if len(names) == 1:
            st.markdown(":gray[There is no hidden layer.]")
            return
        lines = [
            figures.Series(
                choices.labels[start], choices.slots[start], points[0].dead[:-1], shown[start].dead[:-1]
            )
            for start, points in starts.items()
        ]
        fig = figures.by_layer(names[:-1], lines, "dead units", share=True)
        chart(fig, key="train.dead", height=style.SMALL, alt="Share of dead units in each hidden layer.")


def _weights(
    choices: Choices,
    starts: dict[int, tuple[Checkpoint, ...]],
    shown: dict[int, Checkpoint],
    layers: Sequence[int],
) -> None:
    rows = [
        figures.Row(
            choices.labels[start], choices.slots[start], _bars(points[0], layers), _bars(shown[start], layers)
        )
        for start, points in starts.items()
    ]
    every = [point for points in starts.values() for point in points]
    reach = np.max([[figures.widest(bars) for bars in _bars(point, layers)] for point in every], axis=0)
    names = [choices.architecture.layer_names[layer] for layer in layers]
    fig = figures.weights_grid(rows, names, reach.tolist())
    alt = "Histograms of each layer's weights, start by start."
    chart(fig, key="train.weights", height=int(fig.layout.height), alt=alt)


def _layers(names: Sequence[str], several: bool) -> list[int]:
    """Which layers to show: all, or six at a time when starts stand one under the other."""
    if not several or len(names) <= MOST:
        return list(range(len(names)))
    choices = {"evenly spread": figures.choose_layers(len(names), MOST)}
    for first in range(0, len(names), MOST):
        part = range(first, min(first + MOST, len(names)))
        choices[f"{names[part[0]]} to {names[part[-1]]}"] = list(part)
    shown = linked(
        "train", "layers", choices, lambda key: st.selectbox("Layers", list(choices), key=key, width=220)
    )
    return choices[str(shown)]


def _moment(job: Job, choices: Choices, starts: Sequence[tuple[Checkpoint, ...]]) -> int | None:
    """A slider over the epoch; None is its end."""
    steps = sorted({point.step for points in starts for point in points})[:-1]
    if not steps:
        return None
    moments = {str(step): f"{count(step * choices.batch_size)} images" for step in steps} | {"end": "end"}
    chosen = linked("train", "moment", moments, lambda key: st.select_slider(
        "Moment of the epoch", list(moments), key=key, format_func=moments.__getitem__,
    ), first="end")  # fmt: skip
    return None if chosen == "end" else int(chosen)


def _at(points: tuple[Checkpoint, ...], step: int | None) -> Checkpoint:
    """The network at a moment, or as it was last before."""
    past = [point for point in points if step is None or point.step <= step]
    return past[-1] if past else points[0]


def _bars(point: Checkpoint, layers: Sequence[int]) -> list[figures.Bars]:
    return [figures.Bars(*map(float, point.edges[layer]), point.counts[layer]) for layer in layers]
