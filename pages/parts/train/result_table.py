"""The results of the starts as a sortable table."""

from collections.abc import Sequence

import streamlit as st

from inits.experiments.comparison import compare_first_two, in_words
from inits.experiments.ranking import SORTS, best, ranked
from inits.experiments.summary import Outcome
from inits.text import count, duration, number, percent
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
        complete = all(outcome.finished == choices.seeds for outcome in outcomes)
        over = f"{choices.seeds} seeds" if complete else "the seeds that completed the epoch"
        mean = f"Means over {over} ± standard deviation; medians for steps. "
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
    if words := compared(choices, outcomes):
        st.markdown(literal(words))


def compared(choices: Choices, outcomes: Sequence[Outcome]) -> str | None:
    """Return how the first two starts differ; None if there are no two, or if both are still guessing."""
    comparison = compare_first_two(outcomes)
    if comparison is None or outcomes[comparison.first].at_chance:
        return None
    return in_words(comparison, choices.labels)


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
    if key == "time":
        return duration(value)
    return f"{value:.3f}" if value < 100 else number(value, 3)


def _state(outcome: Outcome, seeds: int) -> str:
    """Return what became of a start: of how many seeds, if their states differ."""
    if outcome.state == "finished":
        if outcome.collapsed and outcome.peak:
            return f"fell from {percent(outcome.peak.accuracy)}"
        return "still guessing" if outcome.at_chance else STATES["finished"]
    words = STATES[outcome.state]
    if outcome.state == "stopped" and seeds > 1:
        return f"{words}, {outcome.finished} of {seeds} completed"
    lost = {"diverged": outcome.diverged, "failed": outcome.failed}.get(outcome.state, seeds)
    return words if lost == seeds else f"{lost} of {seeds} {words}"
