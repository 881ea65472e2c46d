"""Small tables as the pages show them."""

import math
import re
from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from inits.initializers.laws import Law
from inits.measure.statistics import Row, Summary, has_sharp_ends
from inits.text import bare, html_symbols, number, plain_symbols
from pages.parts.page.glossary import terms_in

GAIN = "σ_w²"
NAMES = {"sigma_w^2": GAIN, "excess kurtosis": "kurtosis"}
TABLE = "width:100%;border-collapse:collapse;font-size:0.875rem;line-height:1.25"
CELL = "padding:0.4rem clamp(4px,1.5vw,12px) 0.4rem 6px;text-align:left;border-bottom:1px solid rgba(128,128,128,0.2)"
HEAD = "font-weight:400;opacity:0.7;vertical-align:bottom"
PROSE = 60  # characters from which on a cell gets more width, for sentences on a phone
ROOM = "min-width:16rem"
NUMBER = re.compile(r"([^A-Za-z]|\b(s|ms|min|h)\b){1,24}")  # and shapes, which stay in one line
TERM = "cursor:help;text-decoration:underline dotted;text-underline-offset:0.2em"


class Html(str):
    """A cell that is HTML already; all other texts are escaped."""


def bold(text: str, really: bool = True) -> str:
    """Return a cell in bold type."""
    return Html(f"<b>{_html(text)}</b>") if really else text


def table(columns: Mapping[str, Sequence[str]]) -> None:
    """Draw a table with thin lines between its rows, like `st.table(border="horizontal")`.

    `st.table` would import pandas and pyarrow: 85 MB in the web process for a few lines of text.
    """
    head = "".join(f'<th scope="col" style="{CELL};{HEAD}">{_explained(name)}</th>' for name in columns)
    if " " in columns:  # the names of the rows
        columns = {**columns, " ": [Html(_explained(name)) for name in columns[" "]]}
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in zip(*columns.values(), strict=True))
    whole = f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    words = escape(plain_symbols(f"Table: {', '.join(name for name in columns if name.strip())}"))
    # On a phone a wide table scrolls in its box, which needs keyboard focus.
    st.html(f'<div class="inits-table" tabindex="0" role="region" aria-label="{words}">{whole}</div>')


def _cells(row: Sequence[str]) -> str:
    return "".join(f'<td style="{CELL}{_room(cell)}">{_html(cell)}</td>' for cell in row)


def _room(cell: str) -> str:
    if NUMBER.fullmatch(re.sub("<[^>]*>", "", cell)):
        return ";white-space:nowrap"
    return f";{ROOM}" if len(cell) > PROSE and not isinstance(cell, Html) else ""


def _html(text: str) -> str:
    return text if isinstance(text, Html) else html_symbols(escape(text))


def _explained(name: str) -> str:
    """Return a name as HTML that shows the definitions of its terms under the mouse; headings have them for all."""
    found = terms_in(name)
    if isinstance(name, Html) or not found:
        return _html(name)
    words = escape(plain_symbols("\n".join(f"{term.name}: {term.meaning}" for term in found)))
    return f'<abbr title="{words}" style="{TERM}">{_html(name)}</abbr>'


def measured_and_theory(rows: Sequence[Row], law: Law) -> None:
    """Draw a table of the measured numbers, those of theory, and their difference in standard errors."""
    rows = [row for row in rows if row.measured is not None]
    table(
        {
            " ": [_name(row.name, law) for row in rows],
            "measured": [_shown(row.measured, row.name, law) for row in rows],
            "theory": [_shown(row.theory, row.name, law, exactly=True) for row in rows],
            "diff.": [signed(row.errors) for row in rows],
        }
    )


def signed(errors: float | None) -> str:
    """Return a difference in standard errors, such as +0.3."""
    return "" if errors is None else f"{errors:+z.1f}".replace("-", "−")


def _name(name: str, law: Law) -> str:
    if name in ("min", "max") and not has_sharp_ends(law):
        return f"{name}, typical"
    return NAMES.get(name, name)


def theory_alone(law: Law, fan_in: int) -> None:
    """Draw a table of the numbers of theory, before anything is drawn."""
    facts = {"mean": law.mean, "std": law.std, NAMES["sigma_w^2"]: fan_in * law.std**2}
    facts |= {"min": law.support[0], "max": law.support[1]}
    if law.kurtosis is not None:
        facts["kurtosis"] = law.kurtosis
    cells = [_shown(value, name, law, exactly=True) for name, value in facts.items()]
    table({" ": list(facts), "theory": cells})


def measured_alone(summary: Summary) -> None:
    """Draw a table of the measured numbers, where there is no law."""
    facts = {"mean": summary.mean, "std": summary.std, "min": summary.min, "max": summary.max}
    table({" ": list(facts), "measured": [_shown(value) for value in facts.values()]})


def _shown(value: float | None, name: str = "", law: Law | None = None, *, exactly: bool = False) -> str:
    """Return at least four digits; numbers on the weight axis at least to the fourth digit of the standard deviation.

    A measured mean is only known that far: it has the digits that remain, at least one.
    """
    if value is None:
        return ""
    least = 1 if name == "mean" and not exactly else 4
    std = law.std if law is not None and name in ("mean", "min", "max") else 0.0
    if 1e-9 < std < 1e6 and 0 < abs(value) < 1e9 * std:
        places = max(0, 3 - math.floor(math.log10(std)))
        digits = math.floor(math.log10(abs(value))) + 1 + places
        if digits >= least:
            return bare(f"{value:,.{places}f}").replace("-", "−")
        return number(value, least)
    return number(value)
