"""The Explore page: what one initializer draws, beside what theory predicts."""

from dataclasses import dataclass

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
from inits.text import markdown_symbols
from pages.parts.experiment.start_cards import train_start
from pages.parts.kernel.kernel_views import drawn_kernel, one_kernel
from pages.parts.kernel.network_views import all_initializers, network, network_sentence
from pages.parts.kernel.pasted_views import pasted_kernel, pasted_network, pasted_sentence
from pages.parts.lessons.bar import lesson_bar
from pages.parts.page import session
from pages.parts.page.address import Address, Field, one_of, whole
from pages.parts.page.header import setup
from pages.parts.page.notes import explained, literal, problem
from pages.parts.page.refusals import refusal
from pages.parts.page.session import seeded, widget_key
from pages.parts.page.slides import live_controls
from pages.parts.page.state import rerun
from pages.parts.widgets.picker import initializer_picker
from pages.parts.widgets.shape import format_shape, parse_shape, shape_popover

PAGE = "explore"
VIEWS = {"kernel": "One kernel", "network": "A whole network", "all": "All initializers"}
STFT_SHAPE = (256, 1, 129)


@dataclass(frozen=True)
class PageSettings:
    """The settings of the page."""

    init: InitializerSpec | PastedSpec
    shape: tuple[int, ...]
    seed: int
    view: str


def read_kernel(text: str) -> InitializerSpec | PastedSpec:
    """Return an initializer that needs only a shape.

    Raises:
        SpecError: for one that needs a network and data as well.
    """
    spec = parse_kernel(text)
    if not isinstance(spec, InitializerSpec | PastedSpec):
        raise SpecError(f"{spec.label} needs a network and data. See it on the Train page.")
    return spec


EXPLORE = Address(PAGE, PageSettings, (
    Field("init", "HeNormal()", read_kernel),
    Field("shape", "784x128", parse_shape, lambda shown: format_shape(shown.shape)),
    Field("seed", "0", whole("seed", 0, MAX_SEED)),
    Field("view", "kernel", one_of("view", VIEWS)),
    Field("picture", "units"),
))  # fmt: skip


def main() -> None:
    setup(PAGE)
    shown = EXPLORE.load()
    lesson_bar(PAGE)
    title, answer = st.empty(), st.empty()
    with live_controls(PAGE):
        shown = controls(shown)
    EXPLORE.save(shown)
    one = f"What does {literal(shown.init.name)} draw?"
    title.title("How do the initializers of Keras differ?" if shown.view == "all" else one)
    try:
        show(shown, answer)
    except ShapeError as error:
        problem(str(error))
        if shown.init.name == "STFT":
            label, key = f"Show {times(STFT_SHAPE)}", widget_key(PAGE, "stft")
            st.button(label, key=key, on_click=show_shape, args=(STFT_SHAPE,))


def controls(shown: PageSettings) -> PageSettings:
    """Draw the controls; return their settings."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        spec = read_kernel(str(initializer_picker(PAGE, shown.init)))
        shape, seed = shape_popover(PAGE, spec, shown.shape, shown.seed)
    refusal(PAGE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        view = st.segmented_control(
            "View",
            list(VIEWS),
            key=seeded(widget_key(PAGE, "view"), shown.view),
            format_func=VIEWS.__getitem__,
            label_visibility="collapsed",
            required=True,
        )
        if view != "all":
            draw_again(spec, seed)
        train_it(spec)
    return PageSettings(spec, shape, seed, str(view))


def draw_again(spec: Kernel, seed: int) -> None:
    """Draw a button that goes on to the next seed."""
    key = widget_key(PAGE, "again")
    if st.button("Draw again", icon=":material/casino:", key=key, disabled=not spec.random):
        session.NEW_SEED[PAGE] = seed + 1
        rerun()


def train_it(spec: Kernel) -> None:
    """Draw a button that leads to the Train page with this initializer, if it can fill a Dense kernel."""
    try:
        spec.check_shape((784, 128))
        why = None
    except ShapeError as error:
        why = str(error)
    icon, key = ":material/add:", widget_key(PAGE, "train")
    if st.button("Train it", icon=icon, type="primary", key=key, disabled=why is not None, help=why):
        train_start(Start(spec))


def show_shape(shape: tuple[int, ...]) -> None:
    """Have the page show another shape from its next run on."""
    session.forget(PAGE, keep=("spec", "view", "seed.typed"))
    session.SHAPE[PAGE] = shape


def show(shown: PageSettings, answer: DeltaGenerator) -> None:
    """Draw the view that was chosen. Raises ShapeError if the initializer cannot fill the shape."""
    spec, shape, seed = shown.init, shown.shape, shown.seed
    if shown.view == "all":
        answer.markdown(
            f"Each panel shows which values one weight of a {times(shape)} kernel takes, and how often."
        )
        all_initializers(shape)
    elif isinstance(spec, PastedSpec) and shown.view == "network":
        answer.markdown("Your code draws each kernel, each with its own seed.")
        pasted_network(spec, seed)
    elif shown.view == "network":
        assert isinstance(spec, InitializerSpec)
        words = network_sentence(spec)
        answer.markdown(markdown_symbols(words), help=explained(words))
        network(spec, seed)
    elif isinstance(spec, PastedSpec):
        one = pasted_kernel(spec, shape, seed)
        answer.markdown(pasted_sentence(spec, one))
        if one is not None:
            one_kernel(one, shape, seed)
    else:
        answer.markdown(sentence(spec, shape))
        one_kernel(drawn_kernel(spec, shape, seed), shape, seed)


def sentence(spec: InitializerSpec, shape: tuple[int, ...]) -> str:
    """Return what the initializer draws for this shape, with numbers, and a named initializer that draws the same."""
    law = spec.law(shape)
    named = [name for name in CATALOG if name.startswith(("Glorot", "He", "Lecun")) and name != spec.name]
    twin = next((name for name in named if law is not None and law == InitializerSpec(name).law(shape)), None)
    return spec.formula(shape).removesuffix(".") + (f", the same as {twin}." if twin else ".")


main()
