"""The views of pasted code: checks, errors, output, and its kernels beside the nearest initializer of Keras."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from inits.errors import InitsError
from inits.experiments.pasted import PastedSpec
from inits.experiments.weight_source import Kernel
from inits.measure.checks import PastedKernel, checks
from inits.measure.examination import (
    Examination,
    LayerRow,
    NearestExamination,
    examine_drawn,
    examine_drawn_network,
    measure,
)
from inits.measure.nearest import Nearest, all_alike
from inits.measure.symmetry import Check
from inits.sandbox.client import Sandbox
from inits.sandbox.request_queue import Request
from inits.sandbox.results import CodeError, Result
from inits.sandbox.wire import Array, FloatArray
from inits.text import counted, number, one_line
from pages.parts.compute import pasted_code
from pages.parts.compute.engine_access import attempt, compute, engine, wait_for
from pages.parts.kernel.kernel_views import DrawnKernel
from pages.parts.kernel.network_views import NETWORK, layers
from pages.parts.page.notes import literal, problem, python
from pages.parts.page.slides import picture

MAX_LINE = 200  # characters of a line of code beside an error
MAX_PRINTED = 20_000  # characters; the process of the code keeps no more
ICONS = {
    "good": ":green[:material/check_circle:]",
    "note": ":gray[:material/info:]",
    "bad": ":red[:material/error:]",
}


def progress_words(request: Request) -> str:
    """Return the state of a request that is not done, in words."""
    sandbox: Sandbox = engine().sandbox
    if request.jailed and sandbox.state.phase in ("asleep", "starting"):
        return "Preparing the jail for your code: starting TensorFlow, about 8 s."
    ahead = sandbox.place(request)
    if ahead:
        return f"{counted(ahead, 'request')} ahead of yours, a few seconds."
    return (
        f"Running, at most {sandbox.wall:g} s." if request.jailed else "Running without a jail, about 10 s."
    )


def pasted_kernel(spec: PastedSpec, shape: tuple[int, ...], seed: int) -> DrawnKernel | None:
    """Return a kernel of pasted code; None after showing why there is none, or that the code still runs."""
    found = _finite(spec, [shape], seed)
    if found is None:
        return None
    examined = attempt(_examined, str(spec), shape, seed, found.arrays[0])
    return _beside_nearest(spec, examined) if examined else None


def _beside_nearest(spec: PastedSpec, found: NearestExamination) -> DrawnKernel:
    near = found.nearest
    return DrawnKernel(spec, near.spec if near else spec, found.examination, near)


def pasted_sentence(spec: PastedSpec, one: DrawnKernel | None) -> str:
    """Return what the code draws, with the numbers, and which initializer of Keras draws the same."""
    if one is None or one.drawn is None:
        return f"{literal(spec.name)} is your own code; the app runs it to see what it draws."
    found = one.drawn.summary
    words = f"{counted(found.count, 'weight')}, mean **{number(found.mean)}**, std **{number(found.std)}**"
    if one.near is None:
        return f"{words}; no initializer of Keras draws like this."
    like = "as" if one.near.within_chance else "not quite as"
    return f"{words}: {like} **{literal(str(one.near.spec))}** draws them."


def pasted_network(spec: PastedSpec, seed: int) -> None:
    """Draw the kernels of pasted code for the network of this page, layer by layer."""
    found = _finite(spec, NETWORK.kernel_shapes, seed)
    if found is not None:
        drawn_network(spec, seed, found.arrays)


def drawn_network(spec: PastedSpec, seed: int, kernels: Sequence[FloatArray]) -> None:
    """Draw the given kernels of the network of these pages, layer by layer."""
    answer = attempt(_rows, str(spec), seed, list(kernels))
    if answer is not None:
        near, rows = answer
        layers(spec, seed, [one.spec if one else spec for one in near], rows)


def _finite(spec: PastedSpec, shapes: Sequence[tuple[int, ...]], seed: int) -> Result | None:
    """Return what the code drew; None after showing why it cannot be shown, or that the code still runs."""
    try:
        result = pasted_code.result_soon(spec, shapes, seed)
    except InitsError as error:
        problem(str(error))
        return None
    if result is None:
        request = pasted_code.request_kernels(spec, shapes, seed)
        if request is not None:
            wait_for(request.done.is_set, lambda: progress_words(request))
        return None
    if result.error is not None:
        error_box(spec, result.error, "")
        return None
    if odd := not_finite(result.arrays):
        problem(f"Weights must be finite to be shown, but got {odd:,} NaN or infinite ones.")
        return None
    return result


def not_finite(arrays: Sequence[FloatArray]) -> int:
    """Return the number of weights that are NaN or infinite."""
    return sum(int(np.count_nonzero(~np.isfinite(array))) for array in arrays)


@st.cache_data(max_entries=64, show_spinner=False)
def _examined(text: str, shape: tuple[int, ...], seed: int, _kernel: FloatArray) -> NearestExamination:
    return compute(examine_drawn, _kernel, PastedSpec.parse(text))


@st.cache_data(max_entries=64, show_spinner=False)
def _measured(text: str, seed: int, _kernel: FloatArray, _reference: Kernel) -> Examination:
    return compute(measure, _kernel, _reference)


@st.cache_data(max_entries=64, show_spinner=False)
def _rows(text: str, seed: int, _kernels: list[FloatArray]) -> tuple[list[Nearest | None], list[LayerRow]]:
    return compute(examine_drawn_network, NETWORK.layer_names, _kernels, PastedSpec.parse(text))


def first_kernel(spec: PastedSpec, seed: int, kernels: Sequence[FloatArray]) -> DrawnKernel | None:
    """Return the first kernel of the network of these pages, beside the initializer that is nearest to all of them."""
    answer = attempt(_rows, str(spec), seed, list(kernels))
    if answer is None:
        return None
    near = answer[0]
    reference = near[0].spec if near[0] else spec
    examined = attempt(_measured, str(spec), seed, kernels[0], reference)
    return DrawnKernel(spec, reference, examined, near[0], all_alike(near)) if examined else None


def error_box(spec: PastedSpec, error: CodeError, source: str) -> None:
    """Show an error of the code with the lines that led to it, the innermost last."""
    kind = f"{error.kind}: " if error.kind else ""
    where = f"stopped in line {error.line}" if error.line else "gives no weights"
    with st.container(border=True, gap="xsmall"):
        title = "The app could not run it" if error.ours else f"{spec.name} {where}"
        st.markdown(f":red[:material/error:] **{literal(title)}**")
        high = len(error.message) > 1_000 or error.message.count("\n") > 10
        st.code(f"{kind}{error.message}", language=None, wrap_lines=True, height=220 if high else "content")
        lines = source.splitlines()
        for line, function in error.frames:
            if 0 < line <= len(lines):
                inside = "" if function == "<module>" else f", in {function}"
                st.markdown(f":small[:gray[{literal(f'Line {line}{inside}')}]]")
                python(one_line(lines[line - 1].strip(), MAX_LINE) or " ")


def output_box(output: str) -> None:
    """Show what the code printed."""
    if output:
        st.markdown("**Printed**")
        st.code(output, language=None, wrap_lines=True, height=min(220, 60 + 20 * output.count("\n")))
        if len(output) >= MAX_PRINTED:
            st.markdown(f":small[:gray[Only the first {MAX_PRINTED:,} characters are kept.]]")


def check_list(found: Sequence[Check]) -> None:
    """Show each check with its verdict."""
    with picture("checks", "Checks", "On a 784 – 128 – 128 – 10 network, each layer with its own seed."):
        st.markdown("  \n".join(f"{ICONS[one.verdict]} **{one.name}** {literal(one.words)}" for one in found))


def checked(result: Result) -> tuple[Check, ...]:
    """Return the checks of a result that holds the kernels of a network, and the first of them drawn once more."""
    *network, again = [_drawn(one) for one in result.drawn]
    one_object = result.picked is not None and result.picked.kind == "instance"
    return checks(network, again.array, NETWORK.layer_names, one_object=one_object)


def _drawn(one: Array) -> PastedKernel:
    return PastedKernel(one.requested, one.values, one.dtype, one.received)
