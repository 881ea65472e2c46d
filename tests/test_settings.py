"""Settings: what is read, what is refused, and the documentation of each."""

import contextlib
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.errors import SpecError
from inits.settings import MAX_CORES, SETTINGS, Settings, read

NAMES = [setting.name for setting in SETTINGS.values()]
TLS = {"INITS_TLS_CA": "/k/ca.pem", "INITS_TLS_CERT": "/k/cert.pem", "INITS_TLS_KEY": "/k/key.pem"}
DOCS = Path(__file__).parents[1] / "docs" / "SETTINGS.md"


def test_every_setting_has_its_row_in_the_documentation():
    rows = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| `INITS_")]
    assert rows == [f"| `{one.name}` | {one.default} | {one.help} |" for one in SETTINGS.values()]
    assert all(one.help.endswith(".") for one in SETTINGS.values())


@pytest.mark.parametrize("environ", [{}, dict.fromkeys(NAMES, ""), dict.fromkeys(NAMES, "  ")])
def test_defaults_hold_for_unset_empty_and_blank(environ):
    assert read(environ) == Settings()
    assert asdict(Settings()) == {
        **dict.fromkeys(("mnist", "scheduler", "tls_ca", "tls_cert", "tls_key")),
        **{
            "cores": os.cpu_count() or 1,
            "cache": Path.home() / ".cache" / "inits",
            "code": True,
            "log": "info",
        },
        **{"cache_mb": 500, "weights_mb": 2000, "session_weights_mb": 1300, "uploads_mb": 1000},
        **{"queue": 200, "session_runs": 8, "parameters": 55_000_000},
    }


def test_cache_without_a_home_is_in_the_temporary_folder(monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    assert read({}).cache == Path(tempfile.gettempdir(), "inits")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("INITS_MNIST", " /d/mnist.npz ", Path("/d/mnist.npz")),
        ("INITS_MNIST", "~/mnist.npz", Path("/home/ada/mnist.npz")),
        *(
            ("INITS_SCHEDULER", address, address)
            for address in ("host:8786", "tcp://a.b-c.org:1", "[::1]:8786", "tls://[fe80::1]:65535")
        ),
        ("INITS_CORES", "1", 1),
        ("INITS_CORES", str(MAX_CORES), MAX_CORES),
        ("INITS_CACHE", "/var/cache/inits", Path("/var/cache/inits")),
        ("INITS_CACHE_MB", "0", 0),
        ("INITS_WEIGHTS_MB", "700", 700),
        ("INITS_SESSION_WEIGHTS_MB", "300", 300),
        ("INITS_QUEUE", "1", 1),
        ("INITS_SESSION_RUNS", "2", 2),
        ("INITS_PARAMETERS", "1000000000", 1_000_000_000),
        ("INITS_CODE", "OFF", False),
        ("INITS_CODE", "on", True),
        ("INITS_LOG", "Warning", "warning"),
    ],
)
def test_value_is_read(name, text, value, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    field = name.removeprefix("INITS_").lower()
    assert getattr(read({name: text, "PATH": "/bin"}), field) == value


REFUSED = {
    "INITS_MNIST": ["~no-such-person/mnist.npz"],
    "INITS_SCHEDULER": [
        *("host", "host:", ":8786", "http://h:80", "tcp://h:0", "tcp://h:65536", "a b:1", "h:٣"),
    ],
    "INITS_CACHE": ["~no-such-person/cache"],
    "INITS_CACHE_MB": ["-1", "many", "1.5", "9" * 50],
    "INITS_WEIGHTS_MB": ["-1", "lots"],
    "INITS_SESSION_WEIGHTS_MB": ["0", "lots"],
    "INITS_PARAMETERS": ["999", "10000000000"],
    "INITS_CORES": ["0", "-1", "2.5", "two", "1e3", "٣", "²", str(MAX_CORES + 1), "9" * 5000],
    "INITS_CODE": ["no"],
    "INITS_LOG": ["loud"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values]
)
def test_refusal_names_the_setting_and_the_value(name, value):
    with pytest.raises(SpecError) as caught:
        read({name: value})
    assert str(caught.value).startswith(f"{name} must be ")
    assert f", but got {value!r}. "[:70] in str(caught.value)


@given(st.sampled_from(NAMES), st.text())
def test_any_text_is_read_or_refused(name, value):
    with contextlib.suppress(SpecError):
        assert isinstance(read({name: value}), Settings)


@pytest.mark.parametrize("name", TLS)
def test_tls_files_are_set_together(name):
    found = read(TLS)
    assert [str(found.tls_ca), str(found.tls_cert), str(found.tls_key)] == list(TLS.values())
    others = {other: path for other, path in TLS.items() if other != name}
    with pytest.raises(SpecError, match=f"{name} must be set if another TLS file is"):
        read(others)
    with pytest.raises(SpecError, match="must be set if another TLS file is"):
        read({name: TLS[name]})
