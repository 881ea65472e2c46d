"""The gate lets one page run at a time, and a thread that waits for something else holds up no other."""

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from pages.parts.page.gate import Gate

LONG = 20.0  # seconds that never pass


class Visitors:
    """Threads that enter a gate and stay inside until they are released; `entered` lists their names in order."""

    def __init__(self) -> None:
        self.entered: list[str] = []
        self._threads: dict[str, tuple[threading.Thread, threading.Event]] = {}

    def add(self, gate: Gate, name: str, later: float = 0.0) -> None:
        released = threading.Event()

        def run() -> None:
            with gate.inside(later):
                self.entered.append(name)
                released.wait(LONG)

        thread = threading.Thread(target=run, daemon=True)
        self._threads[name] = thread, released
        thread.start()

    def release(self, name: str) -> None:
        thread, released = self._threads.pop(name)
        released.set()
        thread.join(LONG)
        assert not thread.is_alive()

    def release_all(self) -> None:
        for _, released in self._threads.values():
            released.set()
        for name in list(self._threads):
            self.release(name)


@pytest.fixture
def visitors() -> Iterator[Visitors]:
    visitors = Visitors()
    yield visitors
    visitors.release_all()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_threads_enter_in_order_of_arrival_with_their_handicap(visitors: Visitors) -> None:
    gate, names = Gate(patience=LONG), ["first", "look", "second", "another look", "third"]
    for number, name in enumerate(names):
        visitors.add(gate, name, LONG if "look" in name else 0.0)
        wait_until(lambda number=number: len(visitors.entered) + len(gate._waiting) == number + 1)
    for number in range(1, 6):
        wait_until(lambda number=number: len(visitors.entered) == number)
        assert len(gate._waiting) == 5 - number
        visitors.release(visitors.entered[-1])
    assert visitors.entered == ["first", "second", "third", "look", "another look"]


def test_one_thread_enters_beside_those_that_stay_too_long(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]  # the clock of the gate stands still until it is moved
    monkeypatch.setattr("pages.parts.page.gate.time", SimpleNamespace(monotonic=lambda: now[0]))
    gate = Gate(patience=0.01)
    for name in "abcd":
        visitors.add(gate, name)
    for number in range(1, 5):
        wait_until(lambda number=number: len(visitors.entered) == number)
        time.sleep(0.05)  # all have looked at the clock again
        assert len(visitors.entered) == number
        now[0] += 1
    visitors.release_all()
    assert (gate._inside, gate._waiting) == (0, [])


def test_a_thread_aside_lets_others_in_and_returns_at_once(visitors: Visitors) -> None:
    gate = Gate(patience=LONG)
    with gate.inside():
        visitors.add(gate, "other")
        wait_until(lambda: len(gate._waiting) == 1)
        with gate.aside():
            wait_until(lambda: visitors.entered == ["other"])
        assert gate._inside == 2  # the other one is still inside
        visitors.release("other")
        assert gate._inside == 1
    assert gate._inside == 0


def test_a_thread_enters_twice_and_leaves_when_it_fails() -> None:
    gate = Gate(patience=LONG)
    with pytest.raises(KeyError), gate.inside(), gate.inside(1.0):
        raise KeyError
    assert gate._inside == 0
    with gate.aside():  # outside: nothing happens
        assert gate._inside == 0


def test_many_threads_leave_the_gate_empty() -> None:
    gate = Gate(patience=0.002)

    def enter(number: int) -> None:
        for turn in range(30):
            with gate.inside(0.01 * ((number + turn) % 3)):
                if turn % 5 == 0:
                    with gate.aside():
                        time.sleep(0.001)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive()
    assert (gate._inside, gate._waiting) == (0, [])
