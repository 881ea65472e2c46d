"""Write an experiment as one HTML file with interactive figures that needs neither server nor network.

The template is `report.html`, styled by `report.css`. The app's own script draws the figures with the app's own
bundle of plotly, which the file holds once, compressed.
"""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)


@dataclass(frozen=True)
class ReportFigure:
    """A figure with its title and caption.

    Attributes:
        title, caption: plain text.
        figure: JSON as the drawing script reads it.
        height: in pixels.
        wide: True to span all columns of the page.
    """

    title: str
    caption: str
    figure: str
    height: int
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of texts with the same column names; `starts` is the colour slot of each row, counted from 0."""

    rows: Sequence[Mapping[str, str]]
    starts: Sequence[int] = ()


def report(
    *,
    title: str,
    answer: str,
    date: str,
    curves: Sequence[ReportFigure],
    inside: Sequence[ReportFigure],
    table: Table,
    settings: Mapping[str, str],
    script: str,
    versions: str,
    themes: Mapping[str, Mapping[str, str]],
    drawing: str,
    saving: str,
    bundle: bytes,
) -> str:
    """Return the HTML of a report; all texts are escaped.

    Args:
        title: of the page.
        answer: sentence with the result.
        date: when the report was made.
        curves: figures of loss and accuracy.
        inside: figures of weights and gradients at the end.
        table: one row for each start.
        settings: value of each setting by its label.
        script: Keras script of the experiment.
        versions: of the software that trained.
        themes: for "light" and "dark" the CSS variables that the drawing script reads, without their `--`.
        drawing: the app's drawing script, a JavaScript module.
        saving: the module that the drawing script imports to save a figure.
        bundle: plotly as the drawing script loads it.

    Raises:
        ValueError: if the drawing script cannot be inlined.
    """
    figures = {f"picture-{number}": figure for number, figure in enumerate([*curves, *inside])}
    ids = list(figures)
    return TEMPLATES.get_template("report.html").render(
        title=title,
        answer=answer,
        date=date,
        curves={name: figures[name] for name in ids[: len(curves)]},
        inside={name: figures[name] for name in ids[len(curves) :]},
        table=table,
        settings=settings,
        script=script,
        versions=versions,
        themes={kind: _css_variables(theme) for kind, theme in themes.items()},
        figures=_json({name: figure.figure for name, figure in figures.items()}),
        saving=_json(saving),
        plotly=base64.b64encode(gzip.compress(bundle, 9, mtime=0)).decode(),
        drawing=inlined(drawing),
    )


def inlined(drawing: str) -> str:
    """Return the drawing module as code for another module: its export becomes the function `drawChart`.

    Raises:
        ValueError: if the module's export or import is not written as expected.
    """
    code = drawing
    for old, new in (
        ("export default function (", "function drawChart("),
        ('import("./picture.js")', "import(saving)"),
    ):
        if code.count(old) != 1:
            raise ValueError(f"The drawing script must contain {old} exactly once.")
        code = code.replace(old, new)
    if "</script" in code.lower():
        raise ValueError("The drawing script must not contain the end tag of a script element.")
    return code


def _css_variables(theme: Mapping[str, str]) -> str:
    """Return CSS declarations of a theme, which is part of the app and needs no escaping."""
    return "; ".join(f"--{name}: {value}" for name, value in theme.items())


def _json(value: object) -> str:
    """Return JSON that is safe inside a script element: a text such as </script> must not end it."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
