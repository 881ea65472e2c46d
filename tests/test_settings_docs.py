"""The README tells every setting."""

from pathlib import Path

import pytest

from inits.settings import SETTINGS

ROWS = [
    [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]
    for line in (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|")
]


@pytest.mark.parametrize(("name", "default"), [(name, default) for name, default, _ in SETTINGS])
def test_the_readme_has_a_row_with_name_and_default(name: str, default: str) -> None:
    found = [cells for cells in ROWS if cells[0] == name]
    assert len(found) == 1
    assert default in found[0][1]


def test_the_readme_has_no_setting_that_is_gone() -> None:
    told = {cells[0] for cells in ROWS if cells[0].startswith("INITS_")}
    assert told <= {name for name, _, _ in SETTINGS}
