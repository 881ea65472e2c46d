"""Write and read an experiment as JSON with the texts of the page's address."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inits.errors import InitsError, SpecError
from inits.text import shown

WHAT, FORMAT = "experiment of Initializers", 1
MOST = 1_000_000  # bytes
Readers = Mapping[str, Callable[[str], object]]
"""What understands each setting; it raises InitsError."""


@dataclass(frozen=True)
class Opened:
    """The valid settings of a file, as texts, and a sentence for each part that is not valid."""

    settings: dict[str, str]
    problems: tuple[str, ...] = ()


def write(settings: Mapping[str, str], versions: str = "") -> str:
    """Return the JSON of settings. `versions` names the software that computed, as information only."""
    about = {"what": WHAT, "format": FORMAT} | ({"versions": versions} if versions else {})
    return json.dumps({**about, "settings": dict(settings)}, indent=2, ensure_ascii=False) + "\n"


def read(data: bytes, readers: Readers) -> Opened:
    """Return the settings of a file.

    Raises:
        SpecError: if it is not an experiment file or no setting in it is valid.
    """
    value = _parsed(data)
    if (
        not isinstance(value, dict)
        or value.get("what") != WHAT
        or not isinstance(value.get("settings"), dict)
    ):
        raise SpecError("This file holds no experiment; choose one that “Experiment (JSON)” has written.")
    version = value.get("format")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise SpecError(f"format must be a whole number from 1, but got {shown(version)}.")
    if version > FORMAT:
        raise SpecError(
            f"A newer app wrote this file: its format is {version}, and this app reads {FORMAT}. Update the app."
        )
    found: dict[str, str] = {}
    problems = []
    for name, text in value["settings"].items():
        try:
            found[name] = _understood(name, text, readers)
        except InitsError as error:
            problems.append(str(error))
    if not found:
        raise SpecError(f"Nothing in this file was understood. {' '.join(problems[:1])}".rstrip())
    return Opened(found, tuple(problems))


def _parsed(data: bytes) -> Any:
    if len(data) > MOST:
        raise SpecError(f"file must have at most {MOST:,} bytes, but got {len(data):,}.")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        where = f" It breaks in line {error.lineno}." if isinstance(error, json.JSONDecodeError) else ""
        raise SpecError(
            f"This file is not JSON.{where} Choose one that “Experiment (JSON)” has written."
        ) from None


def _understood(name: str, value: object, readers: Readers) -> str:
    """Return a setting as text; numbers are accepted as well."""
    if name not in readers:
        raise SpecError(f"The setting {shown(name)} is not known here.")
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise SpecError(f"{name} must be a text, but got {shown(value)}.")
    readers[name](text)
    return text
