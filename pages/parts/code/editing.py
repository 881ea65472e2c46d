"""The controls and the editor of the Your code page."""

import streamlit as st

from inits.errors import InitsError
from inits.experiments.opaque import LONGEST_NAME
from inits.experiments.pasted import PastedSpec, name_of
from inits.sandbox.examples import EXAMPLES
from inits.sandbox.results import CodeError
from inits.seeds import MAX_SEED
from pages.parts.page import session
from pages.parts.page.address import whole
from pages.parts.page.notes import literal
from pages.parts.page.refusals import refusal
from pages.parts.page.session import set_widget, widget_key, widget_value
from pages.parts.widgets.box import box_value, number_box, set_box
from pages.parts.widgets.editor import editor

NOTES = {example.code: example.note for example in EXAMPLES}


def begin(page: str, spec: PastedSpec, seed: int) -> None:
    """Give the controls of a page that was opened their first values; the code of a link is shown at once."""
    if widget_key(page, "seed") not in session.TYPED:
        set_box(widget_key(page, "seed"), seed)
    name = widget_key(page, "called")
    if widget_value(name) is None:
        set_widget(name, "" if spec.name == name_of(spec.source) else spec.name)
        session.SHOWN_CODE[page] = (spec, seed)
        session.CODE_REVISION[page] = session.CODE_REVISION.get(page, 0) + 1
        session.CODE[page] = spec.source


def controls(page: str) -> tuple[int, bool]:
    """Draw the controls above the editor. Return the seed, and whether Run was pressed."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Example",
            range(len(EXAMPLES)),
            index=None,
            key=widget_key(page, "example"),
            placeholder="Choose an example",
            format_func=lambda i: EXAMPLES[i].name,
            width=250,
            on_change=_choose_example,
            args=(page,),
        )
        guess, name = name_of(session.CODE[page]), widget_key(page, "called")
        st.text_input("Name", key=name, placeholder=guess, width=200, max_chars=LONGEST_NAME)
        key, read = widget_key(page, "seed"), whole("Seed", 0, MAX_SEED)
        seed = number_box("Seed", key, box_value(key, 0), read, scope=page, width=120)
        icon, key = ":material/play_arrow:", widget_key(page, "run")
        pressed = st.button("Run", icon=icon, type="primary", key=key)
    refusal(page)
    return seed, pressed and page not in session.REFUSAL


def _choose_example(page: str) -> None:
    """Put an example into the editor and run it; undo brings the code before it back."""
    number = widget_value(widget_key(page, "example"))
    if number is None:
        return
    session.CODE[page] = EXAMPLES[number].code
    set_widget(widget_key(page, "called"), "")
    session.CODE_REVISION[page] += 1
    session.RUN_CODE[page] = True


def code_editor(page: str) -> tuple[PastedSpec | None, str | None]:
    """Draw the editor. Return the code in it, or why it cannot be run."""
    ran, _ = session.SHOWN_CODE[page]
    request = session.CODE_REQUEST.get(page)
    error = request.result.error if request is not None and request.done.is_set() else None
    session.LINE_MARKS[page] = line_marks(error)
    typed = editor(
        session.CODE[page],
        key=widget_key(page, "editor"),
        label="Your initializer, in Python",
        height=420,
        marks=session.LINE_MARKS[page],
        ran=ran.source,
        revision=session.CODE_REVISION[page],
    )
    session.CODE[page] = typed.text
    words = NOTES.get(typed.text, "np, keras, tf, K and ops are available without import.")
    st.markdown(f":small[:gray[{literal(words)}]]")
    if typed.run:
        session.RUN_CODE[page] = True
    try:
        return PastedSpec(widget_value(widget_key(page, "called")) or name_of(typed.text), typed.text), None
    except InitsError as problem:
        return None, str(problem)


def line_marks(error: CodeError | None) -> dict[int, str]:
    """Return the lines of the code that led to an error, each with its message."""
    if error is None or error.line is None:
        return {}
    words = f"{error.kind}: {error.message}" if error.kind else error.message
    outer = {line: "leads to the error" for line, _ in error.frames if line}
    return outer | {error.line: words}
