"""The pictures of an experiment, for the Train page and for the report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np

from inits.data.datasets import DATASETS
from inits.experiments.record import Checkpoint, Record
from inits.figures import curves as curve_figures
from inits.figures import layers as layer_figures
from inits.figures import style
from inits.figures import weights as weight_figures
from inits.figures.curve_data import start_curves
from inits.text import count, counted, number, percent
from pages.parts.experiment.choices import Choices
from pages.parts.page.notes import literal
from pages.parts.page.session import widget_key
from pages.parts.page.slides import picture
from pages.parts.widgets.chart import draw, payload

LEAD = "loss"  # the picture with which the presenter view begins
MOST_SAID = 4  # starts in a sentence
MEAN_OF = 1000  # images, of the running mean
AT_THE_END = "at the end"
MAX_COLUMNS = 6  # layers beside each other if there are several starts
Points = Mapping[int, tuple[Checkpoint, ...]]
"""The checkpoints of the first seed, by start."""


@dataclass(frozen=True)
class Picture:
    """A figure with its title, one line on how to read it, its text alternative, and one sentence about it."""

    key: str
    title: str
    how: str
    fig: InitVar[Any]
    height: int
    alt: str
    say: str = ""  # for the presenter view
    data: bytes = field(init=False, repr=False)  # as sent to the browser

    def __post_init__(self, fig: Any) -> None:
        object.__setattr__(self, "data", payload(fig, key=self.place, alt=self.alt, clicks=False))

    @property
    def place(self) -> str:
        """The key of its chart on the page."""
        return widget_key("train", self.key)

    def show(self) -> None:
        """Draw the picture in its place, with the cheat sheet of its key."""
        with picture(self.key, self.title, self.how, self.key, say=self.say, lead=self.key == LEAD):
            draw(self.data, key=self.place, height=self.height)


def curves(choices: Choices, groups: Sequence[Sequence[Record]], over: bool) -> list[Picture]:
    """Return the curves of loss and accuracy by images seen."""
    window, several = max(1, round(MEAN_OF / choices.batch_size)), len(groups) > 1 or choices.seeds > 1
    records = [record for group in groups for record in group]
    images = max(record.images for record in records)
    stopped = over and not any(record.finished for record in records)
    total = max(record.images_done(choices.batch_size) for record in records) if stopped else images
    pairs = [
        start_curves(name, slot, group, choices.batch_size, window, raw=not several)
        for name, slot, group in zip(choices.labels, choices.slots, groups, strict=True)
    ]
    mean = f"mean of {counted(window, 'batch', 'es')}"
    line = f"Line: {mean}" if several else f"Line: {mean}; thin: each batch"
    if choices.seeds > 1:
        line = f"Line: median of {_seeds_shown(groups, choices.seeds, over)}; band: their range"
    total = max(total, choices.batch_size)
    cut = curve_figures.cut_above([loss for loss, _ in pairs])
    scale = f"Log scale, cut above {number(cut, 2)}." if cut else "Log scale."
    how = f"{line}. Points: held-out images. {scale}"
    last = {start: points[-1] for start, points in first_points(groups).items()}
    losses = _said("Held-out loss", choices, last, lambda now: number(now.loss, 3))
    shares = _said("Right on held-out images", choices, last, lambda now: percent(now.accuracy))
    loss = curve_figures.loss([loss for loss, _ in pairs], total, style.CURVES)
    scored = f"{DATASETS[choices.data].scoring} Dotted: guessing, 10%."
    right = curve_figures.accuracy([accuracy for _, accuracy in pairs], total, style.CURVES)
    return [
        Picture("loss", "Loss", how, loss, style.CURVES, "Loss by images seen.", losses),
        Picture("accuracy", "Accuracy", scored, right, style.CURVES, "Accuracy by images seen.", shares),
    ]


def _seeds_shown(groups: Sequence[Sequence[Record]], seeds: int, over: bool) -> str:
    """Return how many seeds the curves of the starts show: 20 seeds, 2 of 20 seeds, 2 to 4 of 20 seeds.

    A seed that was stopped is part of a curve only as far as it went, and a start that has not begun has no curve.
    """
    began = [[record for record in group if record.done] for group in groups]
    whole = [sum(not (over and record.stopped) for record in group) for group in began if group]
    low, high = min(filter(None, whole), default=0), max(map(len, began), default=0)
    if low == seeds:
        return f"{seeds} seeds"
    return f"{low} of {seeds} seeds" if low == high else f"{low} to {high} of {seeds} seeds"


def _said(
    what: str, choices: Choices, points: Mapping[int, Checkpoint], value: Callable[[Checkpoint], str]
) -> str:
    """Return a value of each start as a sentence for the presenter view; "" if there are none or too many to say.

    That of a start which was stopped or has diverged is older than the others, so its place in the epoch is said.
    """
    last = max((point.step for point in points.values()), default=0)

    def said(start: int, point: Checkpoint) -> str:
        early = f" (after {count(point.step * choices.batch_size)} images)" if point.step < last else ""
        return f"{literal(choices.labels[start])} **{value(point)}**{early}"

    found = ", ".join(said(start, point) for start, point in points.items())
    return f"{what}: {found}." if 0 < len(points) <= MOST_SAID else ""


def _first_over_last(point: Checkpoint) -> str:
    first, last = float(point.gradient[0]), float(point.gradient[-1])
    return number(first / last, 2) if last else "none"


def first_points(groups: Sequence[Sequence[Record]]) -> Points:
    """Return the checkpoints of the first seed of each start that has begun."""
    return {start: group[0].checkpoints for start, group in enumerate(groups) if group[0].checkpoints}


def moment(choices: Choices, step: int | None, running: bool = False) -> str:
    """Return in words which moment of the epoch a picture shows: after `step` steps, or the last one measured."""
    if step is not None:
        return f"after {count(step * choices.batch_size)} images"
    return "so far" if running else AT_THE_END


def weights(
    choices: Choices, points: Points, step: int | None, layers: Sequence[int], when: str = AT_THE_END
) -> Picture:
    """Return histograms of the weights after `step` steps by layer; None is the end. `when` says it in words."""
    rows = [
        weight_figures.Row(
            choices.labels[start],
            choices.slots[start],
            _bars(found[0], layers),
            _bars(_at(found, step), layers),
        )
        for start, found in points.items()
    ]
    every = [point for found in points.values() for point in found]
    reach = np.max(
        [[weight_figures.widest(bars) for bars in _bars(point, layers)] for point in every], axis=0
    )
    names = [choices.network.layer_names[layer] for layer in layers]
    fig = weight_figures.weights_grid(rows, names, reach.tolist())
    axis = "Each column has its own scale." if len(choices.cards) > 1 else "Each layer has its own scale."
    how = f"Line: at the start. Filled: {when}. {axis}{_of_seed(choices)}"
    alt = "Histograms of each layer's weights, start by start."
    return Picture("weights", f"Weights {when}", how, fig, int(fig.layout.height), alt)


def by_layer(choices: Choices, points: Points, step: int | None, when: str = AT_THE_END) -> list[Picture]:
    """Return gradient norms after `step` steps and, if there are hidden layers, their dead units; see `weights`."""
    names, seed = choices.network.layer_names, _of_seed(choices)
    before = "" if len(choices.cards) > 1 else " Dotted: at the start."
    every = np.concatenate([np.ravel([p.gradient for p in found]) for found in points.values()])
    shown = {start: (found[0], _at(found, step)) for start, found in points.items()}
    now = {start: one for start, (_, one) in shown.items()}
    norms = [_series(choices, start, one.gradient, other.gradient) for start, (one, other) in shown.items()]
    none = literal(layer_figures.silent(names, norms))
    dead = [_series(choices, start, one.dead[:-1], other.dead[:-1]) for start, (one, other) in shown.items()]
    found = [
        Picture(
            "gradients",
            f"Gradient norm by layer {when}",
            f"On the same 128 images at every step.{before} Log scale.{seed} {none}".strip(),
            layer_figures.by_layer(names, norms, "gradient norm", every=every),
            style.SMALL,
            "Gradient norm of each layer's kernel.",
            _said(f"Gradient {when}, first layer over last", choices, now, _first_over_last),
        )
    ]
    if len(names) > 1:
        found.append(
            Picture(
                "dead",
                f"Dead units by layer {when}",
                f"Units with the same output for all 128 images.{before}{seed}",
                layer_figures.by_layer(names[:-1], dead, "dead units", share=True),
                style.SMALL,
                "Share of dead units in each hidden layer.",
                _said(
                    f"Dead units {when}, in the worst layer",
                    choices,
                    now,
                    lambda one: percent(one.dead[:-1].max(), 0),
                ),
            )
        )
    return found


def usual_layers(choices: Choices) -> list[int]:
    """Return the layers shown by default: all, or six if there are several starts."""
    count = len(choices.network.layer_names)
    few = len(choices.cards) == 1 or count <= MAX_COLUMNS
    return list(range(count)) if few else layer_figures.choose_layers(count, MAX_COLUMNS)


def _series(choices: Choices, start: int, before: Any, now: Any) -> layer_figures.Series:
    return layer_figures.Series(choices.labels[start], choices.slots[start], before, now)


def _of_seed(choices: Choices) -> str:
    return f" Seed {choices.seed}." if choices.seeds > 1 else ""


def _at(points: tuple[Checkpoint, ...], step: int | None) -> Checkpoint:
    """Return the last checkpoint up to a step; None is the end."""
    past = [point for point in points if step is None or point.step <= step]
    return past[-1] if past else points[0]


def _bars(point: Checkpoint, layers: Sequence[int]) -> list[weight_figures.Bars]:
    return [
        weight_figures.Bars(float(point.edges[layer][0]), float(point.edges[layer][1]), point.counts[layer])
        for layer in layers
    ]
