"""Small tables as the pages show them."""

import math
from collections.abc import Mapping, Sequence

import streamlit as st

from inits.laws import Law
from inits.statistics import Row, Summary
from inits.words import number

NAMES = {"sigma_w^2": "$\\sigma_w^2$", "excess kurtosis": "kurtosis"}


def table(columns: Mapping[str, Sequence[str]]) -> None:
    """A table with thin lines between its rows; cells are Markdown."""
    st.table(dict(columns), border="horizontal", hide_index=True)


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
