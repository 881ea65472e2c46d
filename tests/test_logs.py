"""The log: one line for each event, without the texts of users, in lines that nobody can forge."""

import logging
import sys
from collections.abc import Iterator

import pytest

from inits import logs
from inits.logs import Seldom

FORGED = "x\n2026-01-01 00:00:00,000 INFO inits.server \x1b[2Jforged"


@pytest.fixture(autouse=True)
def factory() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    logs.hide_texts()
    yield
    logging.setLogRecordFactory(before)


def logged(name: str, words: object, *values: object, error: BaseException | None = None) -> str:
    """Return what a handler writes for an event."""
    found: list[str] = []
    logger = logging.Logger(name)
    handler = logging.Handler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.emit = lambda record: found.append(handler.format(record))  # type: ignore[method-assign]
    logger.addHandler(handler)
    logger.warning(words, *values, exc_info=error)
    return found[0]


@pytest.mark.parametrize(
    ("name", "words", "values", "line"),
    [
        ("streamlit.web", "origin=%s, host=%s", (FORGED, "evil"), "WARNING origin=…, host=…"),
        ("streamlit.web", "%d of %s bytes, %.1f", (3, 5, 0.5), "WARNING 3 of 5 bytes, 0.5"),
        ("streamlit.web", "%(id)s has no payload", ({"id": FORGED},), "WARNING … has no payload"),
        ("distributed.worker", "Compute failed: %r", (("code", FORGED),), "WARNING Compute failed: '…'"),
        ("inits.engine", "run name=%s", ("e376c3f0",), "WARNING run name=e376c3f0"),
    ],
)
def test_an_event_is_one_line_without_the_texts_of_users(
    name: str, words: str, values: tuple, line: str
) -> None:
    assert logged(name, words, *values) == line


@pytest.mark.parametrize("name", ["inits.engine", "streamlit.web"])
def test_an_event_cannot_have_a_second_line(name: str) -> None:
    line = logged(name, FORGED)
    assert line.isprintable()


def test_a_library_cannot_fill_the_disk_with_one_event() -> None:
    seldom = Seldom(most=3, seconds=1000.0)
    one, other = (
        logging.LogRecord("asyncio", logging.ERROR, "events.py", line, "", (), None) for line in (1, 2)
    )
    assert [seldom.filter(one) for _ in range(5)] == [True, True, True, False, False]
    assert seldom.filter(other)
    soon = Seldom(most=1, seconds=0.0)
    assert soon.filter(one)
    assert soon.filter(one)


def test_an_exception_is_logged_without_its_message_and_with_what_caused_it() -> None:
    def fail() -> None:
        try:
            raise KeyError(FORGED)
        except KeyError as error:
            raise ValueError(FORGED) from error

    try:
        fail()
    except ValueError:
        lines = logged("inits.server", "page failed", error=sys.exc_info()[1]).splitlines()
    assert lines[0] == "WARNING page failed"
    assert all(line.startswith("  ") for line in lines[1:])
    assert [line for line in lines if "Error" in line and "raise" not in line and "except" not in line] == [
        "  KeyError",
        "  ValueError",
    ]
    assert sum("forged" in line for line in lines) == 0
