"""The base class of starts that have no known law: pasted code, weights from a file, LSUV."""

from typing import ClassVar

from inits.errors import SpecError
from inits.initializers.parameters import Entry, Value
from inits.initializers.shapes import Shape, checked, compute_fans
from inits.text import printable, shown

LONGEST_NAME = 40
_PARTING = str.maketrans({":": " ", ";": ",", "|": "/", "<": "‹", ">": "›"})


def plain_name(name: object) -> str:
    """Return a name for an address: one printable line, at most 40 characters, none of the signs that separate starts.

    Raises SpecError when nothing is left.
    """
    kept = printable(" ".join(str(name).translate(_PARTING).split()))[:LONGEST_NAME].strip()
    if not kept:
        raise SpecError(f"The name of a start must have a letter, but got {shown(name)}.")
    return kept


class WithoutLaw:
    """A start with the interface of `InitializerSpec`, but without a known law."""

    name: str
    what: ClassVar[str] = ""  # in a word, below its name
    about: ClassVar[str] = ""  # in a sentence

    @property
    def label(self) -> str:
        """Short text for a legend."""
        return self.name

    @property
    def summary(self) -> str:
        return self.what

    @property
    def random(self) -> bool:
        """True: the weights may depend on the seed."""
        return True

    @property
    def family(self) -> str:
        """A family with no other member."""
        return str(self)

    @property
    def entry(self) -> Entry:
        """A catalog entry without parameters."""
        return Entry(name=self.name, summary=self.about, page="")

    @property
    def arguments(self) -> tuple[tuple[str, Value], ...]:
        """Empty: no control could show any."""
        return ()

    def check_shape(self, shape: object) -> Shape:
        """Return `shape` as a tuple of ints. Raises ShapeError if it is not a shape."""
        return checked(shape)

    def law(self, shape: object) -> None:
        """Return None: the law is not known."""

    def formula(self, shape: object) -> str:
        """Return the description."""
        return self.about

    def fans(self, shape: object) -> tuple[int, int]:
        """Return (fan_in, fan_out) by Keras' rule. Raises ShapeError."""
        return compute_fans(self.check_shape(shape))

    def code(self, seed: int | str | None = None, multiline: bool = True) -> str:
        """Return an empty text: there is no Keras call for it."""
        return ""
