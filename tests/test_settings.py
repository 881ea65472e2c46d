"""Settings: what is read, what is refused."""

import contextlib
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.errors import SpecError
from inits.settings import CACHE_MB, MOST_CORES, SETTINGS, WEIGHTS_MB, Settings, read

TLS = {"INITS_TLS_CA": "/k/ca.pem", "INITS_TLS_CERT": "/k/cert.pem", "INITS_TLS_KEY": "/k/key.pem"}


def test_unset_means_local_and_all_cores() -> None:
    cache = Path.home() / ".cache" / "inits"
    assert read({}) == Settings(
        None, None, None, None, None, os.cpu_count() or 1, cache, CACHE_MB, WEIGHTS_MB
    )


def test_the_cache_without_a_home_is_where_temporary_files_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    assert read({}).cache == Path(tempfile.gettempdir(), "inits")


def test_empty_and_blank_count_as_unset() -> None:
    assert read(dict.fromkeys((name for name, _, _ in SETTINGS), "  ")) == read({})


def test_every_setting_has_its_field_and_says_what_it_is_for() -> None:
    fields = {f"INITS_{field.upper()}" for field in Settings.__dataclass_fields__}
    assert [name for name, _, _ in SETTINGS] == sorted(fields, key=[name for name, _, _ in SETTINGS].index)
    assert all(default and text.endswith(".") for _, default, text in SETTINGS)


def test_reads_all() -> None:
    environ = {"INITS_MNIST": " /d/mnist.npz ", "INITS_SCHEDULER": "tls://10.0.0.1:8786", "INITS_CORES": "3"}
    environ |= {"INITS_CACHE": "/var/cache/inits", "INITS_CACHE_MB": "20"}
    environ |= {"INITS_WEIGHTS_MB": "700"}
    settings = read(environ | TLS | {"PATH": "/bin"})
    assert settings == Settings(
        mnist=Path("/d/mnist.npz"),
        scheduler="tls://10.0.0.1:8786",
        tls_ca=Path("/k/ca.pem"),
        tls_cert=Path("/k/cert.pem"),
        tls_key=Path("/k/key.pem"),
        cores=3,
        cache=Path("/var/cache/inits"),
        cache_mb=20,
        weights_mb=700,
    )


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("INITS_MNIST", "~/mnist.npz")
    assert read().mnist == Path("/home/ada/mnist.npz")


@pytest.mark.parametrize("value", ["host:8786", "tcp://a.b-c.org:1", "[::1]:8786", "tls://[fe80::1]:65535"])
def test_addresses(value: str) -> None:
    assert read({"INITS_SCHEDULER": value}).scheduler == value


BAD = {
    "INITS_MNIST": ["~no-such-person/mnist.npz"],
    "INITS_SCHEDULER": [
        "host",
        "host:",
        ":8786",
        "http://h:80",
        "tcp://h:0",
        "tcp://h:65536",
        "a b:1",
        "h:٣",
    ],
    "INITS_CACHE": ["~no-such-person/cache"],
    "INITS_CACHE_MB": ["-1", "many", "1.5", "9" * 50],
    "INITS_WEIGHTS_MB": ["-1", "lots"],
    "INITS_CORES": ["0", "-1", "2.5", "two", "1e3", "٣", "²", str(MOST_CORES + 1), "9" * 5000],
}
REFUSED = [(name, value) for name, values in BAD.items() for value in values]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_a_bad_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SpecError) as caught:
        read({name: value})
    assert f"Setting {name} " in str(caught.value)
    assert f"Received: {value!r}" in str(caught.value)


@given(st.integers(1, MOST_CORES))
def test_cores_round_trip(cores: int) -> None:
    assert read({"INITS_CORES": str(cores)}).cores == cores


@given(st.sampled_from([name for name, _, _ in SETTINGS]), st.text())
def test_any_text_is_read_or_refused(name: str, value: str) -> None:
    with contextlib.suppress(SpecError):
        assert isinstance(read({name: value}), Settings)


@given(st.sets(st.sampled_from(sorted(TLS)), min_size=1, max_size=2))
def test_tls_files_come_together(given_names: set[str]) -> None:
    missing = next(name for name in TLS if name not in given_names)
    with pytest.raises(SpecError, match=f"Setting {missing} "):
        read({name: TLS[name] for name in given_names})
