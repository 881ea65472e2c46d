"""The row of start cards: what each start draws, and its outcome."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from types import MappingProxyType

import streamlit as st

from inits.engine.jobs import Job
from inits.errors import InitsError
from inits.experiments.diagnostics import Why
from inits.experiments.experiment import MAX_STARTS, Start
from inits.experiments.file_start import FileSpec
from inits.experiments.ranking import best
from inits.experiments.summary import Outcome
from inits.experiments.weight_source import Kernel
from inits.figures.mini import common_reach, data_uri, histogram_svg
from inits.initializers.laws import Law
from inits.measure.examination import SmallHistogram
from inits.text import percent
from pages.parts.compute.engine_access import engine
from pages.parts.compute.job_control import experiment_of, session_id
from pages.parts.experiment import cards as deck
from pages.parts.experiment import start_dialog
from pages.parts.experiment.cards import Card
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.experiment.first_kernels import first_kernel
from pages.parts.experiment.layer_fits import fit_words, fits_of
from pages.parts.page import session
from pages.parts.page.navigation import go
from pages.parts.page.notes import literal
from pages.parts.page.session import widget_key
from pages.parts.page.shared_cache import shared_figures
from pages.parts.page.theme import colours

WIDTH, NARROW_WIDTH = 200, 131  # pixels
MIN_NARROW = 5  # number of cards from which on they are narrow: eight fit into a row


def change(page: str, cards: tuple[Card, ...]) -> None:
    """Replace the cards of a page."""
    session.STARTS[page] = deck.format_cards(cards)


def chosen_cards(page: str, choices: Choices) -> Choices:
    """Return the choices with the cards as this session has changed them."""
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
    """Draw one card for each start. The cards can be changed, unless their job runs: then each can be stopped.

    Args:
        page: the page.
        choices: the settings with the cards.
        job: the job of these settings, if there is one.
        outcomes: the outcome of each start; empty before a run.
        why: why starts failed, by their place.
        under: draws the last part of each card, from its place.
    """
    running = job is not None and not job.over.is_set()
    cards, shape = choices.cards, choices.network.kernel_shapes[0]
    laws = [_law(card.start.kernel, shape) for card in cards]
    drawn = [first_kernel(card.start, choices) for card in cards]
    without = [one for one, law in zip(drawn, laws, strict=True) if one is not None and law is None]
    reach = common_reach(laws, (max(map(abs, one.edges)) for one in without))
    narrow = len(cards) >= MIN_NARROW
    with st.container(
        horizontal=True, wrap=False, gap="xsmall" if narrow else "small", key=widget_key(page, "cards")
    ):
        for place, card in enumerate(cards):
            with st.container(
                border=True, width=NARROW_WIDTH if narrow else WIDTH, height="stretch", gap="xsmall"
            ):
                _head(page, choices, place, job if running else None, narrow)
                _picture(choices, card, drawn[place], laws[place], reach)
                st.markdown(_description(choices, place))
                if outcomes:
                    stopping = job is not None and job.stopping.issuperset(experiment_of(job).of_start(place))
                    _chip(outcomes[place], outcomes, why.get(place), stopping)
                under(place)
        if not running and len(cards) < MAX_STARTS:
            _add_button(page, cards)
    if running:
        start_dialog.close(page)
    else:
        start_dialog.show(page, choices, partial(change, page))


def _add_button(page: str, cards: tuple[Card, ...]) -> None:
    with st.container(width="content", height="stretch", vertical_alignment="center"):
        st.button(
            "Add start",
            icon=":material/add:",
            key=widget_key(page, "add"),
            on_click=lambda: change(page, deck.added(cards, _next(cards))),
        )


def _description(choices: Choices, place: int) -> str:
    """Return the name and the parameters of a start as Markdown."""
    start = choices.cards[place].start
    about = literal(deck.parameters(start))
    if isinstance(start.kernel, FileSpec):
        about += f"; {fit_words(fits_of(start.kernel, choices.network))}"
    return f"**{_name(choices.labels[place])}**  \n:small[:gray[{about}]]"


def _name(text: str) -> str:
    """Return a name as Markdown that lets a long class name break between its words."""
    return "".join(f"\u200b{sign}" if sign.isupper() else sign for sign in literal(text))


def _next(cards: Sequence[Card]) -> Card:
    """Return the card that "Add start" adds: the first common initializer that is not among the cards."""
    present = {card.start for card in cards}
    common = (deck.card(name) for name in ("HeNormal", "GlorotUniform", "LecunNormal", "Orthogonal"))
    return next((card for card in common if card.start not in present), deck.card("RandomNormal"))


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
        runs = list(experiment_of(job).of_start(place))
        ended = all(job.records[run].over for run in runs) or job.stopping.issuperset(runs)
        others = engine().scheduler.others(job, session_id())
        st.button(
            "Stop",
            icon=None if narrow else ":material/stop:",
            key=widget_key(page, "stop", place),
            type="tertiary",
            disabled=ended or others > 0,
            help="Others watch this run, so you cannot stop a single start."
            if others and not ended
            else None,
            on_click=engine().stop,
            args=(job, runs),
        )


def swatch(slot: int, width: int = 32) -> str:
    """Return HTML of the line that stands for a start: its colour, dashed from the fifth on; width in pixels."""
    colour = colours().categorical[slot]
    dash = f"repeating-linear-gradient(90deg,{colour} 0 8px,transparent 8px 12px)" if slot >= 4 else colour
    style = f"display:inline-block;width:{width}px;height:4px;vertical-align:middle;background:{dash}"
    return f'<span style="{style}"></span>'


def _picture(
    choices: Choices, card: Card, drawn: SmallHistogram | None, law: Law | None, reach: float
) -> None:
    theme = colours()
    colour, ink = theme.categorical[card.slot], theme.ink

    def svg() -> str:
        counts, edges = (drawn.counts, drawn.edges) if drawn else (None, None)
        return data_uri(histogram_svg(counts, edges, law, reach, colour, ink))

    drawn_by = card.start, choices.network, choices.batch_size, choices.seed, choices.data
    image = shared_figures().get_or_make((drawn_by, drawn is not None, reach, colour, ink), svg)
    words = f"Histogram of the first kernel of {escape(f'{card.start.kernel.label}, {deck.parameters(card.start)}')}"
    st.html(f'<img src="{image}" alt="{words}" style="width:100%;height:auto;display:block">')


def _chip(outcome: Outcome, outcomes: Sequence[Outcome], why: Why | None, stopping: bool) -> None:
    """Show the outcome of a start in a word, or why it failed."""
    if why is not None:
        st.badge(why.short, icon=":material/error:", color="red", help=literal(why.whole))
    elif outcome.state == "finished" and outcome.collapsed:
        st.badge(f"fell to {percent(outcome.accuracy or 0)}", icon=":material/trending_down:", color="red")
    elif outcome.state == "finished" and outcome.at_chance:
        st.badge(
            f"guessing, {percent(outcome.accuracy or 0)}", icon=":material/trending_flat:", color="orange"
        )
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


def train_start(start: Start) -> None:
    """Open the Train page with a start beside the others there; if there is no room, ask which one it replaces."""
    cards = deck.parse_cards(session.STARTS.get(TRAIN.page, TRAIN.texts()["starts"]))
    present = start in [card.start for card in cards]
    if not present and len(cards) == MAX_STARTS:
        _ask_what_to_replace(start, cards)
        return
    if not present:
        change(TRAIN.page, deck.added(cards, Card(start)))
    go(TRAIN.page)


@st.dialog("No room on Train")
def _ask_what_to_replace(start: Start, cards: tuple[Card, ...]) -> None:
    new, labels = Card(start), deck.labels(cards)
    name = literal(deck.labels([new])[0])
    st.markdown(f"Train compares at most {MAX_STARTS} starts. Choose the one that {name} replaces.")
    place = st.selectbox(
        "Start to replace", range(MAX_STARTS), MAX_STARTS - 1, labels.__getitem__, key="train.replaced"
    )
    if st.button("Replace it", type="primary", key="train.replace"):
        change(TRAIN.page, deck.replaced(cards, place, new))
        go(TRAIN.page)
