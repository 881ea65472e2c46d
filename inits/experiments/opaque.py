"""What starts have in common that no law of a single weight describes: code, weights from a file, what data decides."""

from typing import ClassVar

from inits.errors import SpecError
from inits.initializers.parameters import Entry, Value
from inits.initializers.shapes import Shape, checked, compute_fans
from inits.text import shown

LONGEST_NAME = 40
_PARTING = str.maketrans({":": " ", ";": ",", "|": "/", "<": "‹", ">": "›"})


def plain_name(name: object) -> str:
    """A name as an address can carry it: one line, without the signs that part starts there, at most 40 characters.

    Raises SpecError when nothing is left.
    """
    kept = " ".join(str(name).translate(_PARTING).split())[:LONGEST_NAME].strip()
    if not kept:
        raise SpecError(f"The name of a start must have a letter, but got {shown(name)}.")
    return kept


class WithoutLaw:
    """A start beside the initializers of Keras. It answers what they answer; its law is not known."""

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
        """Whether a seed decides anything: it may."""
        return True

    @property
    def family(self) -> str:
        """It shares its draws with nothing else."""
        return str(self)

    @property
    def entry(self) -> Entry:
        """What a catalog would say of it."""
        return Entry(name=self.name, summary=self.about, page="")

    @property
    def arguments(self) -> tuple[tuple[str, Value], ...]:
        """It has none that a control could show."""
        return ()

    def check_shape(self, shape: object) -> Shape:
        """`shape` as a tuple of ints. Raises ShapeError when it is none."""
        return checked(shape)

    def law(self, shape: object) -> None:
        """None: it has none that is known."""

    def formula(self, shape: object) -> str:
        """The law in words."""
        return self.about

    def fans(self, shape: object) -> tuple[int, int]:
        """(fan_in, fan_out) by Keras' rule. Raises ShapeError."""
        return compute_fans(self.check_shape(shape))

    def code(self, seed: int | str | None = None, multiline: bool = True) -> str:
        """What one would write in its place."""
        return ""
