"""Every setting of the app, read from environment variables in one place. All are optional."""

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from inits.errors import SpecError
from inits.logs import LEVELS


class Setting(NamedTuple):
    """One environment variable: its name, what holds when it is unset, and what it is for."""

    name: str
    default: str
    help: str


SETTINGS = (
    Setting("INITS_MNIST", "downloaded by Keras", "A local `mnist.npz` to train on, as Keras offers it."),
    Setting("INITS_SCHEDULER", "a local cluster", "Address of a Dask scheduler, such as `tls://host:8786`."),
    Setting("INITS_TLS_CA", "none", "PEM file of the authority that signed the scheduler's certificate."),
    Setting("INITS_TLS_CERT", "none", "PEM file of this client's certificate."),
    Setting("INITS_TLS_KEY", "none", "PEM file of this client's private key."),
    Setting("INITS_CORES", "the machine's cores", "How many trainings run at once."),
    Setting("INITS_CACHE", "~/.cache/inits", "Folder for results, so that no run is trained twice."),
    Setting("INITS_CACHE_MB", "500", "Size limit of that folder in MB; the oldest results go. 0 keeps none."),
    Setting(
        "INITS_WEIGHTS_MB",
        "2000",
        "Size limit in MB of the weight files kept there beside; the oldest go. 0 keeps none.",
    ),
    Setting("INITS_QUEUE", "200", "How many experiments and sweeps may wait for their turn."),
    Setting("INITS_SESSION_RUNS", "8", "How many of them one session may have waiting or running."),
    Setting("INITS_PARAMETERS", "55000000", "The largest network that is trained, in weights and biases."),
    Setting("INITS_CODE", "on", "`off` lets nobody run pasted code, jail or not."),
    Setting(
        "INITS_LOG", "info", "What the log tells: `debug`, `info` (a line for each run), `warning`, `error`."
    ),
)
CACHE_MB, WEIGHTS_MB, MOST_MB = 500, 2000, 1_000_000
QUEUE, SESSION_RUNS, PARAMETERS = 200, 8, 55_000_000  # 50 layers of 1,024 units have 53 million
MOST_CORES = 1024
_TLS = ("INITS_TLS_CA", "INITS_TLS_CERT", "INITS_TLS_KEY")
_ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?([\w.-]+|\[[0-9a-fA-F:.]+\]):(?P<port>\d{1,5})", re.ASCII)


@dataclass(frozen=True)
class Settings:
    """The settings as values; None where nothing was set and nothing stands in."""

    mnist: Path | None
    scheduler: str | None
    tls_ca: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    cores: int
    cache: Path = Path()
    cache_mb: int = 0
    weights_mb: int = 0
    code: bool = True
    log: str = "info"
    queue: int = QUEUE
    session_runs: int = SESSION_RUNS
    parameters: int = PARAMETERS


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in `environ`; a variable that is empty counts as unset.

    Paths are not opened here: a file that is missing is the business of whoever reads it.
    Raises SpecError with the variable's name and value for a value that cannot be meant.
    """
    given = {name: environ.get(name, "").strip() for name, _, _ in SETTINGS}
    tls = _tls(given)
    return Settings(
        mnist=_path("INITS_MNIST", given["INITS_MNIST"]),
        scheduler=_address(given["INITS_SCHEDULER"]),
        tls_ca=tls[0],
        tls_cert=tls[1],
        tls_key=tls[2],
        cores=_whole("INITS_CORES", given, os.cpu_count() or 1, 1, MOST_CORES),
        cache=_path("INITS_CACHE", given["INITS_CACHE"]) or _default_cache(),
        cache_mb=_whole("INITS_CACHE_MB", given, CACHE_MB, 0, MOST_MB),
        weights_mb=_whole("INITS_WEIGHTS_MB", given, WEIGHTS_MB, 0, MOST_MB),
        queue=_whole("INITS_QUEUE", given, QUEUE, 1, 100_000),
        session_runs=_whole("INITS_SESSION_RUNS", given, SESSION_RUNS, 1, 1000),
        parameters=_whole("INITS_PARAMETERS", given, PARAMETERS, 1000, 1_000_000_000),
        code=_switch("INITS_CODE", given["INITS_CODE"]),
        log=_level("INITS_LOG", given["INITS_LOG"]),
    )


def _path(name: str, text: str) -> Path | None:
    try:
        return Path(text).expanduser() if text else None
    except RuntimeError as error:
        raise SpecError(
            f"Setting {name} must be a path. Received: {text!r}, a home that does not exist. "
            "Write the path from the root."
        ) from error


def _default_cache() -> Path:
    try:
        return Path.home() / ".cache" / "inits"
    except RuntimeError:  # a user without a home, as some containers have
        return Path(tempfile.gettempdir(), "inits")


def _switch(name: str, text: str) -> bool:
    if text.lower() not in ("", "on", "off"):
        raise SpecError(f"Setting {name} must be on or off. Received: {text!r}. Leave it unset to use on.")
    return text.lower() != "off"


def _level(name: str, text: str) -> str:
    if text.lower() not in ("", *LEVELS):
        raise SpecError(
            f"Setting {name} must be one of {', '.join(LEVELS)}. Received: {text!r}. Leave it unset to use info."
        )
    return text.lower() or "info"


def _tls(given: Mapping[str, str]) -> tuple[Path | None, ...]:
    missing = [name for name in _TLS if not given[name]]
    if missing and len(missing) < len(_TLS):
        raise SpecError(
            f"Setting {missing[0]} is needed beside the other TLS files. Received: ''. "
            f"Set all of {', '.join(_TLS)}, or none."
        )
    return tuple(_path(name, given[name]) for name in _TLS)


def _address(text: str) -> str | None:
    if not text:
        return None
    found = _ADDRESS.fullmatch(text)
    if not found or not 0 < int(found["port"]) < 65536:
        raise SpecError(
            f"Setting INITS_SCHEDULER must be an address with a port. Received: {text!r}. "
            "Write it as tls://host:8786 or tcp://host:8786."
        )
    return text


def _whole(name: str, given: Mapping[str, str], default: int, low: int, high: int) -> int:
    text = given[name]
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and low <= int(text[:9]) <= high):
        raise SpecError(
            f"Setting {name} must be a whole number from {low} to {high}. Received: {text!r}. "
            f"Leave it unset to use {next(s.default for s in SETTINGS if s.name == name)}."
        )
    return int(text)
