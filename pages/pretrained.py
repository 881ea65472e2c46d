"""Weight files: look into them, lay two beside each other, and start from them."""

import streamlit as st

from inits.experiments.file_start import FileSpec
from inits.text import count, counted, percent
from inits.weightfiles.catalog import misnamed
from inits.weightfiles.pairs import changes
from inits.weightfiles.store import WeightFile, gone
from pages.parts.compute.engine_access import engine
from pages.parts.page import session, state
from pages.parts.page.header import setup
from pages.parts.page.notes import literal, problem
from pages.parts.page.session import widget_key
from pages.parts.weights.array_table import Shelf, label, legend, table
from pages.parts.weights.file_start import possible, train_button, what_fits
from pages.parts.weights.sources import FIRST, SECOND, pending, show, sources
from pages.parts.weights.views import at_a_glance, in_depth

PAGE = "pretrained"
DEFAULTS = {FIRST: "", SECOND: "", "array": "", "panels": "0"}


def main() -> None:
    setup("Weight files")
    kept = state.load(PAGE, DEFAULTS)
    chosen = {slot: understood(kept, slot) for slot in (FIRST, SECOND)}
    title, answer, controls, notes = st.empty(), st.empty(), st.container(), st.container()
    with notes:
        for slot in (FIRST, SECOND):
            pending(PAGE, slot)
        files = {slot: file for slot, spec in chosen.items() if spec and (file := opened(spec))}
    state.save(PAGE, {slot: str(spec or "") for slot, spec in chosen.items()}, DEFAULTS)
    if FIRST not in files:
        title.title("What is in a weight file?")
        answer.markdown("Upload one, take a network that you trained here, or one that Keras offers.")
        with controls:
            sources(PAGE, FIRST)
        return
    shelf, last = shelved(chosen, files), chosen[SECOND] if SECOND in files else chosen[FIRST]
    start = possible(shelf.files[-1])
    title.title(
        f"What is in {literal(chosen[FIRST].name)}?"
        if len(shelf.files) == 1
        else "How do these two files differ?"
    )
    answer.markdown(sentence(shelf))
    with controls.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        change_files(SECOND in files)
        train_button(last, start)
    with notes:
        named(shelf)
    if not shelf.rows:
        st.info(
            "No array of the two files has the same name and shape, so there is nothing to lay side by side."
        )
        return
    at_a_glance(PAGE, shelf)
    in_depth(PAGE, shelf)
    table(PAGE, shelf)
    what_fits(last, start)


def understood(kept: dict[str, str], slot: str) -> FileSpec | None:
    """Which file a slot shows: as this session has changed it, else as the address says."""
    text = session.SHOWN_FILE.setdefault(widget_key(PAGE, slot), kept[slot])
    return state.read({slot: text}, DEFAULTS, slot, lambda text: FileSpec.parse(text) if text else None)


def opened(spec: FileSpec) -> WeightFile | None:
    """The file, or None after saying that it is not here."""
    file = engine().files.get(spec.digest)
    if file is None:
        problem(str(gone(spec.name)))
    return file


def change_files(two: bool) -> None:
    """Popovers to open another file and to lay one beside it; each closes when its file is there."""
    number = session.FILES_OPENED.get(PAGE, 0)
    with st.popover("Open another file", icon=":material/folder_open:", key=widget_key(PAGE, "open", number)):
        sources(PAGE, FIRST)
    words = "Compare with another file" if two else "Compare with a file"
    with st.popover(words, icon=":material/compare:", key=widget_key(PAGE, "compare", number)):
        sources(PAGE, SECOND)
    if two:
        alone = (PAGE, SECOND, None)
        st.button(
            "Only the first",
            icon=":material/close:",
            key=widget_key(PAGE, "alone"),
            on_click=show,
            args=alone,
        )


def named(shelf: Shelf) -> None:
    """Which colour is which file, and what is odd about their names."""
    legend(shelf)
    for file, name in zip(shelf.files, shelf.names, strict=True):
        if words := misnamed(file.kind, name):
            st.markdown(f":small[:gray[{literal(f'{name}: {words}')}]]")


def shelved(chosen: dict[str, FileSpec | None], files: dict[str, WeightFile]) -> Shelf:
    """The files that are here, side by side."""
    pairs = [(file, chosen[slot].name) for slot, file in files.items()]
    found, names = tuple(file for file, _ in pairs), tuple(name for _, name in pairs)
    moved = _changes(found[0].digest, found[1].digest, found) if len(found) > 1 else {}
    return Shelf(found, names, moved)


@st.cache_data(max_entries=16, show_spinner=False)
def _changes(first: str, second: str, _files: tuple[WeightFile, ...]):
    return changes(*_files)


def sentence(shelf: Shelf) -> str:
    """What it is, and where training has left the clearest mark."""
    file = shelf.files[-1]
    if len(shelf.files) > 1 and shelf.rows:
        kernels = [row for row in shelf.rows if shelf.surveys(row)[0].is_kernel] or shelf.rows
        far = max(kernels, key=lambda row: shelf.changes[row[0], row[1]].relative)
        moved = shelf.changes[far[0], far[1]]
        if moved.equal:
            return f"All {counted(len(kernels), 'kernel')} are the same in both files."
        return (
            f"Of {counted(len(kernels), 'kernel')} **{literal(label(shelf.surveys(far)[0]))}** moved furthest, by "
            f"**{percent(moved.relative)}** of its length."
        )
    kernels = [one for one in file.surveys if one.is_kernel]
    words = f"{counted(len(file.layers), 'layer')}, **{count(file.parameters)}** parameters."
    odd = sum(one.summary.nan + one.summary.inf for one in file.surveys)
    if odd:
        words += f" **{count(odd)}** of them are NaN or infinite."
    marked = [one for one in kernels if one.bulk and one.bulk.outside]
    if marked:
        most = max(marked, key=lambda one: one.bulk.share)
        return words + (
            f" Training left its clearest mark in **{literal(label(most))}**: {percent(most.bulk.share)} of its "
            "singular values are none of a random kernel."
        )
    if any(one.bulk for one in kernels):
        words += " Every kernel has the singular values of a random one: it was not trained, or hardly."
    return words


main()
