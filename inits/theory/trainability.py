"""Will it train? A verdict before the first step, from one pass forward and back, and whether it held.

The rule has three numbers, each with a meaning of its own rather than a fit:
- a step of SGD with learning rate r promises r |g|^2 nats, as far as the gradient tells images apart. More than ln 10,
  all that there is to gain, and it overshoots;
- over the whole epoch a kernel W moves by about steps r |g| / |W| of its length. Below MOVES nothing is learned;
- an adaptive optimizer divides a gradient by its own size, unless that is below its divisor: there it is gradient
  descent at the rate r / divisor. Below a root mean square of 1e-7, Adam's default epsilon, nothing is learned.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inits.experiments.experiment import Run
from inits.text import count, number, percent
from inits.theory.signal_regime import Fate, Way

Array = NDArray[np.float64]
Kind = Literal["trains", "stuck", "too large"]

GAIN = math.log(10.0)  # nats: from chance to certainty, and the loss of equal logits
MOVES = 0.03  # of a kernel's length, in an epoch
OVERSHOOT = 3.0  # times the loss, after one step
EPSILON = 1e-7  # root mean square of a gradient that is too weak for any adaptive optimizer
HOPELESS = 1_000.0  # nats: no epoch of small steps comes down from there
SHORT: Mapping[Kind, str] = {"trains": "trains", "stuck": "too weak to learn", "too large": "steps too large"}


@dataclass(frozen=True, eq=False)
class Glimpse:
    """What one pass over a batch says, float64 (layers,) each, the output last.

    Attributes:
        loss: mean cross-entropy, in nats.
        trial: the same after one step of the run's learning rate.
        telling: L2 norm of each kernel's gradient, the mean of its inputs taken out: what tells images apart.
        gradients, kernels: L2 norms of each kernel's gradient and of the kernel; `sizes`: how many weights it has.
        alike, dead: (hidden layers,) share of units that say the same as another one, or the same for all images.
    """

    loss: float
    trial: float
    telling: Array
    gradients: Array
    kernels: Array
    sizes: NDArray[np.int64]
    alike: Array
    dead: Array


@dataclass(frozen=True)
class Verdict:
    """What is foretold: the kind, a few words for a card, and sentences with the numbers."""

    kind: Kind
    short: str
    whole: str

    @property
    def trains(self) -> bool:
        return self.kind == "trains"


def kind_of(run: Run, steps: int, seen: Glimpse) -> Kind:
    """Whether a run trains in an epoch of so many steps, is stuck at chance, or is thrown off."""
    finite = math.isfinite(seen.loss) and math.isfinite(seen.trial) and bool(np.isfinite(seen.telling).all())
    if not finite or seen.loss > HOPELESS or seen.trial > OVERSHOOT * seen.loss:
        return "too large"
    if run.optimizer.adaptive:
        size = _adaptive(seen)
        moving = size >= run.optimizer.divisor or moves(run, steps, seen) >= MOVES
        return "trains" if size >= EPSILON and moving else "stuck"
    if promise(run, seen) > GAIN:
        return "too large"
    return "trains" if moves(run, steps, seen) >= MOVES else "stuck"


def promise(run: Run, seen: Glimpse) -> float:
    """Nats that one step of gradient descent promises, to first order."""
    return float(_rate(run) * np.sum(seen.telling**2))


def moves(run: Run, steps: int, seen: Glimpse) -> float:
    """The largest share of its length that a kernel would move in so many steps like the first."""
    lengths = np.maximum(seen.kernels, 1e-300)
    with np.errstate(over="ignore"):
        return float((steps * _rate(run) * seen.telling / lengths).max())


def _rate(run: Run) -> float:
    """What a small gradient is multiplied by in a step."""
    return run.optimizer.learning_rate / run.optimizer.divisor


def _adaptive(seen: Glimpse) -> float:
    """The largest root mean square of a kernel's gradient."""
    return float((seen.telling / np.sqrt(seen.sizes)).max())


def judge(
    run: Run, steps: int, seen: Glimpse, fate: Fate | None = None, usable: float | None = None
) -> Verdict:
    """The verdict of a run.

    Args:
        run: what is trained.
        steps: in its epoch.
        seen: what a pass over a batch says.
        fate: what theory says becomes of the signal, where it says something.
        usable: hidden layers that theory gives a signal: six times the depth scale.
    """
    kind, names = kind_of(run, steps, seen), run.network.layer_names
    causes = [*_causes(kind, names, seen, fate), SHORT[kind]]
    facts = _facts(seen, names, fate, usable, len(run.network.hidden))
    return Verdict(kind, causes[0], " ".join([_opening(kind, run, steps, seen), *facts]))


