"""One parameter over a grid, by depth or by activation: where a network learns, and where theory says it does."""

import streamlit as st

from inits.data.datasets import DEFAULT
from inits.errors import InitsError
from inits.experiments.sweep import Sweep
from pages.parts.compute.data_note import data_note
from pages.parts.compute.engine_access import engine, known_dataset, wait_for
from pages.parts.compute.job_control import left_note, session_id, sweep_of, watch
from pages.parts.compute.phase import (
    Phase,
    Situation,
    cancel_request,
    request_run,
    situation,
    start_requested,
)
from pages.parts.lessons.bar import lesson_bar
from pages.parts.page import session
from pages.parts.page.header import setup
from pages.parts.page.notes import literal, problem
from pages.parts.page.refusals import refusal
from pages.parts.page.slides import live_controls, previous_results
from pages.parts.page.state import rerun
from pages.parts.sweep.builder import SWEEP, Grid, in_words, sweep_builder
from pages.parts.sweep.views import answer_before, live, theory_map

PAGE = SWEEP.page


def main() -> None:
    setup(PAGE)
    grid = SWEEP.load()
    lesson_bar(PAGE)
    st.title("How large should the weights be?")
    # The containers are the same in every phase: otherwise the map would be replaced when the job ends.
    answer, controls, notes = st.empty(), live_controls(PAGE), st.container()
    editable, sweep = situation(PAGE, plan(grid)).phase is not Phase.RUNNING, None
    if editable:
        with controls:
            grid, sweep = edited(grid)
    if sweep is not None or not editable:  # otherwise a link to the grid would not open
        SWEEP.save(grid)
    with notes:
        data_note(PAGE, grid.data)
        if known := plan(grid):
            start_requested(PAGE, lambda: engine().run(known, session=session_id()))

    now = situation(PAGE, known)
    if editable is (now.phase is Phase.RUNNING):
        rerun()  # the sweep has ended, or another session has started the new settings
    match now.phase:
        case Phase.IDLE:
            answer_before(answer, sweep)
            with notes:
                left_note(PAGE)
            if sweep is not None:
                theory_map(PAGE, sweep)
            if not engine().status.ready:
                wait_for(lambda: engine().status.ready)
        case Phase.WAITING:
            answer.markdown("The sweep starts as soon as the digits are loaded.")
            wait_for(lambda: known_dataset(grid.data) is not None)
        case Phase.RUNNING | Phase.DONE:
            assert now.job is not None
            with notes:
                shown_grid(sweep_of(now.job), now, changed=editable and known is not None)
            watch(PAGE, now.job)
            live(PAGE, now.job, answer, over=now.phase is Phase.DONE)


def shown_grid(sweep: Sweep, now: Situation, *, changed: bool) -> None:
    """Describe the sweep on the page while there are no controls, and when the controls differ from it."""
    words = literal(in_words(sweep))
    if now.phase is Phase.RUNNING:
        st.markdown(f":small[:gray[Sweeping {words}.]]")
    elif changed and not now.current:
        previous_results(
            PAGE, f"These results are for the previous grid: {words}. Press Run for the new one."
        )


def edited(grid: Grid) -> tuple[Grid, Sweep | None]:
    """Draw the controls; return the grid and its sweep, None after showing why there is none."""
    grid, pressed = sweep_builder(PAGE, grid)
    refusal(PAGE)
    sweep = drawable(grid)
    if sweep is None:
        cancel_request(PAGE)
    elif pressed and PAGE not in session.REFUSAL:
        request_run(PAGE)
    return grid, sweep


def drawable(grid: Grid) -> Sweep | None:
    """Return the sweep of a grid, before the data set is known too; show the reason if there is none."""
    try:
        return grid.sweep(known_dataset(grid.data) or DEFAULT)
    except InitsError as error:
        problem(str(error))
        return None


def plan(grid: Grid) -> Sweep | None:
    """Return the sweep that Run would start; None until the data set is known, or if the grid is not valid."""
    try:
        dataset = known_dataset(grid.data)
        return grid.sweep(dataset) if dataset else None
    except InitsError:
        return None


main()
