"""Classify a signal on its way through a network: kept, faded, vanished, grown or exploded, and from which layer on.

All pages take their words for it from here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Kind = Literal["kept", "faded", "vanished", "grown", "exploded", "nan"]
Severity = Literal["kept", "changed", "lost"]

VANISHED, EXPLODED = 1e-3, 1e3
"""Ratios of a second moment to its reference below and above which a signal counts as vanished or exploded."""
FADED, GROWN = 1 / 3, 10.0
"""Ratios between which a signal counts as kept: bounded activations settle within a factor of ten."""
APART = 10.0  # factor between predicted and measured ratio from which on they disagree
MAX_SHARE = (
    0.25  # of a predicted logarithm by which the measured one may differ: errors add up with every layer
)
FLOAT32 = 1e-30, 1e30  # what a measurement can hold
CORRELATED = 0.97  # cosine above which two images count as alike

VERBS: Mapping[Kind, tuple[str, str]] = {
    "kept": ("keeps", "keep"),
    "faded": ("fades", "fade"),
    "vanished": ("vanishes", "vanish"),
    "grown": ("grows", "grow"),
    "exploded": ("explodes", "explode"),
    "nan": ("becomes NaN", "become NaN"),
}
"""The verb for each kind, singular and plural."""
ALIKE = "different images become alike"


@dataclass(frozen=True)
class Trend:
    """Change of a second moment from layer to layer.

    Attributes:
        kind: kept, faded, vanished, grown, exploded, or nan.
        layer: the layer, from 1, where it vanishes, explodes or becomes NaN; None otherwise.
        ratio: the last second moment over the first.
    """

    kind: Kind
    layer: int | None
    ratio: float

    @property
    def survives(self) -> bool:
        """Return True unless the signal vanishes, explodes or becomes NaN."""
        return self.kind in ("kept", "faded", "grown")

    @property
    def verb(self) -> str:
        """Return the verb of the kind: fades."""
        return VERBS[self.kind][0]

    def agrees(self, measured: "Trend") -> bool:
        """Return False if a measured ratio differs from this predicted one by orders of magnitude."""
        if math.isnan(self.ratio) or math.isnan(measured.ratio):
            return self.kind == measured.kind
        ours, theirs = (math.log(min(max(one.ratio, FLOAT32[0]), FLOAT32[1])) for one in (self, measured))
        return abs(ours - theirs) <= max(math.log(APART), MAX_SHARE * abs(ours))


@dataclass(frozen=True)
class SignalRegime:
    """Trends of a start through the hidden layers.

    Attributes:
        forward: of the pre-activations.
        backward: of the gradient; its layer counts from the input like all others.
        correlated: the layer, from 1, from which on two images have nearly the same pre-activations; None otherwise.
    """

    forward: Trend
    backward: Trend
    correlated: int | None

    @property
    def severity(self) -> Severity:
        """Return lost if the signal or its gradient does not survive, changed if anything else is not kept."""
        if not (self.forward.survives and self.backward.survives):
            return "lost"
        return "changed" if self.changes else "kept"

    @property
    def changes(self) -> tuple[str, ...]:
        """Return what is not kept, in words; empty if all is."""
        forward, backward = self.forward, self.backward
        if forward.kind == backward.kind != "kept":
            found = [f"the signal and the gradient {VERBS[forward.kind][1]}"]
        else:
            named = (("signal", forward), ("gradient", backward))
            found = [f"the {name} {one.verb}" for name, one in named if one.kind != "kept"]
        return (*found, *([ALIKE] if self.correlated is not None else []))


def signal_regime(
    preactivations: ArrayLike, gradients: ArrayLike, cosines: ArrayLike, square: float
) -> SignalRegime:
    """Return the regime of one start.

    Args:
        preactivations: (L,) second moment of the pre-activations of the hidden layers.
        gradients: (L,) sum of squares of the gradient over the units of each hidden layer.
        cosines: (L,) cosine of the pre-activations of two images in each hidden layer.
        square: mean square of the input, the reference for the pre-activations.
    """
    back = np.asarray(gradients, np.float64)[::-1]
    backward = trend(back, float(back[0]))
    layer = None if backward.layer is None else len(back) + 1 - backward.layer
    correlated = np.flatnonzero(np.asarray(cosines) > CORRELATED)
    return SignalRegime(
        forward=trend(np.asarray(preactivations, np.float64), square),
        backward=Trend(backward.kind, layer, backward.ratio),
        correlated=int(correlated[0]) + 1 if correlated.size else None,
    )


def trend(squares: Array, reference: float) -> Trend:
    """Return the trend of second moments, float64 (layers,), relative to `reference` and to the first of them."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratio, relative = float(squares[-1] / squares[0]), squares / reference
    outside: tuple[tuple[Kind, NDArray[np.bool_]], ...] = (
        ("nan", np.isnan(squares)),
        ("exploded", (relative > EXPLODED) | np.isinf(squares)),  # the reference may have overflowed, too
        ("vanished", ~(relative >= VANISHED)),
    )
    for kind, layers in outside:
        if layers.any():
            return Trend(kind, int(np.argmax(layers)) + 1, ratio)
    if ratio < FADED:
        return Trend("faded", None, ratio)
    return Trend("grown" if ratio > GROWN else "kept", None, ratio)
