"""What holds for the figures of every benchmark."""

from collections.abc import Sequence

from benchmarks.report import Row


def assert_figures(rows: Sequence[Row]) -> None:
    """Assert that the figures are there, are finite, have rivals with names, and report no errors."""
    figures = {row.what: row.figure for row in rows}
    assert len(figures) == len(rows) > 0
    assert all(abs(figure) < float("inf") for figure in figures.values())
    assert all(row.rival > 0 and row.rival_name for row in rows if row.rival is not None)
    assert [figure for what, figure in figures.items() if "errors" in what and figure] == []
    assert figures.get("web process after Explore and a training: TensorFlow libraries", 0) == 0
