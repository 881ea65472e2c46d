"""Predict before the first step whether a run will train, from one pass forward and back and from theory.

The rule has three thresholds, each with a meaning rather than a fit:
- to first order, a step of SGD with learning rate r reduces the loss by r |g|^2 nats, counting the part of the gradient
  that separates images. A step that would reduce it by more than ln 10, all that is available, overshoots;
- over the whole epoch a kernel W moves by about steps r |g| / |W| of its norm. Below MIN_MOVEMENT nothing is learned;
- an adaptive optimizer divides a gradient by its own size, unless that is below its divisor: there it is gradient
  descent at the rate r / divisor. Below a root mean square of 1e-7, Adam's default epsilon, nothing is learned.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inits.errors import InitsError
from inits.experiments.experiment import Run
from inits.text import count, number, percent
from inits.theory.meanfield import chi1, depth_scale
from inits.theory.signal_regime import SignalRegime, Trend
from inits.theory.signal_theory import TYPICAL_INPUTS, gains, predict, predicted_regime

Array = NDArray[np.float64]
Kind = Literal["trains", "stuck", "too large"]

MAX_DECREASE = math.log(10.0)  # nats: the loss of equal logits
MIN_MOVEMENT = 0.03  # of a kernel's norm, in an epoch
MAX_LOSS_RATIO = 3.0  # loss after one step over the initial loss
EPSILON = 1e-7  # root mean square of a gradient that is too small for any adaptive optimizer
MAX_LOSS = 1_000.0  # nats: one epoch of small steps does not recover from more
DEPTH_SCALES = 6.0  # usable depth in depth scales: Schoenholz et al. 2017
LABELS: Mapping[Kind, str] = {
    "trains": "trains",
    "stuck": "signal too small to learn",
    "too large": "learning rate too high for this start",
}


@dataclass(frozen=True, eq=False)
class FirstPass:
    """Measurements of one pass over a batch, float64 (layers,) each, the output last.

    Attributes:
        loss: mean cross-entropy, in nats.
        trial_loss: the same after one step of the run's learning rate.
        centered: L2 norm of each kernel's gradient with centered inputs: the part that separates images.
        gradients: L2 norm of each kernel's gradient.
        kernels: L2 norm of each kernel.
        sizes: number of weights of each kernel.
        duplicated: (hidden layers,) share of units with the same outputs as another unit.
        dead: (hidden layers,) share of units with the same output for all images.
    """

    loss: float
    trial_loss: float
    centered: Array
    gradients: Array
    kernels: Array
    sizes: NDArray[np.int64]
    duplicated: Array
    dead: Array


@dataclass(frozen=True)
class Forecast:
    """Predictions of mean-field theory for a run; None where theory does not apply.

    Attributes:
        regime: of the signal and its gradient.
        usable_depth: number of hidden layers that a signal survives: six depth scales.
    """

    regime: SignalRegime | None = None
    usable_depth: float | None = None


@dataclass(frozen=True)
class Verdict:
    """A prediction: its kind, a label for a card, and sentences with the numbers."""

    kind: Kind
    label: str
    explanation: str

    @property
    def trains(self) -> bool:
        """Return True if the run is predicted to learn."""
        return self.kind == "trains"


@lru_cache(maxsize=512)
def forecast(run: Run) -> Forecast:
    """Return what mean-field theory predicts for a run on typical images of its dataset."""
    network, inputs = run.network, TYPICAL_INPUTS[run.dataset]
    try:
        variances = gains(run.start, network)
        if variances is None or not network.hidden:
            return Forecast()
        prediction = predict(network, variances, inputs)
        regime = predicted_regime(network, prediction, inputs)
        inner = min(1, len(variances.weights) - 1)
        growth = chi1(network.activation, variances.weights[inner], variances.biases[inner])
        return Forecast(regime, DEPTH_SCALES * depth_scale(growth))
    except InitsError:
        return Forecast()


def assess(run: Run, steps: int, first: FirstPass, theory: Forecast | None = None) -> Verdict:
    """Return the verdict on a run.

    Args:
        run: the start, network and optimizer.
        steps: number of steps in the epoch.
        first: measurements of one pass over a batch.
        theory: adds causes and the usable depth to the words; it does not change the kind.
    """
    theory = theory or Forecast()
    kind, names = classify(run, steps, first), run.network.layer_names
    causes = [*_causes(kind, names, first, theory.regime), LABELS[kind]]
    facts = _facts(first, names, theory, len(run.network.hidden))
    return Verdict(kind, causes[0], " ".join([_opening(kind, run, steps, first), *facts]))


def classify(run: Run, steps: int, first: FirstPass) -> Kind:
    """Classify a run: in an epoch of `steps` steps it trains, stays at chance, or takes too large steps."""
    finite = np.isfinite([first.loss, first.trial_loss, *first.centered]).all()
    if not finite or first.loss > MAX_LOSS or first.trial_loss > MAX_LOSS_RATIO * first.loss:
        return "too large"
    if run.optimizer.adaptive:
        size = _largest_rms(first)
        moves = size >= run.optimizer.divisor or relative_movement(run, steps, first) >= MIN_MOVEMENT
        return "trains" if size >= EPSILON and moves else "stuck"
    if predicted_decrease(run, first) > MAX_DECREASE:
        return "too large"
    return "trains" if relative_movement(run, steps, first) >= MIN_MOVEMENT else "stuck"


def predicted_decrease(run: Run, first: FirstPass) -> float:
    """Return by how many nats one step of gradient descent reduces the loss, to first order."""
    return float(_rate(run) * np.sum(first.centered**2))


def relative_movement(run: Run, steps: int, first: FirstPass) -> float:
    """Return the largest movement of a kernel in `steps` steps like the first, as a share of its norm."""
    norms = np.maximum(first.kernels, 1e-300)
    with np.errstate(over="ignore"):
        return float((steps * _rate(run) * first.centered / norms).max())


def _rate(run: Run) -> float:
    """Return the factor by which a step multiplies a small gradient."""
    return run.optimizer.learning_rate / run.optimizer.divisor


def _largest_rms(first: FirstPass) -> float:
    """Return the largest root mean square of a kernel's gradient."""
    return float((first.centered / np.sqrt(first.sizes)).max())


