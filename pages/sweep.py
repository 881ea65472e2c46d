"""One parameter over a grid, by depth or by activation: where a network learns, and where theory says it does."""

import streamlit as st

from inits.engine.engine import Job
from inits.experiments.sweep import Sweep
from pages.parts.compute.data_note import data_note
from pages.parts.compute.engine_access import engine, take_up, wait_for
from pages.parts.compute.job_control import come_back, has_left, left_note, session, watch
from pages.parts.page import state
from pages.parts.page.header import setup
from pages.parts.page.refusals import refusal
from pages.parts.sweep.builder import DEFAULTS, Grid, possible, size_in_words, sweep_builder, understood
from pages.parts.sweep.views import answer_before, before, live

PAGE = "sweep"
SHOWN, PENDING = f"{PAGE}:shown", f"{PAGE}:pending"  # the job on the page; Run was pressed early


def main() -> None:
    setup("Sweep")
    grid = understood(state.load(PAGE, DEFAULTS))
    st.title("How large should the weights be?")
    # The places stay the same whether a job runs or not: else the map would be a new one when it ends.
    answer, controls, notes = st.empty(), st.container(), st.container()
    last: Job | None = st.session_state.get(SHOWN)
    running = last is not None and not last.over.is_set()
    sweep = None
    if not running:
        with controls:
            grid, pressed = sweep_builder(PAGE, grid)
            refusal(PAGE)
        sweep = possible(grid, dataset(grid) or "mnist")
        if pressed and sweep is not None:
            st.session_state[PENDING] = True
    state.save(PAGE, grid.texts(), DEFAULTS)
    with notes:
        data_note(PAGE, grid.data)
    job = last if running else find(grid, sweep) or last
    start_pending(grid, sweep)

    if job is not None:
        st.session_state[SHOWN] = job
        if sweep is not None and job.plan.key != sweep.key:
            notes.info(
                f"Shown: {size_in_words(job.plan)}. Press Run for the new grid.", icon=":material/history:"
            )
        watch(PAGE, job)
        live(PAGE, job, answer)
    elif PENDING in st.session_state:
        answer.markdown("The sweep starts by itself as soon as the digits are there.")
        wait_for(lambda: dataset(grid) is not None)
    else:
        answer_before(answer, sweep)
        with notes:
            left_note(PAGE)
        if sweep is not None:
            before(PAGE, sweep)
        if not engine().status.ready:
            wait_for(lambda: engine().status.ready)


def dataset(grid: Grid) -> str | None:
    """The digits to learn; None while it is not known whether MNIST can be had."""
    return "digits" if grid.data == "digits" else engine().status.dataset


def find(grid: Grid, sweep: Sweep | None) -> Job | None:
    """The job of this sweep, by whomever, unless this person has left it."""
    job = engine().find(sweep) if sweep is not None and dataset(grid) else None
    return None if job is not None and has_left(PAGE, job) else job


def start_pending(grid: Grid, sweep: Sweep | None) -> None:
    """Run what was asked for, as soon as it can be."""
    if PENDING in st.session_state and sweep is not None and dataset(grid) is not None:
        come_back(PAGE)
        take_up(PAGE, lambda: engine().run(sweep, session=session()))


main()
