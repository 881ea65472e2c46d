"""The phase plane of an activation with the starts of the page."""

import re
from collections.abc import Sequence
from functools import lru_cache, partial
from math import floor

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.experiments.experiment import MAX_STARTS, ZEROS, Start
from inits.figures import phases as figures
from inits.figures import style
from inits.initializers.activations import ACTIVATIONS, ELEMENTWISE
from inits.initializers.spec import InitializerSpec
from inits.text import number
from inits.theory import phases
from inits.theory.phases import PhasePlane
from pages.parts.experiment import cards as deck
from pages.parts.experiment.cards import Card
from pages.parts.experiment.choices import Choices
from pages.parts.experiment.start_cards import change
from pages.parts.page import session
from pages.parts.page.address import between
from pages.parts.page.refusals import accept, refusal, refuse
from pages.parts.page.session import widget_key
from pages.parts.page.slides import picture
from pages.parts.page.state import linked, rerun
from pages.parts.signal.measurements import StartSignal
from pages.parts.widgets.box import number_box
from pages.parts.widgets.chart import Point, chart

CLICKED = re.compile(r"\(.*, .*\)")  # the name of a start that was placed by a click
ERF = "erf"
ERF_HELP = "erf exists in theory only: Keras has no such activation, so nothing can be measured with it."


@lru_cache
def plane_of(activation: str) -> PhasePlane:
    """Return the phase plane of an activation."""
    return phases.phase_plane(activation)


def phase_plane(page: str, choices: Choices, signals: Sequence[StartSignal]) -> None:
    """Draw the phase plane; a click or two numbers place a start."""
    activation = choices.network.activation
    with picture(
        "phases",
        "Position of each start",
        "Colour: depth scale ξ, in layers. Line: χ₁ = 1. Click to place a start.",
        "phases",
    ):
        above, named = st.container(), {"activation": ACTIVATIONS[activation], "erf": "erf"}
        row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
        with row:
            erf = linked(page, "of", named, lambda key: st.segmented_control(
                "Plane of", list(named), key=key, required=True, format_func=named.__getitem__, help=ERF_HELP,
            )) == "erf"  # fmt: skip
        if not erf and activation not in ELEMENTWISE:
            above.markdown(
                f":gray[{ACTIVATIONS[activation]} is not elementwise, so it has no phase plane. "
                "Choose another activation.]"
            )
            return
        plane = plane_of(ERF if erf else activation)
        with above:
            _plane(page, choices, signals, plane, ERF if erf else ACTIVATIONS[activation])
        _by_numbers(page, choices.cards, plane, row)


def _plane(page: str, choices: Choices, signals: Sequence[StartSignal], plane: PhasePlane, name: str) -> None:
    spots = [
        figures.Spot(label, slot, one.gains.weights, one.gains.biases)
        for label, slot, one in zip(choices.labels, choices.slots, signals, strict=True)
        if one.gains is not None
    ]
    chart(
        figures.plane(plane, spots),
        key=widget_key(page, "plane"),
        height=style.HERO,
        alt=f"Depth scale of {name} by weight and bias variance, with the critical line and the starts.",
        on_click=partial(_clicked, page, choices.cards),
    )


def _clicked(page: str, cards: tuple[Card, ...], point: Point) -> None:
    if point.name == figures.PLANE:
        _put(page, cards, float(point.x), float(point.y))


def _by_numbers(page: str, cards: tuple[Card, ...], plane: PhasePlane, row: DeltaGenerator) -> None:
    """Draw number inputs in a row that place a start without a mouse, to the digit."""
    axes = (
        (r"Weights, $\sigma_w^2$", "weights", 1.0, 0.01, plane.sigma_w2[-1]),
        (r"Biases, $\sigma_b^2$", "biases", 0.0, 0.0, plane.sigma_b2[-1]),
    )
    scope = widget_key(page, "put")
    with row:
        sigma_w2, sigma_b2 = (
            number_box(
                label,
                widget_key(scope, name),
                first,
                between(label.split(",")[0], low, floor(100 * high) / 100),
                scope=scope,
                width=100,
            )
            for label, name, first, low, high in axes
        )
        pressed = st.button("Place a start", icon=":material/add_location:", key=scope)
    refusal(scope)
    if pressed and scope not in session.REFUSAL:
        _put(page, cards, sigma_w2, sigma_b2)
        rerun()


def _put(page: str, cards: tuple[Card, ...], sigma_w2: float, sigma_b2: float) -> None:
    """Place a start, if there is room; it replaces the one that was placed before."""
    new, scope = at(sigma_w2, sigma_b2), widget_key(page, "put")
    before = [place for place, card in enumerate(cards) if CLICKED.fullmatch(card.name)]
    if before:
        place = before[-1]
        change(
            page,
            (*cards[:place], deck.coloured(new, [*cards[:place], *cards[place + 1 :]]), *cards[place + 1 :]),
        )
        return
    if len(cards) == MAX_STARTS:
        refuse(scope, f"There must be at most {MAX_STARTS} starts. Remove one before you place another.")
        return
    accept(scope)
    change(page, deck.added(cards, new))


def at(sigma_w2: float, sigma_b2: float) -> Card:
    """Return a start with these variances in every layer, to three digits."""
    scale, stddev = float(f"{sigma_w2:.3g}"), float(f"{sigma_b2**0.5:.3g}")
    kernel = InitializerSpec("VarianceScaling", (("scale", scale), ("distribution", "untruncated_normal")))
    bias = InitializerSpec("RandomNormal", (("stddev", stddev),)) if stddev else ZEROS
    return Card(Start(kernel, bias), f"({number(scale, 3)}, {number(sigma_b2, 3)})")
