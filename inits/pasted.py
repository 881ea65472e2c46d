"""Pasted code as an initializer: a name and a text. Nothing of it is run here; `inits.sandbox` does that."""

import ast
import base64
import binascii
import zlib
from dataclasses import dataclass

from inits.errors import SpecError
from inits.parameters import Entry, Value, shown
from inits.shapes import Shape, checked, compute_fans
from inits.spec import InitializerSpec

MOST_CODE = 60_000  # bytes
LONGEST_NAME = 40
MARK = "code:"
_PARTING = str.maketrans({":": " ", ";": ",", "|": "/", "<": "‹", ">": "›"})


@dataclass(frozen=True)
class PastedSpec:
    """An initializer that is a piece of Python, beside those of Keras. Its law is not known.

    The name is one line without the signs that part starts in an address, 40 characters at most. Raises SpecError
    for a name or code that is empty, and for code of more than 60,000 bytes.
    """

    name: str
    source: str

    def __post_init__(self) -> None:
        name = " ".join(str(self.name).translate(_PARTING).split())[:LONGEST_NAME].strip()
        if not name:
            raise SpecError(f"The name of your initializer must have a letter. Received {shown(self.name)}.")
        object.__setattr__(self, "name", name)
        check_code(self.source)

    @classmethod
    def parse(cls, text: str) -> "PastedSpec":
        """The spec of a text `code:NAME:DATA`. Raises SpecError for what `str` did not write."""
        name, _, data = text.removeprefix(MARK).partition(":")
        return cls(name, _unpacked(data) if text.startswith(MARK) else "")

    def __str__(self) -> str:
        packed = base64.urlsafe_b64encode(zlib.compress(self.source.encode(), 9)).decode().rstrip("=")
        return f"{MARK}{self.name}:{packed}"

    @property
    def label(self) -> str:
        """Short text for a legend."""
        return self.name

    @property
    def summary(self) -> str:
        return "your code"

    @property
    def random(self) -> bool:
        """Whether anything is drawn: it may be."""
        return True

    @property
    def family(self) -> str:
        """It shares its draws with nothing else."""
        return str(self)

    @property
    def entry(self) -> Entry:
        """What a catalog would say of it."""
        return Entry(name=self.name, summary="Your own code.", page="")

    @property
    def arguments(self) -> tuple[tuple[str, Value], ...]:
        """It has no parameters but what the code says."""
        return ()

    def check_shape(self, shape: object) -> Shape:
        """`shape` as a tuple of ints. Raises ShapeError when it is none; the code itself is not asked."""
        return checked(shape)

    def law(self, shape: object) -> None:
        """What one weight follows is the code's secret."""

    def formula(self, shape: object) -> str:
        """The law in words."""
        return f"Whatever {self.name} returns: the law of your own code is not known."

    def fans(self, shape: object) -> tuple[int, int]:
        """(fan_in, fan_out) by Keras' rule. Raises ShapeError."""
        return compute_fans(self.check_shape(shape))

    def code(self, seed: int | None = None, multiline: bool = True) -> str:
        """The code itself; on one line, the name of what it defines."""
        return self.source if multiline else "initializer"


Kernel = InitializerSpec | PastedSpec
"""What can fill a kernel."""


def parse_kernel(text: object) -> Kernel:
    """The initializer of a text, one of Keras or pasted code. Raises SpecError."""
    if isinstance(text, str) and text.startswith(MARK):
        return PastedSpec.parse(text)
    return InitializerSpec.parse(text)


def name_of(source: str) -> str:
    """What code most likely calls its initializer: its last class, else its last function or name; "initializer"."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "initializer"
    classes = [node.name for node in body if isinstance(node, ast.ClassDef)]
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    assigned = [
        target.id
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    return next((names[-1] for names in (classes, functions, assigned) if names), "initializer")[:LONGEST_NAME]


def check_code(code: str) -> str:
    """The code, if it can be run at all. Raises SpecError for an empty or too long text."""
    if not code.strip():
        raise SpecError("The code is empty. Paste an initializer or choose an example.")
    try:
        size = len(code.encode())
    except UnicodeEncodeError as error:
        raise SpecError(f"The code must be text. Received half a character at {error.start}.") from None
    if size > MOST_CODE:
        raise SpecError(f"The code must have at most {MOST_CODE:,} bytes. Received {size:,}.")
    return code


def _unpacked(data: str) -> str:
    """The code in a link; never more of it than may be."""
    try:
        packed = base64.b64decode(data + "=" * (-len(data) % 4), b"-_", validate=True)
        reader = zlib.decompressobj()
        text = reader.decompress(packed, MOST_CODE + 1)
        if not reader.eof and len(text) <= MOST_CODE:
            raise ValueError("it ends early")
        return text.decode()
    except (ValueError, binascii.Error, zlib.error) as error:
        raise SpecError(f"The code in this link is damaged: {error}. Copy the link again.") from None
