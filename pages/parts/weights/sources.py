"""Where a weight file comes from: an upload, a network trained here, or one that Keras offers."""

from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from inits.engine.fetching import Fetch
from inits.engine.jobs import Job
from inits.errors import InitsError
from inits.experiments.experiment import Run
from inits.experiments.file_start import FileSpec
from inits.text import count, counted, megabytes
from inits.weightfiles.applications import APPLICATIONS
from inits.weightfiles.catalog import ENDINGS, suggestion
from inits.weightfiles.store import Reading
from pages.parts.compute.engine_access import ask_weights, engine, wait_for
from pages.parts.compute.job_control import session_id
from pages.parts.compute.uploads import free, uploader
from pages.parts.experiment.choices import TRAIN
from pages.parts.experiment.names import choices_of
from pages.parts.page import session, state
from pages.parts.page.catalog import PAGES
from pages.parts.page.gate import gate
from pages.parts.page.navigation import go
from pages.parts.page.notes import literal, problem
from pages.parts.page.session import seeded, widget_key
from pages.parts.page.state import rerun
from pages.parts.widgets.picker import offer_file

SOURCES = {"upload": "Upload", "train": "From Train", "keras": "From Keras"}
FIRST, SECOND = "file", "beside"
EXAMPLE = {"starts": "GlorotUniform()", "hidden": "2 × 128"}  # of Train, trained in a second or two


def arrives(page: str, slot: str) -> bool:
    """Return True while the file of a place is being read."""
    return session.part(page, slot) in session.READING_FILE


def show_file(page: str, slot: str, spec: FileSpec | None) -> None:
    """Show a file in a slot from the next run of the page on; None empties the slot.

    The address then no longer names an array of the first file before.
    """
    session.SHOWN_FILE[widget_key(page, slot)] = "" if spec is None else str(spec)
    if slot == FIRST:
        state.put(page, "array", "")
    if spec is not None:
        offer_file(spec)


def source_controls(page: str, slot: str) -> None:
    """Draw the controls that open a file in a slot."""

    def choice(key: str) -> str:
        chosen = st.segmented_control(
            "Source",
            list(SOURCES),
            required=True,
            key=seeded(key, "upload"),
            format_func=SOURCES.__getitem__,
            label_visibility="collapsed",
        )
        return str(chosen)

    if slot == FIRST:
        source = state.linked(page, "source", SOURCES, choice)
    else:
        source = choice(widget_key(page, slot, "source"))
    {"upload": _upload, "train": _from_train, "keras": _from_keras}[source](page, slot)


def _read(page: str, slot: str, name: str, reading: Reading) -> None:
    session.READING_FILE[session.part(page, slot)] = (name, reading)
    session.FILES_OPENED[page] = session.FILES_OPENED.get(page, 0) + 1


def _take(page: str, slot: str, name: str, file: BinaryIO) -> None:
    """Start to read a file; show the reason in the next run of the page if it is not accepted."""
    try:
        _read(page, slot, name, engine().files.take(file, name, session_id()))
    except InitsError as error:
        session.FILE_PROBLEM[session.part(page, slot)] = str(error)


def _upload(page: str, slot: str) -> None:
    most = count(int(st.get_option("server.maxUploadSize")))
    uploaded = uploader(
        f"A {suggestion()} file of up to {most} MB. It is read as data: nothing in it is executed.",
        ENDINGS,
        # A new uploader after every file: the previous one still holds its file.
        key=widget_key(page, slot, "upload", session.FILES_OPENED.get(page, 0)),
    )
    if uploaded is None:
        return
    try:
        _read(page, slot, uploaded.name, engine().files.take(uploaded, uploaded.name, session_id()))
    except InitsError as error:
        problem(str(error))
        return
    finally:
        free(uploaded)
    rerun()