def _causes(kind: Kind, names: Sequence[str], first: FirstPass, regime: SignalRegime | None) -> Iterator[str]:
    """Yield the causes of a failure in a few words each, the most direct first."""
    if kind == "trains":
        return
    if kind == "stuck" and (first.duplicated == 1.0).any():
        yield "symmetric units"
    if dead := np.flatnonzero(first.dead == 1.0).tolist():
        yield f"dead from {names[dead[0]]}"
    if regime is not None:
        if verb := _failure(kind, regime.forward):
            yield f"{verb} by layer {regime.forward.layer}"
        if verb := _failure(kind, regime.backward):
            yield f"gradient {verb}"


def _failure(kind: Kind, trend: Trend) -> str:
    """Return the verb for a predicted trend if it explains a failure of this kind, else an empty string."""
    if kind == "stuck":
        return "vanishes" if trend.kind == "vanished" else ""
    return "explodes" if trend.kind in ("exploded", "nan") else ""


def _opening(kind: Kind, run: Run, steps: int, first: FirstPass) -> str:
    """Return the sentence with the verdict and the number that decides it."""
    rate = f"with learning rate {number(run.optimizer.learning_rate)}"
    if kind == "too large":
        return f"Will not train {rate}: {_too_large(run, first)}."
    size = _largest_rms(first)
    if run.optimizer.adaptive and not EPSILON <= size < run.optimizer.divisor:
        words, relation = ("Trains", "at least") if size >= EPSILON else ("Will not train", "below")
        return f"{words} {rate}: the root mean square of the gradients is {number(size, 2)}, {relation} 10⁻⁷."
    moved = relative_movement(run, steps, first)
    pace = f"at the first step's pace, {count(steps)} steps would move"
    if kind == "trains":
        return f"Trains {rate}: {pace} the weights of a layer {_distance(moved)}."
    most = "by less than 0.1% of" if moved < 0.001 else f"by at most {percent(moved)} of"
    return (
        f"Will still be guessing at the end {rate}: {pace} the weights of every layer {most} their own size."
    )


def _distance(moved: float) -> str:
    """Return how far weights move, relative to their norm."""
    return (
        f"{number(moved, 2)} times their own size" if moved >= 1 else f"by {percent(moved)} of their own size"
    )


def _too_large(run: Run, first: FirstPass) -> str:
    """Return why the steps are too large."""
    if not math.isfinite(first.trial_loss + first.loss):
        return "after one step the loss is not finite"
    if first.trial_loss > MAX_LOSS_RATIO * first.loss:
        return f"one step raises the loss from {number(first.loss, 3)} to {number(first.trial_loss, 3)}"
    if first.loss > MAX_LOSS:
        return f"an initial loss of {number(first.loss, 3)} is too high for one epoch"
    decrease = number(predicted_decrease(run, first), 2)
    return (
        f"the first step will overshoot: it aims to lower the loss by {decrease}, but only 2.303 is possible"
    )


def _facts(first: FirstPass, names: Sequence[str], theory: Forecast, depth: int) -> Iterator[str]:
    """Yield further sentences with numbers."""
    if math.isfinite(first.loss):
        yield f"The initial loss is {number(first.loss, 4)}; equal logits give ln 10 = 2.303."
    if same := [names[i] for i in np.flatnonzero(first.duplicated == 1.0).tolist()]:
        yield f"All units of {_listed(same)} give the same output as another unit and get the same gradient."
    if dead := [names[i] for i in np.flatnonzero(first.dead == 1.0).tolist()]:
        yield f"All units of {_listed(dead)} are dead: their output is the same for every image."
    if theory.regime is not None and not (trend := theory.regime.forward).survives:
        yield f"Theory: the signal {_verb(trend)} from layer {trend.layer} on."
    if theory.regime is not None and not (trend := theory.regime.backward).survives:
        yield f"Theory: the backpropagated gradient {_verb(trend)} at layer {trend.layer}."
    if theory.usable_depth is not None:
        yield f"Expected usable depth: {_depth(theory.usable_depth, depth)}."


def _verb(trend: Trend) -> str:
    return "vanishes" if trend.kind == "vanished" else "explodes"


def _depth(usable: float, depth: int) -> str:
    """Return the usable depth in words, next to the network's depth."""
    if usable < depth:
        return f"about {max(1, round(usable))} of {depth} layers"
    return f"about {round(usable)} layers" if usable < 1_000 else "no limit"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def outcome_words(verdict: Verdict, learned: bool) -> str:
    """Compare the outcome with the verdict in a few words."""
    if verdict.trains == learned:
        return f"{verdict.label}, as predicted"
    return "trained, contrary to the prediction" if learned else "did not train, contrary to the prediction"
