"""Every setting of the app: environment variables, all optional, read in one place."""

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from inits.errors import SpecError
from inits.logs import LEVELS

MAX_CORES, MAX_MB = 1024, 1_000_000
_ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?([\w.-]+|\[[0-9a-fA-F:.]+\]):(?P<port>\d{1,5})", re.ASCII)
_TLS = ("tls_ca", "tls_cert", "tls_key")


class Setting(NamedTuple):
    """An environment variable: its name, default, help and reader."""

    name: str
    default: str  # as the documentation shows it
    help: str
    read: Callable[[str], Any]  # raises SpecError for text that it does not understand


def _entry(read: Callable[[str, str], Any], help: str, shown: str = "") -> dict[str, Any]:
    """Return the metadata of a field of `Settings`.

    Args:
        read: turns the variable's name and text into a value, or raises SpecError.
        help: one sentence for the documentation.
        shown: the default in the documentation, where it is not the value itself.
    """
    return {"read": read, "help": help, "shown": shown}


def _refuse(name: str, rule: str, text: str, advice: str = "") -> NoReturn:
    default = next(setting.default for setting in SETTINGS.values() if setting.name == name)
    advice = advice or f"Leave it unset to use the default: {default}."
    raise SpecError(f"{name} must be {rule}, but got {text!r}. {advice}")


def _path(name: str, text: str) -> Path:
    """Read a path. It is not opened here: a missing file is an error where it is used."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        _refuse(name, "a path", text, "There is no such home folder: write an absolute path.")


def _address(name: str, text: str) -> str:
    found = _ADDRESS.fullmatch(text)
    if not found or not 0 < int(found["port"]) < 65536:
        _refuse(name, "an address with a port", text, "Write it as tls://host:8786.")
    return text


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 20 and low <= int(text) <= high):
            _refuse(name, f"a whole number from {low} to {high}", text)
        return int(text)

    return read


def _one_of(*words: str) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text.lower() not in words:
            _refuse(name, f"one of {', '.join(words)}", text)
        return text.lower()

    return read


def _on_or_off(name: str, text: str) -> bool:
    return _one_of("on", "off")(name, text) == "on"


def _default_cache() -> Path:
    try:
        return Path.home() / ".cache" / "inits"
    except RuntimeError:  # a user without a home, as in some containers
        return Path(tempfile.gettempdir(), "inits")


@dataclass(frozen=True)
class Settings:
    """The settings as values. Each field is the environment variable INITS_ and its name in capitals."""

    mnist: Path | None = field(
        default=None,
        metadata=_entry(_path, "A local `mnist.npz` to train on, as Keras offers it.", "downloaded by Keras"),
    )
    scheduler: str | None = field(
        default=None,
        metadata=_entry(
            _address, "Address of a Dask scheduler, such as `tls://host:8786`.", "a local cluster"
        ),
    )
    tls_ca: Path | None = field(
        default=None,
        metadata=_entry(_path, "PEM file of the authority that signed the scheduler's certificate.", "none"),
    )
    tls_cert: Path | None = field(
        default=None, metadata=_entry(_path, "PEM file of this client's certificate.", "none")
    )
    tls_key: Path | None = field(
        default=None, metadata=_entry(_path, "PEM file of this client's private key.", "none")
    )
    cores: int = field(
        default_factory=lambda: os.cpu_count() or 1,
        metadata=_entry(_whole(1, MAX_CORES), "Number of trainings that run at once.", "the machine's cores"),
    )
    cache: Path = field(
        default_factory=_default_cache,
        metadata=_entry(
            _path,
            "Folder for results, so that no run is trained twice, and for the measured speed.",
            "`~/.cache/inits`",
        ),
    )
    cache_mb: int = field(
        default=500,
        metadata=_entry(
            _whole(0, MAX_MB),
            "Size limit of the results in that folder, in MB; the least recently used are removed. 0 keeps none.",
        ),
    )
    weights_mb: int = field(
        default=2000,
        metadata=_entry(
            _whole(0, MAX_MB),
            "Size limit of the weight files in that folder, in MB; the least recently used are removed. 0 keeps none.",
        ),
    )
    session_weights_mb: int = field(
        default=1300,
        metadata=_entry(
            _whole(1, MAX_MB),
            "Size limit of the weight files in it that one session brings, in MB; its least recently used are removed.",
        ),
    )
    uploads_mb: int = field(
        default=1000,
        metadata=_entry(
            _whole(1, MAX_MB), "Size limit of all uploads that are in memory at the same time, in MB."
        ),
    )
    queue: int = field(
        default=200,
        metadata=_entry(
            _whole(1, 100_000), "Maximum number of experiments and sweeps that wait for their turn."
        ),
    )
    session_runs: int = field(
        default=8,
        metadata=_entry(
            _whole(1, 1000),
            "Maximum number of experiments and sweeps that one session has waiting or running.",
        ),
    )
    parameters: int = field(
        default=55_000_000,  # 50 layers of 1,024 units have 53 million
        metadata=_entry(
            _whole(1000, 1_000_000_000), "Maximum number of parameters of a network that is trained."
        ),
    )
    code: bool = field(default=True, metadata=_entry(_on_or_off, "`off` disables pasted code.", "on"))
    log: str = field(
        default="info",
        metadata=_entry(
            _one_of(*LEVELS),
            "Log level: `debug` (with texts of users), `info` (one line for each run), `warning`, `error`.",
        ),
    )


def _named(one: Field[Any]) -> Setting:
    name = f"INITS_{one.name.upper()}"
    shown = one.metadata["shown"] or str(one.default)
    return Setting(name, shown, one.metadata["help"], partial(one.metadata["read"], name))


SETTINGS = {one.name: _named(one) for one in fields(Settings)}
"""All settings by field, in the order of the documentation."""


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in `environ`; an empty variable counts as unset.

    Raises SpecError with the variable's name and value if a value cannot be understood.
    """
    texts = {name: environ.get(setting.name, "").strip() for name, setting in SETTINGS.items()}
    missing = [SETTINGS[name].name for name in _TLS if not texts[name]]
    if 0 < len(missing) < len(_TLS):
        needed = ", ".join(SETTINGS[name].name for name in _TLS)
        _refuse(missing[0], "set if another TLS file is", "", f"Set all of {needed}, or none.")
    return Settings(**{name: SETTINGS[name].read(text) for name, text in texts.items() if text})
