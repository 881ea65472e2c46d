"""Files that give way to a new one: never because one session brings many."""

from pathlib import Path

import pytest

from inits.errors import WeightFileError
from inits.files import Entry
from inits.weightfiles.room import IN_USE, giving_way

NOW, LIMIT, QUOTA = 10 * IN_USE, 100, 60
IDLE = 2 * IN_USE  # seconds since the last use

# The files in the store as (name, its session, seconds since its last use, bytes), the bytes of a new file of
# session "s", and the names of those that give way.
CASES = {
    "there is room": ([("a", "s", 9, 30), ("b", "u", 9, 40)], 30, []),
    "own files beyond the quota": ([("a", "s", 9, 20), ("b", "s", 5, 20), ("c", "u", IDLE, 40)], 30, ["a"]),
    "all own files": ([("a", "s", 9, 30), ("b", "s", 5, 30)], 60, ["a", "b"]),
    "those not in use": ([("a", "u", 9, 50), ("b", "v", IDLE, 20), ("c", "v", IDLE + 1, 10)], 40, ["c", "b"]),
    "the largest holder": ([("a", "u", 5, 25), ("b", "u", 9, 25), ("c", "v", 30, 20)], 40, ["b"]),
    "itself, as the largest holder": ([("a", "s", 9, 30), ("b", "u", 90, 50)], 30, ["a"]),
    "a large file of an earlier day": ([("a", "", 9, 50), ("b", "", 50, 20)], 40, ["a"]),
    "nobody else": ([("a", "s", 9, 10)], 55, ["a"]),
}


def leaving(files, size: int, limit: int = LIMIT) -> list[str]:
    found = [Entry(NOW - age, bytes_, Path(name)) for name, _, age, bytes_ in files]
    holders = {Path(name): session for name, session, *_ in files if session} | {Path("new"): "s"}
    gone = giving_way(found, Entry(NOW, size, Path("new")), holders, limit, QUOTA)
    return [one.path.name for one in gone]


@pytest.mark.parametrize(("files", "size", "gone"), CASES.values(), ids=CASES)
def test_own_files_idle_ones_and_those_of_the_largest_holder_give_way(files, size, gone):
    assert leaving(files, size) == gone


def test_new_file_beyond_the_limit_stays_if_it_is_alone():
    assert leaving([], 55, limit=10) == []
    assert leaving([("a", "s", 9, 5)], 55, limit=10) == ["a"]


def test_file_is_refused_rather_than_many_small_ones_in_use():
    many = [(name, name, 9, 10) for name in "abcdefgh"]
    with pytest.raises(WeightFileError, match="no room beside the files that others use now; try again"):
        leaving(many, 55)
    assert leaving([(name, name, IDLE, 10) for name in "abcdefgh"], 55) == ["a", "b", "c", "d"]


def test_file_beyond_the_quota_is_refused():
    with pytest.raises(
        WeightFileError, match=r"a session can store at most 0\.0 MB on this server; use a smaller"
    ):
        leaving([], QUOTA + 1)
