"""The verdict before training: on each card, and afterwards beside what happened."""

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache
from threading import Lock

import numpy as np
import streamlit as st

from inits.errors import EngineError, InitsError
from inits.experiments.experiment import Experiment, Run
from inits.experiments.record import Given
from inits.experiments.summary import Outcome
from inits.text import percent
from inits.theory.meanfield import chi1, depth_scale
from inits.theory.signal_regime import Fate, fate
from inits.theory.signal_theory import TYPICAL, gains, predict
from inits.theory.trainability import Glimpse, Verdict, held, judge
from pages.parts.compute.engine_access import can_draw, engine, wait_for
from pages.parts.experiment.builder import Choices
from pages.parts.page.notes import heading, literal
from pages.parts.signal.measurements import given
from pages.parts.widgets import tables

STANDIN_IMAGES = 12_000
SOON, KEPT = 0.2, 400  # seconds that the page waits; glimpses
DEPTHS = 6.0  # depth scales that a signal lasts: Schoenholz et al. 2017


def verdicts(choices: Choices, plan: Experiment | None) -> list[Verdict | None]:
    """What is foretold of each start with the first seed; None while it is not known, or when it cannot begin."""
    if plan is None or not can_draw():
        return [None] * len(choices.cards)
    images = STANDIN_IMAGES if plan.dataset == "digits" else engine().status.images
    runs, steps = plan.runs[: len(plan.starts)], -(-images // plan.batch_size)
    asked = [_ask(run) for run in runs]
    wait([one for one in asked if one], SOON)
    seen = [_result(one) for one in asked]
    return [
        judge(run, steps, one, *_theory(run)) if one else None for run, one in zip(runs, seen, strict=True)
    ]


def await_verdicts(plan: Experiment | None, told: Sequence[Verdict | None]) -> None:
    """Run the page again when the verdicts that it has not got are there."""
    if plan is None or not can_draw():
        return
    asked = [
        one
        for run, verdict in zip(plan.runs, told, strict=False)
        if verdict is None and (one := _ask(run, again=False)) and not (one.done() and one.exception())
    ]
    if asked:
        wait_for(lambda: all(one.done() for one in asked), lambda: "Looking ahead: one pass, one step.")


class _Glimpses:
    """What the compute process was asked, newest last, for all sessions."""

    def __init__(self) -> None:
        self._pool, self._lock = ThreadPoolExecutor(2), Lock()
        self._kept: OrderedDict[tuple[str, str], Future[Glimpse]] = OrderedDict()

    def ask(self, run: Run, mine: Given, again: bool) -> Future[Glimpse]:
        """The answer of now or later; asked for `again` when the compute process was not there."""
        compute = engine()
        key = (run.key, compute.status.fingerprint)
        with self._lock:
            found = self._kept.get(key)
            if found is None or (again and found.done() and isinstance(found.exception(), EngineError)):
                found = self._kept[key] = self._pool.submit(compute.glimpse, run, mine)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return found


@st.cache_resource(show_spinner=False)
def _glimpses() -> _Glimpses:
    return _Glimpses()


def _ask(run: Run, again: bool = True) -> Future[Glimpse] | None:
    """None while what comes from code or a file is not there."""
    try:
        found = given(run.start, run.architecture, (run.seed,))
    except InitsError:
        return None
    return _glimpses().ask(run, found[0], again) if found else None


def _result(asked: Future[Glimpse] | None) -> Glimpse | None:
    return asked.result() if asked and asked.done() and not asked.exception() else None


@lru_cache(maxsize=400)
def _theory(run: Run) -> tuple[Fate | None, float | None]:
    """What becomes of the signal, and how many layers it lasts; None where theory says nothing."""
    net, facts = run.architecture, TYPICAL[run.dataset]
    try:
        promised = gains(run.start, net)
        if promised is None or not net.hidden:
            return None, None
        found = predict(net, promised, facts)
        ends = slice(None, -1)
        forward, back = found.lengths[ends], found.gradients[ends] * np.array(net.hidden)
        ahead = fate(forward, back, found.cosines[ends], float(np.mean(facts.squares)))
        inner = min(1, len(promised.weights) - 1)
        growth = chi1(net.activation, promised.weights[inner], promised.biases[inner])
        return ahead, DEPTHS * depth_scale(growth)
    except InitsError:
        return None, None


def foretold(verdict: Verdict | None) -> None:
    """The chip of a card before it runs."""
    if verdict is not None:
        icon, colour = (":material/check_circle:", "green") if verdict.trains else (":material/error:", "red")
        st.badge(verdict.short, icon=icon, color=colour, help=literal(verdict.whole))


def afterwards(verdict: Verdict | None, outcome: Outcome) -> None:
    """Under the chip of what happened: whether the prediction held."""
    if verdict is not None and (learned := has_learned(outcome)) is not None:
        colour = "gray" if verdict.trains == learned else "orange"
        st.markdown(f":small[:{colour}[{literal(held(verdict, learned))}]]", help=literal(verdict.whole))


def has_learned(outcome: Outcome) -> bool | None:
    """Whether a start left chance; None when its epoch did not end by itself."""
    if outcome.state == "diverged":
        return False
    return not outcome.at_chance if outcome.state == "finished" else None


def predictions(choices: Choices, found: Sequence[Verdict | None]) -> None:
    """What is foretold of each start, and why."""
    told = [(name, one) for name, one in zip(choices.labels, found, strict=True) if one is not None]
    if told:
        heading("Prediction", "From one pass over a batch, one trial step and theory, with the first seed.")
        tables.table(
            {
                "start": [name for name, _ in told],
                "predicted": [one.short for _, one in told],
                "why": [one.whole for _, one in told],
            }
        )


def prediction_table(choices: Choices, found: Sequence[Verdict | None], outcomes: Sequence[Outcome]) -> None:
    """The prediction beside what happened, start by start."""
    told = [
        (name, verdict, outcome, learned)
        for name, verdict, outcome in zip(choices.labels, found, outcomes, strict=True)
        if verdict is not None and (learned := has_learned(outcome)) is not None
    ]
    if not told:
        return
    right = sum(verdict.trains == learned for _, verdict, _, learned in told)
    heading("Prediction", f"Made before the first step, of the first seed. {right} of {len(told)} held.")
    tables.table(
        {
            "start": [name for name, *_ in told],
            "predicted": [verdict.short for _, verdict, *_ in told],
            "happened": [_happened(outcome) for *_, outcome, _ in told],
            "held": ["yes" if verdict.trains == learned else "no" for _, verdict, _, learned in told],
            "why": [verdict.whole for _, verdict, *_ in told],
        }
    )


def _happened(outcome: Outcome) -> str:
    if outcome.accuracy is None:
        return "diverged"
    return f"{percent(outcome.accuracy)}{', at chance' if outcome.at_chance else ''}"
