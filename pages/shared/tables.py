"""Small tables as the pages show them."""

import math
from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from inits.laws import Law
from inits.statistics import Row, Summary
from inits.words import number

GAIN = "σ_w²"
NAMES = {"sigma_w^2": GAIN, "excess kurtosis": "kurtosis"}
TABLE = "width:100%;border-collapse:collapse;font-size:0.875rem;line-height:1.25"
CELL = "padding:0.4rem 0.75rem 0.4rem 0.4rem;text-align:left;border-bottom:1px solid rgba(128,128,128,0.22)"
HEAD = "font-weight:400;opacity:0.7;white-space:nowrap"


def table(columns: Mapping[str, Sequence[str]]) -> None:
    """A table with thin lines between its rows, as `st.table(border="horizontal")` draws it.

    That one imports pandas and pyarrow: 85 MB of the web process for a few lines of text.
    """
    head = "".join(f'<th scope="col" style="{CELL};{HEAD}">{_html(name)}</th>' for name in columns)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in zip(*columns.values(), strict=True))
    whole = f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    st.html(f'<div style="overflow-x:auto">{whole}</div>')


def _cells(row: Sequence[str]) -> str:
    return "".join(f'<td style="{CELL}">{_html(cell)}</td>' for cell in row)


def _html(text: str) -> str:
    return escape(text).replace(GAIN, "σ<sub>w</sub><sup>2</sup>")


def measured_and_theory(rows: Sequence[Row]) -> None:
    """Each number as drawn, as promised, and their difference in standard errors."""
    std = next((row.theory for row in rows if row.name == "std"), None)
    table(
        {
            " ": [NAMES.get(row.name, row.name) for row in rows],
            "measured": [_shown(row.measured, std if row.name == "mean" else None) for row in rows],
            "theory": [_shown(row.theory) for row in rows],
            "diff.": ["" if row.errors is None else f"{row.errors:+.1f}".replace("-", "−") for row in rows],
        }
    )


def theory_alone(law: Law, fan_in: int) -> None:
    """What is known before anything is drawn."""
    facts = {"mean": law.mean, "std": law.std, NAMES["sigma_w^2"]: fan_in * law.std**2}
    facts |= {"min": law.support[0], "max": law.support[1]}
    if law.kurtosis is not None:
        facts["kurtosis"] = law.kurtosis
    table({" ": list(facts), "theory": [_shown(value) for value in facts.values()]})


def measured_alone(summary: Summary) -> None:
    """What was measured where there is no law."""
    facts = {"mean": summary.mean, "std": summary.std, "min": summary.min, "max": summary.max}
    table({" ": list(facts), "measured": [_shown(value) for value in facts.values()]})


def _shown(value: float | None, beside: float | None = None) -> str:
    """Four digits; a mean that is nearly 0 to the place that the standard deviation `beside` it has."""
    if value is None:
        return ""
    if beside and abs(value) < beside:
        places = max(0, 3 - math.floor(math.log10(beside)))
        return f"{value:.{min(places, 12)}f}".replace("-", "−")
    return number(value)
