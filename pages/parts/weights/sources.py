"""Where a weight file comes from: an upload, a network trained here, or one that Keras offers."""

from functools import partial
from io import BytesIO
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from inits.engine.fetching import Fetch
from inits.errors import InitsError
from inits.experiments.experiment import Run
from inits.experiments.file_start import FileSpec
from inits.text import count, megabytes
from inits.weightfiles.applications import APPLICATIONS
from inits.weightfiles.catalog import ENDINGS, suggestion
from inits.weightfiles.store import Reading
from pages.parts.compute.engine_access import ask_weights, engine, wait_for
from pages.parts.experiment.builder import Choices
from pages.parts.page import session
from pages.parts.page.gate import gate
from pages.parts.page.notes import literal, problem
from pages.parts.page.session import widget_key
from pages.parts.widgets.picker import offer_file

SOURCES = {"upload": "Upload", "train": "From Train", "keras": "From Keras"}
FIRST, SECOND = "file", "beside"


def show(page: str, slot: str, spec: FileSpec | None) -> None:
    """Show a file from the next run on."""
    session.SHOWN_FILE[widget_key(page, slot)] = "" if spec is None else str(spec)
    if spec is not None:
        offer_file(spec)


def sources(page: str, slot: str) -> None:
    """Controls that bring a file into a slot."""
    source = st.segmented_control(
        "Source",
        list(SOURCES),
        default="upload",
        required=True,
        key=widget_key(page, slot, "source"),
        format_func=SOURCES.__getitem__,
        label_visibility="collapsed",
    )
    {"upload": _upload, "train": _trained, "keras": _application}[str(source)](page, slot)


def _begin(page: str, slot: str, name: str, reading: Reading) -> None:
    session.READING_FILE[session.part(page, slot)] = (name, reading)
    session.FILES_OPENED[page] = session.FILES_OPENED.get(page, 0) + 1


def _upload(page: str, slot: str) -> None:
    most = count(int(st.get_option("server.maxUploadSize")))
    uploaded = st.file_uploader(
        f"A {suggestion()} file of up to {most} MB. It is read as data: nothing in it is run.",
        ENDINGS,
        # Another uploader for every file: the one before holds what was taken already.
        key=widget_key(page, slot, "upload", session.FILES_OPENED.get(page, 0)),
    )
    if uploaded is None:
        return
    try:
        _begin(page, slot, uploaded.name, engine().files.take(uploaded, uploaded.name))
    except InitsError as error:
        problem(str(error))
        return
    _let_go(uploaded.file_id)
    st.rerun()


def _let_go(file_id: str) -> None:
    """Take an upload out of the server's memory: Streamlit keeps it there for as long as the session lasts."""
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_file(context.session_id, file_id)


def _trained(page: str, slot: str) -> None:
    """The networks that the Train page shows in this session, at their start and where they got to."""
    job = session.JOB.get("train")
    if job is None or not job.over.is_set():
        words = "The training is still running." if job else "Nothing was trained in this session yet."
        st.markdown(f":gray[{words} What the Train page shows can be opened here.]")
        st.page_link("pages/train.py", label="Train a network", icon=":material/play_circle:")
        return
    labels = Choices.of(job.plan, ()).labels
    learned = {place: job.records[place].done for place in range(len(labels)) if job.records[place].done}
    if not learned:
        st.markdown(":gray[No start of this training has learned anything.]")
        return
    start = st.selectbox(
        "Network",
        list(learned),
        key=widget_key(page, slot, "start"),
        format_func=labels.__getitem__,
        width=260,
    )
    run, steps = job.runs[start], learned[start]
    moments = {"before": 0, "after": steps}
    with st.container(horizontal=True, gap="small"):
        for moment, at in moments.items():
            label = "Open it before training" if not at else f"Open it after {count(steps)} steps"
            if st.button(label, key=widget_key(page, slot, moment)):
                _make(page, slot, run, at, labels[start])
        if slot == FIRST and st.button(
            "Open both side by side", type="primary", key=widget_key(page, slot, "both")
        ):
            _make(page, FIRST, run, 0, labels[start], again=False)
            _make(page, SECOND, run, steps, labels[start])


def _make(page: str, slot: str, run: Run, steps: int, label: str, again: bool = True) -> None:
    """The weights of a run, made again by the compute process, as a file like any other."""
    data = ask_weights(run, steps)
    if data is None:
        return
    name = f"{label} {'after' if steps else 'before'}.weights.h5"
    _begin(page, slot, name, engine().files.take(BytesIO(data), name))
    if again:
        st.rerun()


def look_inside(run: Run, steps: int, label: str) -> None:
    """To the page of weight files, with a network before and after its training."""
    page = "pretrained"
    for slot, at in ((FIRST, 0), (SECOND, steps)):
        _make(page, slot, run, at, label, again=False)
    st.switch_page("pages/pretrained.py")


def _application(page: str, slot: str) -> None:
    """What Keras offers by name; its file is downloaded by the compute process, once."""
    place = session.part(page, slot)
    fetch = session.DOWNLOAD.get(place)
    chosen = st.selectbox(
        "Trained on ImageNet",
        list(APPLICATIONS),
        key=widget_key(page, slot, "application"),
        format_func=lambda name: f"{name}, {megabytes(APPLICATIONS[name].size)}",
        width=260,
        disabled=fetch is not None,
    )
    if fetch is None:
        if st.button("Download and open", icon=":material/download:", key=widget_key(page, slot, "fetch")):
            session.DOWNLOAD[place] = engine().fetch(str(chosen), engine().files.folder)
            st.rerun()
    elif not fetch.done.is_set():
        st.button(
            "Cancel", icon=":material/close:", key=widget_key(page, slot, "cancel"), on_click=fetch.cancel
        )
        wait_for(fetch.done.is_set, partial(_fetching, fetch))
    else:
        del session.DOWNLOAD[place]
        if fetch.path is not None:
            _take_over(page, slot, fetch.path)
        if fetch.error:
            session.FILE_PROBLEM[place] = fetch.error
        st.rerun()


def _take_over(page: str, slot: str, path: Path) -> None:
    """Take a file that was brought; one that somebody else has just taken is known by then."""
    try:
        with path.open("rb") as file:
            _begin(page, slot, path.name, engine().files.take(file, path.name))
        path.unlink(missing_ok=True)
    except FileNotFoundError:
        words = f"{path.name} was opened by somebody else just now. Open it again."
        session.FILE_PROBLEM[session.part(page, slot)] = words


def _fetching(fetch: Fetch) -> str:
    done, total = fetch.progress
    verb = "Copying" if fetch.copying else "Downloading"
    return f"{verb} {fetch.name}, {megabytes(done)} of {megabytes(total)}."


def pending(page: str, slot: str) -> None:
    """Show what was brought as soon as it is read; until then say how far it is, and after that what was wrong."""
    place = session.part(page, slot)
    if words := session.FILE_PROBLEM.pop(place):
        problem(words)
    if place not in session.READING_FILE:
        return
    name, reading = session.READING_FILE[place]
    with gate.aside():
        done = reading.done.wait(0.3)
    if not done:
        wait_for(reading.done.is_set, partial(_reading, name, reading))
        return
    del session.READING_FILE[place]
    if reading.error:
        problem(f"{name}: {reading.error}")
        return
    show(page, slot, FileSpec(name, reading.digest))
    st.rerun()


def _reading(name: str, reading: Reading) -> str:
    if ahead := reading.ahead():
        return f"{ahead} file{'s' if ahead > 1 else ''} ahead of {literal(name)}."
    return f"Reading {literal(name)}, {round(100 * reading.progress)}%."
