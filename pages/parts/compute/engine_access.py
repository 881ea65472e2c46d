"""The engine of this server, and how a page shows what the engine is doing."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st
from streamlit.runtime import Runtime

from inits import settings
from inits.data.datasets import DATASETS, DEFAULT
from inits.engine.engine import Engine
from inits.engine.jobs import Job
from inits.errors import InitsError
from inits.experiments.experiment import Run
from inits.text import megabytes
from pages.parts.page import session
from pages.parts.page.gate import gate
from pages.parts.page.notes import problem
from pages.parts.page.state import rerun, run_again

T = TypeVar("T")

_started: list[Engine] = []


@st.cache_resource(show_spinner=False, on_release=lambda engine: engine.close())
def engine() -> Engine:
    """Return the engine of this server; the first call starts it in the background."""
    made = Engine(settings.read())
    made.scheduler.present = _is_present
    _started.append(made)
    return made


def started_engine() -> Engine | None:
    """Return the engine of this server if a page has started it."""
    return _started[-1] if _started else None


def _is_present(session_id: str) -> bool:
    return not Runtime.exists() or Runtime.instance().is_active_session(session_id)


def known_dataset(choice: str) -> str | None:
    """Return the dataset for a chosen one; None until it is known if the default is available."""
    return engine().status.dataset_for(choice)


def training_images(dataset: str) -> int:
    """Return the number of training images of a dataset; 0 until it is known."""
    return engine().status.images_of(dataset)


def can_draw() -> bool:
    """Return True if Keras is loaded."""
    return engine().status.phase in ("data", "compiling", "ready")


def waiting_words() -> str:
    """Return what the compute process does before it is ready, as a sentence."""
    status = engine().status
    if status.phase == "failed":
        return (
            f"The compute process could not start: {status.error}. Restart the app. Theory works without it."
        )
    if status.phase == "data" and status.total:
        return (
            f"Downloading {DATASETS[DEFAULT].title}, {megabytes(status.done)} of {megabytes(status.total)}."
        )
    if status.phase in ("data", "compiling"):
        return f"Keras is loaded. Preparing {DATASETS[DEFAULT].title} and the first network, about 3 s."
    return "Starting TensorFlow, about 10 s. Theory is ready now."


def wait_for(ready: Callable[[], bool], words: Callable[[], str] = waiting_words) -> None:
    """Show a progress message, by default that of the engine, and run the page again once `ready`. Does not block."""

    @st.fragment(run_every=0.5)
    def watch() -> None:
        if ready():
            run_again()
        failed = engine().status.phase == "failed"
        icon = ":material/error:" if failed else ":material/hourglass_top:"
        st.markdown(f":gray[{icon} {words()}]")

    watch()


def take_up(page: str, begin: Callable[[], Job]) -> None:
    """Begin the job that was requested on a page, and run the page again; show the reason if it cannot begin."""
    session.RUN_REQUESTED.pop(page)
    try:
        job = begin()
    except InitsError as error:
        problem(str(error))
        return
    session.JOB[page] = job
    with gate.aside():
        job.wait_for_news(0.25)
    rerun()


def ask_weights(run: Run, steps: int) -> bytes | None:
    """Return the file of the weights of a run, computed again; None after showing why it is not available."""
    try:
        with gate.aside():
            return engine().weights_file(run, steps, jailed=engine().sandbox.state.phase != "off")
    except InitsError as error:
        problem(str(error))
        return None


def compute(function: Callable[..., T], *arguments: object) -> T:
    """Return the result of a function in the compute process. Raises InitsError, which no cache keeps."""
    with gate.aside():
        return engine().call(function, *arguments)


def attempt(make: Callable[..., T], *arguments: object) -> T | None:
    """Return the result of a function; None after showing its InitsError. It goes around a cached function, not in."""
    try:
        return make(*arguments)
    except InitsError as error:
        problem(str(error))
        return None
