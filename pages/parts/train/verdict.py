"""The prediction before training, and a table that later compares it with the outcome."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Final, Literal

import streamlit as st

from inits.engine import worker
from inits.errors import EngineError, InitsError
from inits.experiments.experiment import Experiment, Run
from inits.experiments.record import InitialArrays
from inits.experiments.summary import Outcome
from inits.text import percent
from inits.theory.trainability import FirstPass, Verdict, assess, forecast
from pages.parts.compute.engine_access import can_draw, engine, known_dataset, training_images, wait_for
from pages.parts.experiment.choices import TRAIN, Choices
from pages.parts.page.session import widget_key
from pages.parts.page.shared_cache import SharedCache
from pages.parts.page.slides import picture
from pages.parts.signal.measurements import arrays_of
from pages.parts.train.result_table import STATES
from pages.parts.widgets import tables

WAIT = 0.2  # seconds that the page waits for first passes
MAX_PASSES = 400
CHECKING: Final = "checking"
Prediction = Verdict | Literal["checking"] | None
"""The verdict on a start, or that it is being worked out; None if there is none because the start cannot begin."""


def predictions(choices: Choices, plan: Experiment | None) -> list[Prediction]:
    """Return the prediction for each start with the first seed."""
    if plan is None or not can_draw():
        waits = known_dataset(choices.data) is None or (plan and engine().status.phase != "failed")
        return [CHECKING if waits else None] * len(choices.cards)
    runs, steps = plan.runs[: len(plan.starts)], -(-training_images(plan.dataset) // plan.batch_size)
    requests = [_request(run) for run in runs]
    wait([one for one in requests if isinstance(one, Future)], WAIT)
    return [_prediction(run, steps, one) for run, one in zip(runs, requests, strict=True)]


def _prediction(run: Run, steps: int, request: Future[FirstPass] | Literal["checking"] | None) -> Prediction:
    if not isinstance(request, Future):
        return request
    if not request.done():
        return CHECKING
    return None if request.exception() else assess(run, steps, request.result(), forecast(run))


def await_predictions(plan: Experiment | None, predicted: Sequence[Prediction]) -> None:
    """Run the page again when the predictions that are being checked can be given."""
    if plan is None or not can_draw():
        return
    requests = [
        one
        for run, prediction in zip(plan.runs, predicted, strict=False)
        if prediction == CHECKING and isinstance(one := _request(run, retry=False), Future)
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


def _request(run: Run, retry: bool = True) -> Future[FirstPass] | Literal["checking"] | None:
    """Return the first pass of a run, or that the arrays of its code or file are awaited; None if it has none."""
    try:
        arrays = arrays_of(run.start, run.network, (run.seed,))
    except InitsError:
        return None
    return _first_passes().request(run, arrays[0], retry) if arrays else CHECKING


def has_learned(outcome: Outcome) -> bool | None:
    """Return True if a start did better than chance; None if its epoch was stopped or is not over."""
    if outcome.state == "diverged":
        return False
    return not outcome.at_chance if outcome.state == "finished" else None


def prediction_table(
    choices: Choices, predicted: Sequence[Prediction], outcomes: Sequence[Outcome] = ()
) -> None:
    """Show what is predicted for each start, and why; beside the outcomes once there are any."""
    known = [
        (place, name, one)
        for place, (name, one) in enumerate(zip(choices.labels, predicted, strict=True))
        if isinstance(one, Verdict)
    ]
    if not known:
        return
    columns = {"start": [name for _, name, _ in known], "predicted": [one.label for *_, one in known]}
    how = "From one pass over a batch, one trial step and theory, with the first seed."
    if outcomes:
        ends = [(one, outcomes[place]) for place, _, one in known]
        columns["happened"] = [_result(outcome) for _, outcome in ends]
        columns["right"] = [_right(verdict, outcome) for verdict, outcome in ends]
        over = [right for right in columns["right"] if right]
        how += f" {over.count('yes')} of {len(over)} were right."
    with (
        st.expander("Predictions", key=widget_key(TRAIN.page, "predictions")),
        picture("prediction", "Before the first step", how, terms="every start, logits"),
    ):
        tables.table({**columns, "why": [one.explanation for *_, one in known]})


def _result(outcome: Outcome) -> str:
    if outcome.accuracy is None:
        return STATES[outcome.state]
    if outcome.collapsed and outcome.peak:
        return f"fell from {percent(outcome.peak.accuracy)} to {percent(outcome.accuracy)}"
    return f"{percent(outcome.accuracy)}{', still guessing' if outcome.at_chance else ''}"


def _right(verdict: Verdict, outcome: Outcome) -> str:
    learned = has_learned(outcome)
    return "" if learned is None else "yes" if verdict.trains == learned else "no"
