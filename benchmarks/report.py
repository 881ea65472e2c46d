"""A measured figure, and a table of figures as text."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A measured figure. `goal` and `rival` have the same unit; `rival_name` says what was measured beside it."""

    what: str
    figure: float
    unit: str
    goal: float | None = None
    rival: float | None = None
    rival_name: str = ""


def table(rows: Iterable[Row]) -> str:
    """Return the rows as aligned plain text."""
    lines = [("what", "figure", "unit", "goal", "rival")] + [_cells(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    rival = f"{_number(row.rival)} {row.rival_name}".strip()
    return row.what, _number(row.figure), row.unit, _number(row.goal), rival


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
