"""The documentation is true: commands, links, named files, and the tables of packages in docs/ARCHITECTURE.md."""

import ast
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from test_layers import PACKAGES, PARTS

from pages.parts.page import catalog

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")] + [*ROOT.glob("docs/*.md")]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_named_files_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    names = re.findall(r"`((?:tests|deploy|pages|inits|docs|benchmarks|\.streamlit)/[\w./-]*|\w+\.py)`", text)
    folders = (ROOT, page.parent, ROOT / "pages/parts/widgets")
    assert [name for name in names if not any((folder / name).exists() for folder in folders)] == []


def test_the_readme_is_short_and_each_command_makes_its_own_environment_in_one_line() -> None:
    lines = README.splitlines()
    assert len(lines) <= 90
    commands = [line for line in lines if line.startswith("python3 -m venv .venv && ")]
    files = [re.findall(r"-r (\S+)", command) for command in commands]
    assert files == [["requirements.txt"], ["requirements-dev.txt"]]


def test_the_readme_lists_the_pages_in_the_order_of_the_menu() -> None:
    listed = README.partition("## Pages\n")[2].partition("\n## ")[0]
    assert re.findall(r"^- \*\*(.+)\*\*: ", listed, re.M) == [page.title for page in catalog.PAGES.values()]


def test_the_tables_of_packages_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `((?:inits|pages/parts)/\w*)/?` \| (.+) \|$", ARCHITECTURE, re.M)
    folders = ["inits/", *(f"inits/{name}" for name in PACKAGES if name not in ("base", "pages"))]
    folders += [f"pages/parts/{name}" for name in PARTS]
    assert [folder for folder, _ in rows] == folders
    for folder, summary in rows:
        tree = ast.parse((ROOT / folder / "__init__.py").read_text(encoding="utf-8"))
        assert (ast.get_docstring(tree) or "").splitlines()[0] == summary, folder


def test_every_requirement_can_be_read() -> None:
    """pip refuses a whole file with one marker that it cannot read, on a machine where nothing is installed."""
    lines = [line.split(" #")[0] for line in (ROOT / "requirements.txt").read_text().splitlines()]
    needed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    tensorflow = [need for need in needed if need.name.startswith("tensorflow")]
    for system, machine, name in (
        ("linux", "x86_64", "tensorflow-cpu"),
        ("win32", "AMD64", "tensorflow-cpu"),
        ("linux", "aarch64", "tensorflow"),
        ("darwin", "arm64", "tensorflow"),
    ):
        there = {"sys_platform": system, "platform_machine": machine}
        assert [need.name for need in tensorflow if need.marker.evaluate(there)] == [name]
