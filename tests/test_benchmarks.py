"""Benchmarks: which are found, and how their figures are told. None is run but a made-up one."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.report import Row, table

MADE_UP = '''"""How long a blink takes.

More words."""

from benchmarks.report import Row


def run():
    print("blinking")
    return [
        Row("one blink", 0.1234, "s", 0.3, 12345.6, "a nap"),
        Row("eyes", 2, ""),
    ]
'''
ROWS = [Row("one blink", 0.1234, "s", 0.3, 12345.6, "a nap"), Row("eyes", 2, "")]
TABLE = """\
what       figure  unit  goal  rival
one blink  0.123   s     0.3   12,346 a nap
eyes       2"""


@pytest.fixture
def blink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of benchmarks that holds `blink` alone, beside files that are none."""
    (tmp_path / "blink.py").write_text(MADE_UP)
    (tmp_path / "helper.py").write_text("raise RuntimeError('must not be imported')\n")
    monkeypatch.setattr(command, "__file__", str(tmp_path / "__main__.py"))
    monkeypatch.setattr("benchmarks.__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "benchmarks.blink", raising=False)


def test_the_benchmarks_are_the_modules_with_a_run() -> None:
    found = command.titles()
    assert {"browser", "epoch", "start"} <= set(found)
    assert not {"chart_app", "explore_with_plotly", "live", "report", "visitor"} & set(found)
    assert all(title and title != name for name, title in found.items())


@pytest.mark.usefixtures("blink")
def test_looking_for_benchmarks_imports_none() -> None:
    assert command.titles() == {"blink": "How long a blink takes."}
    assert "benchmarks.blink" not in sys.modules


@pytest.mark.usefixtures("blink")
@pytest.mark.parametrize("names", [[], ["blink"]])
def test_prints_a_table(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    command.main(names)
    out, err = capsys.readouterr()
    assert out == f"How long a blink takes.\n\n{TABLE}\n\n"
    assert err == "blinking\n"


@pytest.mark.usefixtures("blink")
def test_prints_nothing_but_json(capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["blink", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert [Row(**row) for row in told["blink"]] == ROWS


@pytest.mark.usefixtures("blink")
def test_an_unknown_name_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["blink", "wink"])
    assert "no benchmark named wink; there are blink" in capsys.readouterr().err


def test_a_table_is_aligned() -> None:
    assert table(ROWS) == TABLE
