"""Your own initializer: paste it, run it in a jail, see what it draws and what is wrong with it."""

from typing import NamedTuple

import streamlit as st

from inits.errors import InitsError
from inits.experiments.experiment import Start
from inits.experiments.pasted import LONGEST_NAME, PastedSpec, name_of
from inits.sandbox.examples import EXAMPLES
from inits.sandbox.request_queue import Request
from inits.sandbox.results import CodeError, Result
from inits.seeds import MAX_SEED
from inits.text import number
from pages.parts.compute import pasted_code
from pages.parts.compute.engine_access import engine, wait_for
from pages.parts.experiment.start_cards import add_to_train
from pages.parts.kernel.kernel_views import one_kernel
from pages.parts.kernel.network_views import NETWORK
from pages.parts.kernel.pasted_views import (
    check_list,
    checked,
    error_box,
    first_kernel,
    network_of,
    not_finite,
    output_box,
    waiting_for,
)
from pages.parts.page import session
from pages.parts.page.address import Address, Field, whole
from pages.parts.page.catalog import PAGES
from pages.parts.page.gate import gate
from pages.parts.page.header import setup
from pages.parts.page.notes import literal, problem
from pages.parts.page.session import ALL_PAGES, seeded, set_widget, widget_key, widget_value
from pages.parts.widgets.editor import editor
from pages.parts.widgets.picker import put_on_shelf

PAGE = "custom"
BEGIN = PastedSpec(name_of(EXAMPLES[0].code), EXAMPLES[0].code)
NOTES = {example.code: example.note for example in EXAMPLES}


class Shown(NamedTuple):
    """The settings of the page."""

    init: PastedSpec
    seed: int


CUSTOM = Address(PAGE, Shown, (
    Field("init", str(BEGIN), PastedSpec.parse),
    Field("seed", "0", whole("seed", 0, MAX_SEED)),
))  # fmt: skip
CONSENT = (
    "Without a jail your code runs as a child process with your own rights, as in a notebook: it can read, change and "
    "delete your files and use the network. It is stopped after a few seconds. Agree only if you know the code."
)


def main() -> None:
    setup(PAGE)
    spec, seed = CUSTOM.load()
    begin(spec, seed)
    engine().sandbox.wake()

    title, answer = st.empty(), st.empty()
    pressed = controls(spec, seed)
    seed = int(widget_value(widget_key(PAGE, "seed")))
    left, right = st.columns(2, gap="medium")
    with left:
        typed, refusal = write(spec)
    if typed is not None:
        CUSTOM.save(Shown(typed, seed))
        if pressed or session.RUN_CODE.pop(PAGE):
            run(typed, seed)
    shown, shown_seed = session.SHOWN_CODE[PAGE]
    title.title(f"What does {literal(shown.name)} draw?")
    with right:
        if refusal:
            problem(refusal)
        request = ask(shown, shown_seed)
        if request is None:
            answer.markdown("Paste an initializer: a class, an object, a function or a lambda.")
            return
        with gate.aside():
            result = request.wait(pasted_code.SOON)
        if result is None:
            answer.markdown("Your code is asked for the kernels of a 784 – 128 – 128 – 10 network.")
            wait_for(request.done.is_set, lambda: waiting_for(request))
            return
        if pasted_code.refused(shown):
            st.rerun()  # that there is no jail was found out meanwhile
        told(shown, result, typed)
    answer.markdown(sentence(result))
    if marks(result.error) != session.LINE_MARKS.get(PAGE):
        st.rerun()  # the editor stands above, and was drawn before there was an answer
    pictures(shown, shown_seed, result)


def begin(spec: PastedSpec, seed: int) -> None:
    """Seed the controls of a page that is opened: what a link brings is shown at once."""
    seeded(widget_key(PAGE, "seed"), seed)
    if widget_value(widget_key(PAGE, "called")) is None:
        set_widget(widget_key(PAGE, "called"), "" if spec.name == name_of(spec.source) else spec.name)
        session.SHOWN_CODE[PAGE] = (spec, seed)
        session.CODE_REVISION[PAGE] = session.CODE_REVISION.get(PAGE, 0) + 1
        session.CODE[PAGE] = spec.source


