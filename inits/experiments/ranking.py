"""Starts ranked by one of the columns of the result table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from inits.errors import InitsError
from inits.experiments.summary import ACCURACIES, Outcome


@dataclass(frozen=True)
class Sort:
    """A column by which starts can be ranked: its heading, its number, which end of it is best, whether any is."""

    label: str
    value: Callable[[Outcome], float | None]
    descending: bool = False
    merit: bool = True


def _steps_column(index: int, goal: float) -> tuple[str, Sort]:
    return f"steps {goal:.0%}", Sort(f"Steps to {goal:.0%}", lambda outcome: outcome.steps[index])


SORTS: Mapping[str, Sort] = {
    "accuracy": Sort("Test accuracy", lambda outcome: outcome.accuracy, descending=True),
    "loss": Sort("Test loss", lambda outcome: outcome.loss),
    **dict(_steps_column(index, goal) for index, goal in enumerate(ACCURACIES)),
    "area": Sort("Mean training loss", lambda outcome: outcome.area),
    "time": Sort("Time", lambda outcome: outcome.seconds, merit=False),
    "order": Sort("Card order", lambda outcome: outcome.start, merit=False),
}
"""Key -> column, in the order of a table. Nothing is best in a column without merit: the time is the machine's."""


def ranked(outcomes: Iterable[Outcome], by: str = "accuracy") -> list[Outcome]:
    """Return outcomes, the best first, those without a value last; equal ones keep their order.

    Raises:
        InitsError: if `by` is not one of `SORTS`.
    """
    if by not in SORTS:
        raise InitsError(f"by must be one of {', '.join(SORTS)}, but got {by!r}.")
    column = SORTS[by]

    def place(outcome: Outcome) -> tuple[bool, float]:
        value = column.value(outcome)
        if value is None:
            return True, 0.0
        return False, -value if column.descending else value

    return sorted(outcomes, key=place)


def best(outcomes: Sequence[Outcome]) -> dict[str, tuple[int, ...]]:
    """Return for each of `SORTS` the starts with the best value, in order; several if they tie.

    No start is best in a column without merit, if fewer than two starts have a value, or if its accuracy is no
    better than chance.
    """
    return {key: _best(outcomes, column) for key, column in SORTS.items()}


def _best(outcomes: Sequence[Outcome], column: Sort) -> tuple[int, ...]:
    values = {o.start: value for o in outcomes if (value := column.value(o)) is not None}
    if len(values) < 2 or not column.merit:
        return ()
    top = max(values.values()) if column.descending else min(values.values())
    lost = {outcome.start for outcome in outcomes if outcome.at_chance}
    return tuple(sorted(start for start, value in values.items() if value == top and start not in lost))
