"""What is installed: ranges with both bounds, locks with hashes that keep to them, and who installs from which."""

import os
import re
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
RUN = ["requirements.txt"]
RANGES = ["requirements.txt", "requirements-dev.txt"]
LOCKS = ["requirements.lock", "requirements-dev.lock"]
NOT_REQUIRED = {
    "sklearn",  # inits/data/make_digits.py runs in its own environment
    "module_that_is_not_there",  # a test imports it in vain
}
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")
SYSTEMS = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("win32", "AMD64")]
MACHINES = [
    {"sys_platform": system, "platform_machine": machine, "python_full_version": f"{python}.0"}
    for system, machine in SYSTEMS
    for python in ("3.11", "3.12", "3.13")
]


def lines(name: str) -> list[str]:
    """Return the lines of a file that name a package, each in one piece and without comments."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    stripped = [re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines()]
    return [line for line in stripped if line and not line.startswith("-")]


def needs(*names: str) -> list[Requirement]:
    return [Requirement(line.partition(" --hash")[0]) for name in names for line in lines(name)]


def pins(lock: str, machine: dict[str, str]) -> dict[str, str]:
    """Return the versions that a lock names for a machine; an empty one means this machine."""
    chosen = [need for need in needs(lock) if need.marker is None or need.marker.evaluate(machine)]
    found = {canonicalize_name(need.name): str(need.specifier).removeprefix("==") for need in chosen}
    assert len(found) == len(chosen), "a package has two versions"
    return found


def imported(*folders: str) -> set[str]:
    """Return the names of the packages by others that the Python files in folders import anywhere."""
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")] + [ROOT / "app.py"]
    line = re.compile(r"^\s*(?:import ([\w., ]+)|from (\w+)[\w.]* import )", re.M)
    found = [match for file in files for match in line.findall(file.read_text(encoding="utf-8"))]
    names = [name for several, one in found for name in (several or one).split(",")]
    ours = {path.stem for path in [*ROOT.iterdir(), *(ROOT / "tests").iterdir()]}
    return {name.split()[0].partition(".")[0] for name in names} - ours - set(sys.stdlib_module_names)


def test_every_range_has_both_bounds() -> None:
    for need in needs(*RANGES):
        operators = {specifier.operator for specifier in need.specifier}
        assert operators == {">=", "<"}, f"{need} needs a lower and an upper bound"


@pytest.mark.parametrize(
    ("files", "folders"), [(RUN, ["inits", "pages"]), (RANGES, ["benchmarks", "docs", "tests"])]
)
def test_every_imported_package_is_required(files: list[str], folders: list[str]) -> None:
    required = {canonicalize_name(need.name) for need in needs(*files)}
    packages = packages_distributions()
    names = imported(*folders) - NOT_REQUIRED
    assert {"keras", "numpy", "streamlit", "tensorflow"} <= names
    sources = {name: {canonicalize_name(source) for source in packages.get(name, ())} for name in names}
    assert [name for name in names if not sources[name] & required] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_one_version_with_hashes_and_only_wheels_are_installed(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "\n--only-binary :all:\n" in text
    assert "://" not in text
    for line in lines(lock):
        assert re.match(r"[\w.-]+==[\w.]+ ", line)
        assert HASH.search(line)
        assert re.findall(r"--\w+=\S+", line) == HASH.findall(line)


@pytest.mark.parametrize(("lock", "files"), [(LOCKS[0], RUN), (LOCKS[1], RANGES)])
def test_a_lock_keeps_to_the_ranges_on_every_machine(lock: str, files: list[str]) -> None:
    for machine in MACHINES:
        found = pins(lock, machine)
        wanted = [need for need in needs(*files) if need.marker is None or need.marker.evaluate(machine)]
        wrong = [need for need in wanted if not need.specifier.contains(found[canonicalize_name(need.name)])]
        assert wrong == [], machine


def test_the_checks_run_with_what_runs() -> None:
    run, checks = (set(lines(lock)) for lock in LOCKS)
    assert run < checks


def test_the_documented_commands_made_the_locks() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    documented = re.sub(r'"|--upgrade |\\\n *', "", text)
    for lock in LOCKS:
        header = (ROOT / lock).read_text(encoding="utf-8").splitlines()[1]
        assert header.removeprefix("#").strip() in documented
        assert header.endswith(f"{lock.replace('.lock', '.txt')} -o {lock}")


@pytest.mark.skipif("CI" not in os.environ, reason="another environment may have other versions")
def test_the_checks_run_in_the_locked_environment() -> None:
    locked = pins("requirements-dev.lock", {})
    assert {name: version(name) for name in locked if version(name) != locked[name]} == {}


@pytest.mark.parametrize(
    ("name", "lock"),
    [
        (".ci/run", "requirements-dev.lock"),
        ("deploy/Containerfile", "requirements.lock"),
        ("docs/DEPLOY.md", "requirements.lock"),
    ],
)
def test_operators_and_checks_install_from_a_lock(name: str, lock: str) -> None:
    installed = re.findall(r"pip install .*", (ROOT / name).read_text(encoding="utf-8"))
    assert all(" --require-hashes -r " in command for command in installed)
    assert re.search(rf" -r \S*\b{lock}$", installed[-1])


def test_the_container_starts_from_one_image() -> None:
    images = re.findall(r"^FROM (.*)", (ROOT / "deploy/Containerfile").read_text(encoding="utf-8"), re.M)
    assert len(images) == 1
    assert re.fullmatch(r"docker\.io/library/python:3\.13-slim@sha256:[0-9a-f]{64}", images[0])
