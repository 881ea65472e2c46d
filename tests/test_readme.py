"""The README: what it names is there, and its commands work on a fresh machine."""

import re
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_link_into_the_repository_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_each_command_is_one_line_that_makes_its_own_environment() -> None:
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv .venv && ")]
    assert [re.findall(r"-r (\S+)", command) for command in commands] == [
        ["requirements.txt"],
        ["requirements-dev.txt"],
    ]


def test_every_requirement_can_be_read() -> None:
    """pip refuses the whole file for one marker it cannot read, on a fresh machine and nowhere else."""
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
