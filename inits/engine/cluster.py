"""The connection to a cluster: under TLS, or one sentence on why there is none; and versions that must agree."""

from __future__ import annotations

import hashlib
import logging
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from inits.errors import EngineError
from inits.settings import Settings

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)

CONNECT_SECONDS = 8.0  # a timeout for the scheduler
PACKAGES = {  # each under the names that it may be installed as
    "keras": ("keras",),
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "numpy": ("numpy",),
    "dask": ("dask",),
    "distributed": ("distributed",),
}
Software = Mapping[str, str]


def connect(settings: Settings) -> Client:
    """Return a client of the scheduler that the settings name.

    Raises EngineError; its message has no full stop, as it becomes part of a sentence.
    """
    from distributed import Client, Security

    address = settings.scheduler or ""
    if "://" not in address:
        address = f"tls://{address}"
    if not address.startswith("tls://"):
        raise EngineError(
            f"INITS_SCHEDULER must be a tls:// address, but got {address!r}, which is not encrypted; start the "
            "scheduler with TLS and write tls://"
        )
    files = _tls_files(settings)
    try:
        security = Security(require_encryption=True, **files)
        security.get_connection_args("client")
    except OSError as error:  # ssl.SSLError is one
        raise EngineError(
            "the TLS files cannot be used together; INITS_TLS_CA and INITS_TLS_CERT must name PEM certificates, and "
            "INITS_TLS_KEY the key of that certificate"
        ) from error
    try:
        return Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TypeError, ValueError) as error:
        raise EngineError(
            f"no scheduler at {address} accepted this app's certificate within {CONNECT_SECONDS:g} s; check that it "
            "runs there under TLS, and that its certificate and INITS_TLS_CERT are of the authority in INITS_TLS_CA"
        ) from error


def _tls_files(settings: Settings) -> dict[str, str]:
    """Return the paths of the TLS files as Dask's arguments. Raises EngineError for one that cannot be opened."""
    paths = {
        "tls_ca_file": ("INITS_TLS_CA", settings.tls_ca),
        "tls_client_cert": ("INITS_TLS_CERT", settings.tls_cert),
        "tls_client_key": ("INITS_TLS_KEY", settings.tls_key),
    }
    files = {}
    for name, (setting, path) in paths.items():
        if path is None:
            raise EngineError(f"INITS_SCHEDULER needs TLS files, and {setting} is unset; set it")
        try:
            path.open("rb").close()
        except OSError as error:
            raise EngineError(
                f"{setting} names {path.name!r}, which cannot be opened ({error.strerror}); correct the path"
            ) from error
        files[name] = str(path)
    return files


@cache
def software() -> Software:
    """Return the versions that must be the same in the web server and in a worker, without importing anything."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {
        "Python": python,
        **{name: _installed(name) for name in PACKAGES},
        "this app's sources": _digest(),
    }


def _installed(name: str) -> str:
    for package in PACKAGES[name]:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "missing"


def _digest() -> str:
    """Return 8 hex digits of the library's source files."""
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:8]


def difference(here: Software, there: Software) -> str | None:
    """Return the first difference, as "has keras 3.14.0 and not 3.15.1"; None if there is none."""
    for name, ours in here.items():
        theirs = there.get(name, "missing")
        if theirs != ours:
            return f"has {name} {theirs} and not {ours}"
    return None


def check_workers(client: Client) -> None:
    """Compare this process with every worker. Raises EngineError for the first that differs, as `connect` does."""
    for address, there in client.run(software, on_error="return").items():
        if isinstance(there, BaseException):
            log.error("A worker could not report its versions: %s", there, exc_info=there)
            wrong: str | None = "cannot import this app"
        else:
            wrong = difference(software(), there)
        if wrong:
            raise EngineError(
                f"the worker on {host(address)} {wrong}; install requirements.lock and the same version of "
                "this app there, and start the worker again in the app's folder"
            )


def host(address: str) -> str:
    """Return the host of an address such as tls://10.0.0.5:41233."""
    return address.rpartition("://")[2].rpartition(":")[0]
