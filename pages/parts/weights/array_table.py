"""The one or two weight files that a page shows, and the table of their arrays."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from inits.initializers.shapes import times
from inits.measure.array_summary import Survey
from inits.text import count, number, percent
from inits.weightfiles.pairs import Change
from inits.weightfiles.store import WeightFile
from pages.parts.experiment.start_cards import swatch
from pages.parts.page.notes import heading
from pages.parts.page.session import widget_key
from pages.parts.widgets import tables

MOST_ROWS = 250  # of a table; a file may have ten thousand arrays


@dataclass(frozen=True)
class Shelf:
    """The one or two files that a page shows, what they are called, and how the arrays of two moved."""

    files: tuple[WeightFile, ...]
    names: tuple[str, ...]
    changes: Mapping[tuple[int, int], Change]

    @property
    def rows(self) -> list[tuple[int, ...]]:
        """Numbers of the arrays to show: of the one file, or of those that belong together."""
        return (
            list(self.changes) if len(self.files) > 1 else [(n,) for n in range(len(self.files[0].surveys))]
        )

    def surveys(self, row: Sequence[int]) -> list[Survey]:
        return [file.surveys[number] for file, number in zip(self.files, row, strict=True)]


def label(one: Survey) -> str:
    """dense_1/kernel."""
    return f"{one.layer}/{one.name}"


def table(page: str, shelf: Shelf) -> None:
    """A line an array. With two files: both numbers, and how far it moved."""
    two = len(shelf.files) > 1
    how = "$\\sigma_w^2$ = fan_in × variance. Outside: singular values that no random kernel has."
    if two:
        how = "Numbers of the one file, then of the other. Moved: the length of the difference over that of the first."
    heading("All arrays", how)
    kinds = {"kernels": "Kernels and biases", "all": "All arrays"}
    some = [row for row in shelf.rows if (one := shelf.surveys(row)[0]).is_kernel or one.name == "bias"]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        shown = "all"
        if some and len(some) < len(shelf.rows):
            shown = st.segmented_control(
                "Arrays", list(kinds), default="kernels", required=True, key=widget_key(page, "arrays"),
                format_func=kinds.__getitem__, label_visibility="collapsed",
            )  # fmt: skip
        rows = some if shown == "kernels" else shelf.rows
        st.download_button(
            "Table (CSV)", lambda: as_csv(shelf), "weights.csv", "text/csv", icon=":material/download:",
            key=widget_key(page, "csv"), on_click="ignore",
        )  # fmt: skip
    cells = [_two(shelf, row) if two else _one(shelf.surveys(row)[0]) for row in rows[:MOST_ROWS]]
    with st.container(height=420 if len(cells) > 12 else "content", border=False):
        columns = {name: [cell[name] for cell in cells] for name in cells[0]} if cells else {}
        tables.table({name: column for name, column in columns.items() if any(column)})
    if len(rows) > MOST_ROWS:
        st.markdown(f":small[:gray[{count(len(rows) - MOST_ROWS)} more are in the CSV.]]")


def _one(one: Survey) -> dict[str, str]:
    summary, bulk = one.summary, one.bulk
    return {
        "array": label(one),
        "shape": times(one.shape) or "one number",
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


def _two(shelf: Shelf, row: tuple[int, ...]) -> dict[str, str]:
    a, b = shelf.surveys(row)
    moved = shelf.changes[row[0], row[1]]
    outside = [percent(one.bulk.share) if one.bulk else "" for one in (a, b)]
    return {
        "array": label(a) if label(a) == label(b) else f"{label(a)}, {label(b)}",
        "shape": times(a.shape) or "one number",
        "moved": moved_words(moved),
        "correlation": "" if moved.correlation is None else number(moved.correlation, 3),
        "std": f"{number(a.summary.std, 3)} → {number(b.summary.std, 3)}",
        "σ_w²": "" if a.sigma_w2 is None else f"{number(a.sigma_w2, 3)} → {number(b.sigma_w2 or 0.0, 3)}",
        "outside": " → ".join(outside) if any(outside) else "",
        "nearest initializer": f"{nearest_words(a)} → {nearest_words(b)}" if nearest_words(a) else "",
    }


def moved_words(moved: Change) -> str:
    """How far an array moved, in percent of its length."""
    if moved.equal:
        return "not at all"
    return "from nothing" if np.isinf(moved.relative) else percent(moved.relative)


def idle(one: Survey) -> str:
    """Units that compute the same for every input, or look at the sum of their inputs alone: "3 dead, 1 constant"."""
    parts = [f"{count(n)} {what}" for n, what in ((one.dead, "dead"), (one.constant, "constant")) if n]
    return ", ".join(parts)


def nearest_words(one: Survey) -> str:
    """The name of the nearest law, with what was fitted."""
    if one.nearest is None:
        return ""
    spec = one.nearest.spec
    return spec.name if not one.nearest.fitted else f"{spec.name}, {spec.summary}".replace("-", "−")


COLUMNS = ("file", "layer", "class", "array", "shape", "parameters", "mean", "std", "min", "max", "sigma_w2",
           "excess_kurtosis", "nan", "inf", "units", "dead", "constant", "outside", "singular_values", "nearest",
           "distance", "default")  # fmt: skip


def as_csv(shelf: Shelf) -> str:
    """All that was measured of every array of every file."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for name, file in zip(shelf.names, shelf.files, strict=True):
        for one in file.surveys:
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


def legend(shelf: Shelf) -> None:
    """Which colour is which file."""
    if len(shelf.files) > 1:
        keys = [f"{swatch(place)} {place + 1} {escape(name)}" for place, name in enumerate(shelf.names)]
        st.html(" &nbsp; ".join(keys))