def controls(spec: PastedSpec, seed: int) -> bool:
    """Example, name, seed, Run, and where to go from here; whether Run was pressed."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Example",
            range(len(EXAMPLES)),
            index=None,
            key=widget_key(PAGE, "example"),
            placeholder="Choose an example",
            format_func=lambda i: EXAMPLES[i].name,
            width=250,
            on_change=choose,
        )
        guess = name_of(session.CODE[PAGE])
        st.text_input(
            "Name", key=widget_key(PAGE, "called"), placeholder=guess, width=200, max_chars=LONGEST_NAME
        )
        st.number_input("Seed", 0, MAX_SEED, key=widget_key(PAGE, "seed"), step=1, width=120)
        return st.button("Run", icon=":material/play_arrow:", type="primary", key=widget_key(PAGE, "run"))


def choose() -> None:
    """Put an example into the editor; what was there can be had back with undo."""
    number = widget_value(widget_key(PAGE, "example"))
    if number is None:
        return
    example = EXAMPLES[number]
    session.CODE[PAGE] = example.code
    set_widget(widget_key(PAGE, "called"), "")
    session.CODE_REVISION[PAGE] += 1
    session.RUN_CODE[PAGE] = True


def write(spec: PastedSpec) -> tuple[PastedSpec | None, str | None]:
    """The editor. Returns what is written there, or why it cannot be run."""
    ran = session.SHOWN_CODE[PAGE][0]
    request = session.CODE_REQUEST.get(PAGE)
    error = request.result.error if request is not None and request.done.is_set() else None
    session.LINE_MARKS[PAGE] = marks(error)
    typed = editor(
        session.CODE[PAGE],
        key=widget_key(PAGE, "editor"),
        label="Your initializer, in Python",
        height=420,
        marks=marks(error),
        ran=ran.source,
        revision=session.CODE_REVISION[PAGE],
    )
    session.CODE[PAGE] = typed.text
    words = NOTES.get(typed.text, "np, keras, tf, K and ops are there without import.")
    st.markdown(f":small[:gray[{literal(words)}]]")
    if typed.run:
        session.RUN_CODE[PAGE] = True
    try:
        return PastedSpec(widget_value(widget_key(PAGE, "called")) or name_of(typed.text), typed.text), None
    except InitsError as problem:
        return None, str(problem)


def marks(error: CodeError | None) -> dict[int, str]:
    """Which lines of the code led to an error, the innermost with its words."""
    if error is None or error.line is None:
        return {}
    words = f"{error.kind}: {error.message}" if error.kind else error.message
    outer = {line: "leads to the error" for line, _ in error.frames if line}
    return outer | {error.line: words}


def run(spec: PastedSpec, seed: int) -> None:
    """Run was pressed: this code is the person's own now."""
    last = session.CODE_REQUEST.get(PAGE)
    if last is not None and not last.done.is_set():
        engine().sandbox.cancel(last)
    session.SHOWN_CODE[PAGE] = (spec, seed)
    pasted_code.own(spec)


def ask(spec: PastedSpec, seed: int) -> Request | None:
    """The request for what is shown; None after saying why it may not run."""
    why = pasted_code.refused(spec)
    if why is not None and pasted_code.agreed():
        st.info("Press Run to run this code. Without a jail nothing runs before you have looked at it.")
        return None
    if why is not None:
        problem(why)
        if pasted_code.may_agree() and not pasted_code.agreed():
            st.markdown(CONSENT)
            st.button(
                "Run my own code without a jail, in this session",
                key=widget_key(PAGE, "agree"),
                on_click=agree,
            )
        return None
    request = pasted_code.ask_code(spec, NETWORK.kernel_shapes, seed, again=True)
    session.CODE_REQUEST[PAGE] = request
    return request


def agree() -> None:
    session.AGREED[ALL_PAGES] = True


def told(spec: PastedSpec, result: Result, typed: PastedSpec | None) -> None:
    """What came of it, in words."""
    if typed != spec:
        st.info("Below is what came before. Press Run for the new text.", icon=":material/history:")
    if result.error is not None:
        error_box(spec, result.error, spec.source)
    elif not not_finite(result.arrays):
        onward(spec)
    if result.picked is not None and result.picked.others:
        also = ", ".join(result.picked.others)
        words = f"Taken: {result.picked.kind} {result.picked.name}. Also there: {also}."
        st.markdown(f":small[:gray[{literal(words)}]]")
    if len(result.drawn) == len(NETWORK.kernel_shapes) + 1:
        check_list(checked(result))
    output_box(result.output)


def onward(spec: PastedSpec) -> None:
    """Where a named initializer can go from here."""
    put_on_shelf(spec)
    with st.container(horizontal=True, gap="small"):
        if st.button("Train it", icon=":material/add:", key=widget_key(PAGE, "train")):
            add_to_train(Start(spec))
            st.switch_page(PAGES["train"].file)
        if st.button("Explore it", icon=":material/ssid_chart:", key=widget_key(PAGE, "explore")):
            session.SPEC["explore"] = str(spec)
            st.switch_page(PAGES["explore"].file, query_params={"init": str(spec)})


def sentence(result: Result) -> str:
    """What it draws, with the numbers."""
    kernels = result.arrays[:-1]
    if result.error is not None:
        where = f" in **line {result.error.line}**" if result.error.line else ""
        return f"It gives no weights for a 784 – 128 – 128 – 10 network: it stops{where}."
    if odd := not_finite(kernels):
        whole = sum(kernel.size for kernel in kernels)
        return f"**{odd:,}** of {whole:,} weights are NaN or infinite: nothing can learn from there."
    stds = ", ".join(f"**{number(float(kernel.std()))}**" for kernel in kernels)
    return f"Standard deviations of {stds} in the layers of a 784 – 128 – 128 – 10 network."


def pictures(spec: PastedSpec, seed: int, result: Result) -> None:
    """The first kernel as on Explore, and all of them layer by layer."""
    if result.error is not None or not_finite(result.arrays):
        return
    kernels = result.arrays[:-1]
    one = first_kernel(spec, seed, kernels[0])
    if one is not None:
        one_kernel(one, kernels[0].shape, seed)
        network_of(spec, seed, kernels)


main()
