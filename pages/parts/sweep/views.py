"""A sweep on its page: the live map, and the best value of each column beside theory."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from inits.engine.jobs import Job
from inits.experiments.summary import CHANCE
from inits.experiments.sweep import VARIED, Sweep
from inits.figures import style
from inits.figures.sweep import heat_map
from inits.initializers.activations import ACTIVATIONS, ELEMENTWISE
from inits.text import count, counted, duration, number, percent
from inits.theory.meanfield import critical_sigma_w2
from pages.parts.compute.engine_access import engine, waiting_words
from pages.parts.compute.job_control import (
    expected_time,
    has_left,
    stop_button,
    sweep_of,
    time_left,
    turn_words,
)
from pages.parts.experiment.cards import Card
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.page.gate import LATER, gate
from pages.parts.page.navigation import go
from pages.parts.page.notes import problem
from pages.parts.page.session import widget_key
from pages.parts.page.slides import live_controls, picture
from pages.parts.page.state import rerun
from pages.parts.sweep.builder import size_in_words
from pages.parts.widgets import tables
from pages.parts.widgets.chart import chart

POLL = 1.0  # seconds
GOOD = 0.9  # accuracy


def answer_before(place: DeltaGenerator, sweep: Sweep | None) -> None:
    """Show what to do and how long it takes."""
    if sweep is None:
        return
    missing = engine().results.missing_runs(sweep)
    time = expected_time(missing, live=False)
    words = f"Press Run. {size_in_words(sweep)}: {time}."
    if len(missing) < sweep.cells:
        stored = f"{count(sweep.cells - len(missing))} are already computed"
        words = f"Press Run. {size_in_words(sweep)}: {stored}; the rest takes {time}."
    place.markdown(words)


def theory_map(page: str, sweep: Sweep) -> None:
    """Draw the map without results: theory needs no training."""
    shape = len(sweep.values), len(sweep.columns)
    _map(page, sweep, np.full(shape, np.nan), np.zeros(shape, bool))


def live(page: str, job: Job, answer: DeltaGenerator, *, over: bool) -> None:
    """Show a sweep; unless it is `over`, follow it and run the page again at its end."""

    @st.fragment(run_every=None if over else POLL)
    @gate.inside(LATER)
    def follow() -> None:
        if (job.over.is_set() and not over) or has_left(page, job):
            rerun()
        sweep, values, diverged = sweep_of(job), *results(job)
        answer.markdown(_sentence(job, sweep, values, diverged))
        with st.container():
            if not over:
                _progress(page, job, values, diverged)
            if job.error:
                problem(job.error)
        _map(page, sweep, values, diverged)
        _best(sweep, values, over)
        if over:
            _cell_picker(page, sweep, values, diverged)

    follow()


def results(job: Job) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the test accuracy (rows, columns), NaN where there is none yet, and which cells diverged."""
    records = job.snapshot(0.0).records
    accuracies = [np.nan if r.test_accuracy is None else r.test_accuracy for r in records]
    diverged = [record.divergence is not None for record in records]
    shape = len(sweep_of(job).columns), len(sweep_of(job).values)
    return np.reshape(accuracies, shape).T, np.reshape(diverged, shape).T


def _sentence(job: Job, sweep: Sweep, values: NDArray[np.float64], diverged: NDArray[np.bool_]) -> str:
    done = int(np.isfinite(values).sum() + diverged.sum())
    if not job.over.is_set() and not done:
        return "Starting..." if engine().status.ready else waiting_words()
    if not done:
        return "Stopped before the first cell was complete; press Run to continue."
    good = int((values >= GOOD).sum())
    words = (
        f"**{count(good)} of {count(done)}** {'cells' if done > 1 else 'cell'} reached {percent(GOOD, 0)}."
    )
    words += f" {_best_cell(sweep, values) or 'No cell has learned.'}"
    if job.over.is_set():
        fresh = done - len(job.kept)
        if job.stopped:
            words += f" Stopped after {counted(done, 'cell')}; press Run to continue."
        if fresh > 0 and job.seconds:
            speed = number(fresh / job.seconds, 3)
            words += f" {counted(fresh, 'cell')} in {duration(job.seconds)}, {speed} per second."
        elif done and not fresh:
            words += " All results were already computed."
    return words


def _best_cell(sweep: Sweep, values: NDArray[np.float64]) -> str:
    """Return where the accuracy is highest, as a sentence; "" if no cell is better than chance."""
    if np.nanmax(values, initial=0.0) <= CHANCE:
        return ""
    row, column = np.unravel_index(np.nanargmax(values), values.shape)
    value, best = number(sweep.values[row]), percent(float(values[row, column]))
    return f"Best: {VARIED[sweep.varied].parameter} {value} with {_column(sweep, int(column))}, {best}."


def _column(sweep: Sweep, column: int) -> str:
    """Return the name of a column: "depth 3" or "tanh"."""
    what = sweep.columns[column]
    return ACTIVATIONS[what] if isinstance(what, str) else f"depth {what}"


