"""The downloads of the Train page: curves, weights, report, Keras script, experiment, histograms."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import streamlit as st

from inits.data.datasets import DATASETS
from inits.engine.jobs import Job
from inits.errors import InitsError
from inits.experiments.pasted import PastedSpec
from inits.experiments.ranking import ranked
from inits.experiments.record import Record
from inits.experiments.summary import Outcome
from inits.export.bundle import NAME, all_versions, script_files, zipped
from inits.export.experiment_json import write
from inits.export.report import ReportFigure, Table, report
from inits.export.tables import curves_csv, histograms_csv
from pages.parts.compute import pasted_code
from pages.parts.compute.engine_access import ask_weights, engine
from pages.parts.compute.job_control import experiment_of
from pages.parts.experiment.choices import TRAIN, Choices, settings
from pages.parts.page.notes import literal, problem
from pages.parts.page.session import widget_key
from pages.parts.page.slides import live_controls
from pages.parts.page.theme import variables
from pages.parts.train import pictures
from pages.parts.train.headline import sentence
from pages.parts.train.pictures import Picture
from pages.parts.train.result_table import cells
from pages.parts.weights.sources import look_inside
from pages.parts.widgets.chart import BROWSER, BUNDLE

RESULTS = ("loss", "accuracy", "result")  # the slides with which the presenter view shows "Look inside"


def downloads(job: Job, choices: Choices, records: Sequence[Record], found: Sequence[Outcome]) -> None:
    """Draw the buttons for curves, weights of the first seed, and all other exports."""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Curves (CSV)", lambda: curves_csv(experiment_of(job), records, choices.labels), "curves.csv", "text/csv",
            icon=":material/download:", key="train.csv", on_click="ignore",
        )  # fmt: skip
        _weights(job, choices, records)
        with st.popover("Export", icon=":material/ios_share:", key="train.along"):
            _files(job, choices, records, found)


def _files(job: Job, choices: Choices, records: Sequence[Record], found: Sequence[Outcome]) -> None:
    """Draw one button for each file; a file is made when its button is pressed."""
    button = partial(st.download_button, icon=":material/download:", on_click="ignore", width="stretch")
    button(
        "Report (HTML)", partial(_report, job, choices, records, found, picked(choices)), "report.html", "text/html",
        key="train.report", help="Settings, pictures, result and script in one file that opens offline.",
    )  # fmt: skip
    several = not DATASETS[experiment_of(job).dataset].download or any(
        "file:" in str(start.kernel) for start in experiment_of(job).starts
    )
    button(
        "Keras script",
        partial(_script, job, choices, picked(choices), several),
        "experiment.zip" if several else NAME,
        "application/zip" if several else "text/x-python",
        key="train.script",
        help="Plain Keras code that draws the same kernels and trains on the same batches, without this app."
        + (" Zipped with the files that it reads." if several else ""),
    )
    button(
        "Experiment (JSON)", lambda: write(TRAIN.format(choices), _versions()), "experiment.json", "application/json",
        key="train.json", help="Open it here again under Presets, Open an experiment.",
    )  # fmt: skip
    button(
        "Histograms (CSV)", lambda: histograms_csv(experiment_of(job), records, choices.labels),
        "histograms.csv", "text/csv",
        key="train.histograms", help="Weights of every layer at every measured step.",
    )  # fmt: skip


def _versions() -> str:
    return all_versions(engine().status.versions)


def picked(choices: Choices) -> dict[str, str]:
    """Return the name of the initializer in each pasted code that has run, by its source."""
    found = {}
    for spec in (card.start.kernel for card in choices.cards):
        if isinstance(spec, PastedSpec):
            request = pasted_code.request_kernels(spec, choices.network.kernel_shapes[:1], choices.seed)
            result = request.wait(0) if request else None
            if result is not None and result.picked is not None:
                found[spec.source] = result.picked.name
    return found


def _script_files(job: Job, choices: Choices, names: dict[str, str]) -> dict[str, bytes]:
    """Return the script and the files that it reads. Raises WeightFileError if a weight file is gone."""
    return script_files(
        experiment_of(job),
        choices.labels,
        engine().files,
        versions=_versions(),
        picked=names,
        fingerprint=engine().status.fingerprint,
    )


def _script(job: Job, choices: Choices, names: dict[str, str], several: bool) -> bytes:
    try:
        files = _script_files(job, choices, names)
    except InitsError as error:
        problem(str(error))
        return b""
    return zipped(files) if several else files[NAME]


def _report(
    job: Job, choices: Choices, records: Sequence[Record], found: Sequence[Outcome], names: dict[str, str]
) -> str:
    groups = [[records[run] for run in experiment_of(job).of_start(start)] for start in range(len(found))]
    points = pictures.first_points(groups)
    inside = []
    if points:
        layers = pictures.usual_layers(choices)
        inside = [pictures.weights(choices, points, None, layers), *pictures.by_layer(choices, points, None)]
    lines = ranked(found, "accuracy")
    try:
        script = _script_files(job, choices, names)[NAME].decode()
    except InitsError as error:
        script = str(error)
    return report(
        title="Which start learns fastest?" if len(found) > 1 else "How far does one epoch get?",
        answer=plain(sentence(job, choices, records, found)),
        date=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        curves=[_report_figure(one) for one in pictures.curves(choices, groups, over=True)],
        inside=[_report_figure(one) for one in inside],
        table=Table([cells(choices, line) for line in lines], [choices.slots[line.start] for line in lines]),
        settings=settings(choices),
        script=script,
        versions=_versions(),
        themes={kind: variables(kind) for kind in ("light", "dark")},
        drawing=(BROWSER / "chart.js").read_text(encoding="utf-8"),
        saving=(BROWSER / "picture.js").read_text(encoding="utf-8"),
        bundle=BUNDLE.read_bytes(),
    )


def _report_figure(one: Picture) -> ReportFigure:
    return ReportFigure(one.title, one.how, one.data.decode(), one.height, wide=one.key == "weights")


def plain(markdown: str) -> str:
    """Return a sentence without its Markdown."""
    return re.sub(r"\\(.)", r"\1", markdown.replace("**", ""))


def _weights(job: Job, choices: Choices, records: Sequence[Record]) -> None:
    """Draw the buttons that download the weights of each start, or open them on the Weight files page."""
    if len(choices.cards) == 1:
        _weights_button(job, choices, records, 0, "Weights (.weights.h5)")
        with live_controls("train", "inside", slides=RESULTS, width="content"):
            _inside_button(job, choices, records, 0, "Look inside")
        return
    with st.popover("Weights (.weights.h5)", icon=":material/download:", key="train.weights_of"):
        st.markdown(f":small[After one epoch with seed {choices.seed}, in Keras' format.]")
        for start, label in enumerate(choices.labels):
            _weights_button(job, choices, records, start, label)
    with (
        live_controls("train", "inside", slides=RESULTS, width="content"),
        st.popover("Look inside", icon=":material/search:", key="train.inside_of"),
    ):
        st.markdown(":small[Compares the weights before and after training.]")
        for start, label in enumerate(choices.labels):
            _inside_button(job, choices, records, start, label)


def _inside_button(job: Job, choices: Choices, records: Sequence[Record], start: int, label: str) -> None:
    record, run = records[start], job.runs[start]
    if record.divergence is not None or not record.done:
        return
    if st.button(literal(label), icon=":material/search:", key=widget_key("train", "inside", start)):
        look_inside(run, record.done, choices.labels[start])


def _weights_button(job: Job, choices: Choices, records: Sequence[Record], start: int, label: str) -> None:
    record, run = records[start], job.runs[start]
    if record.divergence is not None or not record.done:
        return
    st.download_button(
        literal(label),
        lambda: ask_weights(run, record.done) or b"",
        "model.weights.h5" if len(choices.cards) == 1 else f"start-{start + 1}.weights.h5",
        "application/x-hdf5",
        icon=":material/download:",
        key=widget_key("train", "h5", start),
        on_click="ignore",
    )