def _from_train(page: str, slot: str) -> None:
    """Offer the networks that the Train page shows in this session, before and after their training."""
    jobs = [job for job in (session.JOB.get("train"), session.JOB.get(page)) if job is not None]
    job = next((job for job in jobs if job.over.is_set()), None)
    if job is None:
        _not_yet(page, slot, session.JOB.get(page), running=bool(jobs))
        return
    labels = choices_of(job).labels
    steps_of = {place: job.records[place].done for place in range(len(labels)) if job.records[place].done}
    if not steps_of:
        st.markdown(":gray[No start of this run has completed a training step.]")
        return
    start = st.selectbox(
        "Network",
        list(steps_of),
        key=widget_key(page, slot, "start"),
        format_func=labels.__getitem__,
        width=260,
    )
    run, steps = job.runs[start], steps_of[start]
    moments = {"before": 0, "after": steps}
    with st.container(horizontal=True, gap="small"):
        for moment, at in moments.items():
            label = "Open before training" if not at else f"Open after {count(steps)} steps"
            if st.button(label, key=widget_key(page, slot, moment)):
                _open_trained(page, slot, run, at, labels[start])
        if slot == FIRST and st.button("Open both", type="primary", key=widget_key(page, slot, "both")):
            _open_trained(page, FIRST, run, 0, labels[start], again=False)
            _open_trained(page, SECOND, run, steps, labels[start])


def _not_yet(page: str, slot: str, example: Job | None, running: bool) -> None:
    """Offer to train a network: an example here, or one of your own on Train."""
    if example is not None:
        wait_for(example.over.is_set, lambda: "Training an example: 2 × 128, one epoch.")
        return
    words = (
        "The training is still running." if running else "You have not trained a network in this session yet."
    )
    st.markdown(f":gray[{words} When a run on Train has ended, you can open its networks here.]")
    dataset = engine().status.dataset
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        icon, key = ":material/bolt:", widget_key(page, slot, "example")
        if st.button("Train an example", icon=icon, key=key, disabled=dataset is None) and dataset:
            session.JOB[page] = engine().run(TRAIN.parse(EXAMPLE).experiment(dataset), session=session_id())
            rerun()
        st.page_link(PAGES["train"].file, label="Train a network", icon=":material/play_circle:")
    if dataset is None:
        wait_for(lambda: engine().status.dataset is not None)


def _open_trained(page: str, slot: str, run: Run, steps: int, label: str, again: bool = True) -> None:
    """Open the weights of a run after some steps, which the compute process trains again, as a file."""
    data = ask_weights(run, steps)
    if data is None:
        return
    _take(page, slot, f"{label} {'after' if steps else 'before'}.weights.h5", BytesIO(data))
    if again:
        rerun()


def look_inside(run: Run, steps: int, label: str) -> None:
    """Open the Weight files page with a network before and after its training."""
    page = "pretrained"
    for slot, at in ((FIRST, 0), (SECOND, steps)):
        _open_trained(page, slot, run, at, label, again=False)
    go("pretrained")


def _from_keras(page: str, slot: str) -> None:
    """Offer the networks of Keras Applications; the compute process downloads their files."""
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
            try:
                session.DOWNLOAD[place] = engine().fetches.fetch(str(chosen), engine().files.folder)
            except InitsError as error:
                session.FILE_PROBLEM[place] = str(error)
            rerun()
    elif not fetch.done.is_set():
        st.button(
            "Cancel", icon=":material/close:", key=widget_key(page, slot, "cancel"), on_click=fetch.cancel
        )
        wait_for(fetch.done.is_set, partial(_fetching, fetch))
    else:
        del session.DOWNLOAD[place]
        if fetch.path is not None:
            _open_download(page, slot, fetch.path)
        if fetch.error:
            session.FILE_PROBLEM[place] = fetch.error
        rerun()


def _open_download(page: str, slot: str, path: Path) -> None:
    """Open a downloaded file, unless another session has taken it in the meantime."""
    try:
        with path.open("rb") as file:
            _take(page, slot, path.name, file)
        path.unlink(missing_ok=True)
    except FileNotFoundError:
        words = f"{path.name} was just opened in another session. Open it again."
        session.FILE_PROBLEM[session.part(page, slot)] = words


def _fetching(fetch: Fetch) -> str:
    done, total = fetch.progress
    verb = "Copying" if fetch.copying else "Downloading"
    return f"{verb} {fetch.name}, {megabytes(done)} of {megabytes(total)}."


def show_when_read(page: str, slot: str) -> None:
    """Show the file of a slot as soon as it is read; show the progress until then, and any problem."""
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
    show_file(page, slot, FileSpec(name, reading.digest))
    rerun()


def _reading(name: str, reading: Reading) -> str:
    if ahead := reading.ahead():
        return f"Waiting for {counted(ahead, 'file')} before {literal(name)}."
    return f"Reading {literal(name)}, {round(100 * reading.progress)}%."
