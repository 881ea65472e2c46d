"""The one or two weight files that a page shows, and the sentence that sums them up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from inits.measure.array_summary import ArraySummary
from inits.text import count, counted, percent
from inits.weightfiles.pairs import Change, changes
from inits.weightfiles.weight_file import WeightFile
from pages.parts.page.notes import literal


@dataclass(frozen=True)
class OpenFiles:
    """The weight files that the page shows.

    Attributes:
        files: one or two files.
        names: their names.
        changes: how arrays of the first file differ from those of the second, by their numbers in both.
    """

    files: tuple[WeightFile, ...]
    names: tuple[str, ...]
    changes: Mapping[tuple[int, int], Change]

    @property
    def two(self) -> bool:
        """True if two files are compared."""
        return len(self.files) > 1

    @property
    def rows(self) -> list[tuple[int, ...]]:
        """Numbers of the arrays to show: each array of one file, or each pair of arrays of two files."""
        return list(self.changes) if self.two else [(n,) for n in range(len(self.files[0].summaries))]

    def summaries(self, row: Sequence[int]) -> list[ArraySummary]:
        """Return the summary of each array in a row."""
        return [file.summaries[number] for file, number in zip(self.files, row, strict=True)]

    def renamed(self, row: Sequence[int]) -> bool:
        """Return True if the arrays of a row have different names in the two files."""
        return len({label(one) for one in self.summaries(row)}) > 1

    def label(self, row: Sequence[int]) -> str:
        """Return the name of the array of a row, or both: dense_1/kernel → dense/kernel."""
        return " → ".join(dict.fromkeys(label(one) for one in self.summaries(row)))


def open_files(files: Sequence[tuple[str, WeightFile]]) -> OpenFiles:
    """Return one or two files, each given with its name, with the differences between them."""
    names, opened = zip(*files, strict=True)
    differences = _changes(opened[0].digest, opened[1].digest, opened) if len(opened) > 1 else {}
    return OpenFiles(opened, names, differences)


@st.cache_data(max_entries=16, show_spinner=False)
def _changes(
    first: str, second: str, _files: tuple[WeightFile, WeightFile]
) -> Mapping[tuple[int, int], Change]:
    return changes(*_files)


def label(one: ArraySummary) -> str:
    """Return the name of an array: dense_1/kernel."""
    return f"{one.layer}/{one.name}"


def summary(opened: OpenFiles) -> str:
    """Return a sentence on what the files hold, and on which kernel training has changed most."""
    return _difference(opened) if opened.two and opened.rows else _content(opened.files[-1])


def _difference(opened: OpenFiles) -> str:
    kernels = [row for row in opened.rows if opened.summaries(row)[0].is_kernel] or opened.rows
    most = max(kernels, key=lambda row: opened.changes[row[0], row[1]].relative)
    change = opened.changes[most[0], most[1]]
    if change.equal:
        return f"All {counted(len(kernels), 'kernel')} are equal in both files."
    first, *second = (f"**{literal(label(one))}**" for one in opened.summaries(most))
    name = f"{first} ({second[0]} in the second file)" if opened.renamed(most) else first
    size = percent(change.relative)
    return f"Of {counted(len(kernels), 'kernel')} {name} changed most, by **{size}** of its norm."


def _content(file: WeightFile) -> str:
    kernels = [one for one in file.summaries if one.is_kernel]
    words = f"{counted(len(file.layers), 'layer')}, **{count(file.parameters)}** parameters."
    odd = sum(one.summary.nan + one.summary.inf for one in file.summaries)
    if odd:
        words += f" **{count(odd)}** of them are NaN or infinite."
    marked = [(one.bulk.share, one) for one in kernels if one.bulk and one.bulk.outside]
    if marked:
        share, most = max(marked, key=lambda pair: pair[0])
        return words + (
            f" Training left the clearest trace in **{literal(label(most))}**: {percent(share)} of its "
            "singular values lie outside the range of a random kernel."
        )
    if any(one.bulk for one in kernels):
        words += " Every kernel has the singular values of a random kernel: it has not been trained, or only briefly."
    return words