def _progress(page: str, job: Job, values: NDArray[np.float64], diverged: NDArray[np.bool_]) -> None:
    done, cells = int(np.isfinite(values).sum() + diverged.sum()), values.size
    fresh = done - len(job.kept)
    with live_controls(page, "progress").container(horizontal=True, vertical_alignment="center", gap="small"):
        stop_button(page, job, all_of_them=False)
        words = f"{count(done)} of {counted(cells, 'cell')}"
        if fresh > 0 and job.seconds:
            speed = fresh / job.seconds
            words += f", {number(speed, 3)} per second, {time_left(job)}"
        else:
            words = turn_words(job) or f"{words}, compiling the first networks, {time_left(job)}"
        st.progress(done / cells, text=words)


def _critical(sweep: Sweep) -> tuple[list[float | None], list[float | None]]:
    """Return the critical σ_w² of each column, and the value of the parameter that has it."""
    names = [sweep.network(column).activation for column in range(len(sweep.columns))]
    wanted = [critical_sigma_w2(name, 0.0) if name in ELEMENTWISE else None for name in names]
    return wanted, sweep.critical(wanted)


def _map(page: str, sweep: Sweep, values: NDArray[np.float64], diverged: NDArray[np.bool_]) -> None:
    varied = VARIED[sweep.varied]
    wanted, critical = _critical(sweep)
    how = (
        "Percent. Click a cell to open it on Train. ×: diverged. Empty: not computed. Line: critical σ_w² without "
        "biases, where theory predicts that a signal neither vanishes nor explodes with depth."
    )
    known = {number(value) for value, at in zip(wanted, critical, strict=True) if value and at}
    name = f"critical: σ_w² = {known.pop()}" if len(known) == 1 else "critical"
    names = [ACTIVATIONS[c] if isinstance(c, str) else str(c) for c in sweep.columns]
    fig = heat_map(
        values,
        sweep.values,
        names,
        row_title=varied.parameter,
        column_title="activation" if sweep.across == "activation" else "hidden layers",
        critical=critical,
        critical_name=name,
        diverged=diverged,
    )
    alt = f"Test accuracy by {varied.parameter} and {sweep.across}."
    with picture("map", "Test accuracy after one epoch", how, "sweep", say=_best_cell(sweep, values)):
        point = chart(
            fig, key=widget_key(page, "map"), height=style.HERO, alt=alt, on_click=lambda point: None
        )
    if point is not None and point.customdata:
        _open(sweep, *map(int, point.customdata[:2]))


def _cell_picker(page: str, sweep: Sweep, values: NDArray[np.float64], diverged: NDArray[np.bool_]) -> None:
    """Draw the cells as a list, the best first, to open one without a mouse."""
    found = np.argwhere(np.isfinite(values) | diverged).tolist()
    if not found:
        return
    cells = sorted(map(tuple, found), key=lambda cell: -np.nan_to_num(values[cell], nan=-1.0))

    def words(cell: tuple[int, int]) -> str:
        row, column = cell
        result = "diverged" if np.isnan(values[cell]) else percent(float(values[cell]))
        return f"{VARIED[sweep.varied].parameter} {number(sweep.values[row])}, {_column(sweep, column)}: {result}"

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        cell = st.selectbox("Cell", cells, key=widget_key(page, "cell"), format_func=words, width=260)
        if st.button("Open on Train", icon=":material/play_circle:", key=widget_key(page, "open")):
            _open(sweep, *cell)


def _open(sweep: Sweep, row: int, column: int) -> None:
    """Open the Train page with one cell as the only start; its result is stored already."""
    run = sweep.runs[sweep.index(row, column)]
    choices = Choices(
        (Card(run.start),), run.network, run.optimizer, run.batch_size, run.seed, 1, run.dataset
    )
    go("train", TRAIN.format(choices))


def _best(sweep: Sweep, values: NDArray[np.float64], over: bool) -> None:
    """Show the best value of each column, so far or at the end, beside the critical one."""
    wanted, critical = _critical(sweep)
    there = [
        column for column in range(values.shape[1]) if np.nanmax(values[:, column], initial=0.0) > CHANCE
    ]
    if not there:
        return
    parameter = VARIED[sweep.varied].parameter
    how = "Columns that learned, with the critical value where theory has one."
    how = how if over else f"So far. {how}"
    rows = [int(np.nanargmax(values[:, column])) for column in there]
    table = {
        sweep.across: [_column(sweep, column) for column in there],
        f"best {parameter}": [number(sweep.values[row]) for row in rows],
        "test accuracy": [percent(float(values[row, c])) for row, c in zip(rows, there, strict=True)],
        f"critical {parameter}": [_or_none(critical[column]) for column in there],
        "critical σ_w²": [_or_none(wanted[column]) for column in there],
    }
    with picture("columns", "Best value of each column", how, "columns"):
        tables.table(table)


def _or_none(value: float | None) -> str:
    return "–" if value is None else number(value)
