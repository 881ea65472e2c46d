"""Answers that are made once for all sessions."""

import threading
import time

import pytest

from pages.parts.page.shared_cache import SharedCache


def test_the_least_recently_used_answer_is_dropped():
    cache = SharedCache[int](2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1  # and is the last used now
    cache.put("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]
    sized = SharedCache[str](10, len)
    sized.put("a", 6 * "x")
    sized.put("b", 6 * "x")
    assert [sized.get(key) is None for key in "ab"] == [True, False]


def test_threads_that_need_the_same_answer_wait_for_one():
    cache, made, found, answer = SharedCache[object](9), [], [], object()
    begin = threading.Barrier(8)

    def make() -> object:
        made.append(1)
        time.sleep(0.05)
        return answer

    def one() -> None:
        begin.wait()
        found.append(cache.get_or_make("key", make))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert found == [answer] * 8
    assert not cache._locks


def test_an_answer_that_failed_or_is_not_usable_is_made_again():
    cache = SharedCache[int](9)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_make("key", lambda: 1 // 0)
    assert cache.get_or_make("key", lambda: 5) == 5
    assert cache.get_or_make("key", lambda: 6) == 5
    assert cache.get_or_make("key", lambda: 6, lambda answer: answer != 5) == 6
