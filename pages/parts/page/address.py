"""The address of a page as a table: one `Field` for each name that a link may hold.

A page declares its table once. Defaults, links, saved experiments and what the page writes into its address follow:

    @dataclass(frozen=True)
    class Grid:
        vary: str
        low: float

    SWEEP = Address("sweep", Grid, (
        Field("vary", "stddev", one_of("vary", VARIED)),
        Field("low", "0.01", positive("low"), lambda grid: exact(grid.low)),
        Field("picture", "units"),  # belongs to a widget that `state.linked` draws
    ))

    grid = SWEEP.load()  # what the page shows: an address that was opened, or the settings of this session
    ...                  # draw controls that show the grid, and get the changed grid from them
    SWEEP.save(grid)     # into the address
    go("sweep", SWEEP.format(grid))
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from inits.errors import SpecError
from inits.text import exact, one_line
from inits.typed import read_number
from pages.parts.page import state

T = TypeVar("T")

LESSON = "lesson"  # the field of every page that names the lesson which the visitor follows


@dataclass(frozen=True)
class Field:
    """A name in the address of a page.

    Attributes:
        name: the name in the address, which also names the value for the function that builds the page's settings.
        default: the text of a page without an address; it is left out of addresses.
        read: reads a text, and raises InitsError for one that is not valid; None for a text that is only shown.
        write: returns the text of the page's settings; None for the text of their attribute of that name.
    """

    name: str
    default: str
    read: Callable[[str], Any] | None = None
    write: Callable[[Any], str] | None = None

    def text(self, settings: object) -> str:
        """Return the text of this field for the settings of a page."""
        return str(getattr(settings, self.name)) if self.write is None else self.write(settings)


class Address(Generic[T]):
    """The fields of a page, and the settings of type T that they describe together.

    Args:
        page: the name of the page.
        build: returns the settings from the values that were read, passed by the names of the fields.
        fields: the fields; those without `read` are left to `state.linked`. That of the lesson is added.
    """

    def __init__(self, page: str, build: Callable[..., T], fields: Iterable[Field]) -> None:
        self.page, self._build, self._fields = page, build, tuple(fields)
        if LESSON not in self.defaults:
            self._fields += (Field(LESSON, ""),)

    @property
    def defaults(self) -> dict[str, str]:
        """Return the text of every field on a page without an address."""
        return {field.name: field.default for field in self._fields}

    @property
    def readers(self) -> dict[str, Callable[[str], Any]]:
        """Return the function that reads each field of the settings."""
        return {field.name: field.read for field in self._fields if field.read is not None}

    def field(self, name: str) -> Field:
        """Return the field of that name."""
        return next(field for field in self._fields if field.name == name)

    def load(self) -> T:
        """Begin a run of the page: return the settings that it shows, and report what is not valid in its address."""
        return self.parse(state.load(self.page, self.defaults))

    def save(self, settings: T) -> None:
        """Keep the settings, and write them into the address if they have changed."""
        state.save(self.page, self.format(settings), self.defaults)

    def parse(self, texts: Mapping[str, str]) -> T:
        """Return the settings of texts by name; missing texts, and those that are not valid, take their defaults."""
        whole, defaults = {**self.defaults, **texts}, self.defaults
        return self._build(
            **{name: state.read(whole, defaults, name, read) for name, read in self.readers.items()}
        )

    def format(self, settings: T) -> dict[str, str]:
        """Return the settings as texts by name."""
        return {field.name: field.text(settings) for field in self._fields if field.read is not None}

    def texts(self) -> dict[str, str]:
        """Return the texts that the page shows in this session, also when another page is open."""
        return state.values(self.page, self.defaults)

    def replace(self, texts: Mapping[str, str]) -> None:
        """Have the page show these texts from its next run on; missing texts take their defaults."""
        state.replace(self.page, {**self.defaults, **texts}, self.defaults)


def whole(name: str, low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from low to high. The reader raises SpecError."""
    words = f"a whole number from {low} to {high:,}"
    return number(name, words, lambda value: low <= value <= high, whole=True)


def between(name: str, low: float, high: float) -> Callable[[str], float]:
    """Return a reader of numbers from low to high. The reader raises SpecError."""
    return number(name, f"a number from {exact(low)} to {exact(high)}", lambda value: low <= value <= high)


def positive(name: str) -> Callable[[str], float]:
    """Return a reader of numbers above 0. The reader raises SpecError."""
    return number(name, "a positive number", lambda value: value > 0)


def not_negative(name: str) -> Callable[[str], float]:
    """Return a reader of numbers from 0 up. The reader raises SpecError."""
    return number(name, "0 or a positive number", lambda value: value >= 0)


def number(
    name: str,
    expected: str = "a number",
    valid: Callable[[float], bool] = lambda value: True,
    *,
    whole: bool = False,
) -> Callable[[str], Any]:
    """Return a reader of numbers as people write them, in a box or in an address. The reader raises SpecError.

    Args:
        name: what the number is, for the message.
        expected: which numbers are valid, for the message.
        valid: returns True for a valid number.
        whole: True to read whole numbers only, as int; the reader returns float otherwise.
    """

    def read(text: str) -> int | float:
        why = ""
        try:
            value = read_number(text, whole=whole)
            if valid(value):
                return value if whole else float(value)
        except ValueError as error:
            why = str(error) and f", {error}"
        got = one_line(text, 60) if text.strip() else "nothing"
        raise SpecError(f"{name} must be {expected}, but got {got}{why}.")

    return read


def one_of(name: str, choices: Iterable[str]) -> Callable[[str], str]:
    """Return a reader of a choice. The reader raises SpecError."""

    def read(text: str) -> str:
        if text not in choices:
            raise SpecError(f"{name} must be one of {', '.join(choices)}, but got {one_line(text, 60)}.")
        return text

    return read
