"""The files for operators agree with the app and with each other."""

import re
import tomllib
from pathlib import Path

import pytest

from inits.settings import SETTINGS

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PAGES = ("docs/DEPLOY.md", "docs/CLUSTER.md", "docs/SECURITY.md", "docs/SETTINGS.md", "README.md")


@pytest.mark.parametrize("page", PAGES)
def test_settings_and_files_named_in_the_docs_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    known = {setting.name for setting in SETTINGS.values()}
    assert set(re.findall(r"\bINITS_[A-Z_]+\b", text)) <= known
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert ((ROOT / page).parent / link).exists(), link
    for name in re.findall(r"`((?:tests|deploy|pages)/[\w./]+)`", text):
        assert (ROOT / name).exists(), name


def test_the_files_for_operators_use_known_settings():
    known = {setting.name for setting in SETTINGS.values()}
    for name in ("inits.service", "Containerfile", "nginx.conf"):
        text = (DEPLOY / name).read_text(encoding="utf-8")
        assert set(re.findall(r"\bINITS_[A-Z_]+\b", text)) <= known


def test_the_container_copies_the_whole_app():
    copied = re.findall(r"^COPY (\S+)", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), re.M)
    assert set(copied) == {"requirements.txt", "app.py", ".streamlit", "inits", "pages"}
    assert all((ROOT / name).exists() for name in copied)


def test_nginx_accepts_slightly_larger_uploads_than_the_app():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    passed = re.search(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
    assert 0 < int(passed[1]) - config["server"]["maxUploadSize"] < 10
    assert config["server"]["address"] == "127.0.0.1"
