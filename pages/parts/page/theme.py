"""The colours of the present theme, for HTML and SVG of the pages. Charts get theirs in the browser."""

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Colours:
    """Hex colours: `categorical` holds ten slots, of which the first eight are for starts."""

    categorical: tuple[str, ...]
    ink: str
    muted: str


def colours() -> Colours:
    """Return the colours of the present theme; of the light one until the browser has reported its theme."""
    kind = "dark" if st.context.theme.type == "dark" else "light"
    slots = st.get_option(f"theme.{kind}.chartCategoricalColors")
    return Colours(
        tuple(slots), st.get_option(f"theme.{kind}.textColor"), st.get_option(f"theme.{kind}.grayColor")
    )


def variables(kind: str) -> dict[str, str]:
    """Return the CSS variables that charts read, in the theme "light" or "dark", for pages outside Streamlit."""

    def read(name: str) -> str:
        return str(st.get_option(f"theme.{kind}.{name}"))

    scales = {
        f"st-chart-{scale}-colors": ",".join(st.get_option(f"theme.{kind}.chart{scale.title()}Colors"))
        for scale in ("categorical", "sequential", "diverging")
    }
    starts = scales["st-chart-categorical-colors"].split(",")[:8]
    return {
        "st-font": '"Source Sans 3", "Source Sans", system-ui, sans-serif',
        "st-button-radius": "0.5rem",
        "st-primary-color": read("primaryColor"),
        "st-text-color": read("textColor"),
        "st-gray-color": read("grayColor"),
        "st-border-color": read("borderColor"),
        "st-background-color": read("backgroundColor"),
        "st-secondary-background-color": read("secondaryBackgroundColor"),
        **scales,
        **{f"start-{number}": colour for number, colour in enumerate(starts, 1)},
    }
