"""Pasted code as an initializer: a name and a text. Nothing of it is run here; `inits.sandbox` does that."""

import base64
import binascii
import re
import textwrap
import zlib
from dataclasses import dataclass

from inits.errors import SpecError
from inits.experiments.opaque import LONGEST_NAME, WithoutLaw, plain_name

MAX_CODE = 60_000  # bytes
MARK = "code:"
# Looked for, not parsed: a parser can be broken by what it is given, and this is the web process.
_NAMED = [
    re.compile(rf"^{words}", re.MULTILINE) for words in (r"class (\w+)", r"def (\w+)", r"(\w+) *=(?!=)")
]

_PROMPT = re.compile(r"\s*(?:>>>|\.{3,}:?|In \[\d+\]:) ?")
_ODD = {0xA0: " ", 0x2007: " ", 0x202F: " ", 0x200B: None, 0xFEFF: None, 0: None}


@dataclass(frozen=True)
class PastedSpec(WithoutLaw):
    """An initializer that is a piece of Python.

    Raises SpecError for a name or code that is empty, and for code of more than 60,000 bytes.
    """

    name: str
    source: str

    what = "your code"
    about = "Whatever your code returns: its distribution is not known."

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", plain_name(self.name))
        check_code(self.source)

    @classmethod
    def parse(cls, text: str) -> "PastedSpec":
        """Return the spec of a text `code:NAME:DATA`. Raises SpecError for what `str` did not write."""
        name, _, data = text.removeprefix(MARK).partition(":")
        return cls(name, _unpacked(data) if text.startswith(MARK) else "")

    def __str__(self) -> str:
        packed = base64.urlsafe_b64encode(zlib.compress(self.source.encode(), 9)).decode().rstrip("=")
        return f"{MARK}{self.name}:{packed}"

    def code(self, seed: int | str | None = None, multiline: bool = True) -> str:
        """Return the code itself; a name for it if it must fit on one line."""
        return self.source if multiline else "initializer"


def name_of(source: str) -> str:
    """Return the likely name of the initializer in code: of its last class, else function, else assignment."""
    for kind in _NAMED:
        if names := kind.findall(source):
            return str(names[-1])[:LONGEST_NAME]
    return "initializer"


def clean(code: str) -> str:
    """Return pasted text without what pasting adds: prompts and printed results, common indentation, odd spaces."""
    lines = code.translate(_ODD).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if _PROMPT.match(next(filter(str.strip, lines), "")):
        lines = [_PROMPT.sub("", line, count=1) if _PROMPT.match(line) else "" for line in lines]
    return textwrap.dedent("\n".join(lines))


def check_code(code: str) -> str:
    """Return the code unchanged. Raises SpecError for an empty or too long text."""
    if not code.strip():
        raise SpecError("The code is empty. Paste an initializer or choose an example.")
    try:
        size = len(code.encode())
    except UnicodeEncodeError as error:
        raise SpecError(f"The code must be text, but got half a character at {error.start}.") from None
    if size > MAX_CODE:
        raise SpecError(f"The code must have at most {MAX_CODE:,} bytes, but got {size:,}.")
    return code


def _unpacked(data: str) -> str:
    """Return the code in a link, decompressed up to the limit."""
    try:
        packed = base64.b64decode(data + "=" * (-len(data) % 4), b"-_", validate=True)
        reader = zlib.decompressobj()
        text = reader.decompress(packed, MAX_CODE + 1)
        if not reader.eof and len(text) <= MAX_CODE:
            raise ValueError("it ends early")
        return text.decode()
    except (ValueError, binascii.Error, zlib.error) as error:
        raise SpecError(f"The code in this link is damaged: {error}. Copy the link again.") from None
