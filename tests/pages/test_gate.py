"""One page at a time: who goes first, who goes beside, and that waiting for something else holds up nobody."""

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from pages.parts.page.gate import Gate

LONG = 20.0  # seconds that never pass


class Visitor(threading.Thread):
    """Goes in, tells that it is there, and stays until it is told to leave."""

    def __init__(self, gate: Gate, came: list[str], name: str, later: float = 0.0) -> None:
        super().__init__(name=name, daemon=True)
        self._gate, self._came, self._later = gate, came, later
        self.inside, self.leave = threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        with self._gate.inside(self._later):
            self._came.append(self.name)
            self.inside.set()
            self.leave.wait(LONG)


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def queued(gate: Gate) -> int:
    return len(gate._waiting)


@pytest.fixture
def came() -> list[str]:
    return []


def test_one_after_the_other_and_some_as_if_they_had_come_later(came: list[str]) -> None:
    gate = Gate(patience=LONG)
    people = [Visitor(gate, came, "first")]
    assert people[0].inside.wait(LONG)
    for number, (name, later) in enumerate(
        [("look", LONG), ("second", 0.0), ("another look", LONG), ("third", 0.0)]
    ):
        people.append(Visitor(gate, came, name, later))
        wait_until(lambda number=number: queued(gate) == number + 1)
    assert came == ["first"]
    for number in range(1, 6):
        next(one for one in people if one.name == came[-1]).leave.set()
        wait_until(lambda number=number: len(came) == min(number + 1, 5))
    assert came == ["first", "second", "third", "look", "another look"]


def test_who_stays_for_long_is_not_waited_for(came: list[str]) -> None:
    gate = Gate(patience=0.05)
    people = [Visitor(gate, came, name) for name in "abc"]
    assert all(one.inside.wait(LONG) for one in people)  # though none has left
    for one in people:
        one.leave.set()
        one.join(LONG)
    assert queued(gate) == 0
    with gate.inside():
        assert gate._inside == 1


def test_however_long_they_have_waited_only_one_goes_in_beside(
    came: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]  # the gate's clock stands still until it is moved
    monkeypatch.setattr("pages.parts.page.gate.time", SimpleNamespace(monotonic=lambda: now[0]))
    gate = Gate(patience=0.01)
    people = [Visitor(gate, came, name) for name in "abcd"]
    for number in range(1, 5):
        wait_until(lambda number=number: len(came) == number)
        time.sleep(0.05)  # all have looked at the clock again
        assert len(came) == number
        now[0] += 1
    for one in people:
        one.leave.set()
        one.join(LONG)
    assert gate._inside == 0


def test_who_waits_for_something_lets_others_in_and_comes_back_at_once(came: list[str]) -> None:
    gate = Gate(patience=LONG)
    with gate.inside():
        other = Visitor(gate, came, "other")
        wait_until(lambda: queued(gate) == 1)
        with gate.aside():
            assert other.inside.wait(LONG)
        assert not other.leave.is_set()  # we are back, and it is still there
        other.leave.set()
        other.join(LONG)
        assert gate._inside == 1
    assert gate._inside == 0


def test_within_it_one_can_go_in_again_and_a_failure_leaves_it(came: list[str]) -> None:
    gate = Gate(patience=LONG)
    with pytest.raises(KeyError), gate.inside(), gate.inside(1.0):
        raise KeyError
    assert gate._inside == 0
    with gate.aside():  # nobody's place: nothing happens
        assert gate._inside == 0


def test_many_leave_it_empty() -> None:
    gate = Gate(patience=0.002)

    def come(number: int) -> None:
        for turn in range(30):
            with gate.inside(0.01 * ((number + turn) % 3)):
                if turn % 5 == 0:
                    with gate.aside():
                        time.sleep(0.001)

    people = [threading.Thread(target=come, args=(number,)) for number in range(12)]
    for one in people:
        one.start()
    for one in people:
        one.join(LONG)
        assert not one.is_alive()
    assert gate._inside == 0
    assert queued(gate) == 0
