"""The table of pages, and the tables of what their addresses hold."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from inits.errors import SpecError
from pages.parts.experiment.choices import TRAIN
from pages.parts.page.address import Address, Field, one_of, positive, whole
from pages.parts.page.catalog import PAGES
from pages.parts.signal.builder import SIGNAL
from pages.parts.sweep.builder import SWEEP

ROOT = Path(__file__).parents[2]


def test_every_script_in_pages_has_one_entry() -> None:
    pages = PAGES.values()
    scripts = {str(path.relative_to(ROOT)) for path in ROOT.glob("pages/*.py")}
    assert {page.file for page in pages} == scripts
    assert (
        len({page.title for page in pages})
        == len({page.icon for page in pages})
        == len(scripts)
        == len(pages)
    )


def test_only_the_catalog_names_the_scripts_of_pages() -> None:
    for path in [ROOT / "app.py", *ROOT.glob("pages/**/*.py")]:
        assert not any(f'"{page.file}"' in path.read_text(encoding="utf-8") for page in PAGES.values()), path


@dataclass(frozen=True)
class Settings:
    depth: int
    rate: float


SETTINGS = Address("some", Settings, (
    Field("depth", "6", whole("depth", 1, 50)),
    Field("rate", "0.1", positive("rate"), lambda settings: f"{settings.rate:g}"),
    Field("picture", "units"),
))  # fmt: skip


def test_a_table_reads_and_writes_settings() -> None:
    assert SETTINGS.defaults == {"depth": "6", "rate": "0.1", "picture": "units", "lesson": ""}
    assert SETTINGS.parse({}) == Settings(6, 0.1)
    assert SETTINGS.parse({"depth": "7", "rate": "never"}) == Settings(7, 0.1)
    assert SETTINGS.format(Settings(7, 2.0)) == {"depth": "7", "rate": "2"}
    assert SETTINGS.readers.keys() == {"depth", "rate"}


@pytest.mark.parametrize("address", [TRAIN, SIGNAL, SWEEP], ids=lambda address: address.page)
def test_defaults_are_written_as_they_are_read(address: Address) -> None:
    assert address.format(address.parse({})).items() <= address.defaults.items()


@pytest.mark.parametrize(
    ("read", "valid", "not_valid", "words"),
    [
        (
            whole("depth", 1, 50),
            {"1": 1, "50": 50, " 12 ": 12, "1e1": 10, "12.0": 12},
            "0 51 1.5  1111111111111111",
            "a whole number from 1 to 50",
        ),
        (positive("rate"), {"0.1": 0.1, "1e3": 1000.0, "0,1": 0.1}, "0 -1 inf nan x", "a positive number"),
        (one_of("view", ["a", "b"]), {"a": "a"}, "c ", "one of a, b"),
    ],
)
def test_readers_refuse_what_is_not_valid(read, valid, not_valid, words) -> None:
    assert {text: read(text) for text in valid} == valid
    for text in not_valid.split(" "):
        with pytest.raises(SpecError, match=f"must be {words}, but got {text}"):
            read(text)
