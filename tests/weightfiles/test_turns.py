"""The queue of files to read: sessions take turns, whatever number of files they bring."""

import threading

import pytest
from support import PATIENCE

from inits.weightfiles.turns import Ticket, Turns

SESSIONS = ["a", "a", "a", "b", "c", "b"]
ORDER = [0, 3, 4, 1, 5, 2]  # the numbers of the files in the order in which they must be read


def test_sessions_take_turns():
    turns = Turns()
    done: list[int] = []
    tickets: list[Ticket] = []

    def read(number: int) -> None:
        with turns.turn(tickets[number]):
            done.append(number)

    with turns.turn(turns.enter("d")):
        tickets += [turns.enter(session) for session in SESSIONS]
        assert [turns.ahead(ticket) for ticket in tickets] == [
            1 + ORDER.index(n) for n in range(len(SESSIONS))
        ]
        assert [turns.waiting(session) for session in "abcd"] == [3, 2, 1, 0]
        threads = [threading.Thread(target=read, args=(number,)) for number in range(len(SESSIONS))]
        for thread in threads:
            thread.start()
        assert done == []
    for thread in threads:
        thread.join(PATIENCE)
    assert done == ORDER
    assert not turns.contested()


def test_a_reader_is_contested_only_by_other_sessions():
    turns = Turns()
    with turns.turn(turns.enter("a")):
        assert not turns.contested()
        turns.enter("a")
        assert not turns.contested()
        turns.enter("b")
        assert turns.contested()
    assert not turns.contested()


def test_a_session_that_was_served_waits_for_one_that_was_not():
    turns = Turns()
    with turns.turn(turns.enter("a")):
        late = [turns.enter("a"), turns.enter("b")]
    assert [turns.ahead(ticket) for ticket in late] == [1, 0]


def test_a_turn_ends_with_an_error():
    turns = Turns()
    for _ in range(2):
        with pytest.raises(RuntimeError), turns.turn(turns.enter("a")):
            raise RuntimeError
    assert turns.waiting("a") == 0
