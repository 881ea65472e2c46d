"""The chip on each start card: what is predicted, and after the run what has happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from inits.engine.jobs import Job
from inits.experiments.diagnostics import Why
from inits.experiments.ranking import best
from inits.experiments.summary import Outcome
from inits.text import percent
from inits.theory.trainability import Verdict
from pages.parts.compute.job_control import experiment_of
from pages.parts.page.notes import Colour, literal
from pages.parts.train.verdict import CHECKING, Prediction, has_learned


@dataclass(frozen=True)
class Chips:
    """Hold what is known about each start of a run; without a job only the predictions.

    Attributes:
        predicted: the prediction for each start.
        job: the job.
        outcomes: the present outcome of each start.
        why: why starts failed, by their place.
    """

    predicted: Sequence[Prediction]
    job: Job | None = None
    outcomes: Sequence[Outcome] = ()
    why: Mapping[int, Why] | None = None

    def show(self, place: int) -> None:
        """Draw the chip of the start at this place: its outcome, or until there is one its prediction."""
        if not (self.job and self.outcomes and self._outcome(self.job, place)):
            prediction_chip(self.predicted[place])

    def _outcome(self, job: Job, place: int) -> bool:
        """Draw the outcome of a start; return False if there is none yet."""
        outcome, why = self.outcomes[place], (self.why or {}).get(place)
        learned = has_learned(outcome)
        if why is not None or learned is not None:
            words, icon, good = _happened(outcome, why, best=place in best(self.outcomes)["accuracy"])
            compared = "" if outcome.collapsed else self._compared(place, learned)
            _badge(words + compared, icon, good, self._reason(place, why))
        elif outcome.state == "stopped" or job.stopping.issuperset(experiment_of(job).of_start(place)):
            words = "stopped" if outcome.state == "stopped" else "stopping"
            st.badge(words, icon=":material/stop_circle:", color="orange")
        else:
            return False
        return True

    def _compared(self, place: int, learned: bool | None) -> str:
        """Return whether the prediction was right, in words."""
        verdict = self.predicted[place]
        if learned is None or not isinstance(verdict, Verdict):
            return ""
        return ", as predicted" if verdict.trains == learned else ", not predicted"

    def _reason(self, place: int, why: Why | None) -> str:
        """Return why a start failed, and the prediction with its reasons."""
        verdict = self.predicted[place]
        predicted = f"Predicted: {verdict.explanation}" if isinstance(verdict, Verdict) else ""
        return " ".join(filter(None, (why.whole if why else "", predicted)))


def prediction_chip(prediction: Prediction) -> None:
    """Draw what is predicted for a start."""
    if prediction == CHECKING:
        st.badge("Checking...", icon=":material/hourglass_empty:", color="gray")
    elif prediction is not None:
        icon = "check_circle" if prediction.trains else "error"
        _badge(prediction.label, icon, prediction.trains, prediction.explanation)


def _happened(outcome: Outcome, why: Why | None, best: bool) -> tuple[str, str, bool]:
    """Return what became of a start in a word, an icon, and True if it has learned."""
    accuracy = percent(outcome.accuracy or 0)
    if why is not None:
        return why.short, "error", False
    if outcome.collapsed:
        return f"fell to {accuracy}", "trending_down", False
    if outcome.at_chance or outcome.state == "diverged":
        return ("diverged" if outcome.accuracy is None else f"{accuracy}, guessing"), "error", False
    return accuracy, "trophy" if best else "check_circle", True


def _badge(words: str, icon: str, good: bool, reasons: str) -> None:
    colour: Colour = "green" if good else "red"
    st.badge(literal(words), icon=f":material/{icon}:", color=colour, help=literal(reasons) or None)
