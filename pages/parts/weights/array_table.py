"""The table of all arrays of one or two weight files."""

import csv
import io
from html import escape

import numpy as np
import streamlit as st

from inits.initializers.shapes import times
from inits.measure.array_summary import ArraySummary
from inits.text import count, number, percent
from inits.weightfiles.pairs import Change
from pages.parts.experiment.start_cards import swatch
from pages.parts.page.notes import heading
from pages.parts.page.session import widget_key
from pages.parts.weights.open_files import OpenFiles, label
from pages.parts.widgets import tables

MAX_ROWS = 250  # of a table; a file may have ten thousand arrays


def table(page: str, opened: OpenFiles) -> None:
    """Show one row for each array; for two files both numbers, and how far they differ."""
    how = "σ_w² = fan_in × variance. Outside: singular values outside the range of a random kernel."
    if opened.two:
        how = "First file → second file. Change: norm of the difference over the norm of the first array."
    heading("All arrays", how, terms="σ_w², kurtosis, singular values, dead")
    kinds = {"kernels": "Kernels and biases", "all": "All arrays"}
    some = [row for row in opened.rows if (one := opened.summaries(row)[0]).is_kernel or one.name == "bias"]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        shown = "all"
        if some and len(some) < len(opened.rows):
            shown = st.segmented_control(
                "Arrays", list(kinds), default="kernels", required=True, key=widget_key(page, "arrays"),
                format_func=kinds.__getitem__, label_visibility="collapsed",
            )  # fmt: skip
        rows = some if shown == "kernels" else opened.rows
        st.download_button(
            "Table (CSV)", lambda: as_csv(opened), "weights.csv", "text/csv", icon=":material/download:",
            key=widget_key(page, "csv"), on_click="ignore",
        )  # fmt: skip
    cells = [_two(opened, row) if opened.two else _one(opened.summaries(row)[0]) for row in rows[:MAX_ROWS]]
    with st.container(height=420 if len(cells) > 12 else "content", border=False):
        columns = {name: [cell[name] for cell in cells] for name in cells[0]} if cells else {}
        tables.table({name: column for name, column in columns.items() if any(column)})
    if len(rows) > MAX_ROWS:
        st.markdown(f":small[:gray[{count(len(rows) - MAX_ROWS)} more arrays are in the CSV file.]]")


def _one(one: ArraySummary) -> dict[str, str]:
    summary, bulk = one.summary, one.bulk
    return {
        "array": label(one),
        "shape": times(one.shape) or "scalar",
        "parameters": count(summary.count),
        "mean": number(summary.mean, 3),
        "std": number(summary.std, 3),
        "σ_w²": "" if one.sigma_w2 is None else number(one.sigma_w2, 3),
        "kurtosis": "" if summary.kurtosis is None else number(summary.kurtosis, 3),
        "outside": percent(bulk.share) if bulk else "",
        "dead or constant": idle(one),
        "NaN, inf": count(summary.nan + summary.inf) if summary.nan + summary.inf else "",
        "nearest initializer": nearest_words(one),
    }


def _two(opened: OpenFiles, row: tuple[int, ...]) -> dict[str, str]:
    a, b = opened.summaries(row)
    change = opened.changes[row[0], row[1]]
    outside = [percent(one.bulk.share) if one.bulk else "" for one in (a, b)]
    return {
        "array": opened.label(row),
        "shape": times(a.shape) or "scalar",
        "change": _size(change),
        "correlation": "" if change.correlation is None else number(change.correlation, 3),
        "std": f"{number(a.summary.std, 3)} → {number(b.summary.std, 3)}",
        "σ_w²": "" if a.sigma_w2 is None else f"{number(a.sigma_w2, 3)} → {number(b.sigma_w2 or 0.0, 3)}",
        "outside": " → ".join(outside) if any(outside) else "",
        "nearest initializer": f"{nearest_words(a)} → {nearest_words(b)}" if nearest_words(a) else "",
    }


def _size(change: Change) -> str:
    """Return the size of a change in percent of the norm of the first array."""
    if change.equal:
        return "none"
    return "from zero" if np.isinf(change.relative) else percent(change.relative)


def idle(one: ArraySummary) -> str:
    """Return the numbers of units with zero weights and with equal weights: "3 dead, 1 constant"."""
    parts = [f"{count(n)} {what}" for n, what in ((one.dead, "dead"), (one.constant, "constant")) if n]
    return ", ".join(parts)


def nearest_words(one: ArraySummary) -> str:
    """Return the name of the nearest initializer, with its fitted parameters."""
    if one.nearest is None:
        return ""
    spec = one.nearest.spec
    return spec.name if not one.nearest.fitted else f"{spec.name}, {spec.summary}".replace("-", "−")


COLUMNS = ("file", "layer", "class", "array", "shape", "parameters", "mean", "std", "min", "max", "sigma_w2",
           "excess_kurtosis", "nan", "inf", "units", "dead", "constant", "outside", "singular_values", "nearest",
           "distance", "default")  # fmt: skip


def as_csv(opened: OpenFiles) -> str:
    """Return all measurements of every array of every file as CSV."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for name, file in zip(opened.names, opened.files, strict=True):
        for one in file.summaries:
            s, bulk, near = one.summary, one.bulk, one.nearest
            writer.writerow(
                [
                    name,
                    one.layer,
                    one.kind,
                    one.name,
                    "x".join(map(str, one.shape)),
                    s.count,
                    s.mean,
                    s.std,
                    s.min,
                ]
                + [s.max, one.sigma_w2, s.kurtosis, s.nan, s.inf, one.units, one.dead, one.constant]
                + ([bulk.outside, bulk.count] if bulk else ["", ""])
                + ([str(near.spec), near.distance] if near else ["", ""])
                + [str(one.default or "")]
            )
    return out.getvalue()


def legend(opened: OpenFiles) -> None:
    """Show which colour stands for which file."""
    if opened.two:
        keys = [f"{swatch(place)} {place + 1} {escape(name)}" for place, name in enumerate(opened.names)]
        st.html(" &nbsp; ".join(keys))
