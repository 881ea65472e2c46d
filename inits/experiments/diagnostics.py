"""Explanations of failed runs, each with the numbers behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inits.experiments.record import Divergence, Record
from inits.text import count, number


def why_diverged(why: Divergence, names: Sequence[str], learning_rate: float) -> str:
    """Explain at which step the loss became NaN or infinite, what was large just before, and what to do.

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
    advice = f"Lower the learning rate ({number(learning_rate)}) or start with smaller weights."
    if why.step == 1:
        advice = "The start itself overflows: start with smaller weights."
    before = "Just before" if why.step > 1 else "There"
    return (
        f"Loss became {kind} at step {count(why.step)}. {before}, the largest output was {largest} in {where}, and "
        f"the largest gradient norm {steepest} in {there}.{first} {advice}"
    )


@dataclass(frozen=True)
class Why:
    """The reason a start failed: in a few words, and in sentences with the numbers."""

    short: str
    whole: str


def why_lost(records: Sequence[Record], names: Sequence[str], learning_rate: float) -> Why | None:
    """Return why the first failed or diverged run of a start did so; None if none did.

    Args:
        records: of one start, seed by seed.
        names: of the Dense layers, the output last.
        learning_rate: of the optimizer.
    """
    for record in records:
        if record.error is not None:
            return Why("not drawn", record.error)
        if record.divergence is not None:
            whole = why_diverged(record.divergence, names, learning_rate)
            return Why(f"diverged, step {count(record.divergence.step)}", whole)
    return None


def remarks(record: Record, names: Sequence[str]) -> list[str]:
    """Return remarks on a run, from its first and last checkpoint.

    Args:
        record: a run that is over.
        names: of the Dense layers, the output last.
    """
    if not record.checkpoints or record.divergence is not None:
        return []
    first, last = record.checkpoints[0], record.checkpoints[-1]
    found = []
    silent = [name for name, norm in zip(names, first.gradient, strict=True) if norm == 0]
    if len(silent) == len(names):
        found.append(
            "At the start no kernel gets a gradient, so none moves: only the biases of the output learn."
        )
    elif silent:
        found.append(f"At the start the kernel of {', '.join(silent)} gets no gradient.")
    dead = [name for name, share in zip(names[:-1], last.dead, strict=False) if share == 1]
    if dead and len(silent) < len(names):
        where = "every hidden layer" if len(dead) == len(names) - 1 > 1 else ", ".join(dead)
        found.append(f"At the end every unit of {where} has the same output for all images.")
    if last.loss > 1.05 * first.loss:
        was, now = number(first.loss, 3), number(last.loss, 3)
        found.append(f"The loss ends above its start ({now} after {was}): the learning rate is too high.")
    return found


def _worst(values: np.ndarray, names: Sequence[str]) -> tuple[str, str]:
    """Return the largest value and its layer; NaN counts as the largest."""
    layer = int(np.argmax(np.where(np.isnan(values), np.inf, values)))
    return number(float(values[layer]), 2), names[layer]
