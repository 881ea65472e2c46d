"""The files for operators agree with the app and with each other."""

import re
import tomllib
from pathlib import Path

import pytest

from inits.settings import SETTINGS

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
OPERATORS = ("inits.service", "Containerfile", "nginx.conf")
DOCS = ("docs/DEPLOY.md", "docs/CLUSTER.md", "docs/SECURITY.md", "docs/SETTINGS.md", "README.md")


@pytest.mark.parametrize("name", [*DOCS, *(f"deploy/{name}" for name in OPERATORS)])
def test_settings_named_in_docs_and_files_for_operators_exist(name):
    named = set(re.findall(r"\bINITS_[A-Z_]+\b", (ROOT / name).read_text(encoding="utf-8")))
    assert named <= {setting.name for setting in SETTINGS.values()}


def test_the_container_copies_the_whole_app():
    copied = re.findall(r"^COPY (\S+)", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), re.M)
    assert set(copied) == {"requirements.lock", "app.py", ".streamlit", "inits", "pages"}
    assert all((ROOT / name).exists() for name in copied)


def test_nginx_accepts_slightly_larger_uploads_than_the_app():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    passed = re.search(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
    assert 0 < int(passed[1]) - config["server"]["maxUploadSize"] < 10
    assert config["server"]["address"] == "127.0.0.1"
