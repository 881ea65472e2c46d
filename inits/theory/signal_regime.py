"""What becomes of a signal, in a word: kept, faded, vanished, grown, exploded; and from which layer on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

GONE, BLOWN = 1e-3, 1e3
"""Mean squares over the first one at which a signal counts as vanished or exploded."""
FADED, GROWN = 1 / 3, 10.0
"""Within these it is kept: bounded activations settle within a factor of ten."""
ALIKE = 0.99  # a cosine from which on two images look alike


@dataclass(frozen=True)
class Way:
    """How a mean square changes on its way: `kind` is one of kept, faded, vanished, grown, exploded, broken.

    `layer`, from 1, is where it vanishes, explodes or stops being a number; `ratio` is the last mean square over the
    first.
    """

    kind: str
    layer: int | None
    ratio: float

    @property
    def alive(self) -> bool:
        return self.kind in ("kept", "faded", "grown")


@dataclass(frozen=True)
class Fate:
    """Forward through the hidden layers, backward through them, and from which layer on two images look alike."""

    forward: Way
    backward: Way
    alike: int | None


def fate(lengths: ArrayLike, gradients: ArrayLike, cosines: ArrayLike, square: float) -> Fate:
    """What becomes of one start.

    Args:
        lengths: (L,) second moment of the pre-activations of the hidden layers.
        gradients: (L,) sum of squares of the gradient over the units of each hidden layer.
        cosines: (L,) cosine of two images in each.
        square: mean square of the input: what is 1000 times smaller has vanished.
    """
    back = np.asarray(gradients, np.float64)[::-1]
    backward = way(back, float(back[0]))
    layer = None if backward.layer is None else len(back) + 1 - backward.layer
    alike = np.flatnonzero(np.asarray(cosines) > ALIKE)
    return Fate(
        forward=way(np.asarray(lengths, np.float64), square),
        backward=Way(backward.kind, layer, backward.ratio),
        alike=int(alike[0]) + 1 if alike.size else None,
    )


def way(squares: Array, reference: float) -> Way:
    """What becomes of a mean square, layer by layer, measured by `reference` and by its own first value."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratio, relative = float(squares[-1] / squares[0]), squares / reference
    for kind, hit in (
        ("broken", np.isnan(squares)),
        ("exploded", relative > BLOWN),
        ("vanished", ~(relative >= GONE)),
    ):
        if hit.any():
            return Way(kind, int(np.argmax(hit)) + 1, ratio)
    if ratio < FADED:
        return Way("faded", None, ratio)
    return Way("grown" if ratio > GROWN else "kept", None, ratio)
