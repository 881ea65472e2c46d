"""What happens inside a network while it learns, layer by layer, at any moment of the epoch."""

import numpy as np
import streamlit as st

from inits.experiment import Experiment
from inits.figures import layers as figures
from inits.figures import style
from inits.record import Checkpoint, Record
from inits.words import count
from pages.shared.chart import chart
from pages.shared.kernel_views import heading


def inside(experiment: Experiment, record: Record, running: bool) -> None:
    points = record.checkpoints
    if not points:
        return
    names = experiment.architecture.layer_names
    shown = _moment(experiment, points, running)
    heading("Weights", "Line: at the start. Filled: at that moment. Each layer on its own axis.")
    reach = np.max([[figures.widest(bars) for bars in _bars(point)] for point in points], axis=0).tolist()
    fig = figures.weights(_bars(points[0]), _bars(shown), names, reach=reach)
    chart(fig, key="train.weights", height=int(fig.layout.height), alt="Histogram of each layer's weights.")
    every = [point.gradient for point in points]
    left, right = st.columns(2, gap="medium")
    first = points[0]
    with left:
        heading(
            "Gradient norm by layer", "On the same 128 images each time. Dotted: at the start. Log scale."
        )
        fig = figures.by_layer(names, first.gradient, shown.gradient, 0, "gradient norm", every=every)
        chart(fig, key="train.gradient", height=style.SMALL, alt="Gradient norm of each layer's kernel.")
    with right:
        heading("Dead units by layer", "Units with the same output for all 128 images. Dotted: at the start.")
        fig = figures.by_layer(names[:-1], first.dead[:-1], shown.dead[:-1], 0, "dead units", share=True)
        if len(names) > 1:
            chart(fig, key="train.dead", height=style.SMALL, alt="Share of dead units in each hidden layer.")
        else:
            st.markdown(":gray[There is no hidden layer.]")


def _moment(experiment: Experiment, points: tuple[Checkpoint, ...], running: bool) -> Checkpoint:
    """A slider over the epoch; stays at its end until somebody moves it."""
    moments = {f"{count(point.step * experiment.batch_size)} images": point for point in points}
    if not running:
        moments.pop(list(moments)[-1])
    end = "now" if running else "end"
    options = [*moments, end]
    if st.session_state.get("train.moment") not in options:
        st.session_state["train.moment"] = end
    chosen = st.select_slider("Moment of the epoch", options, key="train.moment") if moments else end
    return moments.get(str(chosen), points[-1])


def _bars(point: Checkpoint) -> list[figures.Bars]:
    return [
        figures.Bars(float(low), float(high), counts)
        for (low, high), counts in zip(point.edges, point.counts, strict=True)
    ]
