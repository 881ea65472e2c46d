"""The phase of a page that runs jobs: idle, waiting for the data set, running or done."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import streamlit as st

from inits.engine.jobs import Job, Plan
from pages.parts.compute.engine_access import engine, take_up
from pages.parts.compute.job_control import come_back, has_left
from pages.parts.page import session
from pages.parts.page.state import run_again

LOOK = 2.0  # seconds between two looks for a run that another session has started


class Phase(Enum):
    """Phase of a page that runs jobs."""

    IDLE = "idle"  # no job to show
    WAITING = "waiting"  # Run was pressed before the data set was known
    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True)
class Situation:
    """A page's phase and its job.

    Attributes:
        phase: the phase of the page.
        job: the job to show, if there is one; never None when the phase is RUNNING or DONE.
        current: True if the job is that of the page's controls.
    """

    phase: Phase
    job: Job | None = None
    current: bool = False


def decide(
    shown: Job | None, found: Job | None, *, left: Callable[[Job], bool], pending: bool, key: str | None
) -> Situation:
    """Return the situation of a page.

    A job stays on the page while it runs. Afterwards the job of the page's controls takes its place, if there is one,
    regardless of who started it.

    Args:
        shown: the job that the page showed last.
        found: the job of the page's controls.
        left: returns True for a job that this session has left while it runs on for others.
        pending: True if Run was pressed and the run has not begun.
        key: the key of the plan that the controls describe; None if there is no such plan.
    """
    shown, found = (None if job is None or left(job) else job for job in (shown, found))
    job = shown if shown is not None and not shown.over.is_set() else found or shown
    phase = Phase.WAITING if pending else Phase.IDLE
    if job is None:
        return Situation(phase)
    if not job.over.is_set():
        phase = Phase.RUNNING
    elif not pending:
        phase = Phase.DONE
    return Situation(phase, job, job.plan.key == key)


def situation(page: str, plan: Plan | None) -> Situation:
    """Return the situation of a page whose controls describe `plan`, and remember the job that it shows."""
    now = decide(
        session.JOB.get(page),
        engine().find(plan) if plan is not None else None,
        left=lambda job: has_left(page, job),
        pending=page in session.RUN_REQUESTED,
        key=plan.key if plan is not None else None,
    )
    if now.job is not None:
        session.JOB[page] = now.job
    return now


def request_run(page: str) -> None:
    """Remember that Run was pressed: the run begins as soon as the data set is known."""
    session.RUN_REQUESTED[page] = True


def start_requested(page: str, begin: Callable[[], Job]) -> None:
    """Begin the run that was requested, if any, and run the page again; show the reason if it cannot begin."""
    if page in session.RUN_REQUESTED:
        come_back(page)
        take_up(page, begin)


def cancel_request(page: str) -> None:
    """Forget that Run was pressed."""
    session.RUN_REQUESTED.pop(page)


def join(page: str, plan: Plan | None) -> None:
    """Run the page again as soon as another session has started its plan."""

    @st.fragment(run_every=LOOK)
    def look() -> None:
        job = engine().find(plan) if plan is not None and engine().knows(plan) else None
        if job is not None and not has_left(page, job):
            run_again()

    look()
