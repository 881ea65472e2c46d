"""What is found out once for all sessions."""

import threading
import time

import pytest

from pages.parts.page.shared_cache import Memory


def test_the_oldest_goes_when_there_is_no_room():
    memory = Memory(2)
    memory.keep("a", 1)
    memory.keep("b", 2)
    assert memory.get("a") == 1  # and is the newest now
    memory.keep("c", 3)
    assert [memory.get(key) for key in "abc"] == [1, None, 3]


def test_who_asks_at_the_same_time_gets_one_answer():
    memory, asked, found, answer = Memory(9), [], [], object()
    begin = threading.Barrier(8)

    def ask() -> object:
        asked.append(1)
        time.sleep(0.05)
        return answer

    def one() -> None:
        begin.wait()
        found.append(memory.ask("key", ask))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
    assert found == [answer] * 8


def test_a_question_that_failed_is_asked_again():
    memory = Memory(9)
    with pytest.raises(ZeroDivisionError):
        memory.ask("key", lambda: 1 / 0)
    assert memory.ask("key", lambda: 5) == 5
