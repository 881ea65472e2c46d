"""The results of the starts as a sortable table."""

from collections.abc import Sequence

import streamlit as st

from inits.experiments.comparison import compare_first_two, in_words
from inits.experiments.ranking import SORTS, best, ranked
from inits.experiments.summary import Outcome
from inits.text import count, duration
from pages.parts.experiment.choices import Choices
from pages.parts.experiment.start_cards import swatch
from pages.parts.page.notes import heading, literal
from pages.parts.page.state import linked
from pages.parts.widgets import tables

STATES = {
    "finished": "completed",
    "diverged": "diverged",
    "stopped": "stopped",
    "failed": "failed",
    "running": "running",
    "waiting": "not started",
}


def result_table(page: str, choices: Choices, outcomes: Sequence[Outcome]) -> None:
    """Show one row for each start with the best values bold, then compare the first two starts."""
    mean = ""
    if choices.seeds > 1:
        mean = f"Means over {choices.seeds} seeds ± standard deviation; medians for steps. "
    heading(
        "Result",
        f"{mean}Steps: until the mean accuracy over 2,000 images reached the value. Mean training loss: over the "
        "epoch, scored before the network trains on each batch. Time: of one run.",
    )
    by: str | None = "accuracy"
    if len(outcomes) > 1:
        by = linked(page, "sort", SORTS, lambda key: st.pills(
            "Sort by", list(SORTS), required=True, key=key, format_func=lambda sort: SORTS[sort].label,
        ), first="accuracy")  # fmt: skip
    tops = best(outcomes)
    lines = ranked(outcomes, str(by))
    found = [cells(choices, outcome) for outcome in lines]
    columns: dict[str, list[str]] = {"": [tables.Html(swatch(choices.slots[o.start])) for o in lines]}
    best_of = {"start": "accuracy"} | {sort.label.lower(): key for key, sort in SORTS.items()}
    for name in found[0]:
        columns[name] = [
            tables.bold(row[name], outcome.start in tops.get(best_of.get(name, ""), ()))
            for row, outcome in zip(found, lines, strict=True)
        ]
    tables.table(columns)
    comparison = compare_first_two(outcomes)
    if comparison is not None:
        st.markdown(literal(in_words(comparison, choices.labels)))


def cells(choices: Choices, outcome: Outcome) -> dict[str, str]:
    """Return the row of a start by column."""
    measured = {sort.label.lower(): _cell(key, outcome) for key, sort in SORTS.items() if key != "order"}
    return {"start": choices.labels[outcome.start], **measured, "outcome": _state(outcome, choices.seeds)}


def _cell(key: str, outcome: Outcome) -> str:
    if key == "accuracy":
        if outcome.accuracy is None:
            return "–"
        spread = f" ± {100 * outcome.accuracy_std:.1f}" if outcome.accuracy_std is not None else ""
        return f"{100 * outcome.accuracy:.1f}%{spread}"
    value = SORTS[key].value(outcome)
    if value is None:
        return "not reached" if key.startswith("steps") and outcome.finished else "–"
    if key.startswith("steps"):
        return count(int(value))
    return duration(value) if key == "time" else f"{value:.3f}"


def _state(outcome: Outcome, seeds: int) -> str:
    """Return the state of the runs of a start, with the number of seeds if their states differ."""
    words = STATES[outcome.state]
    number = {"finished": outcome.finished, "diverged": outcome.diverged, "stopped": outcome.stopped}
    share = number.get(outcome.state, seeds)
    return words if share == seeds else f"{words}, {share} of {seeds}"
