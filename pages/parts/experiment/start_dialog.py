"""The dialog that changes one start: its initializer, its bias, its name and its place among the others."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import streamlit as st

from inits.errors import InitsError
from inits.experiments.experiment import MAX_STARTS, Start
from inits.experiments.file_start import FileSpec
from inits.experiments.weight_source import LSUV, Kernel
from inits.initializers.shapes import times
from inits.initializers.spec import InitializerSpec
from pages.parts.experiment import cards as deck
from pages.parts.experiment.cards import Card
from pages.parts.experiment.choices import Choices
from pages.parts.experiment.layer_fits import fit_table, fits_of
from pages.parts.page import session
from pages.parts.page.notes import problem
from pages.parts.page.refusals import refusal
from pages.parts.page.session import ALL_PAGES, widget_key
from pages.parts.page.state import rerun
from pages.parts.widgets.box import value_box
from pages.parts.widgets.picker import initializer_picker

BIASES = ("Zeros()", "Ones()", "Constant(value=0.01)", "RandomNormal(mean=0.0, stddev=0.05)")

Save = Callable[[tuple[Card, ...]], None]


def open_for(page: str, place: int) -> None:
    """Open the dialog for the start at a place."""
    session.forget_all(session.part(page, "draft"))
    session.DIALOG[page] = place


def close(page: str) -> None:
    """Close the dialog."""
    session.DIALOG.pop(page)


def show(page: str, choices: Choices, save: Save) -> None:
    """Draw the dialog if it is open; it stays open over reruns until the user closes it. `save` takes the new cards."""
    place = session.DIALOG.get(page)
    if place is None or place >= len(choices.cards):
        return

    def done(cards: tuple[Card, ...]) -> None:
        save(cards)
        close(page)
        rerun()

    @st.dialog("Edit start", width="medium", on_dismiss=lambda: close(page))
    def change_one() -> None:
        _edit(session.part(page, "draft"), choices, place, done)

    change_one()


def _edit(draft: str, choices: Choices, place: int, done: Save) -> None:
    """Draw the controls for one card. Nothing changes until it is saved."""
    cards, card = choices.cards, choices.cards[place]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        kernel = initializer_picker(
            draft, card.start.kernel, more=(LSUV, *session.WEIGHT_FILES.get(ALL_PAGES, {}).values())
        )
    _describe(kernel, choices)
    bias = value_box(
        "Bias initializer",
        widget_key(draft, "bias"),
        card.start.bias,
        _read_bias,
        scope=draft,
        options=BIASES,
    )
    name = st.text_input(
        "Name",
        card.name,
        placeholder=kernel.label,
        key=widget_key(draft, "called"),
        help=f"At most {deck.LONGEST_NAME} characters.",
    )
    refusal(draft)
    with st.container(horizontal=True, gap="small"):
        pressed = st.button("Save", type="primary", icon=":material/check:", key=widget_key(draft, "save"))
        if pressed and draft not in session.REFUSAL:
            try:
                new = replace(card, start=_start(kernel, bias), name=deck.called(name))
            except InitsError as error:
                problem(str(error))
            else:
                done((*cards[:place], new, *cards[place + 1 :]))
        _place_buttons(draft, cards, place, done)


def _describe(kernel: Kernel, choices: Choices) -> None:
    """Show the formula of the first kernel, or how the arrays of a file fit the network."""
    if isinstance(kernel, FileSpec):
        fits = fits_of(kernel, choices.network)
        if fits is not None:
            fit_table(kernel, choices.network, fits)
        return
    shape = choices.network.kernel_shapes[0]
    with suppress(InitsError):
        st.markdown(f":small[:gray[First kernel, {times(shape)}:]] {kernel.formula(shape)}")


def _place_buttons(draft: str, cards: tuple[Card, ...], place: int, done: Save) -> None:
    """Draw the buttons that change the row of cards and leave the card as it was."""
    for label, icon, changed, possible in (
        ("Duplicate", "content_copy", deck.duplicated(cards, place), len(cards) < MAX_STARTS),
        ("Move left", "arrow_back", deck.moved(cards, place, max(place - 1, 0)), place > 0),
        ("Move right", "arrow_forward", deck.moved(cards, place, place + 1), place < len(cards) - 1),
        ("Remove", "delete", deck.removed(cards, place), len(cards) > 1),
    ):
        if st.button(label, icon=f":material/{icon}:", key=widget_key(draft, label), disabled=not possible):
            done(changed)


def _read_bias(text: str) -> InitializerSpec:
    bias = InitializerSpec.parse(text.strip() or "Zeros()")
    bias.check_shape((10,))
    return bias


def _start(kernel: Kernel, bias: InitializerSpec) -> Start:
    """Return a start. Raises SpecError or ShapeError if its kernel cannot fill a Dense layer."""
    kernel.check_shape((784, 128))
    return Start(kernel, bias)
