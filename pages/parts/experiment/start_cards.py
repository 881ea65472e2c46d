"""The row of start cards: what each start draws, and its outcome."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from html import escape

import streamlit as st

from inits.engine.jobs import Job
from inits.errors import InitsError
from inits.experiments.experiment import MAX_STARTS, Start
from inits.experiments.file_start import FileSpec
from inits.experiments.weight_source import Kernel
from inits.figures.mini import common_reach, data_uri, histogram_svg
from inits.initializers.laws import Law
from inits.measure.examination import SmallHistogram
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

PICTURE = (64, 36)  # pixels: width and height of a histogram


def change(page: str, cards: tuple[Card, ...]) -> None:
    """Replace the cards of a page."""
    session.STARTS[page] = deck.format_cards(cards)


def chosen_cards(page: str, choices: Choices) -> Choices:
    """Return the choices with the cards as this session has changed them."""
    text = session.STARTS.setdefault(page, deck.format_cards(choices.cards))
    return replace(choices, cards=deck.parse_cards(text))


def card_row(
    page: str, choices: Choices, *, job: Job | None = None, chip: Callable[[int], None] = lambda place: None
) -> None:
    """Draw one card for each start. The cards can be changed, unless their job runs: then each can be stopped.

    Args:
        page: the page.
        choices: the settings with the cards.
        job: the job of these settings, while it runs.
        chip: draws what is known about a start, from its place.
    """
    cards, shape = choices.cards, choices.network.kernel_shapes[0]
    laws = [_law(card.start.kernel, shape) for card in cards]
    drawn = [first_kernel(card.start, choices) for card in cards]
    without = [one for one, law in zip(drawn, laws, strict=True) if one is not None and law is None]
    reach = common_reach(laws, (max(map(abs, one.edges)) for one in without))
    with st.container(horizontal=True, key=widget_key(page, "cards")):
        for place, card in enumerate(cards):
            with st.container(
                border=True, height="stretch", gap="xxsmall", key=widget_key(page, "card", place)
            ):
                with st.container(horizontal=True, wrap=False, gap="xsmall"):
                    _picture(choices, card, drawn[place], laws[place], reach)
                    with st.container(gap=None):
                        _head(page, choices, place, job)
                        st.markdown(_description(choices, place))
                chip(place)
    if job is not None:
        start_dialog.close(page)
    else:
        start_dialog.show(page, choices, partial(change, page))


def add_button(page: str, cards: tuple[Card, ...]) -> None:
    """Draw the button that adds a start, if there is room for one."""
    if len(cards) < MAX_STARTS:
        st.button(
            "Add start",
            icon=":material/add:",
            key=widget_key(page, "add"),
            on_click=lambda: change(page, deck.added(cards, _next(cards))),
        )


def _description(choices: Choices, place: int) -> str:
    """Return the parameters of a start as Markdown."""
    start = choices.cards[place].start
    about = literal(deck.parameters(start))
    if isinstance(start.kernel, FileSpec):
        about += f"; {fit_words(fits_of(start.kernel, choices.network))}"
    return f":small[:gray[{about}]]"


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


def _head(page: str, choices: Choices, place: int, job: Job | None) -> None:
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
        st.markdown(f"**{_name(choices.labels[place])}**", width="stretch")
        if job is None:
            if st.button("Edit", key=widget_key(page, "edit", place), type="tertiary"):
                start_dialog.open_for(page, place)
        elif len(choices.cards) > 1:
            _stop_button(page, place, job)


def _stop_button(page: str, place: int, job: Job) -> None:
    """Draw the button that stops one start of a job."""
    runs = list(experiment_of(job).of_start(place))
    ended = all(job.records[run].over for run in runs) or job.stopping.issuperset(runs)
    others = engine().scheduler.others(job, session_id())
    st.button(
        "Stop",
        key=widget_key(page, "stop", place),
        type="tertiary",
        disabled=ended or others > 0,
        help="Others watch this run, so you cannot stop a single start." if others and not ended else None,
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
        return data_uri(histogram_svg(counts, edges, law, reach, colour, ink, PICTURE))

    drawn_by = card.start, choices.network, choices.batch_size, choices.seed, choices.data
    image = shared_figures().get_or_make((drawn_by, drawn is not None, reach, colour, ink), svg)
    words = f"Histogram of the first kernel of {escape(f'{card.start.kernel.label}, {deck.parameters(card.start)}')}"
    line = f'<div style="line-height:0" data-start="{card.slot}">{swatch(card.slot, PICTURE[0])}</div>'
    st.html(f'<img src="{image}" alt="{words}" style="display:block">{line}', width=PICTURE[0])


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
