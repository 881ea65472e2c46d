"""The controls of the Sweep page, and the grid that they describe."""

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import streamlit as st

from inits.data.datasets import DEFAULT
from inits.errors import SpecError
from inits.experiments.experiment import MAX_BATCH
from inits.experiments.network import MAX_LAYERS, MAX_UNITS
from inits.experiments.sweep import ACROSS, VARIED, Sweep, activations, depths
from inits.experiments.sweep import grid as steps
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.spec import OptimizerSpec
from inits.seeds import MAX_SEED
from inits.text import counted, exact
from pages.parts.experiment.builder import batch_box, chosen_optimizer, learning_rate, optimizer_controls
from pages.parts.experiment.choices import DATA, optimizer_in_words, other_data
from pages.parts.page.address import Address, Field, one_of, positive, whole
from pages.parts.page.refusals import refusal_inside
from pages.parts.page.session import seeded, widget_key, widget_value
from pages.parts.widgets.box import box_value, number_box, set_box

LABELS = {"low": "From", "high": "To", "values": "Values", "width": "Units per hidden layer", "seed": "Seed"}
VALUES, DEPTHS, WIDTHS = (
    ("5", "8", "12", "16", "20"),
    ("5", "10", "20", "50"),
    ("16", "32", "64", "128", "256"),
)
NAMES = {"depth": "Depth", "activation": "Activation"}
NUMBER, SELECT = 100, 150  # widths in pixels
MAX_VALUES = 40


@dataclass(frozen=True)
class Grid:
    """The values of the controls."""

    vary: str
    low: float
    high: float
    values: int
    across: str
    depth: int
    activation: str
    activations: tuple[str, ...]
    width: int
    optimizer: OptimizerSpec
    batch: int
    seed: int
    data: str

    def sweep(self, dataset: str) -> Sweep:
        """Return the sweep over this grid. Raises SpecError if the grid is not valid."""
        if self.low >= self.high:
            ends = f"{exact(self.low)} and {exact(self.high)}"
            raise SpecError(f"{LABELS['low']} must be smaller than {LABELS['high']}, but got {ends}.")
        return _sweep_of(self, dataset)


@lru_cache(maxsize=16)
def _sweep_of(grid: Grid, dataset: str) -> Sweep:
    """Return the sweep over a grid, the same object for equal arguments: it keeps its runs and its key."""
    return Sweep(
        varied=grid.vary,
        values=steps(grid.low, grid.high, grid.values),
        across=grid.across,
        columns=depths(grid.depth) if grid.across == "depth" else activations(grid.activations),
        width=grid.width,
        depth=grid.depth,
        activation=grid.activation,
        optimizer=grid.optimizer,
        batch_size=grid.batch,
        seed=grid.seed,
        dataset=dataset,
    )


def _read_activations(text: str) -> tuple[str, ...]:
    return activations([name for name in text.split(",") if name])


SWEEP = Address("sweep", Grid, (
    Field("vary", "stddev", one_of("vary", VARIED)),
    Field("low", "0.01", positive(LABELS["low"]), lambda grid: exact(grid.low)),
    Field("high", "1", positive(LABELS["high"]), lambda grid: exact(grid.high)),
    Field("values", "12", whole(LABELS["values"], 2, MAX_VALUES)),
    Field("across", "depth", one_of("across", ACROSS)),
    Field("depth", "10", whole("Depth", 1, MAX_LAYERS)),
    Field("activation", "tanh", one_of("activation", ACTIVATIONS)),
    Field("activations", "relu,tanh,sigmoid,linear,elu,selu,gelu,silu", _read_activations,
          lambda grid: ",".join(grid.activations)),
    Field("width", "64", whole(LABELS["width"], 1, MAX_UNITS)),
    Field("optimizer", "SGD(learning_rate=0.1, momentum=0.0, nesterov=False)", OptimizerSpec.parse),
    Field("batch", "128", whole("batch", 1, MAX_BATCH)),
    Field("seed", "0", whole(LABELS["seed"], 0, MAX_SEED)),
    Field("data", DEFAULT, one_of("data", DATA)),
))  # fmt: skip
"""The address of the Sweep page."""


