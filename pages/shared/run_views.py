"""A run as the Train page shows it: live curves, what happens inside, the result."""

import csv
import io
import time

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.compute import Job
from inits.experiment import Experiment
from inits.figures import curves as curve_figures
from inits.figures import layers as layer_figures
from inits.figures import style
from inits.record import Checkpoint, Record
from inits.spec import InitializerSpec
from inits.words import count, counted, duration, number, percent
from inits.worker import keras_weights
from pages.shared import tables
from pages.shared.builder import Choices
from pages.shared.chart import chart
from pages.shared.engine import ask, engine, waiting_words
from pages.shared.kernel_views import heading

POLL = 0.5  # seconds
FLOPS = 5e10  # of one core, as measured; for the estimate before the first run
TRAINING_IMAGES = {"mnist": 60_000, "digits": 12_000}


def data_note(wanted: str) -> None:
    """Say plainly when the digits are not MNIST, and how to get MNIST."""
    status = engine().status
    if wanted == "mnist" and status.dataset == "digits":
        st.warning(
            "**These are not MNIST digits.** A stand-in of 1,797 real handwritten digits takes its place. "
            f"{status.why}",
            icon=":material/info:",
        )
        if st.button("Try to get MNIST again", key="train.retry", icon=":material/refresh:"):
            engine().find_data()
            st.rerun()
    elif wanted == "digits":
        st.info("The stand-in of 1,797 real handwritten digits, enlarged to 28 × 28. It is not MNIST.")


def answer_before(place: DeltaGenerator, choices: Choices, waiting: bool) -> None:
    """What to do, and how long it takes."""
    if waiting:
        place.markdown("The run starts by itself when the digits are there.")
        return
    dataset = engine().status.dataset or choices.data
    images = TRAINING_IMAGES[dataset]
    seconds = max(0.5, 6 * choices.architecture.parameters * images / FLOPS)
    ready = "" if engine().status.ready else f" {waiting_words()}"
    place.markdown(f"Press Run. One epoch of {count(images)} images takes about {duration(seconds)}.{ready}")


def live(job: Job, answer: DeltaGenerator) -> None:
    """Everything about a job; follows it by itself while it runs."""
    over = job.over.is_set()

    @st.fragment(run_every=None if over else POLL)
    def follow() -> None:
        if job.over.is_set() and not over:
            st.rerun()
        record = job.records[0]
        answer.markdown(_sentence(job, record))
        if not over:
            _progress(job, record)
        _trouble(job, record)
        if record.done or record.checkpoints:
            _curves(job, record)
            if over and record.done:
                _result(job, record)
            _inside(job, record)

    follow()


def _sentence(job: Job, record: Record) -> str:
    """The answer with its numbers."""
    experiment = job.experiment
    images = _images(experiment, record)
    if job.error:
        return job.error
    if record.divergence is not None:
        return f"The loss stopped being a number after **{count(images)} images**."
    if record.finished and record.test_accuracy is not None:
        last = record.checkpoints[-1]
        reached = _reached(experiment, record, 0.9)
        when = (
            f" It got 90% of new images right after {count(reached)}."
            if reached
            else " It never reached 90%."
        )
        return (
            f"**{percent(record.test_accuracy)}** of {count(last.held_out)} test images right after one epoch, "
            f"loss {last.loss:.3f}.{when}"
        )
    if record.stopped:
        return f"Stopped after **{count(images)} images**. Curves are kept."
    if not record.done:
        return "Starting." if engine().status.ready else waiting_words()
    seen = record.accuracies[-_window(record) :]
    return f"{count(images)} images seen. **{percent(float(seen.mean()))}** of the latest were right at first sight."


def _images(experiment: Experiment, record: Record) -> int:
    total = TRAINING_IMAGES.get(experiment.dataset, 0)
    images = record.done * experiment.batch_size
    return min(images, total) if record.done == record.steps and total else images


