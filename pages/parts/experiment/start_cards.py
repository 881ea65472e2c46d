"""The row of start cards: what each draws and how it did."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from types import MappingProxyType

import numpy as np
import streamlit as st

from inits.engine import worker
from inits.engine.jobs import Job
from inits.errors import InitsError
from inits.experiments.diagnostics import Why
from inits.experiments.experiment import MAX_STARTS, Run, Start
from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.experiments.summary import Outcome, best
from inits.experiments.weight_source import Kernel, LsuvSpec
from inits.figures.mini import common_reach, data_uri, histogram_svg
from inits.initializers.laws import Law
from inits.initializers.spec import InitializerSpec
from inits.measure.examination import Sketch, sketch_drawn
from inits.seeds import derive_seed
from inits.text import percent
from inits.training.draw import sketch
from pages.parts.compute import pasted_code
from pages.parts.compute.engine_access import can_draw, engine, known_dataset, wait_for
from pages.parts.compute.job_control import session_id
from pages.parts.experiment import cards as deck
from pages.parts.experiment import start_dialog
from pages.parts.experiment.cards import Card
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.experiment.layer_fits import fit_words, fits_of
from pages.parts.page import session
from pages.parts.page.gate import gate
from pages.parts.page.notes import literal
from pages.parts.page.session import widget_key
from pages.parts.page.shared_cache import shared_figures
from pages.parts.page.theme import colours

WIDE, NARROW, MANY = 200, 131, 5  # pixels; from so many cards on they are narrow, and eight fit


def change(page: str, cards: tuple[Card, ...]) -> None:
    """Replace the cards of a page."""
    session.STARTS[page] = deck.format_cards(cards)


def chosen_cards(page: str, choices: Choices) -> Choices:
    """The choices with the cards as this session has changed them."""
    text = session.STARTS.setdefault(page, deck.format_cards(choices.cards))
    return replace(choices, cards=deck.parse_cards(text))


def card_row(
    page: str,
    choices: Choices,
    *,
    job: Job | None = None,
    outcomes: Sequence[Outcome] = (),
    why: Mapping[int, Why] = MappingProxyType({}),
    under: Callable[[int], None] = lambda place: None,
) -> None:
    """One card for each start. They can be changed unless their `job` runs; then each can be stopped.

    `under` is called last in each card, with its place.
    """
    running = job is not None and not job.over.is_set()
    cards, shape = choices.cards, choices.network.kernel_shapes[0]
    laws = [_law(card.start.kernel, shape) for card in cards]
    drawn = [_draw(card.start, choices) for card in cards]
    without = [one for one, law in zip(drawn, laws, strict=True) if one is not None and law is None]
    reach = common_reach(laws, (max(map(abs, one.edges)) for one in without))
    narrow = len(cards) >= MANY
    with st.container(
        horizontal=True, wrap=False, gap="xsmall" if narrow else "small", key=widget_key(page, "cards")
    ):
        for place, card in enumerate(cards):
            with st.container(border=True, width=NARROW if narrow else WIDE, height="stretch", gap="xsmall"):
                _head(page, choices, place, job if running else None, narrow)
                _picture(choices, card, drawn[place], laws[place], reach)
                about = literal(deck.parameters(card.start))
                if isinstance(card.start.kernel, FileSpec):
                    about += f"; {fit_words(fits_of(card.start.kernel, choices.network))}"
                st.markdown(f"**{_name(choices.labels[place])}**  \n:small[:gray[{about}]]")
                if outcomes:
                    stopping = job is not None and job.stopping.issuperset(job.plan.of_start(place))
                    _chip(outcomes[place], outcomes, why.get(place), stopping)
                under(place)
        if not running and len(cards) < MAX_STARTS:
            with st.container(width="content", height="stretch", vertical_alignment="center"):
                st.button(
                    "Add start",
                    icon=":material/add:",
                    key=widget_key(page, "add"),
                    on_click=lambda: change(page, deck.added(cards, _next(cards))),
                )
    if running:
        start_dialog.close(page)
    else:
        start_dialog.show(page, choices, partial(change, page))


def presets(page: str, more: Callable[[], None] = lambda: None) -> None:
    """A popover of decks that fill the cards in one click, and below them what `more` draws."""
    count = session.PRESETS_CLOSED.get(page, 0)

    def deal(cards: tuple[Card, ...]) -> None:
        change(page, cards)
        close_presets(page)

    with st.popover("Presets", icon=":material/playing_cards:", key=widget_key(page, "presets", count)):
        for preset in deck.PRESETS:
            st.button(
                preset.name,
                key=widget_key(page, "preset", preset.name),
                help=preset.reason,
                width="stretch",
                on_click=deal,
                args=(preset.cards,),
            )
        more()


def close_presets(page: str) -> None:
    """Close the popover of presets: another key makes it another popover."""
    session.PRESETS_CLOSED[page] = session.PRESETS_CLOSED.get(page, 0) + 1


def _name(text: str) -> str:
    """A long class name may break where its words meet."""
    return literal("".join(f"\u200b{sign}" if sign.isupper() else sign for sign in text))


def _next(cards: Sequence[Card]) -> Card:
    """What "Add start" adds: the first usual initializer that is not there yet."""
    there = {card.start for card in cards}
    usual = (deck.card(name) for name in ("HeNormal", "GlorotUniform", "LecunNormal", "Orthogonal"))
    return next((card for card in usual if card.start not in there), deck.card("RandomNormal"))


def _law(spec: Kernel, shape: tuple[int, int]) -> Law | None:
    try:
        return spec.law(shape)
    except InitsError:
        return None


def _head(page: str, choices: Choices, place: int, job: Job | None, narrow: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        key = swatch(choices.cards[place].slot, 20 if narrow else 32)
        st.html(f'<div style="white-space:nowrap">{key} {place + 1}</div>', width="content")
        if job is None:
            icon = None if narrow else ":material/edit:"
            if st.button("Edit", icon=icon, key=widget_key(page, "edit", place), type="tertiary"):
                start_dialog.open_for(page, place)
            return
        if len(choices.cards) == 1:
            return
        runs = list(job.plan.of_start(place))
        ended = all(job.records[run].over for run in runs) or job.stopping.issuperset(runs)
        others = engine().scheduler.others(job, session_id())
        st.button(
            "Stop",
            icon=None if narrow else ":material/stop:",
            key=widget_key(page, "stop", place),
            type="tertiary",
            disabled=ended or others > 0,
            help="Others watch this run: it goes on for them." if others and not ended else None,
            on_click=engine().stop,
            args=(job, runs),
        )


def swatch(slot: int, width: int = 32) -> str:
    """HTML of the line that stands for a start: its colour, and dashes from the fifth on; width in pixels."""
    colour = colours().categorical[slot]
    dash = f"repeating-linear-gradient(90deg,{colour} 0 8px,transparent 8px 12px)" if slot >= 4 else colour
    style = f"display:inline-block;width:{width}px;height:4px;vertical-align:middle;background:{dash}"
    return f'<span style="{style}"></span>'


def _picture(choices: Choices, card: Card, drawn: Sketch | None, law: Law | None, reach: float) -> None:
    theme = colours()
    colour, ink = theme.categorical[card.slot], theme.ink

    def svg() -> str:
        counts, edges = (drawn.counts, drawn.edges) if drawn else (None, None)
        return data_uri(histogram_svg(counts, edges, law, reach, colour, ink))

    drawn_by = card.start, choices.network, choices.batch_size, choices.seed, choices.data
    image = shared_figures().get_or_make((drawn_by, drawn is not None, reach, colour, ink), svg)
    words = f"Histogram of the first kernel of {escape(f'{card.start.kernel.label}, {deck.parameters(card.start)}')}"
    st.html(f'<img src="{image}" alt="{words}" style="width:100%;height:auto;display:block">')


def _draw(start: Start, choices: Choices) -> Sketch | None:
    """The first kernel of a run, as it will be; None before Keras is there, or when it cannot be shown."""
    spec, shape, seed = start.kernel, choices.network.kernel_shapes[0], choices.seed
    try:
        if isinstance(spec, PastedSpec):
            return _pasted(start, choices.network, seed)
        if isinstance(spec, LsuvSpec):
            return _scaled(start, choices)
        if isinstance(spec, FileSpec):
            return _from_file(str(spec), choices.network, seed)
        return _drawn(str(spec), shape, derive_seed(seed, "kernel", 0)) if can_draw() else None
    except InitsError:
        return None


def _scaled(start: Start, choices: Choices) -> Sketch | None:
    """LSUV needs the first batch, and so the digits."""
    dataset = known_dataset(choices.data)
    if not (can_draw() and dataset):
        return None
    (run,) = replace(choices, cards=(Card(start),), seeds=1).experiment(dataset).runs
    return _scaled_for(run)


@st.cache_data(max_entries=100, show_spinner=False, hash_funcs={Run: lambda run: run.key})
def _scaled_for(run: Run) -> Sketch:
    return engine().call(worker.first_kernel, run)


@st.cache_data(max_entries=100, show_spinner=False)
def _from_file(text: str, net: Network, seed: int) -> Sketch | None:
    """The first kernel with which a network begins; as it will be drawn where the file has none for it."""
    spec = FileSpec.parse(text)
    (kernel, _) = engine().sources.request(Start(spec), net, seed, layers=1).result()
    if kernel is not None:
        return sketch_drawn(kernel)
    return (
        _drawn(str(spec.rest), net.kernel_shapes[0], derive_seed(seed, "kernel", 0)) if can_draw() else None
    )


@st.cache_data(max_entries=500, show_spinner=False)
def _drawn(text: str, shape: tuple[int, int], seed: int) -> Sketch:
    with gate.aside():
        return engine().call(sketch, InitializerSpec.parse(text), shape, seed)


def _pasted(start: Start, net: Network, seed: int) -> Sketch | None:
    """Return the first kernel that pasted code draws; None while it runs, and if it is not finite."""
    future = pasted_code.request_arrays(start, net, seed, layers=1)
    if not pasted_code.wait_soon([future]):
        wait_for(future.done, lambda: "Running your code...")
        return None
    kernel, _ = future.result()
    return sketch_drawn(kernel) if kernel is not None and np.isfinite(kernel).all() else None


def _chip(outcome: Outcome, outcomes: Sequence[Outcome], why: Why | None, stopping: bool) -> None:
    """How a start did, in a word; why, when it came to nothing."""
    if why is not None:
        st.badge(why.short, icon=":material/error:", color="red", help=literal(why.whole))
    elif outcome.state == "finished" and outcome.accuracy is not None:
        first = outcome.start in best(outcomes)["accuracy"]
        icon = ":material/trophy:" if first else ":material/check:"
        st.badge(percent(outcome.accuracy), icon=icon, color="green" if first else "gray")
    elif outcome.state == "stopped":
        st.badge("stopped", icon=":material/stop_circle:", color="orange")
    elif stopping:
        st.badge("stopping", icon=":material/stop_circle:", color="orange")
    elif outcome.state == "running":
        st.badge("learning", icon=":material/more_horiz:", color="gray")


def add_to_train(start: Start) -> None:
    """Put a start beside the others on the Train page, unless it is there already."""
    cards = deck.parse_cards(session.STARTS.get(TRAIN.page, TRAIN.texts()["starts"]))
    if start not in [card.start for card in cards]:
        room = cards if len(cards) < MAX_STARTS else cards[:-1]
        change(TRAIN.page, deck.added(room, Card(start)))
