"""Weights from a file as a start: which file, what is done to its values, and what fills layers that do not fit.

Nothing is read here: `inits.weightfiles.store` keeps the values, `inits.weightfiles.fitting` puts them into a network.
"""

import re
from dataclasses import dataclass, replace
from typing import Self

from inits.errors import SpecError
from inits.experiments.opaque import WithoutLaw, plain_name
from inits.initializers.parameters import Entry, Parameter, Value
from inits.initializers.spec import InitializerSpec
from inits.text import shown

MARK = "file:"
DIGEST = 32  # hex digits
HOWS = {"as saved": "the values as they are", "shuffled": "shuffled in each layer", "Gaussian": "redrawn"}
RESTS = (
    "GlorotUniform()",
    "GlorotNormal()",
    "HeNormal()",
    "HeUniform()",
    "LecunNormal()",
    "Orthogonal()",
    "Zeros()",
)
REST = InitializerSpec("GlorotUniform")
WHY_HOW = (
    "as saved: the file's values. shuffled: the same values in another order, layer by layer. Gaussian: a normal "
    "distribution with each layer's mean and standard deviation. Together they show whether the "
    "values matter, or only their scale."
)
_DIGEST = re.compile(rf"[0-9a-f]{{{DIGEST}}}")


@dataclass(frozen=True)
class FileSpec(WithoutLaw):
    """A start from a weight file.

    Attributes:
        name: of the file, for people.
        digest: the first 32 hex digits of the SHA-256 of its bytes: they decide the values.
        how: "as saved", "shuffled" or "Gaussian".
        rest: what draws the kernels of layers that nothing in the file fits.

    Raises SpecError for an empty name, a digest that is none, or another `how`.
    """

    name: str
    digest: str
    how: str = "as saved"
    rest: InitializerSpec = REST

    what = "from a file"
    about = "Weights from a file, layer by layer where they fit the network."

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", plain_name(self.name))
        if not isinstance(self.digest, str) or not _DIGEST.fullmatch(self.digest):
            raise SpecError(
                f"A weight file must have a digest of {DIGEST} hex digits, but got {shown(self.digest)}."
            )
        if self.how not in HOWS:
            raise SpecError(f"how must be one of {', '.join(HOWS)}, but got {shown(self.how)}.")

    @classmethod
    def parse(cls, text: str) -> "FileSpec":
        """Return the spec of a text `file:NAME:DIGEST:HOW:REST`, the last two optional. Raises SpecError."""
        mark, name, digest, how, rest = [*text.split(":", 4), "", "", "", ""][:5]
        if f"{mark}:" != MARK:
            raise SpecError(f"A weight file as a start must begin with {MARK}, but got {shown(text)}.")
        return cls(name, digest, how or "as saved", InitializerSpec.parse(rest) if rest else REST)

    def __str__(self) -> str:
        rest = "" if self.rest == REST else f":{self.rest}"
        how = f":{self.how}" if rest or self.how != "as saved" else ""
        return f"{MARK}{self.name}:{self.digest}{how}{rest}"

    @property
    def label(self) -> str:
        """The file's name, and what was done to its values."""
        return self.name if self.how == "as saved" else f"{self.name}, {self.how}"

    @property
    def summary(self) -> str:
        return self.how if self.rest == REST else f"{self.how}, else {self.rest.name}"

    @property
    def entry(self) -> Entry:
        """Two choices: what is done to the values, and what fills the layers that do not fit."""
        rests = tuple(dict.fromkeys((*RESTS, str(self.rest))))
        return Entry(
            name=self.name,
            summary=self.about,
            page="",
            parameters=(
                Parameter(name="how", kind="choice", default="as saved", help=WHY_HOW, choices=tuple(HOWS)),
                Parameter(
                    name="rest",
                    kind="choice",
                    default=str(REST),
                    help="What draws the kernels of layers that nothing in the file fits.",
                    choices=rests,
                ),
            ),
        )

    @property
    def arguments(self) -> tuple[tuple[str, Value], ...]:
        return (("how", self.how), ("rest", str(self.rest)))

    def get(self, name: str) -> Value:
        """Return the argument `name`. Raises KeyError if it has none."""
        return dict(self.arguments)[name]

    def replace(self, **arguments: object) -> Self:
        """Return a copy with some arguments changed. Raises SpecError for a value that is refused."""
        if "rest" in arguments:
            arguments["rest"] = InitializerSpec.parse(arguments["rest"])
        return replace(self, **arguments)  # type: ignore[arg-type]  # checked by __post_init__
