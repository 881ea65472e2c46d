"""The parameters of initializers and optimizers, and the checks of their values."""

import difflib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inits.errors import SpecError
from inits.text import plain, shown

Value = float | int | bool | str | tuple[int, ...] | None
Arguments = Mapping[str, Value]
Kind = Literal["float", "int", "bool", "choice", "axes", "ignored"]

# Sizes a float32 weight can carry with room to spare; anything else would silently become 0 or inf.
SMALLEST, LARGEST = 1e-30, 1e30
LARGEST_INT = 2**63 - 1


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that is most like `name`, regardless of case; None if none is."""
    if len(name) > 100:
        return None  # a comparison takes milliseconds for 100 kB
    plain = {_squashed(known): known for known in names}
    found = difflib.get_close_matches(_squashed(name), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def _squashed(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def checked_whole(name: str, value: object, low: int, high: int) -> int:
    """Return `value`. Raises SpecError unless it is an int from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SpecError(f"{name} must be a whole number from {low} to {high:,}, but got {shown(value)}.")
    return value


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """Parameter of an initializer or optimizer: the values it accepts and the control that a page shows.

    A parameter whose default is None accepts None. `low` and `high` are hard bounds; `slider` is the range a
    page offers and `log` says that equal steps of its logarithm suit it better. `spellings` are pairs
    (accepted, canonical) of choices. `single` marks a value that Keras stores in float32: the float32
    nearest to it stands for it, so that 0.0010000000474974513 is 0.001.
    """

    name: str
    kind: Kind
    default: Value
    help: str
    low: float | None = None
    high: float | None = None
    low_exclusive: bool = False
    high_exclusive: bool = False
    slider: tuple[float, float] | None = None
    log: bool = False
    choices: tuple[str | bool | None, ...] = ()
    spellings: tuple[tuple[str, str], ...] = ()
    ignore_case: bool = False
    single: bool = False

    def check(self, value: object) -> Value:
        """Return `value` in its canonical type.

        Raises:
            SpecError: if it has the wrong type, is not finite or lies out of bounds.
        """
        value = plain(value)
        if self.kind == "ignored" or (value is None and self.default is None):
            return None
        if self.kind == "float":
            return self._check_bounds(self._check_float(value))
        if self.kind == "int":
            return self._check_bounds(self._check_int(value))
        if self.kind == "bool":
            return self._check_bool(value)
        return self._check_choice(value) if self.kind == "choice" else self._check_axes(value)

    def _refuse(self, words: str, value: object) -> SpecError:
        return SpecError(f"{self.name} must be {words}, but got {shown(value)}.")

    def _check_float(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refuse("a number", value)
        try:
            number = float(value) + 0.0  # + 0.0 turns -0.0 into 0.0: one value, one text
        except OverflowError:
            raise self._refuse(f"at most {LARGEST:g}", value) from None
        if not math.isfinite(number):
            raise self._refuse("finite", value)
        if number and not SMALLEST <= abs(number) <= LARGEST:
            raise self._refuse(f"zero or between {SMALLEST:g} and {LARGEST:g} in size", value)
        return float(str(np.float32(number))) if self.single else number

    def _check_int(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._refuse("a whole number", value)
        if abs(value) > LARGEST_INT:
            raise self._refuse("smaller than 2**63 in size", value)
        return value

    def _check_bool(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise self._refuse("True or False", value)
        return value

    def _check_bounds(self, number: float) -> float:
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        inside = (low < number if self.low_exclusive else low <= number) and (
            number < high if self.high_exclusive else number <= high
        )
        if not inside:
            raise self._refuse(self.bounds, number)
        return number

    @property
    def bounds(self) -> str:
        """The hard bounds in words: "positive", "at least 0 and less than 1", or "any number"."""
        if self.high is None and self.low == 0:
            return "positive" if self.low_exclusive else "positive or zero"
        if self.low is None and self.high == 0:
            return "negative" if self.high_exclusive else "negative or zero"
        words = []
        if self.low is not None:
            words.append(f"{'more than' if self.low_exclusive else 'at least'} {self.low:g}")
        if self.high is not None:
            words.append(f"{'less than' if self.high_exclusive else 'at most'} {self.high:g}")
        return " and ".join(words) or "any number"

    def _check_choice(self, value: object) -> Value:
        text = value.lower() if self.ignore_case and isinstance(value, str) else value
        for spelling in (*self.choices, *(known for known, _ in self.spellings)):
            if type(text) is type(spelling) and text == spelling:
                return dict(self.spellings).get(spelling, spelling) if isinstance(spelling, str) else spelling
        raise self._refuse(_one_of(self.choices), value)

    def _check_axes(self, value: object) -> tuple[int, ...]:
        if not isinstance(value, list | tuple):
            raise self._refuse("a list of axes such as [0]", value)
        axes = tuple(plain(axis) for axis in value)
        whole = tuple(axis for axis in axes if isinstance(axis, int) and not isinstance(axis, bool))
        if not axes or len(whole) != len(axes) or len(set(whole)) != len(whole):
            raise self._refuse("a list of one or more different whole numbers such as [0]", value)
        if max(map(abs, whole)) > LARGEST_INT:
            raise self._refuse("a list of axes of the shape", value)
        return whole


def _one_of(choices: tuple[str | bool | None, ...]) -> str:
    words = [literal(choice) for choice in choices]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" or {words[-1]}"


def literal(value: Value) -> str:
    """Return `value` as Python text: strings in double quotes, axes as a list."""
    if isinstance(value, str):
        return json.dumps(value)
    return repr(list(value)) if isinstance(value, tuple) else repr(value)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An initializer or optimizer: its name, summary, sources and parameters.

    `parameters` are in the order of the Keras constructor. `dropped` are constructor arguments that are
    checked when given and then left out, such as the seed; `signature` holds the names of both in the order
    in which positional arguments are read (empty: the order of `parameters`). `aliases` are the other names
    it goes by. `paper` is a citation ("" if there is none), `source` its link (else the Keras page) and
    `page` the Keras page.
    """

    name: str
    summary: str
    page: str
    paper: str = ""
    source: str = ""
    parameters: tuple[Parameter, ...] = ()
    dropped: tuple[Parameter, ...] = ()
    signature: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def complete(self, given: Mapping[str, object]) -> tuple[tuple[str, Value], ...]:
        """Return all arguments in order: the given ones checked, the others at their defaults.

        Raises:
            SpecError: for an unknown argument or one that its parameter refuses.
        """
        for name in given:
            self._parameter(name)
        for parameter in self.dropped:
            if parameter.name in given:
                parameter.check(given[parameter.name])
        return tuple((p.name, p.check(given.get(p.name, p.default))) for p in self.parameters)

    def named(self, positional: tuple[object, ...]) -> dict[str, object]:
        """Return positional arguments with the names that the Keras constructor gives them."""
        names = self.signature or tuple(parameter.name for parameter in self.parameters)
        if len(positional) > len(names):
            raise SpecError(
                f"{self.name} takes at most {len(names)} positional arguments, but got {len(positional)}."
            )
        return dict(zip(names, positional, strict=False))

    def _parameter(self, name: str) -> Parameter:
        known = {p.name: p for p in (*self.parameters, *self.dropped)}
        if name in known:
            return known[name]
        guess = nearest(name, known)
        if guess:
            advice = f"Did you mean {guess}?"
        else:
            names = ", ".join(p.name for p in self.parameters)
            advice = f"Its arguments are {names}." if names else "It takes none."
        raise SpecError(f"{self.name} has no argument {shown(name)}. {advice}")
