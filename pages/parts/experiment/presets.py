"""The popover of presets: sets of starts that replace the cards in one click."""

from collections.abc import Callable

import streamlit as st

from inits.text import markdown_symbols
from pages.parts.experiment import cards as deck
from pages.parts.experiment.cards import Card
from pages.parts.experiment.start_cards import change
from pages.parts.page import session
from pages.parts.page.session import widget_key


def presets(page: str, more: Callable[[], None] = lambda: None) -> None:
    """Draw a popover whose buttons replace all cards; `more` draws below them."""
    count = session.PRESETS_CLOSED.get(page, 0)

    def take(cards: tuple[Card, ...]) -> None:
        change(page, cards)
        close_presets(page)

    with st.popover("Presets", icon=":material/playing_cards:", key=widget_key(page, "presets", count)):
        for preset in deck.PRESETS:
            st.button(
                preset.name,
                key=widget_key(page, "preset", preset.name),
                help=markdown_symbols(preset.reason),
                width="stretch",
                on_click=take,
                args=(preset.cards,),
            )
        more()


def close_presets(page: str) -> None:
    """Close the popover of presets: under another key it is another popover."""
    session.PRESETS_CLOSED[page] = session.PRESETS_CLOSED.get(page, 0) + 1