def _window(record: Record) -> int:
    """Batches of the running mean: a sixtieth of the epoch."""
    return max(1, record.steps // 60)


def _reached(experiment: Experiment, record: Record, accuracy: float) -> int | None:
    """Images seen until the running mean of the accuracy first reached a value."""
    window = _window(record)
    smooth = curve_figures.smooth(record.accuracies, window)
    there = np.flatnonzero(smooth[window - 1 :] >= accuracy)
    return int(there[0] + window) * experiment.batch_size if len(there) else None


def _progress(job: Job, record: Record) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("Stop", icon=":material/stop:", key="train.stop"):
            engine().stop(job)
        elapsed = time.monotonic() - job.began if job.began else 0.0
        speed = record.done / elapsed if elapsed > 0 and record.done else 0.0
        share = record.done / record.steps if record.steps else 0.0
        left = (record.steps - record.done) / speed if speed else 0.0
        words = (
            f"{count(record.done)} of {counted(record.steps, 'step')}, {count(round(speed))} steps per second, "
            f"about {duration(left)} left"
            if speed
            else "Compiling the network, about 2 s"
        )
        st.progress(min(share, 1.0), text=words)


def _trouble(job: Job, record: Record) -> None:
    if job.error:
        st.error(job.error, icon=":material/error:")
    why = record.divergence
    if why is None:
        return
    names = job.experiment.architecture.layer_names
    finite = np.nan_to_num(why.largest, nan=np.inf)
    worst = int(np.argmax(finite))
    rate = number(job.experiment.optimizer.learning_rate)
    where = (
        f" The first output that is not a number is that of {names[why.broken]}."
        if why.broken is not None
        else ""
    )
    steepest = int(np.argmax(np.nan_to_num(why.gradient, nan=np.inf)))
    st.error(
        f"Loss became {'infinite' if np.isinf(why.loss) else 'NaN'} at step {count(why.step)}. Just before, the "
        f"largest output was {number(float(why.largest[worst]), 2)} in {names[worst]}, and the largest gradient norm "
        f"{number(float(why.gradient[steepest]), 2)} in {names[steepest]}.{where} "
        f"Lower the learning rate ({rate}) or start with smaller weights.",
        icon=":material/error:",
    )


def _curves(job: Job, record: Record) -> None:
    experiment = job.experiment
    name = experiment.starts[0].kernel.label
    total = record.steps * experiment.batch_size
    images = (np.arange(1, record.done + 1) * experiment.batch_size).astype(np.float32)
    held = np.array([point.step * experiment.batch_size for point in record.checkpoints], np.float32)
    window = _window(record)

    def curve(raw, held_values) -> list[curve_figures.Curve]:
        smooth = curve_figures.smooth(raw, window)
        return [curve_figures.Curve(name, 0, images, raw, smooth, held, np.array(held_values, np.float32))]

    losses = curve(record.losses, [point.loss for point in record.checkpoints])
    accuracies = curve(record.accuracies, [point.accuracy for point in record.checkpoints])
    left, right = st.columns(2, gap="medium")
    with left:
        heading(
            "Loss",
            f"Line: mean of {window} batches. Points: held-out images. Log scale.".replace(
                "batchs", "batches"
            ),
        )
        alt = "Loss by images seen."
        chart(curve_figures.loss(losses, total), key="train.loss", height=style.HERO, alt=alt)
    with right:
        heading("Accuracy", "Every batch is new to the network when it is scored. Chance is 10%.")
        alt = "Accuracy by images seen."
        chart(curve_figures.accuracy(accuracies, total), key="train.accuracy", height=style.HERO, alt=alt)


def _inside(job: Job, record: Record) -> None:
    points = record.checkpoints
    if not points:
        return
    experiment = job.experiment
    names = experiment.architecture.layer_names
    shown = _moment(experiment, points)
    heading("Weights", "Line: at the start. Filled: at that moment. Each layer on its own axis.")
    fig = layer_figures.weights(_bars(points[0]), _bars(shown), names)
    chart(fig, key="train.weights", height=int(fig.layout.height), alt="Histogram of each layer's weights.")
    left, right = st.columns(2, gap="medium")
    first = points[0]
    with left:
        heading(
            "Gradient norm by layer", "On the same 128 images each time. Dotted: at the start. Log scale."
        )
        fig = layer_figures.by_layer(names, first.gradient, shown.gradient, 0, "gradient norm")
        chart(fig, key="train.gradient", height=style.SMALL, alt="Gradient norm of each layer's kernel.")
    with right:
        heading("Dead units by layer", "Units with the same output for all 128 images. Dotted: at the start.")
        fig = layer_figures.by_layer(
            names[:-1], first.dead[:-1], shown.dead[:-1], 0, "dead units", share=True
        )
        if len(names) > 1:
            chart(fig, key="train.dead", height=style.SMALL, alt="Share of dead units in each hidden layer.")
        else:
            st.markdown(":gray[There is no hidden layer.]")


def _moment(experiment: Experiment, points: tuple[Checkpoint, ...]) -> Checkpoint:
    """A slider over the epoch; stays at "now" until somebody moves it."""
    labels = {f"{count(point.step * experiment.batch_size)} images": point for point in points}
    options = [*labels, "now"]
    if st.session_state.get("train.moment") not in options:
        st.session_state["train.moment"] = "now"
    chosen = st.select_slider("Moment of the epoch", options, key="train.moment")
    return labels.get(str(chosen), points[-1])


def _bars(point: Checkpoint) -> list[layer_figures.Bars]:
    return [
        layer_figures.Bars(float(low), float(high), counts)
        for (low, high), counts in zip(point.edges, point.counts, strict=True)
    ]


def _result(job: Job, record: Record) -> None:
    heading("Result", "Time is that of the epoch with everything measured on the way.")
    images = record.done * job.experiment.batch_size
    last = record.checkpoints[-1] if record.checkpoints else None
    with st.container(horizontal=True, gap="medium"):
        if record.test_accuracy is not None and last is not None:
            st.metric("Test accuracy", percent(record.test_accuracy), width=150)
        st.metric("Time", duration(record.seconds), width=120)
        st.metric("Images per second", count(round(images / max(record.seconds, 1e-9))), width=180)
        st.metric("Steps", count(record.done), width=120)
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Curves (CSV)", curves_csv(job.experiment, record), "curves.csv", "text/csv",
            icon=":material/download:", key="train.csv", on_click="ignore",
        )  # fmt: skip
        if record.weights:
            st.download_button(
                "Weights (.weights.h5)",
                lambda: ask(keras_weights, job.experiment.architecture, record.weights) or b"",
                "model.weights.h5",
                "application/x-hdf5",
                icon=":material/download:",
                key="train.h5",
                on_click="ignore",
            )