def _causes(kind: Kind, names: Sequence[str], seen: Glimpse, fate: Fate | None) -> Iterator[str]:
    """What is behind a failure, the plainest first, each in a few words."""
    if kind == "trains":
        return
    same = np.flatnonzero(seen.alike == 1.0).tolist()
    dead = np.flatnonzero(seen.dead == 1.0).tolist()
    if same and kind == "stuck":
        yield "symmetric units"
    if dead:
        yield f"dead from {names[dead[0]]}"
    if fate is not None:
        if lost := _lost(kind, fate.forward):
            yield f"{lost} by layer {fate.forward.layer}"
        if lost := _lost(kind, fate.backward):
            yield f"gradient {lost}"


def _lost(kind: Kind, way: Way) -> str:
    """What theory says becomes of a signal, if that explains a failure of this kind."""
    if kind == "stuck":
        return "vanishes" if way.kind == "vanished" else ""
    return "explodes" if way.kind in ("exploded", "broken") else ""


def _opening(kind: Kind, run: Run, steps: int, seen: Glimpse) -> str:
    """Will it train at this learning rate, and the number that says so."""
    at = f"at learning rate {number(run.optimizer.learning_rate)}"
    if kind == "too large":
        return f"Will not train {at}: {_too_much(run, seen)}."
    size = _adaptive(seen)
    if run.optimizer.adaptive and not EPSILON <= size < run.optimizer.divisor:
        words = ("Trains", "at least") if size >= EPSILON else ("Will not train", "below")
        return f"{words[0]} {at}: the root mean square of gradients is {number(size, 2)}, {words[1]} 10⁻⁷."
    share = moves(run, steps, seen)
    far = _share(share)
    if kind == "trains":
        return f"Trains {at}: in {count(steps)} steps like the first a kernel moves by {far} of its length."
    return f"Will not leave chance: in {count(steps)} such steps no kernel moves by more than {far} of its length."


def _share(of_length: float) -> str:
    if of_length < 0.001:
        return "0.1%"
    return percent(of_length) if of_length < 10 else f"{number(of_length, 2)} times"


def _too_much(run: Run, seen: Glimpse) -> str:
    if not math.isfinite(seen.trial + seen.loss):
        return "after one step the loss is no number any more"
    if seen.trial > OVERSHOOT * seen.loss:
        return f"one step takes the loss from {number(seen.loss, 3)} to {number(seen.trial, 3)}"
    if seen.loss > HOPELESS:
        return f"the loss begins at {number(seen.loss, 3)}, too far up for one epoch"
    return f"a step promises {number(promise(run, seen), 2)} nats, more than there is to gain, and overshoots"


def _facts(
    seen: Glimpse, names: Sequence[str], fate: Fate | None, usable: float | None, depth: int
) -> Iterator[str]:
    """What else a person should know, with the numbers."""
    if math.isfinite(seen.loss):
        yield f"The loss begins at {number(seen.loss, 4)}; equal logits would give ln 10 = 2.303."
    same = [names[i] for i in np.flatnonzero(seen.alike == 1.0).tolist()]
    if same:
        yield f"All units of {_few(same)} say the same as another one, and get the same gradient."
    dead = [names[i] for i in np.flatnonzero(seen.dead == 1.0).tolist()]
    if dead:
        yield f"All units of {_few(dead)} are dead: they say the same for every image."
    if fate is not None and not fate.forward.alive:
        yield f"Theory: the signal {_ends(fate.forward)} from layer {fate.forward.layer} on."
    if fate is not None and not fate.backward.alive:
        yield f"Theory: on its way back the gradient {_ends(fate.backward)} at layer {fate.backward.layer}."
    if usable is not None:
        yield f"Expected usable depth: {_depth(usable, depth)}."


def _ends(way: Way) -> str:
    return "vanishes" if way.kind == "vanished" else "explodes"


def _depth(usable: float, depth: int) -> str:
    """How many layers a signal lasts, beside how many there are."""
    if usable < depth:
        return f"about {max(1, round(usable))} of {depth} layers"
    return f"about {round(usable)} layers" if usable < 1_000 else "no limit"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def held(verdict: Verdict, learned: bool) -> str:
    """The verdict beside what happened, in a few words."""
    if verdict.trains == learned:
        return f"{verdict.short}, as predicted"
    return "trained, against the prediction" if learned else "did not train, against the prediction"
