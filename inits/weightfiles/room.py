"""Which weight files give way to a new one, so that no session can remove those that others use."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from inits.errors import WeightFileError
from inits.files import Entry
from inits.text import megabytes

IN_USE = 600.0  # seconds since the last use of a file that counts as in use


def giving_way(
    found: Sequence[Entry], newest: Entry, holders: Mapping[Path, str], limit: int, quota: int
) -> list[Entry]:
    """Return the files to remove for a new one.

    Other files of the session go first if they exceed the quota, and files that are not in use go next. The others stay
    unless their session stores most. The least recently used file goes first in each case.

    Args:
        found: the files in the store without the new one.
        newest: the new file; it counts as used now.
        holders: the session that has brought each file; a file of an earlier day is its own holder.
        limit: the bytes of all files.
        quota: the bytes of the files of a session.

    Raises:
        WeightFileError: if the new file has more than the quota, or if it is the largest holder itself.
    """
    if newest.size > quota:
        raise WeightFileError(
            f"The file has {megabytes(newest.size)} of values, and a session can store at most {megabytes(quota)} "
            "on this server; use a smaller model."
        )
    kept, gone = sorted(found), list[Entry]()
    while (one := _next(kept, newest, holders, limit, quota)) is not None:
        kept.remove(one)
        gone.append(one)
    return gone


def _next(
    kept: Sequence[Entry], newest: Entry, holders: Mapping[Path, str], limit: int, quota: int
) -> Entry | None:
    """Return the file that gives way next; None if there is room."""
    sizes: Counter[str] = Counter()
    files: defaultdict[str, list[Entry]] = defaultdict(list)
    for one in (*kept, newest):
        holder = holders.get(one.path, str(one.path))
        sizes[holder] += one.size
        if one is not newest:
            files[holder].append(one)
    if sizes[holder] > quota:  # the last one is that of the new file
        return files[holder][0]
    if sizes.total() <= limit or not kept:
        return None
    if kept[0].used < newest.used - IN_USE:
        return kept[0]
    largest = max(sizes, key=lambda name: (sizes[name], name == holder))
    if not files[largest]:
        raise WeightFileError(
            f"The file has {megabytes(newest.size)} of values, for which there is no room beside the files that others "
            "use now; try again in some minutes, or use a smaller model."
        )
    return files[largest][0]