def sweep_builder(page: str, grid: Grid) -> tuple[Grid, bool]:
    """Draw the controls; return the grid, and True if Run was pressed."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        grid = _rows(page, grid)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        grid = _columns(page, grid)
        optimizer = chosen_optimizer(page, grid.optimizer)
        learning_rate(page, optimizer)
        grid = _rest(page, replace(grid, optimizer=optimizer))
        run = st.button("Run", icon=":material/play_arrow:", type="primary", key=widget_key(page, "run"))
    if grid.across == "activation":
        several = st.pills(
            "Activations", list(ACTIVATIONS), key=seeded(widget_key(page, "activations"), list(grid.activations)),
            format_func=ACTIVATIONS.__getitem__, selection_mode="multi",
        )  # fmt: skip
        grid = replace(grid, activations=activations(several))
    return grid, run


def _rows(page: str, grid: Grid) -> Grid:
    """Draw the controls for the parameter that varies from row to row."""
    vary = st.selectbox(
        "Varied", list(VARIED), key=seeded(widget_key(page, "vary"), grid.vary), width=240,
        format_func=lambda key: VARIED[key].title, on_change=partial(_usual_range, page),
    )  # fmt: skip
    low, high, values = (
        _box(page, grid, name, width=NUMBER, options=options)
        for name, options in (("low", ()), ("high", ()), ("values", VALUES))
    )
    return replace(grid, vary=vary, low=low, high=high, values=values)


def _box(page: str, grid: Grid, name: str, **settings: Any) -> Any:
    """Draw a box for a number of the grid, read as in the address; return the number."""
    read, now = SWEEP.field(name).read, getattr(grid, name)
    assert read is not None
    return number_box(LABELS[name], widget_key(page, name), now, read, scope=page, **settings)


def _columns(page: str, grid: Grid) -> Grid:
    """Draw the controls for what differs from column to column."""
    across = st.selectbox(  # as tall as the boxes beside it
        "By",
        ACROSS,
        key=seeded(widget_key(page, "across"), grid.across),
        format_func=NAMES.__getitem__,
        width=120,
    )
    words = "Depth, up to" if across == "depth" else "Hidden layers"
    key, read = widget_key(page, "depth"), whole(words, 1, MAX_LAYERS)
    depth = number_box(words, key, grid.depth, read, scope=page, width=120, options=DEPTHS)
    grid = replace(grid, across=str(across), depth=depth)
    if across != "depth":
        return grid
    activation = st.selectbox(
        "Activation", list(ACTIVATIONS), key=seeded(widget_key(page, "activation"), grid.activation),
        format_func=ACTIVATIONS.__getitem__, width=SELECT,
    )  # fmt: skip
    return replace(grid, activation=activation)


def _usual_range(page: str) -> None:
    varied = VARIED[widget_value(widget_key(page, "vary"))]
    set_box(widget_key(page, "low"), varied.low)
    set_box(widget_key(page, "high"), varied.high)


def _rest(page: str, grid: Grid) -> Grid:
    """Draw the popover with the other controls; its label states their values."""
    data_key = seeded(widget_key(page, "data"), grid.data)
    width, batch = (box_value(widget_key(page, name), getattr(grid, name)) for name in ("width", "batch"))
    label = f"width {width}, {grid.optimizer.name}, batch {batch}"
    label += other_data(widget_value(data_key))
    with st.popover(label, icon=":material/tune:", key=widget_key(page, "rest")):
        width = _box(page, grid, "width", options=WIDTHS)
        optimizer_controls(page, grid.optimizer)
        batch = batch_box(page, grid.batch)
        seed = _box(page, grid, "seed", help="Used for every cell.")
        data = st.selectbox("Data", list(DATA), key=data_key, format_func=DATA.__getitem__)
        refusal_inside(page)
    return replace(grid, width=width, batch=batch, seed=seed, data=data)


def in_words(sweep: Sweep) -> str:
    """Return a sweep in one line: what varies, over which network, and how each cell is trained."""
    ends = f"from {exact(sweep.values[0])} to {exact(sweep.values[-1])}"
    if sweep.across == "depth":
        network = f"{ACTIVATIONS[sweep.activation]}, width {sweep.width}"
    else:
        names = ", ".join(ACTIVATIONS[str(name)] for name in sweep.columns)
        network = f"{names}; {counted(sweep.depth, 'hidden layer')} of {counted(sweep.width, 'unit')}"
    training = f"{optimizer_in_words(sweep.optimizer)}, batch {sweep.batch_size}, seed {sweep.seed}"
    what = f"{VARIED[sweep.varied].title} {ends}; {size_in_words(sweep)}"
    return f"{what}; {network}; {training}, {DATA[sweep.dataset]}"


def size_in_words(sweep: Sweep) -> str:
    """Return the size of a sweep: "20 values × 10 depths, 200 cells"."""
    columns = counted(len(sweep.columns), sweep.across, "s")
    return f"{counted(len(sweep.values), 'value')} × {columns}, {counted(sweep.cells, 'cell')}"
