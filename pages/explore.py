"""One initializer in depth: what it draws beside what theory promises."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.errors import ShapeError, SpecError
from inits.experiments.experiment import Start
from inits.experiments.pasted import PastedSpec
from inits.experiments.weight_source import Kernel, parse_kernel
from inits.initializers.catalog import CATALOG
from inits.initializers.shapes import times
from inits.initializers.spec import InitializerSpec
from inits.seeds import MAX_SEED
from pages.parts.experiment.start_cards import add_card
from pages.parts.kernel.kernel_views import look, one_kernel
from pages.parts.kernel.network_views import down_the_network, everything, network
from pages.parts.kernel.pasted_views import likeness_words, look_pasted, network_pasted
from pages.parts.page import session, state
from pages.parts.page.header import setup
from pages.parts.page.notes import literal, problem
from pages.parts.page.refusals import refusal
from pages.parts.page.session import seeded, widget_key
from pages.parts.widgets.picker import initializer_picker
from pages.parts.widgets.shape import format_shape, parse_shape, shape_popover

PAGE = "explore"
VIEWS = {"kernel": "One kernel", "network": "A whole network", "all": "All initializers"}
STFT_SHAPE = (256, 1, 129)
DEFAULTS = {"init": "HeNormal()", "shape": "784x128", "seed": "0", "view": "kernel", "picture": "units"}


def main() -> None:
    setup("Explore")
    read = partial(state.read, state.load(PAGE, DEFAULTS), DEFAULTS)
    spec, shape = read("init", parse_shown), read("shape", parse_shape)
    seed, view = read("seed", state.whole("seed", 0, MAX_SEED)), read("view", state.one_of("view", VIEWS))

    title, answer = st.empty(), st.empty()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        spec = initializer_picker(PAGE, spec)
        shape, seed = shape_popover(PAGE, spec, shape, seed)
    refusal(PAGE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        view = st.segmented_control(
            "View",
            list(VIEWS),
            key=seeded(widget_key(PAGE, "view"), view),
            format_func=VIEWS.__getitem__,
            label_visibility="collapsed",
            required=True,
        )
        if view != "all":
            draw_again(spec, seed)
        train_it(spec)
    values = {"init": str(spec), "shape": format_shape(shape), "seed": str(seed), "view": str(view)}
    state.save(PAGE, values, DEFAULTS)
    title.title(
        "How do the initializers of Keras differ?"
        if view == "all"
        else f"What does {literal(spec.name)} draw?"
    )
    try:
        if view == "kernel":
            kernel(spec, shape, seed, answer)
        elif view == "network":
            whole_network(spec, seed, answer)
        else:
            answer.markdown(f"In what one weight of a {times(shape)} kernel can be, and how often.")
            everything(shape)
    except ShapeError as error:
        problem(str(error))
        if spec.name == "STFT":
            st.button(
                f"Show {times(STFT_SHAPE)}",
                key=widget_key(PAGE, "stft"),
                on_click=show_shape,
                args=(STFT_SHAPE,),
            )


def parse_shown(text: str) -> Kernel:
    """An initializer that needs nothing but a shape. Raises SpecError for one that needs more."""
    spec = parse_kernel(text)
    if not isinstance(spec, InitializerSpec | PastedSpec):
        raise SpecError(f"{spec.label} needs a network and data: it can be seen on Train.")
    return spec


def kernel(spec: Kernel, shape: tuple[int, ...], seed: int, answer: DeltaGenerator) -> None:
    if isinstance(spec, PastedSpec):
        one = look_pasted(spec, shape, seed)
        answer.markdown(likeness_words(spec, one))
    else:
        answer.markdown(sentence(spec, shape))
        one = look(spec, shape, seed)
    if one is not None:
        one_kernel(one, shape, seed)


def whole_network(spec: Kernel, seed: int, answer: DeltaGenerator) -> None:
    if isinstance(spec, PastedSpec):
        answer.markdown("Your code is asked for each kernel, each with a seed of its own.")
        network_pasted(spec, seed)
    else:
        answer.markdown(down_the_network(spec))
        network(spec, seed)


def draw_again(spec: Kernel, seed: int) -> None:
    if st.button(
        "Draw again", icon=":material/casino:", key=widget_key(PAGE, "again"), disabled=not spec.random
    ):
        session.NEW_SEED[PAGE] = seed + 1
        st.rerun()


def train_it(spec: Kernel) -> None:
    """To the Train page with this initializer, if it can fill a Dense kernel."""
    try:
        spec.check_shape((784, 128))
        why = None
    except ShapeError as error:
        why = str(error)
    button = partial(
        st.button, "Train it", icon=":material/add:", type="primary", key=widget_key(PAGE, "train")
    )
    if button(disabled=why is not None, help=why):
        add_card("train", Start(spec))
        st.switch_page("pages/train.py")


def show_shape(shape: tuple[int, ...]) -> None:
    session.forget(PAGE, keep=("spec", "view", "seed"))
    session.SHAPE[PAGE] = shape


def sentence(spec: InitializerSpec, shape: tuple[int, ...]) -> str:
    """What it draws for this shape, with the numbers, and the named initializer that draws the same."""
    law = spec.law(shape)
    named = [name for name in CATALOG if name.startswith(("Glorot", "He", "Lecun")) and name != spec.name]
    twin = next((name for name in named if law is not None and law == InitializerSpec(name).law(shape)), None)
    return spec.formula(shape).removesuffix(".") + (f", the same as {twin}." if twin else ".")


main()
