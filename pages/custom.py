"""The Your code page: run a pasted initializer in a jail, and show what it draws and what is wrong with it."""

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.experiments.experiment import Start
from inits.experiments.pasted import PastedSpec, name_of
from inits.sandbox.examples import EXAMPLES
from inits.sandbox.request_queue import Request
from inits.sandbox.results import Result
from inits.seeds import MAX_SEED
from inits.text import number, one_line
from pages.parts.code.editing import begin, code_editor, controls, line_marks
from pages.parts.compute import pasted_code
from pages.parts.compute.engine_access import engine, wait_for
from pages.parts.experiment.start_cards import train_start
from pages.parts.kernel.kernel_views import one_kernel
from pages.parts.kernel.network_views import NETWORK
from pages.parts.kernel.pasted_views import (
    check_list,
    checked,
    drawn_network,
    error_box,
    first_kernel,
    not_finite,
    output_box,
    progress_words,
)
from pages.parts.lessons.bar import lesson_bar
from pages.parts.page import session
from pages.parts.page.address import Address, Field, whole
from pages.parts.page.gate import gate
from pages.parts.page.header import setup
from pages.parts.page.navigation import go
from pages.parts.page.notes import literal, problem
from pages.parts.page.owner import announce
from pages.parts.page.session import ALL_PAGES, widget_key
from pages.parts.page.slides import live_controls, previous_results, slide
from pages.parts.page.state import rerun
from pages.parts.widgets.picker import offer_code

PAGE = "custom"
CONSENT = (
    "Without a jail your code runs as a child process with your own rights, as in a notebook: it can read, change and "
    "delete your files and use the network. It is stopped after a few seconds. Agree only if you know the code."
)

TERMINAL = (
    "If you started this app yourself, you can run your own code without a jail: open the address that the terminal "
    "of the app shows, and again after a reload of the page."
)


class PageSettings(NamedTuple):
    """The settings of the page."""

    init: PastedSpec
    seed: int


CUSTOM = Address(PAGE, PageSettings, (
    Field("init", str(PastedSpec(name_of(EXAMPLES[0].code), EXAMPLES[0].code)), PastedSpec.parse),
    Field("seed", "0", whole("seed", 0, MAX_SEED)),
))  # fmt: skip


def main() -> None:
    setup(PAGE)
    begin(PAGE, *CUSTOM.load())
    lesson_bar(PAGE)
    engine().sandbox.wake()
    title, answer = st.empty(), st.empty()
    with live_controls(PAGE):
        seed, pressed = controls(PAGE)
    left, right = st.columns(2, gap="medium")
    with left, slide("code", "The code"):
        typed, refusal = code_editor(PAGE)
    if typed is not None:
        CUSTOM.save(PageSettings(typed, seed))
        if session.RUN_CODE.pop(PAGE) or pressed:
            run(typed, seed)
    shown, shown_seed = session.SHOWN_CODE[PAGE]
    title.title(f"What does {literal(shown.name)} draw?")
    with right:
        if refusal:
            problem(refusal)
        result = wait_for_result(shown, shown_seed, answer)
        if result is None:
            return
        show_result(shown, result, typed)
    answer.markdown(sentence(result))
    if line_marks(result.error) != session.LINE_MARKS.get(PAGE):
        rerun()  # the editor was drawn before there was a result
    pictures(shown, shown_seed, result)


def run(spec: PastedSpec, seed: int) -> None:
    """Show this code from now on. Run was pressed, so the user has seen it."""
    last = session.CODE_REQUEST.get(PAGE)
    if last is not None and not last.done.is_set():
        engine().sandbox.cancel(last)
    session.SHOWN_CODE[PAGE] = (spec, seed)
    pasted_code.forget_failures(PAGE)
    pasted_code.own(spec)


