"""Check for units of a layer that compute the same, and for training that cannot separate them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inits.initializers.shapes import flattened
from inits.text import count, counted

FloatArray = NDArray[np.float32]
Verdict = Literal["good", "note", "bad"]

MAX_NAMED = 3  # layers that a sentence names one by one


@dataclass(frozen=True)
class Check:
    """A check: its name, its verdict and one sentence with the numbers, as plain text."""

    name: str
    verdict: Verdict
    words: str


def listed(items: Sequence[str]) -> str:
    """Return the first few items, and the number of the others."""
    more = len(items) - MAX_NAMED
    return ", ".join(items[:MAX_NAMED]) + (f" and {count(more)} more" if more > 0 else "")


# What units share, the worst first. Biases start equal.
_SHARED: Mapping[str, tuple[Verdict, str]] = {
    "copies": ("bad", "have the same incoming and outgoing weights as another unit and stay identical to it"),
    "zeros": ("note", "have only zeros as weights: with ReLU they never learn"),
    "hidden": ("note", "start as a copy of another unit: only their outgoing weights differ"),
    "outputs": ("note", "start as a copy of another unit: only their targets differ"),
    "rows": ("note", "are equal: each unit receives only the sum of its inputs"),
}


def symmetry(finite: Mapping[str, FloatArray], names: Sequence[str]) -> Check:
    """Return the check for units of a layer that compute the same."""
    found: dict[str, list[str]] = {}
    for name, following in zip(names, (*names[1:], None), strict=True):
        if name in finite and finite[name].ndim > 1:
            kind, part, whole = _shared(finite[name], finite.get(following or ""), following is None)
            thing = "row" if kind == "rows" else "unit"
            found.setdefault(kind, []).append(f"{count(part)} of {counted(whole, thing)} in {name}")
    kinds = [kind for kind in _SHARED if kind in found]
    if not kinds:
        units = sum(array.shape[-1] for array in finite.values())
        return Check("Symmetry", "good", f"No unit of {count(units)} starts as a copy of another unit.")
    words = "; ".join(f"{listed(found[kind])} {_SHARED[kind][1]}" for kind in kinds)
    return Check("Symmetry", _SHARED[kinds[0]][0], f"{words}.")


def _shared(kernel: FloatArray, following: FloatArray | None, last: bool) -> tuple[str, int, int]:
    """Return the worst of `_SHARED` in a kernel ("" for none), the units or rows that share it, and their total.

    Units with equal incoming weights get the same gradient only when their outgoing weights are equal as well.
    """
    incoming = kernel.reshape(flattened(kernel.shape)).T
    units, inputs = incoming.shape
    if following is not None and following.ndim > 1 and following.shape[-2] == units:
        outgoing = np.moveaxis(following, -2, 0).reshape(units, -1)
        copies = _repeated(np.hstack([incoming, outgoing]))
        if copies:
            return "copies", copies, units
    zeros = int(np.count_nonzero(~incoming.any(axis=1)))
    if zeros and not last:
        return "zeros", zeros, units
    repeated = _repeated(incoming)
    if repeated:
        return "outputs" if last else "hidden", repeated, units
    return ("rows", inputs, inputs) if inputs > 1 and (incoming == incoming[:, :1]).all() else ("", 0, units)


def _repeated(rows: FloatArray) -> int:
    """Return the number of rows that equal another row."""
    same = Counter(row.tobytes() for row in np.ascontiguousarray(rows) + np.float32(0))  # -0.0 becomes 0.0
    return sum(rows for rows in same.values() if rows > 1)
