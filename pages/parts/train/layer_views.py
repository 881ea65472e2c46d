"""Weights, gradients and dead units of each start by layer, at any measured step of the epoch."""

from collections.abc import Sequence

import streamlit as st

from inits.engine.jobs import Snapshot
from inits.experiments.record import Checkpoint, Record
from inits.text import count
from pages.parts.experiment.choices import Choices
from pages.parts.page.shared_cache import shared_figures
from pages.parts.page.slides import live_controls
from pages.parts.page.state import linked
from pages.parts.train import pictures
from pages.parts.train.pictures import MAX_COLUMNS


def inside(moment: Snapshot, choices: Choices, groups: Sequence[Sequence[Record]], running: bool) -> None:
    """Show weights, gradients and dead units of the first seed: now, and after the run at any measured step."""
    points = pictures.first_points(groups)
    if not points:
        return
    # Always there: otherwise the charts would be replaced when the slider appears.
    with live_controls("train", "moment", slides=("weights", "gradients", "dead")):
        step = None if running else _moment(choices, list(points.values()))
    chosen, when = _layers(choices), pictures.moment(choices, step, running)
    drawn, *found = shared_figures().get_or_make(
        (choices, tuple(points.items()), step, when, *chosen),
        lambda: [
            pictures.weights(choices, points, step, chosen, when),
            *pictures.by_layer(choices, points, step, when),
        ],
    )
    drawn.show()
    columns = st.columns(2, gap="medium")
    for column, picture in zip(columns, found, strict=False):
        with column:
            picture.show()
    if len(found) == 1:
        columns[1].markdown(
            ":gray[The network has no hidden layer. Add one above to see its dead units here.]"
        )


def _layers(choices: Choices) -> list[int]:
    """Return the layers to show: all, or six at a time if there are several starts."""
    names, usual = choices.network.layer_names, pictures.usual_layers(choices)
    if len(usual) == len(names):
        return usual
    options = {"evenly spread": usual}
    for first in range(0, len(names), MAX_COLUMNS):
        part = range(first, min(first + MAX_COLUMNS, len(names)))
        options[f"{names[part[0]]} to {names[part[-1]]}"] = list(part)
    with live_controls("train", "layers", slides=("weights",)):
        shown = linked(
            "train", "layers", options, lambda key: st.selectbox("Layers", list(options), key=key, width=180)
        )
    return options[str(shown)]


def _moment(choices: Choices, starts: Sequence[tuple[Checkpoint, ...]]) -> int | None:
    """Draw a slider over the measured steps; return the step, or None for the end."""
    steps = sorted({point.step for points in starts for point in points})[:-1]
    if not steps:
        return None
    moments = {str(step): f"{count(step * choices.batch_size)} images" for step in steps} | {"end": "end"}
    chosen = linked("train", "moment", moments, lambda key: st.select_slider(
        "Moment of the epoch", list(moments), key=key, format_func=moments.__getitem__,
    ), first="end")  # fmt: skip
    return None if chosen == "end" else int(chosen)
