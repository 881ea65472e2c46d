"""Verdicts in words, each with the numbers that led to it."""

from collections.abc import Sequence

import numpy as np

from inits.record import Divergence
from inits.words import count, number


def why_diverged(why: Divergence, names: Sequence[str], learning_rate: float) -> str:
    """At which step a loss stopped being a number, what was large just before, and what to do.

    Args:
        why: what was measured.
        names: of the Dense layers, the output last.
        learning_rate: of the optimizer.
    """
    kind = "infinite" if np.isinf(why.loss) else "NaN"
    largest, where = _worst(why.largest, names)
    steepest, there = _worst(why.gradient, names)
    first = (
        f" The first output that is not finite is that of {names[why.broken]}."
        if why.broken is not None
        else ""
    )
    before = "Just before" if why.step > 1 else "There"
    return (
        f"Loss became {kind} at step {count(why.step)}. {before}, the largest output was {largest} in {where}, and "
        f"the largest gradient norm {steepest} in {there}.{first} "
        f"Lower the learning rate ({number(learning_rate)}) or start with smaller weights."
    )


def _worst(values: np.ndarray, names: Sequence[str]) -> tuple[str, str]:
    """The largest value and the layer it is in; one that is not a number counts as the largest."""
    layer = int(np.argmax(np.where(np.isnan(values), np.inf, values)))
    return number(float(values[layer]), 2), names[layer]
