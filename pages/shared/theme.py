"""The colours of the theme a person sees, for what the page draws itself. Charts get theirs in the browser."""

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Colours:
    """Hex colours: `categorical` are the ten slots, the first eight those of the starts."""

    categorical: tuple[str, ...]
    ink: str
    muted: str


def colours() -> Colours:
    """Those of the light theme until the browser has said which one it shows."""
    kind = "dark" if st.context.theme.type == "dark" else "light"
    slots = st.get_option(f"theme.{kind}.chartCategoricalColors")
    return Colours(
        tuple(slots), st.get_option(f"theme.{kind}.textColor"), st.get_option(f"theme.{kind}.grayColor")
    )