def curves_csv(experiment: Experiment, record: Record) -> str:
    """One line a step; held-out numbers where they were measured."""
    held = {point.step: point for point in record.checkpoints}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["step", "images", "loss", "accuracy", "held_out_loss", "held_out_accuracy"])
    for step in range(record.done + 1):
        point = held.get(step)
        batch = (record.losses[step - 1], record.accuracies[step - 1]) if step else ("", "")
        measured = (point.loss, point.accuracy) if point else ("", "")
        writer.writerow([step, step * experiment.batch_size, *batch, *measured])
    return out.getvalue()


def model_table(choices: Choices) -> None:
    """The network as `Model.summary()` tells it, with what its weights start from."""
    net, kernel = choices.architecture, choices.start.kernel
    heading("The model", f"{counted(net.parameters, 'parameter')}, as `Model.summary()` tells it.")
    outputs = [shape[1] for shape in net.kernel_shapes]
    tables.table(
        {
            "layer": [f"Dense ({name})" for name in net.layer_names],
            "output shape": [f"(None, {units})" for units in outputs],
            "parameters": [count((fan_in + 1) * units) for fan_in, units in net.kernel_shapes],
            "activation": [net.activation] * len(net.hidden) + ["logits"],
            "std at the start": [_std(kernel, shape) for shape in net.kernel_shapes],
            "$\\sigma_w^2$": [_std(kernel, shape, gain=True) for shape in net.kernel_shapes],
        }
    )


def _std(kernel: InitializerSpec, shape: tuple[int, int], gain: bool = False) -> str:
    try:
        law = kernel.law(shape)
    except ValueError:
        return "not for this shape"
    if law is None:
        return ""
    return number(kernel.fans(shape)[0] * law.std**2, 3) if gain else number(law.std)
