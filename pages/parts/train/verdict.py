"""The prediction before training: a chip on each card, and a table that later compares it with the outcome."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

import streamlit as st

from inits.engine import worker
from inits.errors import EngineError, InitsError
from inits.experiments.experiment import Experiment, Run
from inits.experiments.record import InitialArrays
from inits.experiments.summary import Outcome
from inits.text import percent
from inits.theory.trainability import FirstPass, Verdict, assess, forecast, outcome_words
from pages.parts.compute.engine_access import can_draw, engine, training_images, wait_for
from pages.parts.experiment.choices import Choices
from pages.parts.page.notes import literal
from pages.parts.page.shared_cache import SharedCache
from pages.parts.page.slides import picture
from pages.parts.signal.measurements import arrays_of
from pages.parts.widgets import tables

WAIT = 0.2  # seconds that the page waits for first passes
MAX_PASSES = 400


def verdicts_of(choices: Choices, plan: Experiment | None) -> list[Verdict | None]:
    """Return the verdict on each start with the first seed; None while it is not known, or if it cannot begin."""
    if plan is None or not can_draw():
        return [None] * len(choices.cards)
    runs, steps = plan.runs[: len(plan.starts)], -(-training_images(plan.dataset) // plan.batch_size)
    requests = [_request(run) for run in runs]
    wait([one for one in requests if one], WAIT)
    passes = [one.result() if one and one.done() and not one.exception() else None for one in requests]
    return [
        assess(run, steps, one, forecast(run)) if one else None for run, one in zip(runs, passes, strict=True)
    ]


def await_verdicts(plan: Experiment | None, verdicts: Sequence[Verdict | None]) -> None:
    """Run the page again when the verdicts that are missing can be given."""
    if plan is None or not can_draw():
        return
    requests = [
        one
        for run, verdict in zip(plan.runs, verdicts, strict=False)
        if verdict is None and (one := _request(run, retry=False)) and not (one.done() and one.exception())
    ]
    if requests:
        wait_for(
            lambda: all(one.done() for one in requests), lambda: "Predicting: one pass and one trial step."
        )


class _FirstPasses:
    """First passes of runs, requested or done, for all sessions."""

    def __init__(self) -> None:
        self._pool, self._kept = ThreadPoolExecutor(2), SharedCache[Future[FirstPass]](MAX_PASSES)

    def request(self, run: Run, arrays: InitialArrays, retry: bool) -> Future[FirstPass]:
        """Return the first pass of a run; `retry` requests it again if the compute process was not available."""
        compute = engine()
        call = partial(compute.call, worker.first_pass, timeout=worker.PASS_SECONDS)
        return self._kept.get_or_make(
            (run.key, compute.status.fingerprint),
            lambda: self._pool.submit(call, run, arrays),
            usable=lambda one: not (retry and one.done() and isinstance(one.exception(), EngineError)),
        )


@st.cache_resource(show_spinner=False)
def _first_passes() -> _FirstPasses:
    return _FirstPasses()


def _request(run: Run, retry: bool = True) -> Future[FirstPass] | None:
    """Return the first pass of a run; None until the arrays of its code or file are available."""
    try:
        arrays = arrays_of(run.start, run.network, (run.seed,))
    except InitsError:
        return None
    return _first_passes().request(run, arrays[0], retry) if arrays else None


def prediction_note(verdicts: Sequence[Verdict | None], outcomes: Sequence[Outcome], place: int) -> None:
    """Show the prediction for a start on its card; after its run, show if the prediction was right."""
    if outcomes:
        _outcome_note(verdicts[place], outcomes[place])
    else:
        _chip(verdicts[place])


def _chip(verdict: Verdict | None) -> None:
    if verdict is not None:
        icon = ":material/check_circle:" if verdict.trains else ":material/error:"
        st.badge(
            verdict.label,
            icon=icon,
            color="green" if verdict.trains else "red",
            help=literal(verdict.explanation),
        )


def _outcome_note(verdict: Verdict | None, outcome: Outcome) -> None:
    if verdict is not None and (learned := has_learned(outcome)) is not None:
        colour = "gray" if verdict.trains == learned else "orange"
        words = "learned, then collapsed" if outcome.collapsed else outcome_words(verdict, learned)
        st.markdown(
            f":small[:{colour}[{literal(words)}]]",
            help=literal(verdict.explanation),
        )


def has_learned(outcome: Outcome) -> bool | None:
    """Return True if a start did better than chance; None if its epoch was stopped or is not over."""
    if outcome.state == "diverged":
        return False
    return not outcome.at_chance if outcome.state == "finished" else None


def prediction_table(
    choices: Choices, verdicts: Sequence[Verdict | None], outcomes: Sequence[Outcome] = ()
) -> None:
    """Show what is predicted for each start, and why; beside the outcomes once there are any."""
    if outcomes:
        _compared(choices, verdicts, outcomes)
        return
    known = [(name, one) for name, one in zip(choices.labels, verdicts, strict=True) if one is not None]
    if known:
        how = "From one pass over a batch, one trial step and theory, with the first seed."
        with picture("prediction", "Prediction", how, terms="every start, logits"):
            tables.table(
                {
                    "start": [name for name, _ in known],
                    "predicted": [one.label for _, one in known],
                    "why": [one.explanation for _, one in known],
                }
            )


def _compared(choices: Choices, verdicts: Sequence[Verdict | None], outcomes: Sequence[Outcome]) -> None:
    rows = [
        (name, verdict, outcome, learned)
        for name, verdict, outcome in zip(choices.labels, verdicts, outcomes, strict=True)
        if verdict is not None and (learned := has_learned(outcome)) is not None
    ]
    if not rows:
        return
    right = sum(verdict.trains == learned for _, verdict, _, learned in rows)
    how = f"Made before the first step, for the first seed. {right} of {len(rows)} were right."
    with picture("prediction", "Prediction", how):
        tables.table(
            {
                "start": [name for name, *_ in rows],
                "predicted": [verdict.label for _, verdict, *_ in rows],
                "happened": [_result(outcome) for *_, outcome, _ in rows],
                "right": ["yes" if verdict.trains == learned else "no" for _, verdict, _, learned in rows],
                "why": [verdict.explanation for _, verdict, *_ in rows],
            }
        )


def _result(outcome: Outcome) -> str:
    if outcome.accuracy is None:
        return "diverged"
    if outcome.collapsed and outcome.peak:
        return f"fell from {percent(outcome.peak.accuracy)} to {percent(outcome.accuracy)}"
    return f"{percent(outcome.accuracy)}{', still guessing' if outcome.at_chance else ''}"
