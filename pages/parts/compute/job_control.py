"""What a session does with a job that other sessions may share: wait for it, watch it, leave it."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from inits.engine.jobs import Job
from inits.experiments.experiment import Experiment, Run
from inits.experiments.sweep import Sweep
from inits.text import counted, roughly
from pages.parts.compute.engine_access import engine
from pages.parts.page import session
from pages.parts.page.session import widget_key


def session_id() -> str:
    """Return Streamlit's id of this session; "" in a script without a server."""
    context = get_script_run_ctx()
    return context.session_id if context and Runtime.exists() else ""


def experiment_of(job: Job) -> Experiment:
    """Return the plan of a job of the Train page."""
    assert isinstance(job.plan, Experiment)
    return job.plan


def sweep_of(job: Job) -> Sweep:
    """Return the plan of a job of the Sweep page."""
    assert isinstance(job.plan, Sweep)
    return job.plan


def watch(page: str, job: Job) -> None:
    """Let this session watch a job while it runs."""
    if not has_left(page, job):
        engine().scheduler.join(job, session_id())


def has_left(page: str, job: Job) -> bool:
    """Return True if this session has left a job that goes on for others."""
    left = _left(page)
    return left is not None and left.name == job.name


def left_note(page: str) -> None:
    """Show that the job that this session has left goes on for others."""
    job = _left(page)
    others = engine().scheduler.others(job, session_id()) if job else 0
    if others:
        words = (
            f"You have left this run. It goes on for {counted(others, 'other')}; press Run to see it again."
        )
        st.info(words, icon=":material/logout:")


def _left(page: str) -> Job | None:
    """Return the job that this session has left, unless it has ended."""
    job = session.LEFT_JOB.get(page)
    return None if job is None or job.over.is_set() else job


def come_back(page: str) -> None:
    """Let this session watch the job again that it has left: Run was pressed."""
    session.LEFT_JOB.pop(page)


def stop_button(page: str, job: Job, all_of_them: bool) -> None:
    """Draw a button that stops a job, or leaves it if other sessions watch it."""
    others, stopping = engine().scheduler.others(job, session_id()), len(job.stopping) == len(job.runs)
    waits = engine().scheduler.place(job) is not None
    words = "Leave the queue" if waits else "Stop all" if all_of_them else "Stop"
    st.button(
        "Stopping" if stopping else words,
        icon=":material/stop:",
        key=widget_key(page, "stop"),
        on_click=_leave,
        args=(page, job),
        disabled=stopping,
        help=f"It goes on for {counted(others, 'other')} who {watch_or_watches(others)} it."
        if others
        else None,
    )


def watch_or_watches(others: int) -> str:
    return "watches" if others == 1 else "watch"


def _leave(page: str, job: Job) -> None:
    if engine().leave(job, session_id()):
        session.LEFT_JOB[page] = job


def turn_words(job: Job) -> str | None:
    """Return the place of a job in the queue, in words; None if it does not wait."""
    place = engine().scheduler.place(job)
    if place is None:
        return None
    before = f"{counted(place.before, 'experiment')} before it" if place.before else "next"
    return f"Waiting for its turn: {before}, {roughly(max(1.0, place.seconds))}"


def time_left(job: Job) -> str:
    """Return how long a job that runs still takes, in words."""
    return f"{roughly(engine().scheduler.left(job))} left"


def expected_time(runs: Sequence[Run], live: bool) -> str:
    """Return how long new runs take, in words, with the jobs that go before them."""
    expected = engine().scheduler.expected(runs, live)
    others = f" ({counted(expected.before, 'other')} first)" if expected.before else ""
    return f"{roughly(expected.seconds)}{others}"
