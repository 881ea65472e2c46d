"""A person's part in a job that others may share: wait for its turn, watch it, leave it."""

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from inits.compute import Job
from inits.words import counted, duration
from pages.shared.engine import engine


def session() -> str:
    """Streamlit's name for whoever looks at this page; "" in a script that runs without a server."""
    context = get_script_run_ctx()
    return context.session_id if context and Runtime.exists() else ""


def watch(page: str, job: Job) -> None:
    """This person wants the job, as long as it runs."""
    if not has_left(page, job):
        engine().join(job, session())


def has_left(page: str, job: Job) -> bool:
    """Whether this person has stopped a job here that goes on for others."""
    return not job.over.is_set() and st.session_state.get(f"{page}:left") == job.name


def come_back(page: str) -> None:
    """Run was pressed: what was left is wanted again."""
    st.session_state.pop(f"{page}:left", None)


def stop_button(page: str, job: Job, all_of_them: bool) -> None:
    """Stop, for this person; for all when nobody else watches."""
    others, stopping = engine().turns.others(job, session()), len(job.stopping) == len(job.runs)
    waits = engine().turns.place(job) is not None
    words = "Leave the queue" if waits else "Stop all" if all_of_them else "Stop"
    st.button(
        "Stopping" if stopping else words,
        icon=":material/stop:",
        key=f"{page}.stop",
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
    if engine().leave(job, session()):
        st.session_state[f"{page}:left"] = job.name


def turn_words(job: Job) -> str | None:
    """Where a job stands in the queue; None when it does not wait."""
    place = engine().turns.place(job)
    if place is None:
        return None
    before = f"{counted(place.before, 'experiment')} before it" if place.before else "next"
    return f"Waiting for its turn: {before}, about {duration(max(1.0, place.seconds))}"