def wait_for_result(shown: PastedSpec, seed: int, answer: DeltaGenerator) -> Result | None:
    """Return the result of the code; None after showing why it may not run, or that it still runs."""
    request = submit(shown, seed)
    if request is None:
        answer.markdown("Paste an initializer: a class, an object, a function or a lambda.")
        return None
    with gate.aside():
        result = request.wait(pasted_code.MAX_WAIT)
    if result is None:
        answer.markdown("Running your code for the kernels of a 784 – 128 – 128 – 10 network.")
        wait_for(request.done.is_set, lambda: progress_words(request))
    elif pasted_code.refused(shown):
        rerun()  # meanwhile it has turned out that there is no jail
    return result


def submit(spec: PastedSpec, seed: int) -> Request | None:
    """Return the request for the code that is shown; None after showing why it may not run."""
    why = pasted_code.refused(spec)
    request = None if why else pasted_code.request_kernels(spec, NETWORK.kernel_shapes, seed, again=True)
    if request is not None:
        session.CODE_REQUEST[PAGE] = request
    elif pasted_code.agreed():
        st.info("Press Run to run this code. Without a jail, code runs only after you have seen it.")
    else:
        problem(why or "The code may not run.")
        if pasted_code.may_agree():
            st.markdown(CONSENT)
            label, key = "Run my own code without a jail, in this session", widget_key(PAGE, "agree")
            st.button(label, key=key, on_click=agree)
        elif pasted_code.local_only() and engine().sandbox.allowed:
            announce()
            st.markdown(TERMINAL)
    return request


def agree() -> None:
    """Let this session run its own code without a jail."""
    session.AGREED[ALL_PAGES] = True


def show_result(spec: PastedSpec, result: Result, typed: PastedSpec | None) -> None:
    """Show the error or the next steps, the checks, and the output."""
    if typed != spec:
        words = "These results are for the previous code. Press Run for the new code."
        previous_results(PAGE, words)
    if result.error is not None:
        error_box(spec, result.error, spec.source)
    elif not not_finite(result.arrays):
        next_steps(spec)
    if result.picked is not None and result.picked.others:
        also = ", ".join(result.picked.others)
        words = f"Used: {result.picked.kind} {one_line(result.picked.name, 100)}. Also defined: {also}"
        st.markdown(f":small[:gray[{literal(one_line(words, 400))}.]]")
    if len(result.drawn) == len(NETWORK.kernel_shapes) + 1:
        check_list(checked(result))
    output_box(result.output)


def next_steps(spec: PastedSpec) -> None:
    """Offer the code on the other pages, and draw buttons that lead there."""
    offer_code(spec)
    with st.container(horizontal=True, gap="small"):
        if st.button("Train it", icon=":material/add:", key=widget_key(PAGE, "train")):
            train_start(Start(spec))
        if st.button("Explore it", icon=":material/ssid_chart:", key=widget_key(PAGE, "explore")):
            session.SPEC["explore"] = str(spec)
            go("explore", {"init": str(spec)})


def sentence(result: Result) -> str:
    """Return what the code draws, with the numbers."""
    kernels = result.arrays[:-1]
    if result.error is not None:
        where = f" in **line {result.error.line}**" if result.error.line else ""
        return f"The code draws no weights for a 784 – 128 – 128 – 10 network: it fails{where}."
    if odd := not_finite(kernels):
        total = sum(kernel.size for kernel in kernels)
        return f"**{odd:,}** of {total:,} weights are NaN or infinite: no network can learn from them."
    stds = ", ".join(f"**{number(float(kernel.std()))}**" for kernel in kernels)
    return f"Standard deviations of {stds} in the layers of a 784 – 128 – 128 – 10 network."


def pictures(spec: PastedSpec, seed: int, result: Result) -> None:
    """Draw the first kernel as on Explore, and all kernels layer by layer."""
    if result.error is not None or not_finite(result.arrays):
        return
    kernels = result.arrays[:-1]
    one = first_kernel(spec, seed, kernels)
    if one is not None:
        one_kernel(one, kernels[0].shape, seed)
        drawn_network(spec, seed, kernels)


main()
