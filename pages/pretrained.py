"""Weight files: look inside them, compare two of them, and start a training from them."""

import streamlit as st

from inits.experiments.file_start import FileSpec
from inits.weightfiles.catalog import misnamed
from inits.weightfiles.weight_file import WeightFile, missing_file
from pages.parts.compute.engine_access import engine
from pages.parts.lessons.bar import lesson_bar
from pages.parts.page import session, state
from pages.parts.page.address import Address, Field
from pages.parts.page.header import setup
from pages.parts.page.notes import literal, problem
from pages.parts.page.session import widget_key
from pages.parts.page.slides import live_controls, slide
from pages.parts.weights.array_table import legend, table
from pages.parts.weights.file_start import fit_section, network_for, train_button
from pages.parts.weights.open_files import OpenFiles, open_files, summary
from pages.parts.weights.sources import FIRST, SECOND, arrives, show_file, show_when_read, source_controls
from pages.parts.weights.views import at_a_glance, in_depth

PAGE = "pretrained"


def read_file(text: str) -> FileSpec | None:
    """Return a weight file, or None for "". Raises SpecError."""
    return FileSpec.parse(text) if text else None


PRETRAINED: Address[dict[str, FileSpec | None]] = Address(PAGE, dict, (
    Field(FIRST, "", read_file, lambda chosen: str(chosen[FIRST] or "")),
    Field(SECOND, "", read_file, lambda chosen: str(chosen[SECOND] or "")),
    Field("source", "upload"),
    Field("array", ""),
    Field("panels", "0"),
))  # fmt: skip


def main() -> None:
    setup(PAGE)
    chosen = {slot: chosen_file(slot, spec) for slot, spec in PRETRAINED.load().items()}
    lesson_bar(PAGE)
    title, answer, controls, notes = st.empty(), st.empty(), st.container(), st.container()
    with notes:
        for slot in (FIRST, SECOND):
            show_when_read(PAGE, slot)
        files = {slot: file for slot, spec in chosen.items() if spec and (file := load(spec))}
    if not (any(arrives(PAGE, slot) for slot in chosen) and state.postpone(PAGE)):
        PRETRAINED.save(chosen)
    if FIRST not in files:
        title.title("What is in a weight file?")
        answer.markdown(
            "Upload a file, open a network that you trained here, or download one that Keras offers."
        )
        with controls, slide("open", "What is in a weight file?"):
            source_controls(PAGE, FIRST)
        return
    specs = [(spec, files[slot]) for slot, spec in chosen.items() if spec and slot in files]
    opened, (last, _) = open_files([(spec.name, file) for spec, file in specs]), specs[-1]
    start = network_for(opened.files[-1])
    one = f"What is in {literal(opened.names[0])}?"
    title.title("How do these two files differ?" if opened.two else one)
    answer.markdown(summary(opened))
    with controls, live_controls(PAGE).container(horizontal=True, vertical_alignment="bottom", gap="small"):
        other_files(opened.two)
        train_button(last, start)
    with notes:
        file_names(opened)
    if not opened.rows:
        st.info("The two files have no array of the same name and shape, so there is nothing to compare.")
        return
    at_a_glance(PAGE, opened)
    in_depth(PAGE, opened)
    with slide("arrays"):
        table(PAGE, opened)
    with slide("start"):
        fit_section(last, start)


def chosen_file(slot: str, spec: FileSpec | None) -> FileSpec | None:
    """Return the file of a slot: the one that this session has chosen, else `spec`, the one in the address."""
    return read_file(session.SHOWN_FILE.setdefault(widget_key(PAGE, slot), str(spec or "")))


def load(spec: FileSpec) -> WeightFile | None:
    """Return a file that is kept on this server; show a message and return None if it is not."""
    file = engine().files.get(spec.digest)
    if file is None:
        problem(str(missing_file(spec.name)))
    return file


def other_files(two: bool) -> None:
    """Draw popovers to open another file and to compare with one; each closes when its file is opened."""
    number = session.FILES_OPENED.get(PAGE, 0)
    with st.popover("Open another file", icon=":material/folder_open:", key=widget_key(PAGE, "open", number)):
        source_controls(PAGE, FIRST)
    words = "Compare with another file" if two else "Compare with a file"
    with st.popover(words, icon=":material/compare:", key=widget_key(PAGE, "compare", number)):
        source_controls(PAGE, SECOND)
    if two:
        close, key = ":material/close:", widget_key(PAGE, "alone")
        st.button("Show only the first", icon=close, key=key, on_click=show_file, args=(PAGE, SECOND, None))


def file_names(opened: OpenFiles) -> None:
    """Show which colour stands for which file, and names that do not match the content."""
    legend(opened)
    for file, name in zip(opened.files, opened.names, strict=True):
        if words := misnamed(file.kind, name):
            st.markdown(f":small[:gray[{literal(f'{name}: {words}')}]]")


main()
